//! Who may send what: keys by app, keys of services, tokens. Kept as hashes, compared as hashes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, header};
use serde::Deserialize;

use crate::{Config, Error};

/// Keys of one app or service: one in use, and one that takes over from it.
const MOST_KEYS: usize = 2;

/// What a quota is counted over.
const MINUTE: Duration = Duration::from_secs(60);

/// The file of keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysFile {
    #[serde(default)]
    apps: BTreeMap<String, AppKeys>,
    #[serde(default)]
    services: Vec<ServiceKeys>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppKeys {
    keys: Vec<String>,
    quota_per_minute: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceKeys {
    name: String,
    apps: BTreeSet<String>,
    keys: Vec<String>,
    quota_per_minute: Option<u32>,
}

/// Who may send.
pub(crate) struct Keys {
    /// Everybody, where there is neither file.
    anyone: Option<Arc<Grant>>,
    by_hash: HashMap<[u8; 32], Arc<Grant>>,
}

/// What whoever shows a key may send.
pub(crate) struct Grant {
    /// The app or the service, so that its count outlives a file that is read again.
    holder: String,
    /// `None` for every app.
    apps: Option<BTreeSet<String>>,
    quota: Option<u32>,
    used: Arc<Mutex<Used>>,
}

/// What was used of a quota, in the minute that began then.
struct Used {
    since: Instant,
    requests: u32,
}

impl Keys {
    /// Reads the files that the settings name. What was `before` used of each quota counts on.
    pub(crate) fn load(config: &Config, before: Option<&Keys>) -> Result<Keys, Error> {
        let mut keys = Keys {
            anyone: None,
            by_hash: HashMap::new(),
        };
        if let Some(path) = &config.tokens_file {
            let every = Arc::new(Grant::new(String::new(), None, None, before));
            for hash in tokens(&read("tokens_file", path)?)? {
                keys.by_hash.insert(hash, every.clone());
            }
        }
        if let Some(path) = &config.keys_file {
            keys.add_file(&read("keys_file", path)?, before)?;
        }
        if config.tokens_file.is_none() && config.keys_file.is_none() {
            keys.anyone = Some(Arc::new(Grant::new(String::new(), None, None, before)));
        }
        Ok(keys)
    }

    fn add_file(&mut self, text: &str, before: Option<&Keys>) -> Result<(), Error> {
        let file: KeysFile = parse("keys_file", text)?;
        if file.apps.is_empty() && file.services.is_empty() {
            return Err(Error::Keys("it names neither an app nor a service"));
        }
        for (
            app,
            AppKeys {
                keys,
                quota_per_minute,
            },
        ) in file.apps
        {
            let holder = format!("app {app}");
            let apps = Some(BTreeSet::from([app]));
            self.add(Grant::new(holder, apps, quota_per_minute, before), &keys)?;
        }
        for service in file.services {
            if service.apps.is_empty() {
                return Err(Error::Keys("a service has no apps"));
            }
            let holder = format!("service {}", service.name);
            let grant = Grant::new(holder, Some(service.apps), service.quota_per_minute, before);
            self.add(grant, &service.keys)?;
        }
        Ok(())
    }

    fn add(&mut self, grant: Grant, keys: &[String]) -> Result<(), Error> {
        if keys.is_empty() || keys.len() > MOST_KEYS {
            return Err(Error::Keys(
                "an app or a service has one key, or two while it changes",
            ));
        }
        if grant.quota == Some(0) {
            return Err(Error::Keys("quota_per_minute is 1 or more"));
        }
        let grant = Arc::new(grant);
        for key in keys {
            let hash = blake3::Hash::from_hex(key).map_err(|_| {
                Error::Keys("a key stands there as its BLAKE3 hash, 64 hexadecimal digits")
            })?;
            if self
                .by_hash
                .insert(*hash.as_bytes(), grant.clone())
                .is_some()
            {
                return Err(Error::Keys("a key stands there twice"));
            }
        }
        Ok(())
    }

    /// What these headers let a request send; `None` where they hold no key that is known. The
    /// time it takes tells nothing of a key: what is compared is a hash.
    pub(crate) fn grant(&self, headers: &HeaderMap) -> Option<Arc<Grant>> {
        if let Some(anyone) = &self.anyone {
            return Some(anyone.clone());
        }
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, key) = value.split_once(' ')?;
        let hash = hash(key.trim());
        let grant = self.by_hash.get(&hash)?;
        scheme.eq_ignore_ascii_case("bearer").then(|| grant.clone())
    }
}

impl Grant {
    fn new(
        holder: String,
        apps: Option<BTreeSet<String>>,
        quota: Option<u32>,
        before: Option<&Keys>,
    ) -> Grant {
        let mut known = before.iter().flat_map(|keys| keys.by_hash.values());
        let used = known
            .find(|grant| grant.holder == holder)
            .map(|grant| grant.used.clone());
        let used = used.unwrap_or_else(|| {
            Arc::new(Mutex::new(Used {
                since: Instant::now(),
                requests: 0,
            }))
        });
        Grant {
            holder,
            apps,
            quota,
            used,
        }
    }

