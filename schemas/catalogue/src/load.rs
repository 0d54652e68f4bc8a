//! Reading a catalogue: from a folder, or the sample that is compiled in.

use std::fs;
use std::path::{Path, PathBuf};

use crate::declared::Declared;
use crate::problem::{Place, Problem};
use crate::program::{self, Program};

/// What a folder declares.
pub(crate) type Read = (Vec<Declared>, Program);

pub(crate) const SAMPLE: [(&str, &str); 3] = [
    ("maps.toml", include_str!("../sample/maps.toml")),
    ("music.toml", include_str!("../sample/music.toml")),
    (program::FILE, include_str!("../sample/program.toml")),
];

/// Reads a folder: every file `*.toml` is that of an app, but `program.toml`. Hidden files, other
/// files and folders are not looked at.
pub(crate) fn folder(dir: &Path) -> Result<Read, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut files = Vec::new();
    for path in paths(dir).map_err(|error| vec![unreadable(dir, &error)])? {
        match fs::read_to_string(&path) {
            Ok(text) => files.push((path, text)),
            Err(error) => problems.push(unreadable(&path, &error)),
        }
    }
    read(dir, &files, problems)
}

/// The sample that is compiled in.
pub(crate) fn sample() -> Result<Read, Vec<Problem>> {
    let files = SAMPLE.map(|(name, text)| (PathBuf::from(name), text.to_owned()));
    read(Path::new("sample"), &files, Vec::new())
}

/// Reads the files of the folder `dir`.
pub(crate) fn read(
    dir: &Path,
    files: &[(PathBuf, String)],
    mut problems: Vec<Problem>,
) -> Result<Read, Vec<Problem>> {
    let mut program = None;
    let mut apps: Vec<Declared> = Vec::new();
    let mut has_program = false;
    for (file, text) in files {
        if file.file_name().is_some_and(|name| name == program::FILE) {
            has_program = true;
            program = Program::read(file, text, &mut problems);
        } else if let Some(app) = Declared::read(file, text, &mut problems) {
            match apps.iter().find(|other| other.name == app.name) {
                None => apps.push(app),
                Some(other) => {
                    let first = &other.info.place.file;
                    let message =
                        format!("app `{}` stands in {} already", app.name, first.display());
                    problems.push(app.info.place.problem(message));
                }
            }
        }
    }
    if !has_program {
        let place = Place::start_of(&dir.join(program::FILE));
        problems.push(
            place.problem(
                "the file is missing: it names the controller and holds the consent texts",
            ),
        );
    }
    if files.len() == usize::from(has_program) {
        problems.push(Place::start_of(dir).problem("no app is declared: put one file an app here"));
    }
    match program {
        Some(program) if problems.is_empty() => Ok((apps, program)),
        _ => {
            problems.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
            Err(problems)
        }
    }
}

/// The files that are read, in the order of their names.
fn paths(dir: &Path) -> Result<Vec<PathBuf>, std::io::Error> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
            && !hidden
        {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Place::start_of(path).problem(format!("can't be read: {error}"))
}
