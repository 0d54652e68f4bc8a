//! What might be suggested to somebody, by what they use.

use crate::suggestions::Suggestions;

/// A feature that might be suggested.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Picked<'a> {
    /// The feature.
    pub feature: &'a str,
    /// The feature in use that says the most for it.
    pub because: &'a str,
    /// The sum of what all features in use say for it.
    pub score: f64,
}

impl Suggestions {
    /// Every feature that may be offered, is not used, and goes together with one that is; the best first, and of
    /// those that are alike the more popular.
    pub fn pick(&self, uses: &dyn Fn(&str) -> bool) -> Vec<Picked<'_>> {
        let used: Vec<bool> = (self.features.iter().map(|one| uses(&one.name))).collect();
        // Sum, and the strongest: its score and number.
        let mut said = vec![(0.0, (0.0, 0)); self.features.len()];
        for pair in &self.pairs {
            let (a, b) = (usize::from(pair.a), usize::from(pair.b));
            for (reason, feature) in [(a, b), (b, a)] {
                if used[reason] && !used[feature] {
                    let (sum, strongest) = &mut said[feature];
                    *sum += pair.score();
                    if pair.score() > strongest.0 {
                        *strongest = (pair.score(), reason);
                    }
                }
            }
        }
        let offered = said
            .iter()
            .enumerate()
            .filter(|(number, (sum, _))| *sum > 0.0 && self.features[*number].is_offered);
        let mut picked: Vec<Picked<'_>> = offered
            .map(|(number, (sum, (_, reason)))| Picked {
                feature: &self.features[number].name,
                because: &self.features[*reason].name,
                score: *sum,
            })
            .collect();
        // The sort is stable, and the features stand by popularity.
        picked.sort_by(|one, other| other.score.total_cmp(&one.score));
        picked
    }
}
