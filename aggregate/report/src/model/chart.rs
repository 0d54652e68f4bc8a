//! Charts: which columns of a section go where.

use serde::Serialize;

/// Which columns go where in a chart, and nothing else.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Chart {
    /// A dot for each row, with the line of its interval.
    Dots {
        /// The names.
        y: String,
        /// The numbers.
        x: String,
        /// The lower ends.
        lower: String,
        /// The upper ends.
        upper: String,
        /// By which column the rows are sorted, the highest first.
        sort: String,
        /// What is seen.
        caption: String,
        /// Lines to compare with.
        lines: Vec<Line>,
        /// The column with what has changed, where changes are flagged.
        #[serde(skip_serializing_if = "Option::is_none")]
        flag: Option<String>,
        /// Other columns that a point says beside its own.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        also: Vec<String>,
    },
    /// A line over time with the band of its interval.
    Trend {
        /// The periods.
        x: String,
        /// The numbers.
        y: String,
        /// The lower ends.
        lower: String,
        /// The upper ends.
        upper: String,
        /// The names, one line for each; none where there is one line.
        #[serde(skip_serializing_if = "Option::is_none")]
        series: Option<String>,
        /// How many of the series are drawn, the largest ones.
        #[serde(skip_serializing_if = "Option::is_none")]
        top: Option<usize>,
        /// What is seen.
        caption: String,
        /// Lines to compare with.
        lines: Vec<Line>,
    },
    /// A bar for each of a few ordered categories.
    Bars {
        /// The categories, in the order of the rows.
        y: String,
        /// The numbers.
        x: String,
        /// The lower ends.
        lower: String,
        /// The upper ends.
        upper: String,
        /// What is seen.
        caption: String,
    },
    /// A colour for each pair of names, with its number written in.
    Heat {
        /// The names across.
        x: String,
        /// The names down.
        y: String,
        /// The numbers.
        value: String,
        /// What is seen.
        caption: String,
        /// The column with what has changed, where changes are flagged.
        #[serde(skip_serializing_if = "Option::is_none")]
        flag: Option<String>,
    },
    /// How much two things go together.
    Pairs {
        /// One of them.
        a: String,
        /// The other.
        b: String,
        /// The number.
        value: String,
        /// What is seen.
        caption: String,
    },
    /// Lines over time that are parts of one whole.
    Share {
        /// The periods.
        x: String,
        /// The numbers.
        y: String,
        /// The names, one line for each.
        series: String,
        /// What is seen.
        caption: String,
    },
}

/// A line to compare with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Its letter, which is the same in every chart.
    pub letter: &'static str,
    /// Where it lies.
    pub value: f64,
    /// What it is, and who says so.
    pub label: String,
}

impl Chart {
    /// The same dots with a sign at what has changed, and with what each was the time before.
    #[must_use]
    pub(crate) fn with_changes(mut self, column: Option<&str>, before: &str) -> Chart {
        match &mut self {
            Chart::Dots { flag, also, .. } => {
                *flag = column.map(str::to_owned);
                also.push(before.to_owned());
            }
            Chart::Heat { flag, .. } => *flag = column.map(str::to_owned),
            _ => {}
        }
        self
    }
}
