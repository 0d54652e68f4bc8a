//! How a metric is declared: its name, its labels and its help text stand together, in the file
//! `metrics.rs` of the package that counts, and nowhere else.
//!
//! ```
//! use kaiku_metric::{Counter, Described};
//!
//! const ANSWERS: Counter<1> =
//!     Counter::new("kaiku_answers_total", ["code"], "Answers, by their code.");
//! pub const METRICS: &[Described] = &[ANSWERS.described()];
//!
//! ANSWERS.with(["202".into()]).increment(1);
//! ```

pub use metrics::{Gauge as GaugeHandle, SharedString};

/// What a metric measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Seconds, in buckets.
    Histogram,
}

/// A declared metric, as it is described to whoever reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Described {
    /// What it measures.
    pub kind: Kind,
    /// Its name.
    pub name: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it tells, in a sentence.
    pub help: &'static str,
}

impl Described {
    /// Tells the recorder of this process what the metric is.
    pub fn describe(&self) {
        match self.kind {
            Kind::Counter => metrics::describe_counter!(self.name, self.help),
            Kind::Gauge => metrics::describe_gauge!(self.name, self.help),
            Kind::Histogram => {
                metrics::describe_histogram!(self.name, metrics::Unit::Seconds, self.help);
            }
        }
    }

    /// The name with its labels, as documents write it: `name{label,label}`.
    pub fn signature(&self) -> String {
        if self.labels.is_empty() {
            return self.name.to_owned();
        }
        format!("{}{{{}}}", self.name, self.labels.join(","))
    }
}

macro_rules! declare {
    ($(#[doc = $doc:literal] $name:ident, $handle:ident, $make:ident;)*) => {$(
        #[doc = $doc]
        #[derive(Clone, Copy, Debug)]
        pub struct $name<const LABELS: usize> {
            name: &'static str,
            labels: [&'static str; LABELS],
            help: &'static str,
        }

        impl<const LABELS: usize> $name<LABELS> {
            /// Declares it: its name, the names of its labels, and what it tells.
            pub const fn new(
                name: &'static str,
                labels: [&'static str; LABELS],
                help: &'static str,
            ) -> Self {
                $name { name, labels, help }
            }

            /// The one with these values of its labels, in their order.
            pub fn with(&self, values: [SharedString; LABELS]) -> metrics::$handle {
                let named = self.labels.into_iter().zip(values);
                let labels: Vec<_> = named
                    .map(|(name, value)| metrics::Label::new(name, value))
                    .collect();
                metrics::$make!(self.name, labels)
            }

            /// The declaration, for the list of its package.
            pub const fn described(&'static self) -> Described {
                Described {
                    kind: Kind::$name,
                    name: self.name,
                    labels: &self.labels,
                    help: self.help,
                }
            }
        }
    )*};
}

declare! {
    /// A count of what happened.
    Counter, Counter, counter;
    /// A number that goes up and down.
    Gauge, Gauge, gauge;
    /// Durations.
    Histogram, Histogram, histogram;
}

/// The value of a gauge that is gone: whoever shows metrics leaves it out.
const GONE: f64 = f64::NAN;

impl<const LABELS: usize> Gauge<LABELS> {
    /// Shows the one with these values of its labels no more, until it is set again.
    pub fn remove(&self, values: [SharedString; LABELS]) {
        self.with(values).set(GONE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWERS: Counter<2> = Counter::new("kaiku_answers_total", ["code", "by"], "Answers.");
    const OPEN: Gauge<0> = Gauge::new("kaiku_open", [], "Open ones.");

    #[test]
    fn a_declaration_is_written_as_documents_write_it() {
        assert_eq!(
            ANSWERS.described().signature(),
            "kaiku_answers_total{code,by}"
        );
        assert_eq!(OPEN.described().signature(), "kaiku_open");
    }
}
