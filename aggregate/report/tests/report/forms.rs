//! Page, JSON and CSV say the same, and the page asks for nothing.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kaiku_report::{Cell, Kind, Section, Settings, csv, html, make};
use sha2::{Digest, Sha256};

use crate::support::kept;

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before}"))
        .1;
    rest.split_once(after)
        .unwrap_or_else(|| panic!("no {after}"))
        .0
}

/// A cell as it stands in JSON; numbers in their shortest form.
fn plain(cell: &Cell) -> String {
    match serde_json::to_value(cell).unwrap() {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text,
        other => other.as_f64().unwrap().to_string(),
    }
}

#[test]
fn the_page_carries_the_very_document_that_json_prints() {
    let report = &kept().made.report;
    let page = html(report).unwrap();
    let packed = between(&page, "id=\"kaiku-data\">", "</script>");
    let packed = STANDARD.decode(packed).unwrap();
    let mut json = String::new();
    flate2::read::ZlibDecoder::new(packed.as_slice())
        .read_to_string(&mut json)
        .unwrap();
    assert_eq!(json, serde_json::to_string(report).unwrap());
}

#[test]
fn csv_has_every_cell_of_json() {
    let report = &kept().made.report;
    let text = csv(report).unwrap();
    let mut reader = csv_reader(&text);
    let head: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(
        head,
        [
            "app",
            "section",
            "synthetic",
            "manifest",
            "row",
            "column",
            "value"
        ]
    );
    let mut lines = reader.records().map(Result::unwrap);
    let hash = &report.manifest.as_ref().unwrap().hash;
    for app in &report.apps {
        for section in &app.sections {
            for row in 0..section.rows() {
                for (column, data) in section.columns.iter().zip(&section.data) {
                    let line = lines.next().unwrap();
                    let expected = [
                        &app.app,
                        section.id,
                        "true",
                        hash,
                        &row.to_string(),
                        &column.name,
                        &plain(&data[row]),
                    ];
                    assert_eq!(line.iter().collect::<Vec<_>>(), expected);
                }
            }
        }
    }
    assert!(lines.next().is_none());
}

fn csv_reader(text: &str) -> csv::Reader<&[u8]> {
    csv::Reader::from_reader(text.as_bytes())
}

#[test]
fn csv_of_one_section_is_a_table() {
    let settings = Settings {
        section: Some("crash_by_brand".to_owned()),
        app: Some("maps".to_owned()),
        ..Settings::default()
    };
    let report = make(&kept().folder, &settings).unwrap().report;
    let section = &report.apps[0].sections[0];
    let text = csv(&report).unwrap();
    let mut reader = csv_reader(&text);
    let columns = section.columns.iter().map(|column| column.name.as_str());
    let expected: Vec<&str> = ["app", "synthetic", "manifest"]
        .into_iter()
        .chain(columns)
        .collect();
    assert_eq!(
        reader.headers().unwrap().iter().collect::<Vec<_>>(),
        expected
    );
    let mut lines = 0;
    for (row, line) in reader.records().map(Result::unwrap).enumerate() {
        let cells = section.data.iter().map(|data| plain(&data[row]));
        assert_eq!(
            line.iter().skip(3).collect::<Vec<_>>(),
            cells.collect::<Vec<_>>()
        );
        lines += 1;
    }
    assert_eq!(lines, section.rows());
}

/// How the page writes a cell, said here once more.
fn shown(cell: &Cell, kind: Kind) -> String {
    match cell {
        Cell::None if matches!(kind, Kind::Flag | Kind::Text) => String::new(),
        Cell::None => "not shown".to_owned(),
        Cell::Count(count) => {
            let text = count.to_string();
            let digits = text.trim_start_matches('-');
            let groups: Vec<String> = digits
                .as_bytes()
                .rchunks(3)
                .rev()
                .map(|group| String::from_utf8(group.to_vec()).unwrap())
                .collect();
            format!("{}{}", if *count < 0 { "−" } else { "" }, groups.join(","))
        }
        Cell::Rate(rate) => format!("{:.2} %", rate * 100.0),
        Cell::Day(day) => day.to_string(),
        Cell::Text(text) => match (kind, &**text) {
            (Kind::Flag, "") => "no reliable change".to_owned(),
            (Kind::Flag, "rising" | "worse") => format!("▲ {text}"),
            (Kind::Flag, "falling" | "better") => format!("▼ {text}"),
            (Kind::Flag, _) => format!("+ {text}"),
            (Kind::Name, "unlisted" | "ZZ") => "not listed".to_owned(),
            _ => text.to_string(),
        },
    }
}

