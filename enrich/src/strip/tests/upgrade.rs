//! A device whose state the version before has written, with one book for day and week.

use super::*;
use crate::state::Packed;

/// What a slot of format 2 says, beside its family and its uses.
const TODAY: u8 = 4;
const FLAG: u8 = 8;
const FATAL_TODAY: u8 = 16;
const ONCE: u8 = 1 << 5;
const STREAM: [u8; 8] = [7; 8];

fn tuesday() -> Day {
    Day::from_ymd(2026, 10, 20).unwrap()
}

/// The device as format 2 has it, when it has used a feature of maps, failed fatally, and sent both
/// events.
fn of_the_version_before(catalogue: &Catalogue) -> Device {
    let day = tuesday();
    let app = catalogue.app("maps", day);
    let release = catalogue.release(app, RELEASES[0], day).key();
    let feature = catalogue.features(app).next().unwrap().key();
    let cause = catalogue.cause(app, "gps.lost", day).key();
    let key = |key| within(app, key).to_le_bytes();
    let slots: [(u8, u8, [u8; 8]); 4] = [
        (TODAY | FLAG | FATAL_TODAY, 0, app.key().to_le_bytes()),
        (1 | TODAY | FLAG, 0, key(release)),
        (2 | TODAY | FLAG | ONCE, 0, key(feature)),
        (3 | TODAY, 0, key(cause)),
    ];
    let apps = [[0, 1, 2, 3].map(|byte| app.key().to_le_bytes()[byte])];
    let streams = [(app.key().to_le_bytes(), STREAM, 2_i64)];
    let spent: [Option<[u8; 8]>; 0] = [];
    let bytes = postcard::to_allocvec(&(
        day.days_since_epoch(),
        &apps[..],
        &streams[..],
        &slots[..],
        &spent[..],
    ));
    Packed::read(2, &bytes.unwrap()).unwrap().device()
}

fn used(name: &'static str) -> RawEvent<'static> {
    let mut event = RawEvent::new(EventType::FeatureUsed);
    event.feature = Some(name);
    event
}

fn failed() -> RawEvent<'static> {
    let mut event = RawEvent::new(EventType::Failed);
    event.cause = Some("gps.lost");
    event.fatal = Some(true);
    event
}

fn upload(first: i64, events: Vec<RawEvent<'static>>) -> RawBatch<'static> {
    RawBatch {
        device: RawDevice {
            id: id(0),
            brand: "Nokia",
            model: "TA-1053",
            mcc: None,
            mnc: None,
            country: Some("FI"),
        },
        app: "maps",
        release: RELEASES[0],
        consent: Some(Consent::new(1, tuesday())),
        stream: Some(StreamId::new(STREAM)),
        first_sequence: Some(first),
        events,
        losses: Vec::new(),
    }
}

#[test]
fn what_the_version_before_has_counted_counts_no_second_time_and_what_is_new_counts_once() {
    let catalogue = Arc::new(Catalogue::sample());
    let mut features = catalogue.features(catalogue.app("maps", tuesday()));
    let mut next = || features.next().unwrap().as_str();
    let (known, new) = (next(), next());
    let mut both = Both::new(&catalogue, tuesday());
    both.devices.insert(0, of_the_version_before(&catalogue));
    both.batch(0, upload(0, vec![used(known), failed()]), tuesday());
    assert_eq!((both.tally.duplicates, both.events.len()), (2, 0));

    let more = vec![used(known), failed(), used(new)];
    both.batch(0, upload(2, more), tuesday());
    let marks = |event: &StrippedEvent| -> Vec<_> {
        Mark::of_events()
            .filter(|mark| event.marks.has(*mark))
            .collect()
    };
    let found: Vec<_> = both.events.iter().map(|(_, event)| marks(event)).collect();
    let expected = [
        vec![Mark::SecondUseDay],
        // The version before had no such marks to give.
        vec![Mark::FirstCauseReleaseDay, Mark::FirstCauseComponentWeek],
        vec![Mark::FirstItemDay, Mark::FirstItemWeek],
    ];
    assert_eq!(found, expected);
    assert_eq!(both.pairs.len(), 1, "with the feature of before");

    both.batch(
        0,
        upload(2, vec![used(known), failed(), used(new)]),
        tuesday(),
    );
    assert_eq!((both.tally.duplicates, both.events.len()), (5, 3));
    both.events.clear();
    both.batch(0, upload(5, vec![used(known)]), tuesday().next());
    let expected = [Mark::FirstAppDay, Mark::FirstReleaseDay, Mark::FirstItemDay];
    assert_eq!(marks(&both.events[0].1), expected);
}
