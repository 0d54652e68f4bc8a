//! An Apicurio Registry of the tests, with all in memory, as Confluent's and Apicurio's serializers
//! know it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use super::kafka::bring_unpacked;
use super::process::{free_address, http};

/// The version in `tests/apicurio/pom.xml`.
const VERSION: &str = "2.6.13.Final";

/// The longest that it gets to come up; it takes 4 s on an idle machine.
const START: Duration = Duration::from_secs(120);

/// Ends the registry by its process id, and removes its folder, once the pipe closes, which it does
/// when the test process is over, in whichever way.
const WATCHDOG: &str = r#"
dir=$1; shift
exec 3<&0
"$@" </dev/null >"$dir/log" 2>&1 3<&- &
registry=$!
trap '' HUP INT TERM
read -r _ <&3
kill -9 $registry
rm -rf "$dir"
"#;

/// A registry that answers.
pub(crate) struct Apicurio {
    address: SocketAddr,
    /// The shell; its standard input is the pipe that must stay open.
    watchdog: Child,
    folder: PathBuf,
}

impl Apicurio {
    pub(crate) fn start() -> Apicurio {
        let name = format!("apicurio-{VERSION}");
        let program = bring_unpacked(&name, "tests/apicurio/pom.xml").unwrap_or_else(|why| {
            panic!(
                "Apicurio Registry can't be had: install Java 17 or later and Maven (on Debian: \
                 apt-get install default-jdk-headless maven): {why}"
            )
        });
        // The shell's to remove.
        let folder = tempfile::tempdir().unwrap().keep();
        let address = free_address();
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(&folder)
            .args(["java", "-Xmx512m", "-XX:+UseSerialGC"])
            .arg("-XX:TieredStopAtLevel=1")
            .arg(format!("-Dquarkus.http.host={}", address.ip()))
            .arg(format!("-Dquarkus.http.port={}", address.port()))
            .arg("-jar")
            .arg(program.join(format!("apicurio-registry-app-{VERSION}-runner.jar")))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let registry = Apicurio {
            address,
            watchdog,
            folder,
        };
        registry.await_up();
        registry
    }

    /// Where clients of Confluent's registry, kaiku too, find it.
    pub(crate) fn confluent_url(&self) -> String {
        format!("http://{}/apis/ccompat/v7", self.address)
    }

    /// Where its own clients find it.
    pub(crate) fn own_url(&self) -> String {
        format!("http://{}/apis/registry/v2", self.address)
    }

    /// Registers a schema under any subject.
    pub(crate) fn register(&self, subject: &str, text: &str) {
        let body = serde_json::json!({ "schema": text }).to_string();
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(
            stream,
            "POST /apis/ccompat/v7/subjects/{subject}/versions HTTP/1.1\r\nHost: localhost\r\n\
             Content-Type: application/vnd.schemaregistry.v1+json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn await_up(&self) {
        let begin = Instant::now();
        while !http(self.address, "apis/ccompat/v7/subjects").starts_with("HTTP/1.1 200") {
            assert!(
                begin.elapsed() < START,
                "Apicurio Registry did not come up in time:\n{}",
                fs::read_to_string(self.folder.join("log")).unwrap_or_default()
            );
            thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Apicurio {
    fn drop(&mut self) {
        // Closes the pipe: the shell ends the registry.
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}