fn unescaped(html: &str) -> String {
    let text = ["<bdi>", "</bdi>", "<small>", "</small>"]
        .iter()
        .fold(html.to_owned(), |text, tag| text.replace(tag, ""));
    let text = text
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"");
    text.replace("&#39;", "'").replace("&#38;", "&")
}

fn table_of(part: &str) -> Vec<Vec<String>> {
    let rows = between(part, "<tbody>", "</tbody>").split("<tr>").skip(1);
    rows.map(|row| {
        row.trim_end()
            .split("<td>")
            .skip(1)
            .map(unescaped)
            .collect()
    })
    .collect()
}

/// The rows of a section as the page would write them: an interval stands in the cell of its number.
fn rows_of(section: &Section) -> Vec<Vec<String>> {
    let row = |row: usize| {
        let cell = |name: &str| {
            let at = section
                .columns
                .iter()
                .position(|column| column.name == name)?;
            Some(shown(&section.data[at][row], section.columns[at].kind))
        };
        let names = section.columns.iter().filter(|column| !column.is_aside);
        let is_end = |name: &str| {
            let base = name.strip_suffix("_lower").or(name.strip_suffix("_upper"));
            base.is_some_and(|base| cell(base).or(cell(&format!("{base}_estimate"))).is_some())
        };
        let names = names
            .map(|column| column.name.as_str())
            .filter(|name| !is_end(name));
        let cells = names.map(|name| {
            let base = name.strip_suffix("_estimate").unwrap_or(name);
            let ends = cell(&format!("{base}_lower")).zip(cell(&format!("{base}_upper")));
            match (cell(name).unwrap(), ends) {
                (text, Some((lower, upper))) if text != "not shown" => {
                    format!("{text} {lower} to {upper}")
                }
                (text, _) => text,
            }
        });
        cells.collect()
    };
    (0..section.rows()).map(row).collect()
}

#[test]
fn the_tables_are_there_without_the_script_and_have_the_rows_of_json() {
    let report = &kept().made.report;
    let page = html(report).unwrap();
    let mut tables = 0;
    for app in &report.apps {
        let of_app = between(
            &page,
            &format!("<section data-app=\"{}\"", app.app),
            "<section data-app=",
        );
        for section in &app.sections {
            let id = format!("id=\"{}-{}\"", app.app, section.id);
            let part = between(of_app, &id, "</section>");
            assert_eq!(
                part.matches("class=\"chart\"").count(),
                section.charts.len(),
                "{id}"
            );
            if section.rows() == 0 {
                assert!(!part.contains("<table"), "{id}");
                assert!(part.contains("class=\"empty\""), "{id}");
                continue;
            }
            let (in_page, all) = (table_of(part), rows_of(section));
            let at = all.windows(in_page.len()).position(|rows| rows == in_page);
            assert!(!in_page.is_empty() && at.is_some(), "{id}: {in_page:?}");
            let is_short = in_page.len() < all.len();
            assert_eq!(
                part.contains("--format csv"),
                is_short,
                "{id} says that it is short"
            );
            tables += 1;
        }
        if app.app == report.apps[report.apps.len() - 2].app {
            break;
        }
    }
    assert!(tables > 50, "{tables}");
}

#[test]
fn the_page_runs_what_it_brings_and_nothing_else() {
    let page = html(&kept().made.report).unwrap();
    let policy = between(
        &page,
        "http-equiv=\"Content-Security-Policy\" content=\"",
        "\">",
    );
    let policy = unescaped(policy);
    let style = between(&page, "<style>", "</style>");
    let script = page
        .rsplit_once("<script>")
        .unwrap()
        .1
        .split_once("</script>")
        .unwrap()
        .0;
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    let expected = format!(
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
        hash(script),
        hash(style)
    );
    assert_eq!(policy, expected);
    // What is written for people, without script, style and data.
    let frame = page.replace(script, "").replace(style, "");
    for asks in [
        " src=", "<link", "<iframe", "<img", "<form", "@import", "url(", " onload", " onclick",
    ] {
        assert!(!frame.contains(asks), "the page has {asks}");
    }
    assert!(!style.contains("url(") && !style.contains("@import"));
}

#[test]
fn a_page_of_90_days_and_three_apps_has_at_most_a_megabyte() {
    let page = html(&kept().made.report).unwrap();
    assert!(page.len() <= 1_000_000, "{} bytes", page.len());
}

#[test]
fn simulated_devices_are_said_in_every_form() {
    let report = &kept().made.report;
    assert!(report.synthetic);
    assert!(html(report).unwrap().contains("<p class=\"synthetic\">"));
    assert!(
        csv(report)
            .unwrap()
            .lines()
            .nth(1)
            .unwrap()
            .contains(",true,")
    );
}
