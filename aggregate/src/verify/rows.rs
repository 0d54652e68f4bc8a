//! The rows of one file: their columns, their order, and what each number says beside the others.

use arrow::array::{Int64Array, StringArray};
use arrow::datatypes::DataType;
use kaiku_release::contains;
use object_store::path::Path;

use super::{Problem, Verified};
use crate::rollups::{MONTHLY, Manifest, ManifestMeasure, ManifestTable, PublishedFile};

/// After so many wrong rows of one file the rest of them is counted, not named.
const NAMED_ROWS: usize = 20;

/// The four columns of a measure.
struct Numbers<'a> {
    measure: &'a ManifestMeasure,
    value: &'a Int64Array,
    lower: &'a Int64Array,
    upper: &'a Int64Array,
    estimate: &'a Int64Array,
}

/// Whether a path is that of a monthly copy.
pub(super) fn is_monthly(path: &Path) -> bool {
    path.parts()
        .next()
        .is_some_and(|first| first.as_ref() == MONTHLY)
}

/// Checks a file that can be read.
pub(super) fn check(
    path: &str,
    file: &PublishedFile,
    manifest: &Manifest,
    table: &ManifestTable,
    stated: u64,
    found: &mut Verified,
) {
    let rows = file.rows();
    if rows as u64 != stated {
        let text = format!("has {rows} rows, and {stated} by its manifest");
        found.problem(path, text);
    }
    says_what_the_manifest_says(path, file, manifest, table, found);
    let Some((dimensions, numbers)) = columns(file, table) else {
        found.problem(path, "does not have the columns of its table");
        return;
    };
    let mut wrong = Vec::new();
    for row in 0..rows {
        order(&dimensions, row, &mut wrong);
        for (position, one) in numbers.iter().enumerate() {
            interval(one, row, position == 0, manifest.k, &mut wrong);
            parts(one, &numbers, row, &mut wrong);
        }
    }
    let more = wrong.len().saturating_sub(NAMED_ROWS);
    let named = wrong.into_iter().take(NAMED_ROWS);
    found.problems.extend(named.map(|(row, text)| Problem {
        path: path.to_owned(),
        row: Some(row as u64 + 1),
        text,
    }));
    if more > 0 {
        found.problem(path, format!("{more} more of its rows are wrong"));
    }
}

/// What stands in the metadata of a file must be what stands in the manifest: people who read the
/// file alone go by it.
fn says_what_the_manifest_says(
    path: &str,
    file: &PublishedFile,
    manifest: &Manifest,
    table: &ManifestTable,
    found: &mut Verified,
) {
    let mut expected = vec![
        ("kaiku.table".to_owned(), table.name.clone()),
        ("kaiku.policy_hash".to_owned(), manifest.policy_hash.clone()),
        ("kaiku.k".to_owned(), manifest.k.to_string()),
    ];
    for measure in &table.measures {
        let key = format!("kaiku.sigma.{}", measure.name);
        expected.push((key, measure.sigma.to_string()));
    }
    for (key, value) in expected {
        if file.said(&key) != Some(&value) {
            let text = format!("says another {key} of itself than its manifest");
            found.problem(path, text);
        }
    }
}

/// The dimensions and measures of a file; none where its columns are not those of its table.
fn columns<'a>(
    file: &'a PublishedFile,
    table: &'a ManifestTable,
) -> Option<(Vec<&'a StringArray>, Vec<Numbers<'a>>)> {
    let dimensions: Option<Vec<_>> = file
        .dimensions()
        .into_iter()
        .map(|name| file.text(name))
        .collect();
    let numbers = |measure: &'a ManifestMeasure| {
        let of = |side: &str| file.numbers(&format!("{}{side}", measure.name));
        Some(Numbers {
            measure,
            value: of("")?,
            lower: of("_lower")?,
            upper: of("_upper")?,
            estimate: of("_estimate")?,
        })
    };
    let numbers: Option<Vec<_>> = table.measures.iter().map(numbers).collect();
    let (dimensions, numbers) = (dimensions?, numbers?);
    let is_all = file.fields().count() == dimensions.len() + 4 * numbers.len();
    let is_plain = file.fields().all(|field| {
        !field.is_nullable() && matches!(field.data_type(), DataType::Utf8 | DataType::Int64)
    });
    (is_all && is_plain).then_some((dimensions, numbers))
}

/// Rows are sorted by their dimensions, and no two have the same ones.
fn order(dimensions: &[&StringArray], row: usize, wrong: &mut Vec<(usize, String)>) {
    let of = |row: usize| -> Vec<&str> {
        let values = dimensions.iter();
        values.map(|column| column.value(row)).collect()
    };
    if row == 0 {
        return;
    }
    let text = match of(row - 1).cmp(&of(row)) {
        std::cmp::Ordering::Less => return,
        std::cmp::Ordering::Equal => "has the dimensions of the row before it",
        std::cmp::Ordering::Greater => "is not sorted by its dimensions",
    };
    wrong.push((row, text.to_owned()));
}

/// The estimate lies within its interval, and the measure that decides reaches its threshold.
fn interval(
    numbers: &Numbers<'_>,
    row: usize,
    decides: bool,
    k: u64,
    wrong: &mut Vec<(usize, String)>,
) {
    let name = &numbers.measure.name;
    let (value, estimate) = (numbers.value.value(row), numbers.estimate.value(row));
    let (lower, upper) = (numbers.lower.value(row), numbers.upper.value(row));
    let least = if decides {
        i64::try_from(k).unwrap_or(i64::MAX)
    } else {
        0
    };
    let mut say = |text: String| wrong.push((row, text));
    if lower > upper {
        say(format!(
            "{name}_lower {lower} is above {name}_upper {upper}"
        ));
    } else if !(lower..=upper).contains(&estimate) {
        say(format!(
            "{name}_estimate {estimate} is outside of its interval, {lower} to {upper}"
        ));
    }
    if lower < least {
        say(format!("{name}_lower {lower} is under {least}"));
    }
    if let Some(tau) = numbers.measure.tau
        && value < tau
    {
        say(format!("{name} {value} is under its threshold, {tau}"));
    }
}

/// What is a part of another measure is not more than it: by their marks, and so also where the
/// manifest names no rate.
fn parts(numbers: &Numbers<'_>, all: &[Numbers<'_>], row: usize, wrong: &mut Vec<(usize, String)>) {
    let part = numbers.estimate.value(row);
    let name = &numbers.measure.name;
    let wholes = all
        .iter()
        .filter(|whole| contains(whole.measure.mark, numbers.measure.mark));
    for whole in wholes {
        let (of, whole) = (&whole.measure.name, whole.estimate.value(row));
        if part > whole {
            let text = format!(
                "{name}_estimate {part} is above {of}_estimate {whole}, of which it is a part"
            );
            wrong.push((row, text));
        }
    }
}
