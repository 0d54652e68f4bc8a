//! The data dictionary: what is said of each table and column, once, for the files themselves, for
//! the texts that stand beside them, and for `kaiku tables`.

mod markdown;

use kaiku_release::{Dimension, Measure, Policy, Table, Unit};
use serde::Serialize;

/// How many standard deviations above its threshold a value has to lie to be without a bias worth
/// naming.
const CLEAR_OF_THRESHOLD: f64 = 2.0;

/// What a policy publishes, described.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dictionary {
    /// The name of the policy.
    pub policy: String,
    /// BLAKE3 of its canonical text.
    pub policy_hash: String,
    /// The least number of devices in a published row.
    pub k: u64,
    /// The tables, in the order of the policy.
    pub tables: Vec<DescribedTable>,
}

/// One table, described.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DescribedTable {
    /// Its name, which is that of its folder.
    pub name: String,
    /// What a row says.
    pub description: String,
    /// The length of a period, `day` or `week`: also the name of the column that holds it.
    pub unit: &'static str,
    /// Where its files stand under the rollups.
    pub files: String,
    /// Where the files of whole months stand.
    pub monthly: String,
    /// Over which columns the numbers of devices may be added up.
    pub sums: Sums,
    /// The columns, in their order; those of the path come first.
    pub columns: Vec<DescribedColumn>,
}

/// Over which columns the numbers of devices may be added up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// Over these, within one period.
    pub over: Vec<&'static str>,
    /// Never over these: a device may stand in several rows.
    pub never_over: Vec<&'static str>,
    /// The same as a sentence.
    pub text: String,
}

/// One column, described.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DescribedColumn {
    /// Its name.
    pub name: String,
    /// Its type in SQL.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What it is for.
    pub role: Role,
    /// What it says.
    pub description: String,
    /// Values of measures: the standard deviation of the noise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma: Option<f64>,
    /// The measure that decides which rows appear: the least value that appears.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tau: Option<i64>,
    /// Values of measures: the measure of which this one is a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_of: Option<String>,
}

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It stands in the path of the file, and not in the file.
    Path,
    /// It says what the row is about.
    Dimension,
    /// A count with noise.
    Value,
    /// The lower end of a 95 % interval.
    Lower,
    /// The upper end of a 95 % interval.
    Upper,
    /// The number to show to people.
    Estimate,
}

impl Dictionary {
    /// What a policy publishes.
    pub fn of(policy: &Policy) -> Dictionary {
        Dictionary {
            policy: policy.name().to_owned(),
            policy_hash: hex::encode(policy.hash()),
            k: policy.k(),
            tables: policy.tables().iter().map(DescribedTable::of).collect(),
        }
    }

    /// The dictionary for people, in Markdown.
    pub fn markdown(&self) -> String {
        markdown::text(self)
    }

    /// The dictionary for programs.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }
}

impl DescribedTable {
    /// What is said of a table.
    pub(crate) fn of(table: &Table) -> DescribedTable {
        let (name, unit) = (table.name(), table.unit().as_str());
        let mut columns = path_columns(table.unit());
        columns.extend(table.dimensions().iter().skip(1).map(dimension));
        columns.extend(table.measures().iter().flat_map(measure));
        DescribedTable {
            name: name.to_owned(),
            description: table.description().to_owned(),
            unit,
            files: format!("{name}/app=*/{unit}=*/rollup.parquet"),
            monthly: format!("monthly/{name}/app=*/month=*/rollup.parquet"),
            sums: Sums::of(table),
            columns,
        }
    }

    /// The columns that stand in the file itself.
    pub(crate) fn in_file(&self) -> impl Iterator<Item = &DescribedColumn> {
        self.columns
            .iter()
            .filter(|column| column.role != Role::Path)
    }
}

impl Sums {
    fn of(table: &Table) -> Sums {
        let names = |splits: bool| {
            let dimensions = table.dimensions().iter();
            dimensions
                .filter(move |dimension| splits_devices(**dimension) == splits)
                .map(|dimension| dimension.as_str())
        };
        let over: Vec<_> = names(true).collect();
        let unit = table.unit().as_str();
        let never_over: Vec<_> = names(false).chain([unit]).collect();
        let may = if over.is_empty() {
            format!("Devices may be added up over no column of {}", table.name())
        } else {
            let columns = over.join(" and ");
            format!(
                "Devices may be added up over {columns} within one app and {unit}, for a device \
                 stands in one of these rows"
            )
        };
        let text = format!(
            "{may}; never over {}: one device may stand in several. Rows that do not appear are \
             in no sum.",
            never_over.join(", ")
        );
        Sums {
            over,
            never_over,
            text,
        }
    }
}

/// Whether the rows of a dimension split the devices: each stands under one value in a period.
/// Where a device is from and what it is are settled once a week; a length is that of its first
/// session of the day.
fn splits_devices(dimension: Dimension) -> bool {
    dimension.is_of_device() || dimension == Dimension::Length
}

fn path_columns(unit: Unit) -> Vec<DescribedColumn> {
    let period = match unit {
        Unit::Day => "The UTC day on which the devices were heard from",
        Unit::Week => "The ISO week in which the devices were heard from: its Monday",
    };
    let app = "The app, as the catalogue names it; `unlisted` for those that it does not list. It \
               is text even where it looks like a number";
    vec![
        column("app", "VARCHAR", Role::Path, app),
        column(unit.as_str(), "DATE", Role::Path, period),
    ]
}

