//! The stores on S3: landing and seal by real processes, a real broker and a server that heeds conditions, killed
//! between any two writes.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::landing::{DAYS, STEPS, roll_events, set_with, stripped_world};
use super::{STOP, await_that};
use crate::support::moto::moto;
use crate::support::world::{World, seed};

const BUCKET: &str = "of-the-proof";
const STORES: [&str; 2] = ["landing", "rollups"];

/// Settings by which both stores are in the bucket.
fn stores(world: &World) -> String {
    let secret = world.folder.path().join("secret");
    fs::write(&secret, "a secret\n").unwrap();
    let stores = STORES.map(|store| format!("{store} = \"s3://{BUCKET}/{store}\"\n"));
    let sections = STORES.map(|store| {
        format!(
            "\n[aggregate.{store}_s3]\nendpoint = \"http://{}\"\nregion = \"eu-north-1\"\n\
             access_key_id = \"an id\"\nsecret_access_key_file = \"{}\"\n",
            moto().address(),
            secret.display()
        )
    });
    [stores.concat(), sections.concat()].concat()
}

/// Brings what the bucket has to where folders would have it.
fn fetch(world: &World) {
    for store in STORES {
        let folder = world.folder.path().join(store);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in moto().objects(BUCKET, store) {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
}

/// What `kaiku` prints that is told these arguments, and how to reach the bucket.
fn said(world: &World, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_kaiku"))
        .args(arguments)
        .current_dir(Path::new(world.folder.path()))
        .env("AWS_ENDPOINT_URL", format!("http://{}", moto().address()))
        .env("AWS_REGION", "eu-north-1")
        .env("AWS_ACCESS_KEY_ID", "an id")
        .env("AWS_SECRET_ACCESS_KEY", "a secret")
        .env("AWS_ALLOW_HTTP", "true")
        .output()
        .unwrap();
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{wrong}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn on_s3_a_lander_that_is_killed_between_any_two_writes_lands_and_publishes_each_record_once() {
    let world = stripped_world("land-s3", seed(1_431), false);
    moto().make_bucket(BUCKET);
    set_with(&world, roll_events(), false, &stores(&world));
    let mut reached = Vec::new();
    for round in 0..2 {
        for step in STEPS {
            let name = format!("{step}-{round}");
            let mut process = world.aggregate(&name, &format!("{step}=return"));
            if process.await_end(Duration::from_secs(4)).is_some() {
                reached.push(step);
            }
            process.kill();
        }
    }
    let last = world.aggregate("last", "");
    await_that(
        "all has landed in the bucket, and every day is sealed there",
        || {
            fetch(&world);
            world.has_landed() && world.manifests() == DAYS
        },
    );
    assert!(last.terminate(STOP).success());
    fetch(&world);
    world.assert_landed();
    world.assert_published(DAYS);
    let bucket = format!("s3://{BUCKET}/rollups");
    let verified = said(&world, &["verify", &bucket]);
    assert!(verified.contains(&DAYS.to_string()), "{verified}");
    let [there, here] =
        [&*bucket, "rollups"].map(|place| said(&world, &["report", place, "--format", "json"]));
    assert_eq!(
        there, here,
        "a report is the same from the bucket and from a folder"
    );
    println!("killed at {reached:?}");
    assert!(
        reached.contains(&"land.data") && reached.contains(&"land.entry"),
        "{reached:?}"
    );
    let log = world.log("aggregate-last.log");
    assert!(!log.contains("ERROR"), "{log}");
}
