//! A gateway to try an app against: on this machine, with a certificate made for it, and without Kafka. What comes is checked
//! like anywhere, shown, and dropped.
//!
//! `cargo run -p kaiku-gateway --example trial -- FOLDER [PORT]`: the certificate of its authority goes into the folder, and
//! signed files of suggestions may lie in `FOLDER/suggestions`.

#![allow(clippy::print_stdout)] // It shows what it does.

use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs};

use kaiku_gateway::{Config, Gateway, Pending, Sink, Tls};
use kaiku_ingest::{Day, Framer};
use kaiku_raw::{Forget, RawBatch, RawEvent};
use kaiku_wire::Clock;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The key of the app, as the examples have it.
const APP_KEY: &str = "the-key-of-the-app";

/// Shows what was taken, without what identifies a device.
struct Show(Framer, Clock);

impl Sink for Show {
    fn today(&self) -> Day {
        self.1.today()
    }

    fn batch(&self, batch: &RawBatch<'_>) -> std::result::Result<Pending, kaiku_ingest::Error> {
        let checked = self.0.batch(batch, self.today());
        drop(checked.map_err(kaiku_ingest::Error::Refused)?);
        let device = &batch.device;
        println!(
            "an upload of {} {} from a {} {}:",
            batch.app, batch.release, device.brand, device.model
        );
        batch
            .events
            .iter()
            .for_each(|event| println!("  {}", line(event)));
        Ok(Box::pin(async { Ok(()) }))
    }

    fn forget(&self, _: &Forget<'_>) -> std::result::Result<Pending, kaiku_ingest::Error> {
        println!("a device asks to be forgotten");
        Ok(Box::pin(async { Ok(()) }))
    }
}

fn line(event: &RawEvent<'_>) -> String {
    let names = [event.feature, event.cause, event.component];
    let names: Vec<&str> = names.into_iter().flatten().collect();
    let (kind, times) = (event.kind.as_str(), event.times);
    format!("{times} x {kind} {}", names.join(" in "))
}

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (folder, port) = match arguments.as_slice() {
        [folder] => (folder, 8443),
        [folder, port] => (folder, port.parse()?),
        _ => return Err("trial FOLDER [PORT]".into()),
    };
    let folder = PathBuf::from(folder);
    fs::create_dir_all(folder.join("suggestions"))?;
    write_certificates(&folder)?;
    fs::write(folder.join("keys"), format!("{APP_KEY}\n"))?;
    let config = Config {
        listen: SocketAddr::from(([127, 0, 0, 1], port)),
        tls: Some(Tls {
            cert_file: folder.join("cert.pem"),
            key_file: folder.join("key.pem"),
        }),
        tokens_file: Some(folder.join("keys")),
        recommendations_dir: Some(folder.join("suggestions")),
        ..Config::default()
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let sink = Arc::new(Show(Framer::single_object(), Clock::system()));
    let gateway = runtime.block_on(Gateway::bind(&config, sink))?;
    println!(
        "gateway   https://localhost:{}",
        gateway.local_addr().port()
    );
    println!("CA        {}", folder.join("ca.pem").display());
    println!("app key   {APP_KEY}");
    println!("It takes uploads of any app, shows them and drops them. Ctrl-C ends it.");
    let stop = tokio_util::sync::CancellationToken::new();
    let stopper = stop.clone();
    runtime.spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stopper.cancel();
        }
    });
    runtime.block_on(gateway.serve(stop));
    Ok(())
}

/// An authority, and a certificate of it for this machine.
fn write_certificates(folder: &Path) -> Result<()> {
    let mut params = CertificateParams::new(Vec::new())?;
    let name = &mut params.distinguished_name;
    name.push(DnType::CommonName, "an authority to try things");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &authority)?;
    fs::write(folder.join("ca.pem"), authority.pem())?;
    fs::write(folder.join("cert.pem"), certificate.pem())?;
    fs::write(folder.join("key.pem"), key.serialize_pem())?;
    Ok(())
}
