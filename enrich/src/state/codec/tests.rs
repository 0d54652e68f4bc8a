//! Tests of the formats: what is written is read again, and what was written is read for ever.
#![allow(clippy::unwrap_used)]

use kaiku_catalogue::Catalogue;
use kaiku_wire::BOUNDS;
use proptest::prelude::*;

use super::super::device::Gaps;
use super::*;

fn slot() -> impl Strategy<Value = Slot> {
    (
        0..FAMILIES.len(),
        0..9_u32,
        any::<u64>(),
        0..=5_u8,
        any::<u8>(),
    )
        .prop_map(|(family, app, key, uses, flags)| Slot {
            family: FAMILIES[family],
            app,
            key,
            uses,
            flags: Flags(flags),
        })
}

fn at_home() -> Home {
    let catalogue = Catalogue::sample();
    Home {
        model: catalogue.model("Nokia", "TA-1053"),
        operator: catalogue.operator("244", "05"),
        country: catalogue.country("FI"),
    }
}

fn device() -> impl Strategy<Value = Device> {
    let gaps = prop::collection::vec((any::<i64>(), any::<i64>()), 0..5);
    let stream = (any::<u64>(), any::<[u8; 8]>(), any::<i64>(), gaps);
    let stream = stream.prop_map(|(app, id, next, gaps)| Stream {
        app,
        id,
        next,
        gaps: (!gaps.is_empty()).then(|| Box::new(Gaps(gaps))),
    });
    (
        any::<i32>(),
        prop::collection::vec(stream, 0..4),
        prop::collection::vec(slot(), 0..40),
        any::<[u8; 6]>(),
        any::<bool>(),
        prop::collection::vec(any::<Option<u64>>(), 0..4),
    )
        .prop_map(|(day, streams, slots, taken, home, spent)| Device {
            day,
            streams,
            slots,
            taken: Totals(taken),
            home: home.then(at_home),
            spent,
        })
}

