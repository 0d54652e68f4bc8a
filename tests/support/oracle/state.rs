//! The state topics, opened with the months' keys as whoever holds them could, and held against the
//! fold: an independent reader of what the enrichment stage writes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::time::Instant;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use kaiku_broker::{Admin, Cluster};
use kaiku_raw::DeviceId;
use kaiku_wire::Month;

use super::super::kafka::{Isolation, Record, insist, read};
use super::Oracle;

/// What was counted of each stream: below which number, but for which; two apps may give one the same
/// name.
type Streams = BTreeMap<[u8; 8], BTreeSet<(i64, Vec<(i64, i64)>)>>;
/// A stream: app, id, next number, gaps.
type Stream = ([u8; 8], [u8; 8], i64, Vec<(i64, i64)>);
/// A device in format 4, as far as its streams: day, home, totals of the week, apps, streams.
type Format4 = (
    i32,
    Option<[[u8; 8]; 3]>,
    [u8; 6],
    Vec<[u8; 4]>,
    Vec<Stream>,
);

/// A month's secret, from `enrich.keys` and the file that seals it.
fn secrets(kafka: &Cluster, keys_dir: &Path) -> BTreeMap<Month, [u8; 32]> {
    let mut found: BTreeMap<Month, Vec<[u8; 32]>> = BTreeMap::new();
    for record in read(kafka, &kafka.topics().keys(), Isolation::Committed) {
        let name = String::from_utf8(record.key.unwrap()).unwrap();
        let file = std::fs::read_to_string(keys_dir.join(format!("{name}.key"))).unwrap();
        let kek = hex::decode(file.trim()).unwrap();
        let cipher = XChaCha20Poly1305::new_from_slice(&kek).unwrap();
        let secret = open(&cipher, name.as_bytes(), &record.value.unwrap());
        let month = Month::parse(&name).unwrap();
        found
            .entry(month)
            .or_default()
            .push(secret.try_into().unwrap());
    }
    found
        .into_iter()
        .map(|(month, secrets)| {
            assert_eq!(
                secrets.len(),
                1,
                "{month} has one key, and was given no second one"
            );
            (month, secrets[0])
        })
        .collect()
}

fn open(cipher: &XChaCha20Poly1305, context: &[u8], sealed: &[u8]) -> Vec<u8> {
    let (nonce, rest) = sealed.split_at(24);
    let payload = Payload {
        msg: rest,
        aad: context,
    };
    cipher
        .decrypt(XNonce::from_slice(nonce), payload)
        .expect("the state opens with the month's key, in its own place")
}

/// The devices of a month, by partition and token, as the records of its topic say one after the other; deleted chunks
/// left out.
fn devices(records: Vec<Record>, cipher: &XChaCha20Poly1305) -> BTreeMap<(i32, [u8; 16]), Vec<u8>> {
    let mut chunks = BTreeMap::new();
    for record in records {
        let Ok(number) = <[u8; 8]>::try_from(record.key.unwrap()) else {
            continue;
        };
        let place = (record.partition, u64::from_be_bytes(number));
        match record.value {
            Some(value) => chunks.insert(place, value),
            None => chunks.remove(&place),
        };
    }
    let mut all = BTreeMap::new();
    for ((partition, number), sealed) in chunks {
        let context = [&partition.to_be_bytes()[..], &number.to_be_bytes()].concat();
        assert_eq!(sealed[0], 5, "the format of the state");
        let plain = open(cipher, &context, &sealed[1..]);
        let [from, to] = [0, 2].map(|at| u16::from_le_bytes([plain[at], plain[at + 1]]));
        all.retain(|(of, token): &(i32, [u8; 16]), _| {
            let bucket = u16::from_be_bytes([token[8], token[9]]) >> 6;
            *of != partition || !(from..to).contains(&bucket)
        });
        let mut rest = &plain[4..];
        while let Some((token, behind)) = rest.split_first_chunk::<16>() {
            let (length, behind) = behind.split_first_chunk::<4>().unwrap();
            let (device, behind) = behind.split_at(u32::from_le_bytes(*length) as usize);
            match device {
                [] => all.remove(&(partition, *token)),
                device => all.insert((partition, *token), device.to_vec()),
            };
            rest = behind;
        }
        assert!(rest.is_empty());
    }
    all
}

