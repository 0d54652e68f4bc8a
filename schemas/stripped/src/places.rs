//! The texts and the subjects of one record, each once, and where they stand in it.

use kaiku_catalogue::{App, Release};
use rustc_hash::FxHashMap;

use crate::Item;

/// Texts of closed vocabularies. Where one begins and how long it is tells it from the others: one that lies in
/// two places stands here twice, and says the same.
#[derive(Default)]
pub(crate) struct Texts {
    all: Vec<&'static str>,
    places: FxHashMap<(usize, usize), u32>,
}

impl Texts {
    pub(crate) fn clear(&mut self) {
        self.all.clear();
        self.places.clear();
    }

    /// Where a text stands; it is added where it is new.
    pub(crate) fn place(&mut self, text: &'static str) -> u32 {
        let place = (text.as_ptr().addr(), text.len());
        *self.places.entry(place).or_insert_with(|| {
            self.all.push(text);
            last(&self.all)
        })
    }

    /// Every text, by its place.
    pub(crate) fn all(&self) -> &[&'static str] {
        &self.all
    }
}

/// What events are about: places of texts, in the order of the schema.
#[derive(Default)]
pub(crate) struct Subjects {
    all: Vec<[u32; 6]>,
    places: FxHashMap<(App, Release, Item), u32>,
}

impl Subjects {
    pub(crate) fn clear(&mut self) {
        self.all.clear();
        self.places.clear();
    }

    /// Where a subject stands; it is added where it is new, and its texts with it.
    pub(crate) fn place(&mut self, texts: &mut Texts, subject: (App, Release, Item)) -> u32 {
        *self.places.entry(subject).or_insert_with(|| {
            let (app, release, item) = subject;
            let of = [
                app.as_str(),
                release.as_str(),
                item.kind().as_str(),
                item.name(),
                item.component(),
                item.duration_bucket(),
            ];
            self.all.push(of.map(|text| texts.place(text)));
            last(&self.all)
        })
    }

    /// Every subject, by its place.
    pub(crate) fn all(&self) -> &[[u32; 6]] {
        &self.all
    }
}

/// The place of the last item: a record has far fewer than there are numbers.
fn last<T>(all: &[T]) -> u32 {
    u32::try_from(all.len() - 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stands_once_and_one_that_begins_where_another_does_is_another() {
        let whole = "none of them";
        let mut texts = Texts::default();
        let places = [whole, &whole[..4], "maps", whole, &whole[..4], ""];
        let places = places.map(|text| texts.place(text));
        assert_eq!(places, [0, 1, 2, 0, 1, 3]);
        assert_eq!(texts.all(), [whole, "none", "maps", ""]);
        texts.clear();
        assert_eq!((texts.place("maps"), texts.all()), (0, &["maps"][..]));
    }
}
