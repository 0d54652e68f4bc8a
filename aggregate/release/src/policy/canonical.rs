//! The text of a policy that is hashed: every value that shapes what is published, and no layout.

use std::fmt::Write;

use kaiku_wire::BOUNDS;

use super::content::{Content, Table};

/// The canonical text, one value a line.
pub(super) fn text(policy: &Content) -> String {
    let mut out = String::new();
    let mut line = |key: &str, value: &dyn std::fmt::Display| {
        // Writing to a String does not fail.
        let _ = writeln!(out, "{key} {value}");
    };
    line("policy", &policy.name);
    line("format", &2);
    line("bounds", &BOUNDS.version);
    line("k", &policy.k);
    line("delta", &policy.delta);
    line("cap_rho", &policy.cap);
    line("z", &policy.z);
    for table in &policy.tables {
        table_lines(table, &mut line);
    }
    out
}

fn table_lines(table: &Table, line: &mut dyn FnMut(&str, &dyn std::fmt::Display)) {
    line("table", &table.name);
    line("period", &table.unit);
    line("description", &quoted(&table.description));
    for dimension in &table.dimensions {
        line("dimension", dimension);
    }
    for measure in &table.measures {
        line("measure", &measure.name);
        line("description", &quoted(&measure.description));
        if let Some(rate_of) = &measure.rate_of {
            line("rate_of", rate_of);
        }
        let figures = measure.figures();
        let tau = figures.tau.map_or("none".to_owned(), |tau| tau.to_string());
        line(
            "mark",
            &format_args!(
                "{} rho {} delta2 {} a week {} sigma {} tau {tau}",
                figures.mark, figures.rho, figures.delta2, figures.delta2_week, figures.sigma
            ),
        );
    }
}

/// A description on one line, so that it can't be taken for a line of its own.
fn quoted(text: &str) -> String {
    format!("{text:?}")
}