    /// Whether it may send what is of this app.
    pub(crate) fn covers(&self, app: &str) -> bool {
        self.apps.as_ref().is_none_or(|apps| apps.contains(app))
    }

    /// Counts a request; false where this minute's quota is used up.
    pub(crate) fn admits(&self) -> bool {
        let Some(quota) = self.quota else { return true };
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.since.elapsed() >= MINUTE {
            *used = Used {
                since: Instant::now(),
                requests: 0,
            };
        }
        used.requests = used.requests.saturating_add(1);
        used.requests <= quota
    }
}

/// A new key and its hash: the key goes into the app, the hash into `gateway.keys_file`.
pub fn new_key() -> (String, String) {
    use rand::Rng;
    let key = blake3::Hash::from_bytes(rand::rng().random()).to_hex();
    let hash = blake3::hash(key.as_bytes()).to_hex();
    (key.to_string(), hash.to_string())
}

/// The hash of a key, as `gateway.keys_file` has it.
pub fn key_hash(key: &str) -> String {
    blake3::hash(key.as_bytes()).to_hex().to_string()
}

/// Text of a file that the settings name.
pub(crate) fn read(what: &'static str, path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::File {
        what,
        path: path.to_owned(),
        source,
    })
}

/// A TOML file of ours. An error tells the line, and nothing of what stands there.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(
    what: &'static str,
    text: &str,
) -> Result<T, Error> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        Error::Toml { what, line }
    })
}

fn tokens(text: &str) -> Result<Vec<[u8; 32]>, Error> {
    let mut hashes = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let token = line.trim();
        if token.is_empty() || token.starts_with('#') {
            continue;
        }
        let long_enough = (16..=512).contains(&token.len());
        if !long_enough || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::Token { line: index + 1 });
        }
        hashes.push(hash(token));
    }
    if hashes.is_empty() {
        Err(Error::NoToken)
    } else {
        Ok(hashes)
    }
}

fn hash(key: &str) -> [u8; 32] {
    *blake3::hash(key.as_bytes()).as_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn keys(text: &str, before: Option<&Keys>) -> Result<Keys, Error> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        std::fs::write(&path, text).unwrap();
        let config = Config {
            keys_file: Some(path),
            ..Config::default()
        };
        Keys::load(&config, before)
    }

    fn bearer(key: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::AUTHORIZATION,
            format!("Bearer {key}").parse().unwrap(),
        );
        headers
    }

    #[test]
    fn a_key_is_good_for_its_apps_and_a_quota_outlives_a_file_that_is_read_again() {
        let (app, app_hash) = new_key();
        let (next, next_hash) = new_key();
        let (service, service_hash) = new_key();
        let text = format!(
            "[apps.maps]\nkeys = [\"{app_hash}\", \"{next_hash}\"]\nquota_per_minute = 2\n\
             [[services]]\nname = \"billing\"\napps = [\"maps\", \"music\"]\nkeys = [\"{service_hash}\"]\n"
        );
        let first = keys(&text, None).unwrap();
        let grant = first.grant(&bearer(&app)).unwrap();
        assert!(grant.covers("maps") && !grant.covers("music"));
        assert!(grant.admits());
        let second = keys(&text, Some(&first)).unwrap();
        let grant = second.grant(&bearer(&next)).unwrap();
        assert!(grant.admits(), "the second of two");
        assert!(!grant.admits(), "the quota began anew with the file");
        let grant = second.grant(&bearer(&service)).unwrap();
        assert!(grant.covers("maps") && grant.covers("music") && !grant.covers("tiles"));
        assert!((0..100).all(|_| grant.admits()));
        assert!(
            second.grant(&bearer(&app_hash)).is_none(),
            "a hash is no key"
        );
        assert_eq!(key_hash(&app), app_hash);
    }

    #[test]
    fn a_file_that_is_wrong_is_refused_and_nothing_of_it_is_told() {
        let (_, hash) = new_key();
        for text in [
            String::new(),
            "[apps.maps]\nkeys = []\n".to_owned(),
            "[apps.maps]\nkeys = [\"SECRET\"]\n".to_owned(),
            format!("[apps.maps]\nkeys = [\"{hash}\"]\nSECRET = 1\n"),
            format!("[apps.maps]\nkeys = [\"{hash}\", \"{hash}\"]\n"),
            format!("[apps.maps]\nkeys = [\"{hash}\"]\nquota_per_minute = 0\n"),
            format!("[[services]]\nname = \"SECRET\"\napps = []\nkeys = [\"{hash}\"]\n"),
            "SECRET".to_owned(),
        ] {
            let error = keys(&text, None).err().unwrap();
            let said = format!("{error} {error:?} {}", crate::seldom::causes(&error));
            assert!(!said.contains("SECRET") && !said.contains(&hash), "{said}");
        }
        let error = keys("[apps.maps]\nkeys = 7\n", None).err().unwrap();
        assert!(matches!(error, Error::Toml { line: 2, .. }), "{error:?}");
    }
}
