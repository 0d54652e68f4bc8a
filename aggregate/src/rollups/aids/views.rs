//! `views.sql`: a view for each table, with the comments of its columns, for DuckDB.

use std::collections::BTreeSet;

use crate::rollups::{Chain, DescribedTable, Dictionary, MANIFESTS, Role};

const HEAD: &str = "\
-- Views of the rollups for DuckDB. Run them in the folder of the rollups, or name it first, with a
-- slash at its end: SET VARIABLE rollups = '/data/rollups/';
";

/// The views of a policy's tables. A table of which nothing stands yet is an empty view: DuckDB
/// makes none over files that are not there.
pub(super) fn sql(dictionary: &Dictionary, chain: &Chain) -> String {
    let tables = chain
        .manifests()
        .iter()
        .flat_map(|manifest| &manifest.tables);
    let standing: BTreeSet<&str> = tables
        .filter(|table| !table.files.is_empty())
        .map(|table| table.name.as_str())
        .collect();
    let mut sql = HEAD.to_owned();
    for table in &dictionary.tables {
        sql.push_str(&view(table, standing.contains(table.name.as_str())));
    }
    sql.push_str(&manifests(!chain.manifests().is_empty()));
    sql
}

fn view(table: &DescribedTable, stands: bool) -> String {
    let name = identifier(&table.name);
    let from = if stands { files(table) } else { nothing(table) };
    let mut sql = format!("\nCREATE OR REPLACE VIEW {name} AS\n  {from};\n");
    let comment = format!("{}. {}", table.description, table.sums.text);
    sql.push_str(&format!("COMMENT ON VIEW {name} IS {};\n", text(&comment)));
    for column in &table.columns {
        sql.push_str(&format!(
            "COMMENT ON COLUMN {name}.{} IS {};\n",
            identifier(&column.name),
            text(&column.description)
        ));
    }
    sql
}

/// The rows of a table's files. The types of what stands in paths are named: an app called 007
/// stays text.
fn files(table: &DescribedTable) -> String {
    let names: Vec<_> = table
        .columns
        .iter()
        .map(|column| identifier(&column.name))
        .collect();
    let in_path = table
        .columns
        .iter()
        .filter(|column| column.role == Role::Path);
    let types: Vec<_> = in_path
        .map(|column| format!("{}: {}", text(&column.name), column.kind))
        .collect();
    format!(
        "SELECT {}\n  FROM read_parquet({}, hive_partitioning = true, hive_types = {{{}}})",
        names.join(", "),
        place(&table.files),
        types.join(", ")
    )
}

/// No row, in the columns of a table.
fn nothing(table: &DescribedTable) -> String {
    let columns = table
        .columns
        .iter()
        .map(|column| format!("NULL::{} AS {}", column.kind, identifier(&column.name)));
    let columns: Vec<_> = columns.collect();
    format!("SELECT {}\n  WHERE false", columns.join(", "))
}

/// What every sealed period says of itself.
fn manifests(stands: bool) -> String {
    let from = if stands {
        let lines = place(&format!("{MANIFESTS}/*.jsonl"));
        format!("SELECT * FROM read_json({lines}, union_by_name = true)")
    } else {
        "SELECT NULL::BIGINT AS number, NULL::VARCHAR AS unit, NULL::DATE AS first_day WHERE false"
            .to_owned()
    };
    format!(
        "\nCREATE OR REPLACE VIEW manifests AS\n  {from};\n\
         COMMENT ON VIEW manifests IS 'The manifest of each sealed period: files without one are of \
         a period that is being sealed';\n"
    )
}

/// A path under the rollups, wherever they are.
fn place(path: &str) -> String {
    format!("coalesce(getvariable('rollups'), '') || {}", text(path))
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_do_not_end_a_name_or_a_text() {
        assert_eq!(identifier("a\"; DROP"), "\"a\"\"; DROP\"");
        assert_eq!(text("the device's"), "'the device''s'");
    }
}
