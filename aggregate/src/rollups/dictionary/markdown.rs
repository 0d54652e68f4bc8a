//! The data dictionary for people.

use super::{DescribedColumn, DescribedTable, Dictionary};

const HEAD: &str = "\
Every number is a count of devices with noise: differentially private, and of at least k devices in
each row. What of a table does not appear is missing from it, not 0: the difference to a coarser
table, which is counted by itself. Of each measure there are four columns: `m` has the count with
its noise, `m_lower` and `m_upper` the 95 % interval, which holds given that the row appears, and
`m_estimate` is the number to show to people. Add up `m`, never the ends of intervals: the noise of
a sum of n rows has the standard deviation σ√n.
";

/// The dictionary as Markdown.
pub(super) fn text(dictionary: &Dictionary) -> String {
    let mut text = format!(
        "# Tables\n\nPolicy `{}`, hash {}, k = {}.\n\n{HEAD}",
        cell(&dictionary.policy),
        dictionary.policy_hash,
        dictionary.k
    );
    for table in &dictionary.tables {
        section(&mut text, table);
    }
    text
}

fn section(text: &mut String, table: &DescribedTable) {
    let DescribedTable {
        name,
        description,
        files,
        monthly,
        sums,
        ..
    } = table;
    text.push_str(&format!("\n## {name}\n\n{description}.\n\n"));
    text.push_str(&format!(
        "Files: `{files}`; whole months: `{monthly}`.\n\n{}\n\n",
        sums.text
    ));
    text.push_str("| column | type | σ | τ | what it says |\n|---|---|---|---|---|\n");
    for column in &table.columns {
        text.push_str(&line(column));
    }
}

fn line(column: &DescribedColumn) -> String {
    let sigma = column.sigma.map(|sigma| format!("{sigma:.1}"));
    let tau = column.tau.map(|tau| tau.to_string());
    format!(
        "| `{}` | {} | {} | {} | {} |\n",
        column.name,
        column.kind,
        sigma.unwrap_or_default(),
        tau.unwrap_or_default(),
        cell(&column.description)
    )
}

/// Text that stays within its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
