//! A file system for SQLite in memory that knows what was synced, so that a test can cut the power:
//! of what was not synced any part may be there afterwards, sector by sector.

#![allow(unsafe_code)] // SQLite calls it through C.

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::{Mutex, MutexGuard};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rusqlite::ffi;

const SECTOR: usize = 512;

/// The disk of one VFS.
pub struct Platter(&'static Mutex<State>);

struct State {
    files: HashMap<String, Content>,
    /// Operations so far that change something.
    operations: u64,
    cut_at: Option<u64>,
    is_dead: bool,
    dice: ChaCha8Rng,
}

#[derive(Default)]
struct Content {
    durable: Vec<u8>,
    volatile: Vec<u8>,
    pending: Vec<Change>,
    /// Its name is on the disk.
    is_named: bool,
}

enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

#[repr(C)]
struct Handle {
    base: ffi::sqlite3_file,
    state: *const Mutex<State>,
    name: *mut String,
}

impl Platter {
    /// Registers a VFS of this name; it stays for the life of the process.
    pub fn register(name: &str, seed: u64) -> Platter {
        let state: &'static Mutex<State> = Box::leak(Box::new(Mutex::new(State {
            files: HashMap::new(),
            operations: 0,
            cut_at: None,
            is_dead: false,
            dice: ChaCha8Rng::seed_from_u64(seed),
        })));
        // SAFETY: the VFS that is there by default lives as long as the process, as does what is
        // leaked here; the functions that are taken from it do not look at their VFS.
        unsafe {
            let default = &*ffi::sqlite3_vfs_find(ptr::null());
            let name = CString::new(name).unwrap().into_raw();
            let vfs = Box::leak(Box::new(ffi::sqlite3_vfs {
                iVersion: 1,
                szOsFile: size_of::<Handle>() as c_int,
                mxPathname: 512,
                pNext: ptr::null_mut(),
                zName: name,
                pAppData: ptr::from_ref(state).cast_mut().cast(),
                xOpen: Some(open),
                xDelete: Some(delete),
                xAccess: Some(access),
                xFullPathname: Some(full_path),
                ..*default
            }));
            assert_eq!(ffi::sqlite3_vfs_register(vfs, 0), ffi::SQLITE_OK);
        }
        Platter(state)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Nothing works any more from so many operations on.
    pub fn die_after(&self, operations: u64) {
        let mut state = self.state();
        state.cut_at = Some(state.operations + operations);
    }

    pub fn is_dead(&self) -> bool {
        self.state().is_dead
    }

    /// A new disk.
    pub fn clear(&self) {
        self.state().files.clear();
    }

    /// The power goes, now, and comes back.
    pub fn cut(&self) {
        let mut state = self.state();
        let State { files, dice, .. } = &mut *state;
        files.retain(|_, content| content.is_named || dice.random());
        for content in files.values_mut() {
            let mut disk = std::mem::take(&mut content.durable);
            for change in content.pending.drain(..) {
                match change {
                    Change::Truncate(length) if dice.random() => disk.truncate(length),
                    Change::Truncate(_) => {}
                    Change::Write(at, bytes) => tear(&mut disk, at, &bytes, dice),
                }
            }
            content.volatile.clone_from(&disk);
            content.durable = disk;
            content.is_named = true;
        }
        (state.is_dead, state.cut_at) = (false, None);
    }
}

/// Writes some of the sectors.
fn tear(disk: &mut Vec<u8>, at: usize, bytes: &[u8], dice: &mut ChaCha8Rng) {
    for (number, sector) in bytes.chunks(SECTOR).enumerate() {
        if dice.random() {
            write_at(disk, at + number * SECTOR, sector);
        }
    }
}

