//! Tests of what is said of a record: the same verdict as a lane's, every fault by its field, and nothing
//! of what stands in the record.
#![allow(clippy::unwrap_used)]

use kaiku_fleet::{Fleet, FleetConfig, What};
use kaiku_raw::{Consent, Device, Encoder, EventType, RawEvent, StreamId};

use super::*;

const PARTITIONS: i32 = 4;

fn day() -> Day {
    Day::parse("2026-11-16").unwrap()
}

fn batch() -> RawBatch<'static> {
    let mut used = RawEvent::new(EventType::FeatureUsed);
    used.feature = Some("route.bicycle");
    RawBatch {
        device: Device {
            id: DeviceId::new([7; 16]),
            brand: "Nokia",
            model: "TA-1053",
            mcc: Some("244"),
            mnc: Some("05"),
            country: None,
        },
        app: "maps",
        release: "4.2",
        consent: Some(Consent::new(2, Day::parse("2026-11-01").unwrap())),
        stream: Some(StreamId::new([9; 8])),
        first_sequence: Some(0),
        events: vec![used],
        losses: Vec::new(),
    }
}

fn bytes(batch: &RawBatch<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    Encoder::single_object().batch(batch, &mut bytes).unwrap();
    bytes
}

/// What is said of a value whose key nobody knows.
fn said(value: &[u8]) -> Explanation {
    let given = Given {
        key: None,
        value: Some(value),
        partition: None,
        partitions: PARTITIONS,
        day: day(),
    };
    explain(&given, &Arc::new(Catalogue::sample()), None)
}

/// The places of what is said of a batch, with what is said there.
fn lines(batch: &RawBatch<'_>) -> Vec<(String, String)> {
    let said = said(&bytes(batch)).lines.into_iter();
    said.map(|line| (line.place, line.text)).collect()
}

#[test]
fn every_record_that_is_spoilt_is_explained_by_the_reason_for_which_it_was_spoilt() {
    let catalogue = Arc::new(Catalogue::sample());
    let config = FleetConfig {
        devices: 2_000,
        garbage: 0.2,
        partitions: PARTITIONS,
        first_day: day(),
        ..FleetConfig::default()
    };
    let mut fleet = Fleet::new(config, &catalogue);
    let mut reasons = std::collections::BTreeSet::new();
    for upload in fleet.day(day()) {
        let What::Garbage(garbage) = &upload.what else {
            continue;
        };
        let given = Given {
            key: Some(Some(&garbage.key)),
            value: Some(&garbage.bytes),
            partition: Some(garbage.partition),
            partitions: PARTITIONS,
            day: day(),
        };
        let said = explain(&given, &catalogue, None);
        assert_eq!(said.verdict, Verdict::Rejected(garbage.reason));
        assert!(said.lines.iter().any(|line| line.is_wrong));
        reasons.insert(garbage.reason);
    }
    assert!(reasons.len() >= 8, "{reasons:?}");
}

#[test]
fn a_good_record_is_taken_and_nothing_of_it_is_said() {
    let batch = batch();
    let said = said(&bytes(&batch));
    assert_eq!(said.verdict, Verdict::Taken(1));
    let text = format!("{said:?}");
    for secret in ["07070707", "0909", "[7, 7", "Nokia", "TA-1053", "maps"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn every_fault_is_told_by_its_field_and_the_first_decides() {
    let mut bad = batch();
    bad.events.push(RawEvent::new(EventType::Failed));
    let mut never = RawEvent::new(EventType::Started);
    never.times = 0;
    bad.events.push(never);
    let said = said(&bytes(&bad));
    assert_eq!(said.verdict, Verdict::Rejected(Reason::FieldMissing));
    let wrong = said.lines.iter().filter(|line| line.is_wrong);
    let places: Vec<_> = wrong.map(|line| &*line.place).collect();
    assert_eq!(places, ["event 2, cause", "event 3, times"]);
}

#[test]
fn a_misspelt_name_is_told_with_the_one_that_is_meant() {
    let mut misspelt = batch();
    misspelt.events[0].feature = Some("route.bycicle");
    misspelt.release = "9.9";
    let said = lines(&misspelt);
    let feature = said.iter().find(|(place, _)| place == "event 1, feature");
    let text = &feature.unwrap().1;
    assert!(text.contains("`route.bicycle` is like it"), "{text}");
    assert!(!text.contains("bycicle"), "{text}");
    assert!(said.iter().any(|(place, _)| place == "release"));
}

#[test]
fn of_an_app_that_nobody_knows_only_the_app_is_told() {
    let mut unknown = batch();
    unknown.app = "mapps";
    let said = lines(&unknown);
    let places: Vec<_> = said.iter().map(|(place, _)| &**place).collect();
    assert_eq!(places, ["header", "key", "app"]);
}

#[test]
fn a_consent_to_a_text_that_the_catalogue_does_not_have_is_rejected_as_a_lane_does() {
    let mut consented = batch();
    consented.consent = Some(Consent::new(9, Day::parse("2026-11-01").unwrap()));
    let said = said(&bytes(&consented));
    assert_eq!(said.verdict, Verdict::Rejected(Reason::BadConsent));
    let told = said.lines.iter().find(|line| line.place == "consent");
    let text = &told.unwrap().text;
    assert_eq!(
        text,
        "bad_consent: the catalogue has no text of this version"
    );
}

#[test]
fn a_consent_is_told_by_what_is_wrong_with_it() {
    for (version, since, place, words) in [
        (0, "2026-11-01", "consent.version", "bad_consent"),
        (1, "2030-11-01", "consent.since", "bad_consent"),
        (
            1,
            "2019-11-01",
            "consent",
            "given before the catalogue has the text",
        ),
    ] {
        let mut consented = batch();
        consented.consent = Some(Consent::new(version, Day::parse(since).unwrap()));
        let said = said(&bytes(&consented));
        assert_eq!(said.verdict, Verdict::Rejected(Reason::BadConsent));
        let wrong: Vec<_> = said.lines.iter().filter(|line| line.is_wrong).collect();
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert_eq!(wrong[0].place, place);
        assert!(wrong[0].text.contains(words), "{wrong:?}");
    }
}

#[test]
fn avro_without_a_header_that_begins_with_a_zero_is_told_without_its_key() {
    let framed = bytes(&batch());
    let mut bare = framed[10..].to_vec();
    bare[0] = 0;
    let said = said(&bare);
    assert_eq!(said.verdict, Verdict::Rejected(Reason::NotAvro));
}

#[test]
fn what_waits_for_a_registry_is_told_as_that() {
    let mut value = vec![0, 0, 0, 0, 7];
    value.extend([1; 30]);
    let waits = Verdict::Waits(Standstill::RegistryNotConfigured);
    assert_eq!(said(&value).verdict, waits);
}
