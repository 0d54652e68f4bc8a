//! Why the gateway can't start.

use std::net::SocketAddr;

/// Why the gateway can't start. What a request can run into is an answer, not an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings can't be used; each sentence says what to do.
    #[error("the gateway's settings can't be used: {}", .0.join("; "))]
    Settings(Vec<String>),
    /// A file that the settings name can't be read.
    #[error("reading gateway.{what} ({})", .path.display())]
    File {
        /// Which setting names the file.
        what: &'static str,
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file holds no PEM of the kind that is needed.
    #[error("{what} holds no PEM of the kind that is needed")]
    Pem {
        /// Which setting names the file.
        what: &'static str,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key can't be used together.
    #[error("gateway.tls can't be used")]
    Tls(#[source] rustls::Error),
    /// The file of tokens has a line that is no token. Only its number is told.
    #[error("gateway.tokens_file, line {line}: a token has 16 to 512 visible ASCII characters")]
    Token {
        /// Which line, counted from 1.
        line: usize,
    },
    /// The file of tokens holds none.
    #[error("gateway.tokens_file holds no token")]
    NoToken,
    /// A file of ours is not of its form. Only the line is told.
    #[error("gateway.{what}, line {line}: not of the documented form")]
    Toml {
        /// Which setting names the file.
        what: &'static str,
        /// Which line, counted from 1.
        line: usize,
    },
    /// The file of keys can't be used.
    #[error("gateway.keys_file: {0}")]
    Keys(&'static str),
    /// A file of suggestions is none, or not that of the app after which it is named.
    #[error("gateway.recommendations_dir has a file that can't be used")]
    Suggestions(#[source] kaiku_suggestions::Refusal),
    /// The address can't be listened on.
    #[error("listening on {address}")]
    Bind {
        /// The address of the settings.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}
