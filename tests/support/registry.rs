//! A small schema registry on a real socket: it registers, finds by subject and by id, and can be
//! away.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Subject and text of each schema, by its id.
type Schemas = BTreeMap<u32, (String, String)>;

/// The registry; its thread ends with the process.
pub(crate) struct SmallRegistry {
    port: u16,
    schemas: Arc<Mutex<Schemas>>,
    away: Arc<AtomicBool>,
}

impl SmallRegistry {
    pub(crate) fn start() -> SmallRegistry {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let schemas: Arc<Mutex<Schemas>> = Arc::default();
        let away = Arc::new(AtomicBool::new(false));
        let (all, gone) = (Arc::clone(&schemas), Arc::clone(&away));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Away: the connection ends with no answer.
                if !gone.load(Ordering::SeqCst) {
                    let all = Arc::clone(&all);
                    thread::spawn(move || drop(answer(&stream, &all)));
                }
            }
        });
        SmallRegistry {
            port,
            schemas,
            away,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// Registers a schema under an id of one's own.
    pub(crate) fn put(&self, id: u32, subject: &str, text: &str) {
        let schema = (subject.to_owned(), text.to_owned());
        self.schemas.lock().unwrap().insert(id, schema);
    }

    /// The section of the settings that names it.
    pub(crate) fn section(&self) -> String {
        format!("[registry]\nurl = \"{}\"\ntimeout = \"1s\"\n", self.url())
    }

    /// Knows a schema no more; its id, and its subject.
    pub(crate) fn forget(&self, text: &str) -> (u32, String) {
        let mut schemas = self.schemas.lock().unwrap();
        let found = schemas.iter().find(|(_, (_, one))| one == text);
        let id = *found.unwrap().0;
        let (subject, _) = schemas.remove(&id).unwrap();
        (id, subject)
    }

    /// The ids and texts of all schemas.
    pub(crate) fn all(&self) -> Vec<(u32, String)> {
        let schemas = self.schemas.lock().unwrap();
        schemas
            .iter()
            .map(|(id, (_, text))| (*id, text.clone()))
            .collect()
    }
}

fn answer(stream: &TcpStream, schemas: &Mutex<Schemas>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().unwrap();
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let sent: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = sent["schema"].as_str().unwrap_or_default();
    let (status, body) = decide(method, path, text, &mut schemas.lock().unwrap());
    write!(
        &mut &*stream,
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn decide(method: &str, path: &str, text: &str, schemas: &mut Schemas) -> (u16, String) {
    let parts: Vec<&str> = path
        .split(['/', '?'])
        .filter(|part| !part.is_empty())
        .collect();
    let known = |subject: &str, schemas: &Schemas| {
        let mut all = schemas.iter();
        all.find(|(_, (of, schema))| of == subject && schema == text)
            .map(|(id, _)| *id)
    };
    match (method, parts.as_slice()) {
        ("GET", ["schemas", "ids", id, ..]) => match schemas.get(&id.parse().unwrap_or(0)) {
            Some((_, schema)) => (200, serde_json::json!({ "schema": schema }).to_string()),
            None => (
                404,
                r#"{"error_code":40403,"message":"no such id"}"#.to_owned(),
            ),
        },
        ("POST", ["subjects", subject]) => match known(subject, schemas) {
            Some(id) => (
                200,
                serde_json::json!({ "subject": subject, "id": id, "version": 1 }).to_string(),
            ),
            None => (
                404,
                r#"{"error_code":40401,"message":"no such subject"}"#.to_owned(),
            ),
        },
        ("POST", ["compatibility", ..]) => (200, r#"{"is_compatible":true}"#.to_owned()),
        ("POST", ["subjects", subject, "versions"]) => {
            let id = known(subject, schemas).unwrap_or(schemas.len() as u32 + 1);
            schemas.insert(id, ((*subject).to_owned(), text.to_owned()));
            (200, serde_json::json!({ "id": id }).to_string())
        }
        _ => (200, "[]".to_owned()),
    }
}
