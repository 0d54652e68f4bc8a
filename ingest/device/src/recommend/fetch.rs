//! How the file comes: behind an upload, on its connection, once a week at the most, and with nothing that tells one device
//! from another.

use kaiku_suggestions::{Expected, Refusal, Suggestions};

use super::stored;
use crate::disk::Disk;
use crate::memory::Mode;
use crate::shared::Shared;
use crate::{Answer, Connection, Error};

/// Days from one question to the next.
const EVERY: u32 = 7;

/// A request that the host is to make, exactly as it is: a `GET` without a key and without a body, on the connection of the upload
/// before it. Nothing may be added that names the device or its owner, a cookie included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Path at the gateway.
    pub path: String,
    /// Headers, names in small letters. The host adds `host`.
    pub headers: Vec<(&'static str, String)>,
}

/// What became of a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The file was accepted.
    Accepted,
    /// There is no other than the one that lies here.
    Unchanged,
    /// The gateway has none, or did not answer: what lies here is used until it expires.
    None,
    /// The file was refused, for this reason; what lies here is used until it expires.
    Refused(Refusal),
    /// Nothing is wanted: the program was turned off meanwhile.
    Unwanted,
}

impl Shared {
    /// The fetch that is due, once behind each upload that arrived.
    pub(crate) fn next_fetch(&self, connection: Connection) -> Result<Option<Fetch>, Error> {
        let mut disk = self.disk();
        if self.recommend.is_none() || self.is_kept_in_memory || self.look(&mut disk)?.is_none() {
            return Ok(None);
        }
        if !self.is_connected(connection) || !std::mem::take(&mut disk.may_fetch) {
            return Ok(None);
        }
        let Some(spool) = &disk.spool else {
            return Ok(None);
        };
        let taste = &spool.contents().taste;
        let has_usage = disk.consent.level.has_usage();
        if taste.is_never() || !has_usage || taste.was_asked_within(EVERY, self.today()) {
            return Ok(None);
        }
        disk.is_fetching = true;
        let held = self.held(&disk).map(|(bytes, _)| Suggestions::tag(&bytes));
        Ok(Some(Fetch {
            path: format!("/v1/recommendations/{}", escaped(self.catalogue.app())),
            headers: held.map(|tag| ("if-none-match", tag)).into_iter().collect(),
        }))
    }

    pub(crate) fn fetched(&self, answer: Answer, body: &[u8]) -> Result<Fetched, Error> {
        let mut disk = self.disk();
        let Some(settings) = &self.recommend else {
            return Ok(Fetched::Unwanted);
        };
        if self.look(&mut disk)?.is_none() || !std::mem::take(&mut disk.is_fetching) {
            return Ok(Fetched::Unwanted);
        }
        let folder = disk.folder.clone();
        let today = self.today();
        let Some(spool) = disk.spool.as_mut() else {
            return Ok(Fetched::Unwanted);
        };
        if answer.status.is_none() {
            return Ok(Fetched::None);
        }
        let expected = Expected {
            app: self.catalogue.app(),
            keys: &settings.keys,
            today,
            last: spool.contents().taste.week(),
        };
        let (became, week) = match answer.status {
            Some(200) => match Suggestions::verify(body, &expected) {
                Ok(said) => (Fetched::Accepted, Some(said.week())),
                Err(refusal) => (Fetched::Refused(refusal), None),
            },
            Some(304) => (Fetched::Unchanged, None),
            _ => (Fetched::None, None),
        };
        if week.is_some() {
            stored::write(&folder, body).map_err(Error::Folder)?;
        }
        spool.change(|contents| {
            contents.taste.asked(today);
            if let Some(week) = week {
                contents.taste.accepted(week);
            }
            Ok(())
        })?;
        Ok(became)
    }

    /// The file that lies here, where it is to be believed.
    pub(crate) fn held(&self, disk: &Disk) -> Option<(Vec<u8>, Suggestions)> {
        let settings = self.recommend.as_ref()?;
        let bytes = stored::read(&disk.folder)?;
        let expected = Expected {
            app: self.catalogue.app(),
            keys: &settings.keys,
            today: self.today(),
            last: disk.spool.as_ref()?.contents().taste.week(),
        };
        let said = Suggestions::verify(&bytes, &expected).ok()?;
        Some((bytes, said))
    }

    /// Whether usage may be remembered.
    pub(crate) fn suggests(&self) -> bool {
        let mode = self.memory().mode;
        self.recommend.is_some() && matches!(mode, Mode::On(level) if level.has_usage())
    }
}

/// A name as it stands in a path.
fn escaped(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(byte.into());
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_name_keeps_its_place_in_a_path() {
        assert_eq!(escaped("maps-2.beta_x"), "maps-2.beta_x");
        assert_eq!(escaped("../a b/ä"), "..%2Fa%20b%2F%C3%A4");
    }
}
