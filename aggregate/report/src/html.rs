//! The page: one file with everything in it, which makes no request.
//!
//! Its tables are there without a script. What is long stands in the packed data alone, and its
//! table then holds the last period.

use std::io::Write as _;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::model::{App, Cell, Direction, Group, Kind, Report, Section};
use crate::words;

/// The bundled script and style; `page/build` makes them anew.
const SCRIPT: &str = include_str!("../page/dist/page.js");
const STYLE: &str = include_str!("../page/dist/page.css");

/// How many rows a table has without the script.
const ROWS: usize = 60;
/// How many periods a table of one number a period has without it.
const PERIODS: usize = 31;
/// How many withheld periods are named beside a section.
const WITHHELD: usize = 3;

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    csp: String,
    made_by: String,
    title: String,
    style: &'static str,
    synthetic: bool,
    about: Vec<String>,
    nothing: &'static str,
    apps: Vec<PageApp>,
    footer: Vec<String>,
    hash: Option<String>,
    data: String,
    script: &'static str,
}

struct PageApp {
    app: String,
    title: String,
    groups: Vec<PageGroup>,
}

struct PageGroup {
    id: &'static str,
    title: &'static str,
    sections: Vec<PageSection>,
}

struct PageSection {
    id: &'static str,
    title: String,
    sentence: String,
    tile: Option<PageTile>,
    empty: Option<String>,
    withheld: Vec<String>,
    charts: Vec<usize>,
    columns: Vec<String>,
    rows: Vec<Vec<PageCell>>,
    quote: Option<String>,
    /// What is left out of the table, and where it is.
    rest: Option<String>,
}

struct PageTile {
    value: String,
    unit: String,
    detail: String,
    change: String,
    /// Which way it went; none where there is no reliable change.
    sign: Option<&'static str>,
}

struct PageCell {
    text: String,
    /// The interval behind it.
    between: Option<String>,
    /// Whether it may run from right to left, and must not turn what stands beside it.
    is_isolated: bool,
}

/// The page of a report.
///
/// # Errors
/// Where it can't be packed or laid out.
pub fn html(report: &Report) -> Result<String, Error> {
    let page = Page {
        csp: format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
            source_hash(SCRIPT),
            source_hash(STYLE)
        ),
        made_by: report.made_by.clone(),
        title: "Improvement program: the report".to_owned(),
        style: STYLE,
        synthetic: report.synthetic,
        about: about(report),
        nothing: "Nothing is sealed yet: the first day is published after it has ended.",
        apps: report.apps.iter().map(page_app).collect(),
        footer: footer(report),
        hash: report
            .manifest
            .as_ref()
            .map(|manifest| manifest.hash.clone()),
        data: packed(report)?,
        script: SCRIPT,
    };
    page.render().map_err(|source| write_error(source.into()))
}

fn write_error(source: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::Write {
        form: "a page",
        source,
    }
}

/// How a content security policy names what may run.
fn source_hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// The document of `--format json`, packed.
fn packed(report: &Report) -> Result<String, Error> {
    let json = serde_json::to_vec(report).map_err(|source| write_error(source.into()))?;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let packed = encoder.write_all(&json).and_then(|()| encoder.finish());
    Ok(STANDARD.encode(packed.map_err(|source| write_error(source.into()))?))
}

fn about(report: &Report) -> Vec<String> {
    let mut about = Vec::new();
    if let Some(days) = &report.days {
        let mut line = format!(
            "{} sealed days from {} to {}",
            days.sealed,
            words::date(days.first),
            words::date(days.last)
        );
        if !days.gaps.is_empty() {
            line.push_str(&format!(", with {} missing between them", days.gaps.len()));
        }
        if let Some(weeks) = &report.weeks {
            line.push_str(&format!(
                "; {} sealed weeks up to that of {}",
                weeks.sealed,
                words::date(weeks.last)
            ));
        }
        about.push(format!("{line}."));
    }
    about.push(
        "Only devices that take part are counted, and every number has noise on it that protects them.".to_owned(),
    );
    about
}

fn footer(report: &Report) -> Vec<String> {
    let mut footer = Vec::new();
    for policy in &report.policies {
        footer.push(format!(
            "Policy {}, from {} on: rows of at least {} devices.",
            policy.name,
            words::date(policy.from),
            policy.k
        ));
    }
    if let Some(program) = &report.program {
        footer.push(format!("{}, {}", program.controller, program.contact));
    }
    footer.push(format!(
        "Made by {} of released rollups alone.",
        report.made_by
    ));
    footer
}

