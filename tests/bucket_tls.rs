//! A bucket that speaks TLS: reached by whoever trusts its certificate, and by nobody else.

use std::fs;
use std::path::Path;
use std::process::Command;

use rcgen::generate_simple_self_signed;

use crate::support::moto::Moto;

const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

fn verify(moto: &Moto, authorities: Option<&Path>) -> (bool, String) {
    let (id, secret) = &moto.keys[0];
    let mut kaiku = Command::new(env!("CARGO_BIN_EXE_kaiku"));
    kaiku
        .args(["verify", "s3://over-tls/rollups"])
        .env(
            "AWS_ENDPOINT_URL",
            format!("https://localhost:{}", moto.address().port()),
        )
        .env("AWS_REGION", "eu-north-1")
        .env("AWS_ACCESS_KEY_ID", id)
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .env_remove("SSL_CERT_FILE");
    if let Some(file) = authorities {
        kaiku.env("SSL_CERT_FILE", file);
    }
    let output = kaiku.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[test]
fn a_bucket_over_tls_is_read_by_whoever_trusts_its_certificate_and_by_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let [certificate, both, another] =
        ["certificate.pem", "both.pem", "another.pem"].map(|name| folder.path().join(name));
    let its_own = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (public, private) = (its_own.cert.pem(), its_own.signing_key.serialize_pem());
    fs::write(&certificate, &public).unwrap();
    fs::write(&both, public + &private).unwrap();
    let stranger = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(&another, stranger.cert.pem()).unwrap();

    let policy: serde_json::Value = serde_json::from_str(ALL).unwrap();
    let users = serde_json::json!([["reader", policy, "over-tls"]]);
    let moto = Moto::start_with(&users.to_string(), Some(&both));
    let (succeeded, said) = verify(&moto, Some(&certificate));
    assert!(succeeded && said.contains("nothing is wrong"), "{said}");
    for authorities in [None, Some(&*another)] {
        let (succeeded, said) = verify(&moto, authorities);
        assert!(!succeeded, "{authorities:?}: {said}");
        assert!(said.contains("certificate"), "{authorities:?}: {said}");
    }
}
