//! The report as CSV: one section as a table, or all of them one value a line.

use crate::error::Error;
use crate::model::{Cell, Report};

/// The report as CSV. Of one section, its rows, each with the app in front. Of several, one value
/// a line: app, section, row, column, value. Either way each line says whether data is synthetic, and
/// names the last manifest. What is not shown is empty.
///
/// # Errors
/// Where it can't be written.
pub fn csv(report: &Report) -> Result<String, Error> {
    let failed = |source: csv::Error| Error::Write {
        form: "CSV",
        source: source.into(),
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    let one = report.apps.first().map(|app| app.sections.as_slice());
    let about = About {
        synthetic: report.synthetic.to_string(),
        manifest: report
            .manifest
            .as_ref()
            .map_or("", |manifest| manifest.hash.as_str()),
    };
    match one {
        Some([section]) => {
            let columns = section.columns.iter().map(|column| column.name.as_str());
            let head = ["app", "synthetic", "manifest"].into_iter().chain(columns);
            writer.write_record(head).map_err(failed)?;
            wide(report, &about, &mut writer).map_err(failed)?;
        }
        _ => {
            let head = [
                "app",
                "section",
                "synthetic",
                "manifest",
                "row",
                "column",
                "value",
            ];
            writer.write_record(head).map_err(failed)?;
            long(report, &about, &mut writer).map_err(failed)?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| Error::Write {
        form: "CSV",
        source: error.into_error().into(),
    })?;
    String::from_utf8(bytes).map_err(|source| Error::Write {
        form: "CSV",
        source: source.into(),
    })
}

/// What each line says of the whole.
struct About<'a> {
    synthetic: String,
    manifest: &'a str,
}

fn wide(report: &Report, about: &About<'_>, writer: &mut csv::Writer<Vec<u8>>) -> csv::Result<()> {
    for app in &report.apps {
        for section in &app.sections {
            for row in 0..section.rows() {
                let cells = section.data.iter().map(|column| value(column.get(row)));
                let first = [&app.app, &about.synthetic, about.manifest].map(str::to_owned);
                writer.write_record(first.into_iter().chain(cells))?;
            }
        }
    }
    Ok(())
}

fn long(report: &Report, about: &About<'_>, writer: &mut csv::Writer<Vec<u8>>) -> csv::Result<()> {
    for app in &report.apps {
        for section in &app.sections {
            for row in 0..section.rows() {
                for (column, data) in section.columns.iter().zip(&section.data) {
                    writer.write_record([
                        app.app.as_str(),
                        section.id,
                        &about.synthetic,
                        about.manifest,
                        &row.to_string(),
                        &column.name,
                        &value(data.get(row)),
                    ])?;
                }
            }
        }
    }
    Ok(())
}

fn value(cell: Option<&Cell>) -> String {
    match cell {
        None | Some(Cell::None) => String::new(),
        Some(Cell::Count(count)) => count.to_string(),
        Some(Cell::Rate(rate)) => rate.to_string(),
        Some(Cell::Day(day)) => day.to_string(),
        Some(Cell::Text(text)) => text.to_string(),
    }
}
