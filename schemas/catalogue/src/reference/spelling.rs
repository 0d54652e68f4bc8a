//! One spelling for names that a table spells in several cases.

use hashbrown::HashMap;

/// The spellings of names, counted.
#[derive(Default)]
pub(super) struct Spellings<'a> {
    by_folded: HashMap<String, Vec<(&'a str, usize)>>,
}

impl<'a> Spellings<'a> {
    /// Counts one row that spells a name in this way.
    pub(super) fn count(&mut self, name: &'a str) {
        let spellings = self.by_folded.entry(name.to_lowercase()).or_default();
        match spellings.iter_mut().find(|(spelling, _)| *spelling == name) {
            Some((_, rows)) => *rows += 1,
            None => spellings.push((name, 1)),
        }
    }

    /// The spelling of most rows, the first of them where several have as many.
    pub(super) fn usual(&self, name: &'a str) -> &'a str {
        let spellings = self.by_folded.get(&name.to_lowercase());
        let most = spellings.and_then(|all| all.iter().rev().max_by_key(|(_, rows)| rows));
        most.map_or(name, |(spelling, _)| spelling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spelling_of_most_rows_is_taken_and_the_first_of_equals() {
        let mut spellings = Spellings::default();
        for name in ["Odys", "ODYS", "ODYS", "Pendo", "pendo"] {
            spellings.count(name);
        }
        assert_eq!(spellings.usual("odys"), "ODYS");
        assert_eq!(spellings.usual("pendo"), "Pendo");
        assert_eq!(spellings.usual("Nokia"), "Nokia");
    }
}
