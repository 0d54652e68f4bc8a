//! What of the settings of an `s3://` store is refused, and what the refusal says.

#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn a_url_names_a_bucket_and_a_prefix_and_nothing_else() {
    let named = target("s3://bucket/a/b/").unwrap();
    assert_eq!((&*named.bucket, &*named.prefix), ("bucket", "a/b"));
    assert_eq!(target("s3://bucket").unwrap().prefix, "");
    for refused in [
        "s3://",
        "s3:///a",
        "s3://bucket/a?x=y",
        "s3://bucket:99/a",
        "s3://id:secret@bucket/a",
        "gs://bucket/a",
        "memory:///",
        "https://bucket.example.com/a",
    ] {
        let reason = target(refused).unwrap_err();
        assert!(reason.contains("s3://BUCKET/PREFIX"), "{refused}: {reason}");
        assert!(!reason.contains("secret"), "{reason}");
    }
    assert_eq!(shown("s3://id:secret@bucket/a"), "s3://…@bucket/a");
    assert_eq!(shown("s3://bucket/a"), "s3://bucket/a");
}

#[test]
fn a_build_without_the_client_says_what_to_build() {
    let reason = has_client(false).unwrap_err();
    assert!(reason.contains("--features s3"), "{reason}");
    assert_eq!(has_client(true), Ok(()));
    // What this build says is what it can do.
    let opened = open("s3://bucket/a", &S3Config::default());
    assert_eq!(opened.is_ok(), cfg!(feature = "s3"));
}

#[test]
fn every_problem_of_a_store_is_told_at_once() {
    let config = S3Config {
        endpoint: Some("http://store.example.com".to_owned()),
        access_key_id: Some("id".to_owned()),
        timeout: Duration::ZERO,
        ..S3Config::default()
    };
    let problems = config.problems("aggregate.landing", "s3://bucket?");
    for expected in [
        "aggregate.landing (s3://bucket?): name a folder, or s3://BUCKET/PREFIX",
        "aggregate.landing_s3.secret_access_key_file are needed together",
        "aggregate.landing_s3.timeout must not be 0",
        "aggregate.landing_s3.endpoint is plain http to another machine",
    ] {
        let is_told = problems.iter().any(|problem| problem.contains(expected));
        assert!(is_told, "{expected} is not in {problems:?}");
    }
    let unused = config.problems("aggregate.landing", "folder");
    assert_eq!(unused.len(), 1);
    assert!(unused[0].contains("aggregate.landing is a folder"));
    assert!(S3Config::default().problems("x", "folder").is_empty());
}
