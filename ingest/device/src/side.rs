//! Several processes of one app: one holds the lock and writes the spool, the others leave sealed
//! files in `side/`, each whole or not there. The writer takes each over exactly once.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use kaiku_wire::Day;
use serde::{Deserialize, Serialize};

use crate::contents::{Contents, Loss, Losses, decode, encode};
use crate::key::{sync_folder, wipe};
use crate::seal::{Kind, Sealer};
use crate::tally::What;
use crate::{Error, Random};

/// So many files may wait for the writer, and so many bytes.
const MOST_FILES: usize = 64;
const MOST_BYTES: u64 = 64 * 1_024;

/// What a process hands over.
#[derive(Serialize, Deserialize)]
pub(crate) struct Handed {
    pub(crate) counts: Vec<(i32, String, What, u32)>,
    /// Ends of runs: run, day, release.
    pub(crate) past: Vec<(u64, i32, String, What)>,
    pub(crate) lost: Losses,
}

fn place(folder: &Path) -> PathBuf {
    folder.join("side")
}

/// The lock of the writer; `None` where another process has it.
pub(crate) fn lock(folder: &Path) -> io::Result<Option<File>> {
    fs::create_dir_all(folder)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Leaves a file. Whether there was room.
pub(crate) fn leave(
    folder: &Path,
    sealer: &Sealer,
    random: &Random,
    handed: &Handed,
) -> Result<bool, Error> {
    let place = place(folder);
    fs::create_dir_all(&place).map_err(Error::Folder)?;
    let waiting = files(folder);
    let sizes = waiting
        .iter()
        .filter_map(|(_, path)| fs::metadata(path).ok());
    let bytes: u64 = sizes.map(|meta| meta.len()).sum();
    if waiting.len() >= MOST_FILES || bytes >= MOST_BYTES {
        return Ok(false);
    }
    let id = random.number()?;
    let sealed = sealer.seal(Kind::Side, id, &encode(handed)?)?;
    write(&place, id, &sealed).map_err(Error::Folder)?;
    Ok(true)
}

fn write(place: &Path, id: i64, sealed: &[u8]) -> io::Result<()> {
    let next = place.join(format!("{id:016x}.next"));
    let path = place.join(format!("{id:016x}"));
    let mut file = File::create(&next)?;
    file.write_all(sealed)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&next, &path)?;
    sync_folder(&path)
}

/// The files that wait, by their numbers.
pub(crate) fn files(folder: &Path) -> Vec<(i64, PathBuf)> {
    let entries = fs::read_dir(place(folder)).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .filter_map(|entry| {
            let id = i64::from_str_radix(entry.file_name().to_str()?, 16).ok()?;
            Some((id, entry.path()))
        })
        .collect();
    files.sort();
    files
}

/// Takes over what the files hold. Those that were taken over before are passed over; the spool
/// remembers them until they are gone.
pub(crate) fn take_over(files: &[(i64, PathBuf)], sealer: &Sealer, contents: &mut Contents) {
    let is_there = |id: &i64| files.iter().any(|(file, _)| file == id);
    contents.state.taken.retain(is_there);
    for (id, path) in files {
        if contents.state.taken.contains(id) {
            continue;
        }
        let read = fs::read(path).ok();
        let opened = read.and_then(|sealed| sealer.open(Kind::Side, *id, &sealed).ok());
        match opened.and_then(|plain| decode::<Handed>(&plain)) {
            Some(handed) => add(contents, handed),
            None => contents.lose(Loss::Unreadable, 1),
        }
        contents.state.taken.push(*id);
    }
}

fn add(contents: &mut Contents, handed: Handed) {
    for (day, release, what, times) in handed.counts {
        if let Ok(day) = Day::from_days_since_epoch(day) {
            contents.tally(day, &release).add(what, times);
        }
    }
    for (run, day, release, what) in handed.past {
        if let Ok(day) = Day::from_days_since_epoch(day) {
            contents.run_ended(run, day, &release, what);
        }
    }
    for (reason, events) in handed.lost {
        contents.lose(reason, events);
    }
}

/// Removes files that were taken over.
pub(crate) fn remove(files: &[(i64, PathBuf)]) {
    for (_, path) in files {
        // One that stays is passed over next time.
        let _ = fs::remove_file(path);
    }
}

/// Overwrites and removes all of them, those that were never finished included.
pub(crate) fn destroy(folder: &Path) -> io::Result<()> {
    destroy_folder(&place(folder))
}

/// Overwrites and removes a folder of plain files.
pub(crate) fn destroy_folder(place: &Path) -> io::Result<()> {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        wipe(&entry.path())?;
    }
    match fs::remove_dir(place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
