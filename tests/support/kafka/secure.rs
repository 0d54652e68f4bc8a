//! The TLS listener of the tests' Kafka: a certificate authority, a certificate, and one user with
//! a password.

use std::fs;
use std::path::{Path, PathBuf};

use kaiku_broker::{KafkaConfig, Mechanism, Sasl, Tls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

const USER: &str = "kaiku";
const PASSWORD: &str = "never-in-a-log";

/// How to reach Kafka by TLS.
pub(crate) struct Secure {
    pub(super) port: u16,
    ca_file: PathBuf,
    /// Of an authority that did not sign Kafka's certificate.
    other_ca_file: PathBuf,
    keystore: PathBuf,
    password_file: PathBuf,
    wrong_password_file: PathBuf,
}

impl Secure {
    /// Settings that reach it, by `mechanism`.
    pub(crate) fn config(&self, mechanism: Mechanism) -> KafkaConfig {
        let mut config = KafkaConfig::at(&format!("127.0.0.1:{}", self.port));
        config.tls = Some(Tls {
            ca_file: Some(self.ca_file.clone()),
            ..Tls::default()
        });
        config.sasl = Some(Sasl {
            mechanism,
            username: USER.into(),
            password_file: self.password_file.clone(),
        });
        config
    }

    /// The same with a password that is not the user's.
    pub(crate) fn with_wrong_password(&self, mechanism: Mechanism) -> KafkaConfig {
        let mut config = self.config(mechanism);
        config.sasl = Some(Sasl {
            mechanism,
            username: USER.into(),
            password_file: self.wrong_password_file.clone(),
        });
        config
    }

    /// The same with trust in an authority that has nothing to do with the broker.
    pub(crate) fn with_other_authority(&self, mechanism: Mechanism) -> KafkaConfig {
        let mut config = self.config(mechanism);
        config.tls = Some(Tls {
            ca_file: Some(self.other_ca_file.clone()),
            ..Tls::default()
        });
        config
    }

    pub(super) fn scram_users(&self) -> Vec<String> {
        ["SCRAM-SHA-256", "SCRAM-SHA-512"]
            .into_iter()
            .flat_map(|mechanism| {
                [
                    "--add-scram".to_owned(),
                    format!("{mechanism}=[name={USER},password={PASSWORD}]"),
                ]
            })
            .collect()
    }

    pub(super) fn listener_properties(&self) -> String {
        let on = "listener.name.sasl_ssl";
        let modules = "org.apache.kafka.common.security";
        format!(
            "{on}.ssl.keystore.type=PEM\n\
             {on}.ssl.keystore.location={keystore}\n\
             {on}.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512\n\
             {on}.plain.sasl.jaas.config={modules}.plain.PlainLoginModule required user_{USER}=\"{PASSWORD}\";\n\
             {on}.scram-sha-256.sasl.jaas.config={modules}.scram.ScramLoginModule required;\n\
             {on}.scram-sha-512.sasl.jaas.config={modules}.scram.ScramLoginModule required;\n",
            keystore = self.keystore.display(),
        )
    }
}

/// Writes certificates and passwords into `folder`.
pub(super) fn write(folder: &Path, port: u16) -> Secure {
    let ca = authority("the tests' authority");
    let key = KeyPair::generate().expect("a key can be made");
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut params = CertificateParams::new(names).expect("the names are right");
    params
        .distinguished_name
        .push(DnType::CommonName, "the tests' broker");
    let certificate = params
        .signed_by(&key, &ca)
        .expect("a certificate can be made");
    let file = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).expect("the folder is ours");
        path
    };
    Secure {
        port,
        keystore: file(
            "broker.pem",
            format!("{}{}{}", key.serialize_pem(), certificate.pem(), ca.pem()),
        ),
        ca_file: file("ca.pem", ca.pem()),
        other_ca_file: file("other-ca.pem", authority("somebody else").pem()),
        password_file: file("password", format!("{PASSWORD}\n")),
        wrong_password_file: file("wrong-password", "guessed\n".into()),
    }
}

/// The names of the authority and of the broker have to differ: else the broker's certificate
/// counts as self-signed.
fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).expect("no name is no wrong name");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key can be made");
    CertifiedIssuer::self_signed(params, key).expect("a certificate can be made")
}