fn page_app(app: &App) -> PageApp {
    let groups = Group::ALL.iter().filter_map(|group| {
        let of_group = app
            .sections
            .iter()
            .filter(|section| section.group == *group);
        let sections: Vec<_> = of_group
            .map(|section| page_section(section, &app.app))
            .collect();
        (!sections.is_empty()).then(|| PageGroup {
            id: group.as_str(),
            title: group.title(),
            sections,
        })
    });
    PageApp {
        app: app.app.clone(),
        title: app.title.clone(),
        groups: groups.collect(),
    }
}

fn page_section(section: &Section, app: &str) -> PageSection {
    let shown = shown_rows(section);
    let rest = (shown.len() < section.rows()).then(|| {
        format!(
            "{} of {} rows. All of them: kaiku report … --format csv --app {app} --section {}",
            shown.len(),
            section.rows(),
            section.id
        )
    });
    let tile = section.tile.as_ref().map(|tile| PageTile {
        value: tile.value.clone(),
        unit: tile.unit.clone(),
        detail: tile.detail.clone(),
        change: tile.change.sentence.clone(),
        sign: match tile.change.flag {
            Direction::None => None,
            Direction::Up => Some("▲"),
            Direction::Down => Some("▼"),
            Direction::New => Some("+"),
        },
    });
    PageSection {
        id: section.id,
        title: section.title.clone(),
        sentence: section.sentence.clone(),
        tile,
        empty: section.empty.clone(),
        withheld: withheld(section),
        charts: (0..section.charts.len()).collect(),
        columns: section
            .shown_columns()
            .into_iter()
            .filter_map(|shown| section.columns.get(shown.at))
            .map(|column| column.title.clone())
            .collect(),
        quote: section.quote.clone(),
        rows: shown
            .into_iter()
            .map(|row| page_row(section, row))
            .collect(),
        rest,
    }
}

/// The last periods that were not published, each with the reason.
fn withheld(section: &Section) -> Vec<String> {
    let last = section.withheld.iter().rev().take(WITHHELD);
    let mut lines: Vec<String> = last
        .map(|one| {
            format!(
                "Not published for {}: {}",
                words::date(one.period),
                one.reason
            )
        })
        .collect();
    if section.withheld.len() > WITHHELD {
        let more = section.withheld.len() - WITHHELD;
        lines.push(format!(
            "{more} more periods were not published; they stand under “What was not published”."
        ));
    }
    lines
}

/// The rows of the table as it stands without the script.
fn shown_rows(section: &Section) -> std::ops::Range<usize> {
    let rows = section.rows();
    let is_series = section
        .columns
        .iter()
        .any(|column| column.kind == Kind::Name);
    let periods = section
        .columns
        .first()
        .filter(|column| column.kind == Kind::Period);
    let periods = periods.and_then(|_| section.data.first());
    match periods {
        Some(periods) if is_series => {
            let last = periods.last();
            let first = periods
                .iter()
                .position(|period| Some(period) == last)
                .unwrap_or(0);
            first..rows.min(first + ROWS)
        }
        Some(_) if section.table.is_some() => rows.saturating_sub(PERIODS)..rows,
        _ => 0..rows.min(ROWS),
    }
}

fn page_row(section: &Section, row: usize) -> Vec<PageCell> {
    let cell = |at: usize| {
        let cell = section.data.get(at).and_then(|data| data.get(row));
        let kind = section
            .columns
            .get(at)
            .map_or(Kind::Text, |column| column.kind);
        (cell.unwrap_or(&Cell::None), kind)
    };
    let cells = section.shown_columns().into_iter().map(|shown| {
        let (value, kind) = cell(shown.at);
        let text = written(value, kind);
        let end = |at: usize| {
            let (end, kind) = cell(at);
            written(end, kind)
        };
        let ends = shown.ends.filter(|_| *value != Cell::None);
        PageCell {
            is_isolated: !text.is_ascii() && matches!(kind, Kind::Name | Kind::Text),
            between: ends.map(|(lower, upper)| format!("{} to {}", end(lower), end(upper))),
            text,
        }
    });
    cells.collect()
}

/// How a cell is written for people.
fn written(cell: &Cell, kind: Kind) -> String {
    match cell {
        Cell::None if matches!(kind, Kind::Flag | Kind::Text) => String::new(),
        Cell::None => "not shown".to_owned(),
        Cell::Count(count) => words::count(*count),
        Cell::Rate(rate) => words::percent(*rate),
        Cell::Day(day) => day.to_string(),
        Cell::Text(text) if kind == Kind::Flag => words::flag(text).to_owned(),
        Cell::Text(text) if kind == Kind::Name => words::plain(text).to_owned(),
        Cell::Text(text) => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{SCRIPT, STYLE};

    #[test]
    fn neither_script_nor_style_ends_its_own_element() {
        assert!(!SCRIPT.to_lowercase().contains("</script") && !SCRIPT.contains("<!--"));
        assert!(!STYLE.to_lowercase().contains("</style"));
    }
}
