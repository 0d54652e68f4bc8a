//! A bucket of one test's own, behind a proxy at which requests go wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use tempfile::TempDir;

use super::faults::Faults;
use super::moto::{Moto, moto};
use crate::config::Config;
use crate::rollups::Rollups;
use crate::store::{Landing, S3Config, Store};

/// How long a request may take: long enough for a machine on which much else runs.
const TIMEOUT: Duration = Duration::from_secs(3);

pub(crate) struct Bucket {
    pub(crate) faults: Faults,
    name: &'static str,
    config: S3Config,
    /// The file of the secret.
    _folder: TempDir,
}

impl Bucket {
    /// A name that no other test has.
    pub(crate) fn new(name: &'static str) -> Bucket {
        moto().make_bucket(name);
        let faults = Faults::before(moto().address());
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "a secret\n").unwrap();
        let config = S3Config {
            endpoint: Some(faults.url()),
            region: Some("eu-north-1".to_owned()),
            access_key_id: Some("an id".to_owned()),
            secret_access_key_file: Some(secret),
            timeout: TIMEOUT,
            insecure: false,
        };
        Bucket {
            faults,
            name,
            config,
            _folder: folder,
        }
    }

    /// A client of its own.
    pub(crate) fn store(&self) -> Store {
        Store::open(&self.url("store"), None, &self.config).unwrap()
    }

    pub(crate) fn landing(&self) -> Landing {
        Landing::open_with(&self.url("landing"), None, &self.config).unwrap()
    }

    pub(crate) fn rollups(&self) -> Rollups {
        Rollups::open_with(&self.url("rollups"), None, &self.config).unwrap()
    }

    /// What stands in it under a prefix, asked of the server itself.
    pub(crate) fn objects(&self, prefix: &str) -> BTreeMap<String, Vec<u8>> {
        moto().objects(self.name, prefix)
    }

    fn url(&self, prefix: &str) -> String {
        format!("s3://{}/{prefix}", self.name)
    }
}

/// A server that lets each of two users do what docs/operating/s3.md grants, with a bucket each.
pub(crate) struct Server {
    moto: Moto,
    /// The files of the secrets.
    folder: TempDir,
}

/// The buckets of the document.
const BUCKETS: [&str; 2] = ["example-landing", "example-rollups"];

impl Server {
    pub(crate) fn with_documented_rights() -> Server {
        let document = include_str!("../../../docs/operating/s3.md");
        let policies = document.split("```json\n").skip(1);
        let policies = policies.map(|rest| rest.split("```").next().unwrap());
        let users: Vec<_> = policies
            .zip(BUCKETS)
            .map(|(policy, bucket)| {
                let mut policy: serde_json::Value = serde_json::from_str(policy).unwrap();
                // To delete several objects, moto wants the right on the bucket; S3 asks it of each object.
                let delete = serde_json::json!({
                    "Effect": "Allow",
                    "Action": "s3:DeleteObject",
                    "Resource": format!("arn:aws:s3:::{bucket}"),
                });
                policy["Statement"].as_array_mut().unwrap().push(delete);
                serde_json::json!([bucket, policy, bucket])
            })
            .collect();
        let moto = Moto::start(&serde_json::to_string(&users).unwrap());
        let folder = tempfile::tempdir().unwrap();
        for (name, (_, secret)) in BUCKETS.iter().zip(&moto.keys) {
            std::fs::write(folder.path().join(name), secret).unwrap();
        }
        Server { moto, folder }
    }

    /// Settings as in the document.
    pub(crate) fn config(&self) -> Config {
        self.config_of([0, 1])
    }

    /// The same, with the credentials of one store for both.
    pub(crate) fn exchanged(&self) -> [Config; 2] {
        [self.config_of([0, 0]), self.config_of([1, 1])]
    }

    pub(crate) fn stores(&self) -> (Landing, Rollups) {
        let config = self.config();
        let landing = config.landing_store().unwrap();
        (landing, config.rollups_store().unwrap())
    }

    fn config_of(&self, users: [usize; 2]) -> Config {
        let [landing_s3, rollups_s3] = users.map(|user| S3Config {
            endpoint: Some(format!("http://{}", self.moto.address())),
            region: Some("eu-north-1".to_owned()),
            access_key_id: Some(self.moto.keys[user].0.clone()),
            secret_access_key_file: Some(self.folder.path().join(BUCKETS[user])),
            ..S3Config::default()
        });
        let [landing, rollups] = BUCKETS.map(|bucket| format!("s3://{bucket}/kaiku"));
        Config {
            landing,
            rollups,
            landing_s3,
            rollups_s3,
            ..Config::default()
        }
    }
}
