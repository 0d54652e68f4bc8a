//! Bearer tokens: who may send. Kept as hashes, compared as hashes.

use std::collections::HashSet;
use std::path::Path;

use axum::http::{HeaderMap, header};

use crate::{Config, Error};

/// Who may send.
pub(crate) enum Tokens {
    /// Everybody.
    Anonymous,
    /// Whoever shows one of these.
    Hashes(HashSet<[u8; 32]>),
}

impl Tokens {
    pub(crate) fn load(config: &Config) -> Result<Tokens, Error> {
        config
            .tokens_file
            .as_deref()
            .map_or(Ok(Tokens::Anonymous), Tokens::read)
    }

    fn read(path: &Path) -> Result<Tokens, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::File {
            what: "tokens_file",
            source,
        })?;
        let mut hashes = HashSet::new();
        for (index, line) in text.lines().enumerate() {
            let token = line.trim();
            if token.is_empty() || token.starts_with('#') {
                continue;
            }
            let long_enough = (16..=512).contains(&token.len());
            if !long_enough || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(Error::Token { line: index + 1 });
            }
            hashes.insert(hash(token));
        }
        if hashes.is_empty() {
            Err(Error::NoToken)
        } else {
            Ok(Tokens::Hashes(hashes))
        }
    }

    /// Whether these headers let a request in. The time it takes tells nothing of a token: what
    /// is compared is a hash.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> bool {
        let Tokens::Hashes(hashes) = self else {
            return true;
        };
        let value = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let Some((scheme, token)) = value.and_then(|value| value.split_once(' ')) else {
            return false;
        };
        scheme.eq_ignore_ascii_case("bearer") && hashes.contains(&hash(token.trim()))
    }
}

fn hash(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}
