//! An error with everything that led to it, in one line.

use std::error::Error;
use std::fmt;

/// Shows an error and all its causes, with colons between them.
#[derive(Debug)]
pub struct Causes<'a>(pub &'a dyn Error);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::Causes;

    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("reading a number")
        }
    }

    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn every_cause_is_shown_once_in_its_order() {
        let Err(inner) = "x".parse::<i32>() else {
            unreachable!("`x` is no number")
        };
        let outer = Outer(inner);
        assert_eq!(
            Causes(&outer).to_string(),
            "reading a number: invalid digit found in string"
        );
    }
}
