//! One busy history, its report, and what stands in its files.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use kaiku_aggregate::{ManifestIncident, WithheldReason};
use kaiku_history::{Change, History};
use kaiku_release::Policy;
use kaiku_report::{App, Cell, Made, Report, Section, Settings, make};
use kaiku_wire::{Day, Incident};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

/// The day of the history on which the policy changes, a Monday.
pub(crate) const POLICY_CHANGES: u32 = 35;
/// A day that is not sealed.
pub(crate) const UNSEALED: u32 = 45;
/// A day on which features are withheld.
pub(crate) const WITHHELD: u32 = 82;

/// A day of the history.
pub(crate) fn day(number: u32) -> Day {
    History::of_days(1).first.plus(number)
}

/// 90 days of three apps under two policies, with a day that is not sealed, a table that is withheld, an
/// incident, and changes.
pub(crate) fn busy() -> History {
    let mut history = History::of_days(90);
    history.names = history.names.with_apps(3);
    history.devices = 60_000;
    history
        .policies
        .push((POLICY_CHANGES, Policy::default_policy()));
    history.unsealed = vec![UNSEALED];
    history.withheld = vec![(
        WITHHELD,
        "features_daily".to_owned(),
        WithheldReason::StateLost,
    )];
    let incident = ManifestIncident {
        incident: Incident::RawLost,
        first_day: day(80),
        partitions: 1,
    };
    history.incidents = vec![(80, incident)];
    let change = |from, table: &str, dims: &[&str], devices, parts| Change {
        from,
        table: table.to_owned(),
        dims: dims.iter().map(|dim| (*dim).to_owned()).collect(),
        devices,
        parts,
    };
    let cause = history.names.causes["maps"][0].clone();
    history.changes = vec![
        change(77, "brands_weekly", &["maps", "Apple"], 1.0, 4.0),
        // A cause that is shown for the first time long after the others.
        change(0, "causes_daily", &["maps", "", &cause], 1e-9, 1.0),
        change(60, "causes_daily", &["maps", "", &cause], 1e9, 1.0),
    ];
    history
}

/// A history that is kept for all tests, with what was made of it.
pub(crate) struct Kept {
    pub(crate) folder: PathBuf,
    pub(crate) made: Made,
}

/// Writes a history into an empty folder of the tests.
pub(crate) fn written(name: &str, history: &History) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("report")
        .join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    history.write(&folder).unwrap();
    folder
}

/// The busy history and its report.
pub(crate) fn kept() -> &'static Kept {
    static KEPT: OnceLock<Kept> = OnceLock::new();
    KEPT.get_or_init(|| {
        let folder = written("busy", &busy());
        let made = make(&folder, &Settings::default()).unwrap();
        Kept { folder, made }
    })
}

pub(crate) fn app<'a>(report: &'a Report, name: &str) -> &'a App {
    report.apps.iter().find(|app| app.app == name).unwrap()
}

pub(crate) fn section<'a>(app: &'a App, id: &str) -> &'a Section {
    let found = app.sections.iter().find(|section| section.id == id);
    found.unwrap_or_else(|| panic!("there is no section {id}"))
}

/// The rows of a section, each by the names of its columns.
pub(crate) fn rows(section: &Section) -> Vec<BTreeMap<&str, &Cell>> {
    let each = (0..section.rows()).map(|row| {
        let columns = section.columns.iter().zip(&section.data);
        columns
            .map(|(column, data)| (column.name.as_str(), &data[row]))
            .collect()
    });
    each.collect()
}

pub(crate) fn text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.to_string(),
        Cell::Day(day) => day.to_string(),
        other => panic!("{other:?} is no text"),
    }
}

/// A count; none where it is not shown.
pub(crate) fn count(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::None => None,
        Cell::Count(count) => Some(*count),
        other => panic!("{other:?} is no count"),
    }
}

/// A rate; none where it is not shown.
pub(crate) fn rate(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::None => None,
        Cell::Rate(rate) => Some(*rate),
        other => panic!("{other:?} is no rate"),
    }
}

/// One row of a file: its names, and its numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct FileRow {
    pub(crate) names: BTreeMap<String, String>,
    pub(crate) numbers: BTreeMap<String, i64>,
}

/// The files of one table and app by their period, each with the σ of its measures.
pub(crate) type Files = BTreeMap<String, (BTreeMap<String, f64>, Vec<FileRow>)>;

/// Reads the files of a table and app one by one, row by row: no monthly copy, no Arrow, no manifest.
pub(crate) fn files(folder: &Path, table: &str, app: &str) -> Files {
    let mut files = Files::new();
    let Ok(entries) = std::fs::read_dir(folder.join(table).join(format!("app={app}"))) else {
        return files;
    };
    for entry in entries {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let (_, period) = name.split_once('=').unwrap();
        let file = File::open(entry.path().join("rollup.parquet")).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        let said = reader
            .metadata()
            .file_metadata()
            .key_value_metadata()
            .unwrap();
        let sigmas = said.iter().filter_map(|said| {
            let measure = said.key.strip_prefix("kaiku.sigma.")?;
            Some((measure.to_owned(), said.value.as_ref()?.parse().ok()?))
        });
        let sigmas = sigmas.collect();
        let rows = reader.get_row_iter(None).unwrap().map(|row| {
            let mut read = FileRow::default();
            for (name, field) in row.unwrap().get_column_iter() {
                match field {
                    Field::Str(text) => drop(read.names.insert(name.clone(), text.clone())),
                    Field::Long(number) => drop(read.numbers.insert(name.clone(), *number)),
                    other => panic!("{other:?}"),
                }
            }
            read
        });
        files.insert(period.to_owned(), (sigmas, rows.collect()));
    }
    files
}