fn streams(plain: &[u8]) -> Streams {
    let ((.., all), _): (Format4, _) = postcard::take_from_bytes(plain).unwrap();
    let mut streams = Streams::new();
    for (_, id, next, gaps) in all {
        streams.entry(id).or_default().insert((next, gaps));
    }
    streams
}

/// Holds the state against the fold: each device that numbers its events stands in it once, with
/// the numbers of its streams; and nobody stands in it whom the fold does not know.
pub(crate) fn assert_state(kafka: &Cluster, keys_dir: &Path, oracle: &Oracle<'_>) {
    if let Err(difference) = compare(kafka, keys_dir, oracle) {
        panic!("{difference}");
    }
}

/// The first difference, in words.
pub(crate) fn compare(kafka: &Cluster, keys_dir: &Path, oracle: &Oracle<'_>) -> Result<(), String> {
    let mut standing: HashMap<(i32, DeviceId), (Month, Streams)> = HashMap::new();
    let admin = Admin::connect(kafka).unwrap();
    let topics = insist(Instant::now(), || admin.names());
    let mut expected: HashMap<(i32, DeviceId), Streams> = HashMap::new();
    let mut known: Vec<(i32, DeviceId)> = Vec::new();
    for (partition, fold) in (0..).zip(&oracle.partitions) {
        known.extend(fold.truth.device_ids().map(|id| (partition, id)));
        for (id, _, stream, next, but) in fold.truth.streams() {
            let mut gaps: Vec<_> = but.iter().map(|gap| (gap.start, gap.end)).collect();
            gaps.sort_unstable();
            let streams = expected.entry((partition, id)).or_default();
            streams.entry(stream).or_default().insert((next, gaps));
        }
    }
    for (month, secret) in secrets(kafka, keys_dir) {
        let topic = kafka.topics().state(month);
        if !topics.contains(&topic) {
            continue;
        }
        let token_key = blake3::derive_key("kaiku enrich 1: token of a device", &secret);
        let seal_key = blake3::derive_key("kaiku enrich 1: state of a device", &secret);
        let cipher = XChaCha20Poly1305::new_from_slice(&seal_key).unwrap();
        let token = |id: &DeviceId| {
            let hash = blake3::keyed_hash(&token_key, id.as_bytes());
            <[u8; 16]>::try_from(&hash.as_bytes()[..16]).unwrap()
        };
        let whose: HashMap<(i32, [u8; 16]), DeviceId> =
            known.iter().map(|(p, id)| ((*p, token(id)), *id)).collect();
        let records = read(kafka, &topic, Isolation::Committed);
        for ((partition, token), device) in devices(records, &cipher) {
            let Some(id) = whose.get(&(partition, token)) else {
                return Err(format!(
                    "partition {partition}: a device that the fold does not know"
                ));
            };
            let streams = streams(&device);
            let before = standing.insert((partition, *id), (month, streams));
            // What stands in an older month goes with it: nobody looks there any more.
            if before.is_some_and(|(before, _)| before.next() == month) {
                return Err(format!(
                    "partition {partition}: a device stands in two months"
                ));
            }
        }
    }
    for (device, streams) in &expected {
        let found = standing.get(device).map(|(_, streams)| streams);
        if found != Some(streams) {
            // Simulated devices: their streams may be shown.
            return Err(format!(
                "partition {}: a device has the streams {streams:?} in the fold, {found:?} in the state",
                device.0
            ));
        }
    }
    Ok(())
}
