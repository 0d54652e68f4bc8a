//! What makes a batch valid, reason by reason.

use crate::*;

#[test]
fn validation_names_the_first_reason() {
    let today = Day::parse(TODAY).unwrap();
    let check = |batch: &RawBatch<'_>| validate(batch, &Limits::CONTRACT, today);
    let good = sample(&events());
    assert_eq!(check(&good), Ok(()));
    let with = |change: &dyn Fn(&mut RawBatch<'static>)| {
        let mut batch = sample(&events());
        change(&mut batch);
        check(&batch)
    };
    assert_eq!(with(&|b| b.consent = None), Err(Reason::NoConsent));
    let later = Day::parse("2026-11-26").unwrap();
    assert_eq!(
        with(&|b| b.consent = Some(Consent::new(1, later))),
        Err(Reason::BadConsent)
    );
    assert_eq!(with(&|b| b.events.clear()), Err(Reason::NoEvents));
    assert_eq!(
        with(&|b| b.events = vec![events()[0]; 1_001]),
        Err(Reason::TooManyEvents)
    );
    assert_eq!(with(&|b| b.stream = None), Err(Reason::BadSequence));
    assert_eq!(
        with(&|b| b.first_sequence = Some(-1)),
        Err(Reason::BadSequence)
    );
    assert_eq!(with(&|b| b.app = ""), Err(Reason::BadText));
    assert_eq!(with(&|b| b.release = "4\n2"), Err(Reason::BadText));
    assert_eq!(
        with(&|b| b.events[0].feature = Some("x")),
        Err(Reason::FieldUnfit)
    );
    assert_eq!(
        with(&|b| b.events[1].feature = None),
        Err(Reason::FieldMissing)
    );
    assert_eq!(
        with(&|b| b.events[1].times = 0),
        Err(Reason::NumberOutOfRange)
    );
    assert_eq!(
        with(&|b| b.events[0].times = i32::MIN),
        Err(Reason::NumberOutOfRange)
    );
    assert_eq!(
        with(&|b| b.events[3].duration_s = Some(-1)),
        Err(Reason::NumberOutOfRange)
    );
}

#[test]
fn nothing_that_a_phone_s_system_puts_there_costs_a_batch() {
    let today = Day::parse(TODAY).unwrap();
    let with = |change: &dyn Fn(&mut RawBatch<'static>)| {
        let mut batch = sample(&events());
        change(&mut batch);
        validate(&batch, &Limits::CONTRACT, today)
    };
    for (mcc, mnc) in [
        (Some("65535"), Some("65535")),
        (Some(""), Some("")),
        (Some("244"), Some("5")),
        (None, Some("05")),
        (Some("24\n"), None),
    ] {
        let network = |b: &mut RawBatch<'static>| (b.device.mcc, b.device.mnc) = (mcc, mnc);
        assert_eq!(with(&network), Ok(()), "{mcc:?} {mnc:?}");
    }
    for country in ["", "--", "419", "fi", "UK"] {
        assert_eq!(with(&|b| b.device.country = Some(country)), Ok(()));
    }
    assert_eq!(with(&|b| b.device.brand = ""), Ok(()));
    assert_eq!(with(&|b| b.device.model = "a\tb"), Ok(()));
    assert_eq!(with(&|b| b.events[1].times = i32::MAX), Ok(()));
    assert_eq!(with(&|b| b.events[3].duration_s = Some(i32::MAX)), Ok(()));
}

#[test]
fn what_systems_say_where_there_is_no_identifier_is_nobody_s() {
    let today = Day::parse(TODAY).unwrap();
    let of = |id: [u8; 16]| {
        let mut batch = sample(&events());
        batch.device.id = DeviceId::new(id);
        validate(&batch, &Limits::CONTRACT, today)
    };
    assert_eq!(of([0; 16]), Err(Reason::BadIdentifier));
    assert_eq!(of([0xff; 16]), Err(Reason::BadIdentifier));
    let mut almost = [0; 16];
    almost[15] = 1;
    assert_eq!(of(almost), Ok(()));
}

#[test]
fn a_length_stands_at_a_stop_alone_and_never_beside_its_seconds() {
    let today = Day::parse(TODAY).unwrap();
    let check = |batch: &RawBatch<'_>| validate(batch, &Limits::CONTRACT, today);
    assert_eq!(check(&totals()), Ok(()));
    let with = |at: usize, seconds| {
        let mut batch = sample(&events());
        batch.events[at].length = Some(LengthBucket::Under10m);
        batch.events[at].duration_s = seconds;
        check(&batch)
    };
    assert_eq!(with(3, None), Ok(()));
    assert_eq!(with(3, Some(340)), Err(Reason::FieldUnfit));
    for at in 0..3 {
        assert_eq!(with(at, None), Err(Reason::FieldUnfit), "event {at}");
    }
}

#[test]
fn a_loss_has_a_count_within_its_bounds_and_a_reason_that_stands_once() {
    let today = Day::parse(TODAY).unwrap();
    let most = Limits::CONTRACT.losses;
    let check = |losses: &[Loss]| {
        let mut batch = sample(&events());
        batch.losses = losses.to_vec();
        validate(&batch, &Limits::CONTRACT, today)
    };
    let out = Err(Reason::NumberOutOfRange);
    assert_eq!(check(&[loss(LossReason::Refused, most)]), Ok(()));
    assert_eq!(check(&[loss(LossReason::Refused, most + 1)]), out);
    assert_eq!(check(&[loss(LossReason::Refused, 0)]), out);
    let two = loss(LossReason::Refused, 2);
    assert_eq!(check(&[two, loss(LossReason::TooOld, 2)]), Ok(()));
    assert_eq!(check(&[two, two]), out);
}