fn write_at(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if file.len() < at + bytes.len() {
        file.resize(at + bytes.len(), 0);
    }
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

impl State {
    /// Counts an operation that changes something. Whether it may be done.
    fn operate(&mut self) -> bool {
        self.operations += 1;
        self.is_dead |= self.cut_at.is_some_and(|at| self.operations >= at);
        !self.is_dead
    }
}

/// The file of a handle.
unsafe fn with<T>(file: *mut ffi::sqlite3_file, act: impl FnOnce(&mut State, &str) -> T) -> T {
    // SAFETY: SQLite hands back what `open` has made.
    let handle = unsafe { &*file.cast::<Handle>() };
    let (state, name) = unsafe { (&*handle.state, &*handle.name) };
    act(&mut state.lock().unwrap(), name)
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite hands in its VFS, a name, and room for a handle.
    unsafe {
        let handle = &mut *file.cast::<Handle>();
        handle.base.pMethods = ptr::null();
        if name.is_null() {
            return ffi::SQLITE_CANTOPEN;
        }
        let state = (*vfs).pAppData.cast::<Mutex<State>>();
        let name = CStr::from_ptr(name).to_str().unwrap().to_owned();
        let mut held = (*state).lock().unwrap();
        if held.is_dead {
            return ffi::SQLITE_IOERR;
        }
        if !held.files.contains_key(&name) {
            if flags & ffi::SQLITE_OPEN_CREATE == 0 || !held.operate() {
                return ffi::SQLITE_CANTOPEN;
            }
            held.files.insert(name.clone(), Content::default());
        }
        drop(held);
        handle.state = state;
        handle.name = Box::into_raw(Box::new(name));
        handle.base.pMethods = &raw const METHODS;
        if !out.is_null() {
            *out = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(vfs: *mut ffi::sqlite3_vfs, name: *const c_char, _: c_int) -> c_int {
    // SAFETY: as in `open`.
    unsafe {
        let mut state = (*(*vfs).pAppData.cast::<Mutex<State>>()).lock().unwrap();
        if !state.operate() {
            return ffi::SQLITE_IOERR_DELETE;
        }
        state.files.remove(CStr::from_ptr(name).to_str().unwrap());
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn access(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: as in `open`.
    unsafe {
        let state = (*(*vfs).pAppData.cast::<Mutex<State>>()).lock().unwrap();
        let name = CStr::from_ptr(name).to_str().unwrap();
        *out = c_int::from(state.files.contains_key(name));
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_path(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite hands in a text and so much room.
    unsafe {
        let bytes = CStr::from_ptr(name).to_bytes_with_nul();
        if bytes.len() > room as usize {
            return ffi::SQLITE_CANTOPEN;
        }
        ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len());
    }
    ffi::SQLITE_OK
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(size),
    xLock: Some(lock),
    xUnlock: Some(lock),
    xCheckReservedLock: Some(reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: the handle is not used after this.
    drop(unsafe { Box::from_raw((*file.cast::<Handle>()).name) });
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    out: *mut c_void,
    length: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite hands in so much room.
    unsafe {
        let out = std::slice::from_raw_parts_mut(out.cast::<u8>(), length as usize);
        with(file, |state, name| {
            if state.is_dead {
                return ffi::SQLITE_IOERR_READ;
            }
            out.fill(0);
            let file = &state.files[name].volatile;
            let rest = file.get(at as usize..).unwrap_or_default();
            let there = rest.len().min(out.len());
            out[..there].copy_from_slice(&rest[..there]);
            match there == out.len() {
                true => ffi::SQLITE_OK,
                false => ffi::SQLITE_IOERR_SHORT_READ,
            }
        })
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    length: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite hands in so many bytes.
    unsafe {
        let bytes = std::slice::from_raw_parts(bytes.cast::<u8>(), length as usize);
        change(file, Change::Write(at as usize, bytes.to_vec()))
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: ffi::sqlite3_int64) -> c_int {
    // SAFETY: as in `with`.
    unsafe { change(file, Change::Truncate(length as usize)) }
}

unsafe fn change(file: *mut ffi::sqlite3_file, change: Change) -> c_int {
    // SAFETY: as in `with`.
    unsafe {
        with(file, |state, name| {
            let is_alive = state.operate();
            let content = state.files.get_mut(name).unwrap();
            match &change {
                Change::Write(at, bytes) => write_at(&mut content.volatile, *at, bytes),
                Change::Truncate(length) => content.volatile.truncate(*length),
            }
            // The one in which the power goes may have come to the disk in part.
            content.pending.push(change);
            match is_alive {
                true => ffi::SQLITE_OK,
                false => ffi::SQLITE_IOERR_WRITE,
            }
        })
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: as in `with`.
    unsafe {
        with(file, |state, name| {
            if !state.operate() {
                return ffi::SQLITE_IOERR_FSYNC;
            }
            let content = state.files.get_mut(name).unwrap();
            content.pending.clear();
            content.durable.clone_from(&content.volatile);
            content.is_named = true;
            ffi::SQLITE_OK
        })
    }
}

unsafe extern "C" fn size(file: *mut ffi::sqlite3_file, out: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: as in `with`.
    unsafe { *out = with(file, |state, name| state.files[name].volatile.len()) as i64 };
    ffi::SQLITE_OK
}

/// One process, one connection: there is nobody to lock out.
unsafe extern "C" fn lock(_: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn reserved(_: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: SQLite hands in room for it.
    unsafe { *out = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector(_: *mut ffi::sqlite3_file) -> c_int {
    SECTOR as c_int
}

unsafe extern "C" fn characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    0
}
