//! The spool: one SQLite file of sealed rows, and a copy of it in memory. What changes is written
//! in one transaction, and is on disk when [`Spool::change`] returns.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, params};

use crate::contents::{Contents, Identity, Loss, Rows};
use crate::limits;
use crate::seal::{Kind, Sealer};
use crate::{Error, Random};

/// Pages of 1 KB: the file never grows beyond 64.
const PAGE_BYTES: u32 = 1_024;
const PAGES: u32 = 64;

/// The open spool.
pub(crate) struct Spool {
    connection: Connection,
    sealer: Sealer,
    contents: Contents,
    rows: Rows,
    /// The file can't be written any more: it is to be opened anew, and begun anew if need be.
    pub(crate) is_spoilt: bool,
}

/// Why a spool could not be opened.
pub(crate) enum Unopened {
    /// What lies there opens with another key, or is no spool: so many events are lost, and why.
    Foreign(Loss, u64),
    /// It could not be read now.
    Failed(Error),
}

impl From<rusqlite::Error> for Unopened {
    fn from(error: rusqlite::Error) -> Unopened {
        match is_of_the_machine(&error) {
            true => Unopened::Failed(Error::Spool(error)),
            false => Unopened::Foreign(Loss::Unreadable, 1),
        }
    }
}

/// Whether an error comes from the machine and may pass. Every other says that the file is spoilt:
/// SQLite has many words for that, such as a file that may only be read because its head says so.
fn is_of_the_machine(error: &rusqlite::Error) -> bool {
    match error.sqlite_error() {
        // The file ends within a page.
        Some(error) if error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ => false,
        Some(error) => matches!(
            error.code,
            ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OutOfMemory
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::DiskFull
                | ErrorCode::OperationInterrupted
        ),
        // What stands there has another type.
        None => false,
    }
}

/// The file.
pub(crate) fn file(folder: &Path) -> PathBuf {
    folder.join("spool.db")
}

/// Every file that SQLite may make of it.
pub(crate) fn files(folder: &Path) -> [PathBuf; 4] {
    [
        "spool.db",
        "spool.db-journal",
        "spool.db-wal",
        "spool.db-shm",
    ]
    .map(|name| folder.join(name))
}

impl Spool {
    /// Opens what lies in the folder, or begins anew where nothing does.
    pub(crate) fn open(
        folder: &Path,
        vfs: Option<&str>,
        sealer: Sealer,
        fresh: impl FnOnce() -> Result<Identity, Error>,
    ) -> Result<Spool, Unopened> {
        let connection = connect(&file(folder), vfs)?;
        let (rows, unread) = read(&connection, &sealer)?;
        if rows.is_empty() && unread == 0 {
            let identity = fresh().map_err(Unopened::Failed)?;
            let mut spool = Spool {
                connection,
                sealer,
                contents: Contents::new(identity),
                rows: Rows::new(),
                is_spoilt: false,
            };
            let contents = spool.contents.clone();
            spool.write(contents).map_err(Unopened::Failed)?;
            return Ok(spool);
        }
        let waiting = waiting(&connection);
        let Some((contents, undecoded)) = Contents::of_rows(&rows) else {
            return Err(Unopened::Foreign(Loss::KeyGone, waiting.max(1)));
        };
        let mut spool = Spool {
            connection,
            sealer,
            contents,
            rows,
            is_spoilt: false,
        };
        if unread + undecoded > 0 {
            let lost = waiting.saturating_sub(spool.contents.waiting());
            let lost = lost.max(unread + undecoded);
            spool
                .change(|contents| {
                    contents.lose(Loss::Unreadable, lost);
                    Ok(())
                })
                .map_err(Unopened::Failed)?;
        }
        Ok(spool)
    }