fn column(
    name: impl Into<String>,
    kind: &'static str,
    role: Role,
    description: impl Into<String>,
) -> DescribedColumn {
    DescribedColumn {
        name: name.into(),
        kind,
        role,
        description: description.into(),
        sigma: None,
        tau: None,
        part_of: None,
    }
}

fn dimension(dimension: &Dimension) -> DescribedColumn {
    let what = match dimension {
        Dimension::App => "The app",
        Dimension::Release => "The release of the app",
        Dimension::Feature => "The feature of the app",
        Dimension::Cause => "The cause of the failure: one of the app's or a built-in one",
        Dimension::Component => "The component of the app in which it failed",
        Dimension::Country => {
            "The country of the device for the whole week, ISO 3166-1 alpha-2; `ZZ` where it is \
             not known"
        }
        Dimension::Brand => "The brand of the device",
        Dimension::Model => "The model of the device, `Brand/Code`",
        Dimension::Operator => "The network operator of the device for the whole week",
        Dimension::Length => "How long the device's first session of the day was",
        Dimension::A => "One feature of the pair, the one that sorts first",
        Dimension::B => "The other feature of the pair",
    };
    let description = match dimension {
        Dimension::Country | Dimension::Length => what.to_owned(),
        _ => format!("{what}; `unlisted` for what is in no list. Never null"),
    };
    column(dimension.as_str(), "VARCHAR", Role::Dimension, description)
}

fn measure(measure: &Measure) -> [DescribedColumn; 4] {
    let (name, figures) = (measure.name(), measure.figures());
    let noise = match figures.tau {
        Some(tau) => {
            let bias = bias_at_threshold(figures.sigma);
            format!(
                "with noise of standard deviation {:.1}. Rows under {tau} do not appear, so that a \
                 shown value is biased upwards near it: by {bias:.0} on average where the truth is \
                 {tau}, by nothing to speak of from {:.0} on",
                figures.sigma,
                (tau as f64) + CLEAR_OF_THRESHOLD * figures.sigma,
            )
        }
        None => format!(
            "with noise of standard deviation {:.1} and without bias: it may be below 0, and \
             above the whole",
            figures.sigma
        ),
    };
    let part = measure
        .rate_of()
        .map(|of| format!(", a part of {of}"))
        .unwrap_or_default();
    let nested = measure
        .rate_of()
        .map(|of| format!(" and at most {of}_estimate"))
        .unwrap_or_default();
    let value = DescribedColumn {
        sigma: Some(figures.sigma),
        tau: figures.tau,
        part_of: measure.rate_of().map(str::to_owned),
        ..column(
            name,
            "BIGINT",
            Role::Value,
            format!("{}{part}, {noise}", measure.description()),
        )
    };
    let end = |side: &str, role| {
        let text = format!(
            "The {side} end of the 95 % interval of {name}, which holds given that the row appears"
        );
        column(format!("{name}_{side}"), "BIGINT", role, text)
    };
    let estimate = format!(
        "The number to show to people: the median-unbiased estimate of {name} given that the row \
         appears, never negative, within its interval{nested}"
    );
    [
        value,
        end("lower", Role::Lower),
        end("upper", Role::Upper),
        column(
            format!("{name}_estimate"),
            "BIGINT",
            Role::Estimate,
            estimate,
        ),
    ]
}

/// How much the value of a shown row exceeds the truth on average where the truth is the threshold
/// itself: the mean of the upper half of the noise, σ√(2/π).
fn bias_at_threshold(sigma: f64) -> f64 {
    sigma * (2.0 / std::f64::consts::PI).sqrt()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use super::*;

    fn small() -> Dictionary {
        Dictionary::of(&Policy::small())
    }

    fn table(name: &str) -> DescribedTable {
        let tables = small().tables;
        tables.into_iter().find(|table| table.name == name).unwrap()
    }

    #[test]
    fn devices_are_added_up_over_what_a_device_has_one_of_and_over_nothing_else() {
        assert_eq!(table("operators_weekly").sums.over, ["country", "operator"]);
        assert_eq!(table("operators_weekly").sums.never_over, ["app", "week"]);
        assert_eq!(table("features_daily").sums.over, [] as [&str; 0]);
        let never = table("features_daily").sums.never_over;
        assert_eq!(never, ["app", "feature", "day"]);
    }

    #[test]
    fn each_column_has_its_own_name_and_a_description() {
        for table in small().tables {
            let names: BTreeSet<_> = table.columns.iter().map(|column| &column.name).collect();
            assert_eq!(names.len(), table.columns.len(), "{}", table.name);
            for column in &table.columns {
                assert!(column.description.len() > 10, "{}", column.name);
            }
        }
    }

    #[test]
    fn the_bias_that_is_told_is_that_of_a_normal_noise_cut_at_its_mean() {
        // The mean of |N(0, 1)|.
        assert!((bias_at_threshold(1.0) - 0.797_884_6).abs() < 1e-6);
    }

    #[test]
    fn markdown_has_a_section_for_each_table_and_a_line_for_each_column() {
        let dictionary = small();
        let text = dictionary.markdown();
        for table in &dictionary.tables {
            assert!(text.contains(&format!("\n## {}\n", table.name)));
            for column in &table.columns {
                assert!(text.contains(&format!("\n| `{}` | ", column.name)));
            }
        }
    }
}
