//! The client of a bucket, with conditional puts, few tries and nothing of the environment that the
//! settings say otherwise.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientConfigKey, ObjectStore, RetryConfig};

use super::{S3Config, Target, check_endpoint};

/// How often the client itself tries a request again; behind that it is the stage's to try again.
const RETRIES: usize = 3;

/// Whether a variable says something of credentials, which belong together; some have several names.
fn is_credential(key: &AmazonS3ConfigKey) -> bool {
    matches!(
        key,
        AmazonS3ConfigKey::AccessKeyId
            | AmazonS3ConfigKey::SecretAccessKey
            | AmazonS3ConfigKey::Token
            | AmazonS3ConfigKey::WebIdentityTokenFile
            | AmazonS3ConfigKey::RoleArn
            | AmazonS3ConfigKey::RoleSessionName
            | AmazonS3ConfigKey::ContainerCredentialsRelativeUri
            | AmazonS3ConfigKey::ContainerCredentialsFullUri
    )
}

pub(super) fn open(
    target: &Target,
    config: &S3Config,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Arc<dyn ObjectStore>, String> {
    let built = builder(target, config, environment)?.build();
    let objects = built.map_err(|error| format!("{error}: correct it"))?;
    Ok(Arc::new(PrefixStore::new(objects, target.prefix.clone())))
}

fn builder(
    target: &Target,
    config: &S3Config,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<AmazonS3Builder, String> {
    let mut builder = AmazonS3Builder::new();
    for (name, value) in environment.filter(|(name, _)| name.starts_with("AWS_")) {
        let Ok(key) = name.to_ascii_lowercase().parse() else {
            continue;
        };
        if config.access_key_id.is_none() || !is_credential(&key) {
            builder = builder.with_config(key, value);
        }
    }
    if let Some(endpoint) = &config.endpoint {
        builder = builder
            .with_config(AmazonS3ConfigKey::S3Endpoint, endpoint)
            .with_endpoint(endpoint);
    }
    if let Some(region) = &config.region {
        builder = builder.with_region(region);
    }
    if let (Some(id), Some(file)) = (&config.access_key_id, &config.secret_access_key_file) {
        let secret = std::fs::read_to_string(file).map_err(|error| {
            format!(
                "its secret_access_key_file {} can't be read ({error}): name the file with the secret of its key",
                file.display()
            )
        })?;
        builder = builder
            .with_access_key_id(id)
            .with_secret_access_key(secret.trim_end_matches(['\r', '\n']));
    }
    let timeout = format!("{}ms", config.timeout.as_millis());
    builder = builder
        .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), timeout)
        .with_bucket_name(&target.bucket)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .with_retry(RetryConfig {
            backoff: BackoffConfig {
                max_backoff: Duration::from_secs(2),
                ..BackoffConfig::default()
            },
            max_retries: RETRIES,
            ..RetryConfig::default()
        });
    let allow = AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp);
    let is_allowed = builder.get_config_value(&allow).as_deref() == Some("true");
    for key in [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint] {
        if let Some(endpoint) = builder.get_config_value(&key) {
            check_endpoint(&endpoint, config.insecure || is_allowed)
                .map_err(|reason| format!("its endpoint {reason}"))?;
        }
    }
    // Whether an endpoint without TLS may be was looked at: there is no other than this.
    Ok(builder.with_allow_http(true))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn built(config: &S3Config, environment: &[(&str, &str)]) -> Result<AmazonS3Builder, String> {
        let target = super::super::target("s3://bucket/prefix").unwrap();
        let pairs = environment.iter();
        let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        builder(&target, config, pairs)
    }

    fn value(builder: &AmazonS3Builder, key: AmazonS3ConfigKey) -> Option<String> {
        builder.get_config_value(&key)
    }

    #[test]
    fn what_the_settings_leave_out_comes_from_the_environment() {
        let environment = [
            ("AWS_REGION", "eu-north-1"),
            ("AWS_ENDPOINT_URL", "https://store.example.com"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_CONDITIONAL_PUT", "disabled"),
            ("AWS_BUCKET", "another"),
            ("PATH", "/bin"),
        ];
        let built = built(&S3Config::default(), &environment).unwrap();
        let expected = [
            (AmazonS3ConfigKey::Region, "eu-north-1"),
            (AmazonS3ConfigKey::Endpoint, "https://store.example.com"),
            (AmazonS3ConfigKey::AccessKeyId, "id"),
            // These two are never the environment's to say.
            (AmazonS3ConfigKey::ConditionalPut, "etag"),
            (AmazonS3ConfigKey::Bucket, "bucket"),
        ];
        for (key, expected) in expected {
            assert_eq!(value(&built, key).as_deref(), Some(expected), "{key:?}");
        }
    }

    #[test]
    fn a_store_with_credentials_of_its_own_takes_none_of_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let config = S3Config {
            access_key_id: Some("landing".to_owned()),
            secret_access_key_file: Some(file.clone()),
            ..S3Config::default()
        };
        let environment = [
            ("AWS_ACCESS_KEY_ID", "all"),
            ("AWS_SECRET_ACCESS_KEY", "of all"),
            ("AWS_SESSION_TOKEN", "of a session"),
        ];
        let missing = built(&config, &environment).unwrap_err();
        assert!(missing.contains("name the file"), "{missing}");
        std::fs::write(&file, "secret of landing\n").unwrap();
        let built = built(&config, &environment).unwrap();
        let expected = [
            (AmazonS3ConfigKey::AccessKeyId, Some("landing")),
            (
                AmazonS3ConfigKey::SecretAccessKey,
                Some("secret of landing"),
            ),
            (AmazonS3ConfigKey::Token, None),
        ];
        for (key, expected) in expected {
            assert_eq!(value(&built, key).as_deref(), expected, "{key:?}");
        }
    }

    #[test]
    fn plain_http_to_another_machine_has_to_be_allowed() {
        let there = ("AWS_ENDPOINT_URL", "http://store.example.com");
        let refused = built(&S3Config::default(), &[there]).unwrap_err();
        assert!(refused.contains("plain http"), "{refused}");
        let by_name = ("AWS_ENDPOINT_URL_S3", "http://store.example.com");
        assert!(built(&S3Config::default(), &[by_name]).is_err());
        let allowed = ("AWS_ALLOW_HTTP", "true");
        assert!(built(&S3Config::default(), &[there, allowed]).is_ok());
        let here = ("AWS_ENDPOINT_URL", "http://127.0.0.1:9000");
        assert!(built(&S3Config::default(), &[here]).is_ok());
        let insecure = S3Config {
            insecure: true,
            ..S3Config::default()
        };
        assert!(built(&insecure, &[there]).is_ok());
    }
}