    pub(crate) fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Changes what is held, within the spool's bounds: all of it is on disk when this returns, or
    /// nothing has changed.
    pub(crate) fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Contents) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut next = self.contents.clone();
        let value = change(&mut next)?;
        limits::trim(&mut next, limits::BYTES)?;
        let written = self.write(next.clone());
        if let Err(Error::Spool(error)) = &written {
            self.is_spoilt |= !is_of_the_machine(error);
        }
        match written {
            Err(Error::Spool(error)) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
                // The file's own limit, or a disk that is full: with less it may do.
                limits::trim(&mut next, limits::BYTES / 2)?;
                self.write(next)?;
            }
            other => other?,
        }
        Ok(value)
    }

    fn write(&mut self, next: Contents) -> Result<(), Error> {
        let rows = next.rows()?;
        if rows == self.rows {
            self.contents = next;
            return Ok(());
        }
        let transaction = self.connection.transaction().map_err(Error::Spool)?;
        for ((kind, row), _) in self.rows.iter().filter(|(at, _)| !rows.contains_key(at)) {
            transaction
                .prepare("DELETE FROM entry WHERE kind = ?1 AND id = ?2")
                .and_then(|mut delete| delete.execute(params![*kind as i64, row]))
                .map_err(Error::Spool)?;
        }
        for ((kind, row), plain) in &rows {
            if self.rows.get(&(*kind, *row)) == Some(plain) {
                continue;
            }
            let sealed = self.sealer.seal(*kind, *row, plain)?;
            transaction
                .prepare("INSERT OR REPLACE INTO entry (kind, id, sealed) VALUES (?1, ?2, ?3)")
                .and_then(|mut put| put.execute(params![*kind as i64, row, sealed]))
                .map_err(Error::Spool)?;
        }
        // How much waits stands in the file's head, in clear: so it can be counted as lost where
        // the key is gone.
        let waiting = i32::try_from(next.waiting()).unwrap_or(i32::MAX);
        transaction
            .pragma_update(None, "user_version", waiting)
            .map_err(Error::Spool)?;
        transaction.commit().map_err(Error::Spool)?;
        self.contents = next;
        self.rows = rows;
        Ok(())
    }
}

fn connect(file: &Path, vfs: Option<&str>) -> Result<Connection, Unopened> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(file, flags, vfs)?,
        None => {
            private(file).map_err(|error| Unopened::Failed(Error::Folder(error)))?;
            Connection::open_with_flags(file, flags)?
        }
    };
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "journal_mode", "TRUNCATE")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", PAGES)?;
    connection.pragma_update(None, "max_page_count", PAGES)?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS entry (
            kind INTEGER NOT NULL, id INTEGER NOT NULL, sealed BLOB NOT NULL,
            PRIMARY KEY (kind, id)) WITHOUT ROWID",
    )?;
    // A file that is spoilt in one place can be read for long, and fail at every change.
    let found = connection.query_row("PRAGMA integrity_check(1)", [], |row| {
        row.get::<_, String>(0)
    });
    let is_whole = found? == "ok";
    // Its own head may say so: it was opened for writing.
    let is_only_read = connection.is_readonly(MAIN_DB)?;
    match is_whole && !is_only_read {
        true => Ok(connection),
        false => Err(Unopened::Foreign(Loss::Unreadable, 1)),
    }
}

/// Has the file made for its owner alone, before SQLite opens it.
fn private(file: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

/// The rows that open, and how many do not.
fn read(connection: &Connection, sealer: &Sealer) -> Result<(Rows, u64), Unopened> {
    let mut statement = connection.prepare("SELECT kind, id, sealed FROM entry")?;
    let mut found = statement.query([])?;
    let (mut rows, mut unread) = (Rows::new(), 0);
    while let Some(row) = found.next()? {
        let (kind, id): (i64, i64) = (row.get(0)?, row.get(1)?);
        let sealed: Vec<u8> = row.get(2)?;
        let kind = Kind::of(kind);
        let opened = kind.and_then(|kind| Some((kind, sealer.open(kind, id, &sealed).ok()?)));
        match opened {
            Some((kind, plain)) => drop(rows.insert((kind, id), plain)),
            None => unread += 1,
        }
    }
    Ok((rows, unread))
}

fn waiting(connection: &Connection) -> u64 {
    let waiting = connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
    waiting
        .ok()
        .and_then(|events| u64::try_from(events).ok())
        .unwrap_or(0)
}

impl Random {
    /// A number for a file of another process.
    pub(crate) fn number(&self) -> Result<i64, Error> {
        Ok(i64::from_le_bytes(self.bytes()?) & i64::MAX)
    }
}

/// How many events wait in a spool whose key is gone, by the number in its head.
pub(crate) fn waiting_in(folder: &Path, vfs: Option<&str>) -> u64 {
    let connection = connect(&file(folder), vfs).ok();
    connection.as_ref().map_or(0, waiting)
}