proptest! {
    #[test]
    fn a_device_survives_a_round_trip(device in device()) {
        let mut bytes = Vec::new();
        encode(&device, &mut bytes);
        prop_assert_eq!(decode(FORMAT, &bytes), Some(device));
    }

    #[test]
    fn by_hand_it_is_what_postcard_writes_and_reads(
        device in device(),
        changed in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut bytes = Vec::new();
        encode(&device, &mut bytes);
        prop_assert_eq!(&bytes, &reference::encode(&device));
        for (at, byte) in changed {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        prop_assert_eq!(decode(FORMAT, &bytes), reference::decode(&bytes));
    }

    #[test]
    fn a_device_that_is_cut_short_or_has_more_behind_it_is_refused(
        device in device(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = Vec::new();
        encode(&device, &mut bytes);
        prop_assert_eq!(decode(FORMAT, &bytes[..cut.index(bytes.len())]), None);
        bytes.push(0);
        prop_assert_eq!(decode(FORMAT, &bytes), None);
    }

    #[test]
    fn no_bytes_make_the_reader_panic_or_ask_for_more_memory_than_they_are(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        for format in 1..=FORMAT {
            let _ = decode(format, &bytes);
        }
    }
}

#[test]
fn a_home_that_the_tables_no_longer_have_is_unlisted() {
    let gone = home([[1; 8], [2; 8], [3; 8]]);
    let unlisted = Home {
        model: Model::UNLISTED,
        operator: Operator::UNLISTED,
        country: Country::UNKNOWN,
    };
    assert_eq!(gone, unlisted);
}

#[test]
fn what_is_written_today_is_read_for_ever() {
    let device = Device {
        day: 20_781,
        streams: vec![Stream {
            app: 0x0102_0304_0506_0708,
            id: [9; 8],
            next: 300,
            gaps: Some(Box::new(Gaps(vec![(0, 17), (200, 201)]))),
        }],
        slots: vec![Slot {
            family: Family::ComponentCause,
            app: 0x0506_0708,
            key: 0x1112_1314_1516_1718,
            flags: Flags::WEEK,
            uses: 5,
        }],
        taken: Totals([1, 2, 3, 4, 5, 6]),
        home: Some(at_home()),
        spent: vec![None, Some(7)],
    };
    let mut bytes = Vec::new();
    encode(&device, &mut bytes);
    assert_eq!(hex::encode(&bytes), FORMAT_4);
    assert_eq!(decode(4, &bytes), Some(device.clone()));
    let mut without_gaps = device;
    without_gaps.streams[0].gaps = None;
    let read = decode(3, &hex::decode(FORMAT_3).unwrap());
    assert_eq!(read, Some(without_gaps));
}

/// The device of the fixtures of the first two formats: one feature, used five times on a Tuesday.
fn of_the_fixtures() -> Device {
    let mut flags = Flags::default();
    for flag in [Flags::DAY, Flags::WEEK, Flags::PAIRED] {
        flags.put(flag);
    }
    let day = BOUNDS.day;
    // Monday has taken as much as can be; of today, one feature is known.
    let monday = [
        day.apps.a_day,
        day.releases.a_day,
        day.features.a_day + 1,
        day.causes.a_day,
        day.release_causes.a_day,
        day.fatals.a_day,
    ];
    Device {
        day: 20_781,
        streams: vec![Stream {
            app: 0x0102_0304_0506_0708,
            id: [9; 8],
            next: 300,
            gaps: None,
        }],
        slots: vec![Slot {
            family: Family::Feature,
            app: 0x0506_0708,
            key: 0x1112_1314_1516_1718,
            flags,
            uses: 5,
        }],
        taken: Totals(monday.map(|taken| u8::try_from(taken).unwrap())),
        home: None,
        spent: vec![None, Some(7)],
    }
}

#[test]
fn each_bit_of_the_second_format_says_one_thing() {
    const TODAY: u8 = 4;
    const FLAG: u8 = 8;
    const FATAL: u8 = 16;
    const ONCE: u8 = 32;
    // The family is the two lowest bits.
    let cases: [(u8, Family, u8, &[Flags]); 11] = [
        (0, Family::App, 0, &[Flags::WEEK]),
        (ONCE, Family::App, 0, &[Flags::WEEK, Flags::SESSION]),
        (TODAY, Family::App, 0, &[Flags::WEEK, Flags::DAY]),
        (FLAG, Family::App, 0, &[Flags::WEEK, Flags::FATAL_WEEK]),
        (FATAL, Family::App, 0, &[Flags::WEEK, Flags::FATAL_DAY]),
        (1, Family::Release, 0, &[]),
        (1 | FLAG, Family::Release, 0, &[]),
        (
            1 | TODAY | FLAG,
            Family::Release,
            0,
            &[Flags::DAY, Flags::FATAL_DAY],
        ),
        (2 | (3 * ONCE), Family::Feature, 3, &[Flags::WEEK]),
        (2 | FLAG, Family::Feature, 0, &[Flags::WEEK, Flags::PAIRED]),
        (3 | TODAY, Family::Cause, 0, &[Flags::WEEK, Flags::DAY]),
    ];
    for (bits, family, uses, wanted) in cases {
        let streams: [([u8; 8], [u8; 8], i64); 0] = [];
        let spent: [Option<[u8; 8]>; 0] = [];
        let (apps, slots) = ([[1_u8; 4]], [(bits, 0_u8, [2_u8; 8])]);
        let fields = (20_781, &apps[..], &streams[..], &slots[..], &spent[..]);
        let device = decode(2, &postcard::to_allocvec(&fields).unwrap()).unwrap();
        let mut flags = Flags::default();
        wanted.iter().for_each(|flag| {
            flags.put(*flag);
        });
        let slot = device.slots[0];
        assert_eq!(
            (slot.family, slot.uses, slot.flags),
            (family, uses, flags),
            "{bits}"
        );
    }
}

#[test]
fn what_the_first_versions_wrote_is_read_for_ever() {
    for (format, text) in [(1, FORMAT_1), (2, FORMAT_2)] {
        let read = decode(format, &hex::decode(text).unwrap());
        assert_eq!(read, Some(of_the_fixtures()), "format {format}");
    }
}

const FORMAT_1: &str =
    "dac40201888e98a8c0e08081010909090909090909d8040102888e982898aed8a8c1e28489110105010002000107";
const FORMAT_2: &str = "dac40201080706050108070605040302010909090909090909d80401ae0018171615141312110200010700000000000000";
const FORMAT_3: &str = "dac40201d2470966fd8b70e9f39ad734dcb20a0e530b0b367eefe28901020304050601080706050108070605040302010909090909090909d804012d020018171615141312110200010700000000000000";
const FORMAT_4: &str = "dac40201d2470966fd8b70e9f39ad734dcb20a0e530b0b367eefe28901020304050601080706050108070605040302010909090909090909d80402002290039203012d020018171615141312110200010700000000000000";
