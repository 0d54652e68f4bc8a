//! Records that are none: every flipped bit and every truncation of valid batches, on a real
//! broker, with a valid record behind each.

use kaiku_catalogue::Catalogue;
use kaiku_fleet::{Fleet, FleetConfig, What};
use kaiku_ingest::Framer;
use kaiku_raw::{RawBatch, partition_of};
use kaiku_rehearsal::Sender;
use kaiku_wire::Day;

use crate::support::kafka::{broker, unique_prefix};
use crate::support::oracle::seen;
use crate::support::replay::{enriched, make_topics};

const PARTITIONS: i32 = 1;
const BATCHES: usize = 20;

/// Small valid batches of a fleet.
fn batches(catalogue: &Catalogue, day: Day) -> Vec<RawBatch<'static>> {
    let config = FleetConfig {
        devices: 2_000,
        first_day: day,
        partitions: PARTITIONS,
        garbage: 0.0,
        ..FleetConfig::default()
    };
    let mut fleet = Fleet::new(config, catalogue);
    let uploads = fleet.day(day).filter_map(|upload| match upload.what {
        What::Batch(batch) if batch.events.len() <= 4 => Some(batch),
        _ => None,
    });
    uploads.take(BATCHES).collect()
}

#[test]
fn every_flipped_bit_and_every_truncation_is_counted_or_rejected_and_the_next_record_is_handled() {
    let kafka = broker().cluster(&unique_prefix("poison"));
    make_topics(&kafka, PARTITIONS);
    let folder = tempfile::tempdir().unwrap();
    let catalogue = Catalogue::sample();
    let day = FleetConfig::default().first_day;
    let batches = batches(&catalogue, day);
    assert_eq!(batches.len(), BATCHES);

    let mut sender = Sender::onto(&kafka, PARTITIONS).unwrap();
    let framer = Framer::single_object();
    let (mut broken, mut witnesses, mut millis) = (0_u64, 0_u64, day.start_millis());
    for batch in &batches {
        let record = framer.batch(batch, day).unwrap();
        let (key, valid) = (*batch.device.id.as_bytes(), record.payload());
        assert_eq!(partition_of(&key, PARTITIONS), 0);
        let flips = (0..valid.len() * 8).map(|bit| {
            let mut flipped = valid.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            flipped
        });
        let truncations = (0..valid.len()).map(|length| valid[..length].to_vec());
        for bytes in flips.chain(truncations) {
            millis += 1;
            sender.bytes(&key, &bytes, None, millis).unwrap();
            broken += 1;
            // A witness behind it: a start of another device each time, so that each one counts.
            let (key, witness) = (
                witness_key(witnesses),
                witness(&framer, batch, witnesses, day),
            );
            sender.bytes(&key, &witness, None, millis).unwrap();
            witnesses += 1;
        }
    }
    sender.tick(day.next()).unwrap();

    let totals = enriched(&kafka, folder.path());
    let rejected: u64 = totals.rejected.values().sum();
    println!(
        "{broken} broken records, {rejected} rejected: {:?}",
        totals.rejected
    );
    assert_eq!(
        totals.rejected.get(&kaiku_raw::Reason::Internal),
        None,
        "nothing crashed"
    );
    let taken = totals.uploads - witnesses;
    assert!(
        broken >= rejected + taken,
        "a flip can also make a tick or a forget of a batch"
    );
    assert!(
        broken - rejected - taken < 10,
        "all but a few are counted or rejected"
    );
    assert!(
        rejected > broken / 4 && taken > 0,
        "{rejected} rejected, {taken} counted"
    );
    let events = seen(&kafka)[&0].events;
    assert!(events >= witnesses, "every witness was counted");
    assert_eq!(events, totals.counted);
}

fn witness_key(number: u64) -> [u8; 16] {
    let mut key = *b"witness.........";
    key[8..].copy_from_slice(&number.to_be_bytes());
    key
}

/// A valid batch of one start, of a device of its own.
fn witness(framer: &Framer, like: &RawBatch<'static>, number: u64, day: Day) -> Vec<u8> {
    let mut batch = like.clone();
    batch.device.id = kaiku_raw::DeviceId::new(witness_key(number));
    batch.events = vec![kaiku_raw::RawEvent::new(kaiku_raw::EventType::Started)];
    framer.batch(&batch, day).unwrap().payload().to_vec()
}
