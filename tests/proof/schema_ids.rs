//! Records of devices whose schema nobody can read, and the way past them; and one that is written another
//! way and can be read.

use kaiku_ingest::Framer;
use kaiku_raw::Reason;
use kaiku_raw::schemas::{FORGET, RAW_BATCH, TICK};
use serde_json::{Value, json};

use super::doors::option_in;
use super::{QUIET, STOP};
use crate::support::kafka::{apache, unique_prefix};
use crate::support::process::Stage;
use crate::support::registry::SmallRegistry;
use crate::support::world::{Feeder, World, seed};

/// Sends uploads under ids of a registry.
fn some_under(feeder: &mut Feeder, [batch, forget, tick]: [u32; 3], uploads: usize) {
    let framer = Framer::confluent(batch, forget, tick);
    let own = std::mem::replace(&mut feeder.sender.framer, framer);
    feeder.some(uploads);
    feeder.sender.framer = own;
}

/// Enrich stands still for this reason at the last of these records; goes on without it where it is told so,
/// as it went on without the others, and counts all else.
fn assert_way_past(world: &World, why: &str, unread: &[i64]) {
    let at = unread.last().unwrap();
    let name = format!("standing-{why}");
    let standing = world.enrich(&name);
    let file = format!("enrich-{name}.log");
    world.await_log(&file, &format!("reason=\"{why}\""), QUIET);
    let said = format!("--reject 0:{at}");
    world.await_log(&file, &said, QUIET);
    assert!(standing.terminate(STOP).success());
    let option = option_in(&world.log(&file), "--reject");
    let folder = world.folder.path();
    let going_on = Stage::start_as(folder, "enrich", &format!("past-{why}"), &[], &[&option]);
    world.await_quiet(QUIET);
    assert!(going_on.terminate(STOP).success());
    let mut oracle = world.oracle_of(&[]);
    for record in &world.raw() {
        if unread.contains(&record.offset) {
            oracle.reject(record);
        } else {
            oracle.take(record);
        }
    }
    world.assert_exact_as(&oracle);
    let rejected = &oracle.partitions[0].truth.totals().rejected;
    assert_eq!(
        rejected.get(&Reason::Operator),
        Some(&(unread.len() as u64))
    );
}

#[test]
fn a_device_s_record_with_an_id_and_no_registry_stands_in_the_way_until_an_operator_rejects_it() {
    let world = World::new("no-registry", 1);
    let mut feeder = world.feeder(300, seed(1_154));
    feeder.some(40);
    let at = world.raw().len();
    some_under(&mut feeder, [900; 3], 1);
    feeder.some(40);
    assert_way_past(&world, "registry_not_configured", &[at as i64]);
}

/// A registry with what kaiku registers, and a world of one partition with it.
pub(super) fn with_registry(name: &str) -> (SmallRegistry, World) {
    let registry = SmallRegistry::start();
    let world = World::on(apache().cluster(&unique_prefix(name)), 1, true);
    let enrich = "delete_raw = false\nmix_longest = \"300ms\"\n";
    world.settings_with(&world.kafka, enrich, &registry.section());
    let mut push = std::process::Command::new(env!("CARGO_BIN_EXE_kaiku"));
    let pushed = push
        .args(["schemas", "push", "--config"])
        .arg(world.folder.path().join("kaiku.toml"))
        .output()
        .unwrap();
    assert!(pushed.status.success(), "{pushed:?}");
    (registry, world)
}

/// What the oracle has to know of the registry's ids.
fn learn(world: &mut World, registry: &SmallRegistry) {
    let raw = kaiku_raw::schemas::raw().into_iter();
    let known: Vec<_> = raw.chain(kaiku_stripped::schemas::stripped()).collect();
    let fingerprint = |text: &str| {
        let same = known.iter().find(|schema| schema.text() == text);
        same.map(|schema| schema.fingerprint())
    };
    let all = registry.all();
    let ids = all
        .iter()
        .filter_map(|(id, text)| Some((*id, fingerprint(text)?)));
    world.ids.extend(ids);
}

/// The schema of a batch with its full name in one, as some programs write it.
fn with_a_dotted_name() -> String {
    let mut schema: Value = serde_json::from_str(RAW_BATCH.text()).unwrap();
    let fields = schema.as_object_mut().unwrap();
    fields.remove("namespace");
    fields.insert("name".to_owned(), RAW_BATCH.name().into());
    schema.to_string()
}

/// One whose parts are schemas of other subjects.
fn with_references() -> String {
    let (space, name) = RAW_BATCH.name().rsplit_once('.').unwrap();
    let field = json!({ "name": "device", "type": "shop.Device" });
    json!({ "type": "record", "namespace": space, "name": name, "fields": [field] }).to_string()
}

#[test]
fn a_schema_with_a_dotted_name_is_read_and_one_that_can_t_be_read_can_be_rejected() {
    let (registry, mut world) = with_registry("unusable");
    registry.put(701, "dotted", &with_a_dotted_name());
    registry.put(702, "kaiku.raw.Forget", FORGET.text());
    registry.put(703, "kaiku.raw.Tick", TICK.text());
    registry.put(700, "referring", &with_references());
    learn(&mut world, &registry);
    world.ids.insert(701, RAW_BATCH.fingerprint());
    let mut feeder = world.feeder(300, seed(1_155));
    some_under(&mut feeder, [701, 702, 703], 60);
    let process = world.enrich("dotted");
    world.await_quiet(QUIET);
    let oracle = world.assert_exact();
    assert!(oracle.accepted() > 60);
    assert!(process.terminate(STOP).success());

    // What no registry has is another reason, with the same way past.
    let mut unread = Vec::new();
    for (id, why) in [(700, "unusable_schema"), (900, "unknown_schema")] {
        unread.push(world.raw().len() as i64);
        some_under(&mut feeder, [id; 3], 1);
        some_under(&mut feeder, [701, 702, 703], 30);
        assert_way_past(&world, why, &unread);
    }
}
