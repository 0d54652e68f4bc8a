//! The S3 server of the tests: moto, which keeps objects in memory and really heeds `If-None-Match` and
//! `If-Match` of a put.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use super::environment::environment;

/// moto with what its server needs; its own extra for that brings twice as much.
const PACKAGES: [&str; 3] = ["moto[s3]==5.2.5", "flask==3.1.3", "flask-cors==6.0.5"];

/// Whoever signs nothing reads nothing; nobody looks whether the signature is right.
const SIGNED: &str = "Authorization: AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, \
                      SignedHeaders=host, Signature=a\r\n";

const PROGRAM: &str = include_str!("s3_server.py");

/// A server. It ends with this process, whichever way that ends: its standard input closes.
pub(crate) struct Moto {
    address: SocketAddr,
    /// Key and secret of each user, in their order.
    pub(crate) keys: Vec<(String, String)>,
    child: Child,
}

/// The server that all tests of this process share, which asks nobody who he is.
pub(crate) fn moto() -> &'static Moto {
    static MOTO: OnceLock<Moto> = OnceLock::new();
    MOTO.get_or_init(|| Moto::start("[]"))
}

impl Moto {
    /// A server of one's own. Where there are users, a JSON list of names with their policies and a bucket that is
    /// made, no request is answered that is not signed and allowed.
    pub(crate) fn start(users: &str) -> Moto {
        Moto::start_with(users, None)
    }

    /// The same over TLS, with a certificate for `localhost` and its key from a PEM file.
    pub(crate) fn start_with(users: &str, certificate: Option<&Path>) -> Moto {
        let mut child = Command::new(environment("python-s3", &PACKAGES))
            .args(["-c", PROGRAM, users])
            .args(certificate)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        let said: serde_json::Value = serde_json::from_str(&line).expect("moto says its port");
        let port = u16::try_from(said["port"].as_u64().unwrap()).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let keys = said["keys"].as_array().unwrap().iter();
        Moto {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            keys: keys.map(|key| (text(&key[0]), text(&key[1]))).collect(),
            child,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes a bucket.
    pub(crate) fn make_bucket(&self, name: &str) {
        let (status, body) = self.ask("PUT", &format!("/{name}"));
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    }

    /// All objects of a bucket under a prefix, by their names behind it.
    pub(crate) fn objects(&self, bucket: &str, prefix: &str) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        let (mut names, mut token) = (Vec::new(), String::new());
        loop {
            let path = format!("/{bucket}?list-type=2&prefix={prefix}{token}");
            let (status, body) = self.ask("GET", &path);
            assert_eq!(status, 200);
            let body = String::from_utf8(body).unwrap();
            names.extend(within(&body, "Key").map(str::to_owned));
            let Some(next) = within(&body, "NextContinuationToken").next() else {
                break;
            };
            token = format!("&continuation-token={next}");
        }
        for name in names {
            let (status, body) = self.ask("GET", &format!("/{bucket}/{name}"));
            // It may have been deleted since.
            if status != 404 {
                assert_eq!(status, 200, "{name}");
                let behind = name.strip_prefix(prefix).unwrap_or(&name);
                found.insert(behind.trim_start_matches('/').to_owned(), body);
            }
        }
        found
    }

    fn ask(&self, method: &str, path: &str) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{SIGNED}Content-Length: 0\r\nConnection: close\r\n\r\n",
            self.address
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let body = answer.split_off(end.unwrap() + 4);
        let head = String::from_utf8(answer).unwrap();
        (head[9..12].parse().unwrap(), body)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What stands in each element of this name.
fn within<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts: Vec<&str> = xml.split(open.as_str()).skip(1).collect();
    let texts = parts.into_iter();
    texts.filter_map(move |part| part.split(close.as_str()).next())
}
