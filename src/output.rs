//! Results go to standard output, everything else to standard error.

use std::io::{self, Write};

use anyhow::{Context, Result};

/// Writes results, a line at a time. A reader that went away (`kaiku … | head`) is no error.
pub(crate) struct Out {
    out: io::BufWriter<io::StdoutLock<'static>>,
    closed: bool,
}

impl Out {
    /// Locks standard output.
    pub(crate) fn new() -> Out {
        Out {
            out: io::BufWriter::new(io::stdout().lock()),
            closed: false,
        }
    }

    /// Writes one line.
    ///
    /// # Errors
    /// Where it can't be written for another reason than that nobody reads it.
    pub(crate) fn line(&mut self, line: impl AsRef<str>) -> Result<()> {
        if self.closed {
            return Ok(());
        }
        let written = writeln!(self.out, "{}", line.as_ref());
        self.judge(written)
    }

    /// Brings out what is still held back.
    ///
    /// # Errors
    /// As [`Out::line`].
    pub(crate) fn finish(mut self) -> Result<()> {
        let flushed = self.out.flush();
        self.judge(flushed)
    }

    fn judge(&mut self, result: io::Result<()>) -> Result<()> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            other => other.context("writing to standard output"),
        }
    }
}

/// So many of something.
pub(crate) fn count(number: usize, what: &str) -> String {
    let more = if number == 1 { "" } else { "s" };
    format!("{number} {what}{more}")
}

/// Says something to the person at the terminal; not a result.
pub(crate) fn note(line: &str) {
    // Where standard error is gone there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Prints an error with everything that led to it, once.
pub(crate) fn failure(error: &anyhow::Error) {
    let mut text = format!("kaiku: {error}");
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // Some libraries say their cause themselves.
        if !text.contains(&cause) {
            text.push_str("\n  because: ");
            text.push_str(&cause.replace('\n', "\n  "));
        }
    }
    note(&text);
}

/// Lines up columns of text, two spaces between them.
pub(crate) fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    rows.iter()
        .map(|row| {
            let cells = row.iter().enumerate().map(|(column, cell)| {
                format!("{cell:<width$}", width = width(column).unwrap_or(0))
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn columns_stand_under_each_other() {
        let rows = [
            vec!["a".to_owned(), "bb".into()],
            vec!["ccc".into(), "d".into()],
        ];
        assert_eq!(columns(&rows), ["a    bb", "ccc  d"]);
    }
}
