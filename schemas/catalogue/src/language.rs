//! Texts by the language that they are written in, English first.

use std::collections::BTreeMap;

use crate::document::Section;

/// The language that every text is written in before any other.
pub(crate) const ENGLISH: &str = "en";

/// Reads a section of texts by language, in which English has no place: it has a key of its own,
/// `english`.
pub(crate) fn texts(
    section: &mut Section<'_>,
    key: &'static str,
    english: &str,
) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for named in section.named(key) {
        let (tag, place) = (named.name.to_owned(), named.place.clone());
        if tag == ENGLISH {
            section.tell(&place, format!("`{key}.en` is written as `{english}`"));
        } else if !is_tag(&tag) {
            let message =
                format!("`{tag}` is no language: write a tag such as de, pt-BR or zh-Hant");
            section.tell(&place, message);
        }
        if let Some(text) = section.text_of(&named, key) {
            texts.insert(tag, text);
        }
    }
    texts
}

/// Whether this is a language tag of BCP 47, as far as its form goes: a language of two or three
/// letters, then a script, a region or a variant.
fn is_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language =
        (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase());
    let is_part = |part: &str| {
        (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    is_language && parts.all(is_part)
}

#[cfg(test)]
mod tests {
    use super::is_tag;

    #[test]
    fn a_language_is_written_as_its_tag() {
        for tag in ["de", "fil", "pt-BR", "zh-Hant", "es-419", "sl-nedis"] {
            assert!(is_tag(tag), "{tag}");
        }
        for tag in ["", "d", "DE", "german", "de_DE", "de-", "de-D", "de-DÉ"] {
            assert!(!is_tag(tag), "{tag}");
        }
    }
}
