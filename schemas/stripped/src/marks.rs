//! The set of marks that one event bears.

use kaiku_wire::Mark;

/// Which firsts an event is for the device that it came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Marks(u16);

impl Marks {
    /// Whether the mark is set.
    pub fn has(self, mark: Mark) -> bool {
        self.0 & (1 << mark as u16) != 0
    }

    /// A bit each, that of [`Mark`]'s number.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Sets the mark where `on`; else leaves it as it is.
    pub fn set(&mut self, mark: Mark, on: bool) {
        self.0 |= u16::from(on) << mark as u16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mark_is_set_alone() {
        for mark in Mark::ALL {
            let mut marks = Marks::default();
            marks.set(mark, true);
            marks.set(Mark::FirstAppDay, false);
            for other in Mark::ALL {
                assert_eq!(marks.has(other), other == mark);
            }
        }
    }
}
