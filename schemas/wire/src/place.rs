//! Where in a text something stands, as editors count.

/// Line and column, both from 1, of a byte offset in a text, or of the text's end where it lies
/// beyond; the column counts characters.
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.matches('\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::line_and_column;

    #[test]
    fn lines_and_characters_are_counted_from_one() {
        let text = "a = 1\nåß = 2\n";
        let places = [0, 6, 13, 1_000].map(|offset| line_and_column(text, offset));
        assert_eq!(places, [(1, 1), (2, 1), (2, 6), (3, 1)]);
    }
}
