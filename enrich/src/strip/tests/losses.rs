//! What devices say they left out: counted once, and nothing of it in what is handed on.

use kaiku_raw::{Loss, LossReason};

use super::*;

fn today() -> Day {
    Day::from_ymd(2026, 10, 20).unwrap()
}

/// One event of device 0 that has this number, with what was left out before it.
fn upload(first: i64, losses: Vec<Loss>) -> RawBatch<'static> {
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
        consent: Some(Consent::new(1, today())),
        stream: Some(StreamId::new([3; 8])),
        first_sequence: Some(first),
        events: vec![RawEvent::new(EventType::Started)],
        losses,
    }
}

fn loss(reason: LossReason, count: i32) -> Loss {
    Loss { reason, count }
}

#[test]
fn what_was_left_out_is_counted_by_reason_and_an_upload_that_comes_again_adds_nothing() {
    let catalogue = Arc::new(Catalogue::sample());
    let mut both = Both::new(&catalogue, today());
    let first = [loss(LossReason::SpoolFull, 3), loss(LossReason::TooOld, 40)];
    for _ in 0..2 {
        both.batch(0, upload(0, first.to_vec()), today());
    }
    both.batch(0, upload(1, vec![loss(LossReason::SpoolFull, 2)]), today());
    let sums = LossReason::ALL.map(|reason| both.tally.losses[reason.index()]);
    assert_eq!(sums, [0, 40, 5, 0, 0, 0, 0]);
}

#[test]
fn an_event_is_handed_on_alike_whether_its_device_left_something_out_or_not() {
    let catalogue = Arc::new(Catalogue::sample());
    let handed_on = |losses| {
        let mut both = Both::new(&catalogue, today());
        both.batch(0, upload(0, losses), today());
        both.events
    };
    let all = LossReason::ALL.map(|reason| loss(reason, 9));
    assert_eq!(handed_on(all.to_vec()), handed_on(Vec::new()));
}
