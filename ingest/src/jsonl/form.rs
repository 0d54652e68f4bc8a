//! The form of a line, as serde reads it.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use kaiku_raw::{Consent, DeviceId, EventType, LengthBucket, Limits, Loss, LossReason, StreamId};
use kaiku_wire::Day;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};

use super::line_error::{BAD_DAY, BAD_IDENTIFIER, LineError, TOO_MANY_EVENTS};
use super::name::Name;
use super::object::Object;
use super::whole::{AtMost, Whole};
use crate::batch;

/// What one line says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is nearly always a batch"
)]
pub enum Line {
    /// `{"device": …, "events": …}`: an upload.
    Batch(batch::Batch),
    /// `{"forget": {"device_id": "…", "app": null}}`: a device that is to be forgotten.
    Forget(batch::Forget),
}

/// Every field that can stand in a line, so that serde can tell the place of one that can't.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LineForm<'a> {
    #[serde(borrow)]
    forget: Option<Object<ForgetForm<'a>>>,
    #[serde(borrow)]
    device: Option<Object<Device<'a>>>,
    #[serde(borrow)]
    app: Option<Cow<'a, str>>,
    #[serde(borrow)]
    release: Option<Cow<'a, str>>,
    consent: Option<Object<ConsentForm>>,
    #[serde(default, deserialize_with = "optional_stream")]
    stream: Option<StreamId>,
    first_sequence: Option<Whole<i64>>,
    #[serde(borrow, default)]
    events: Option<Events<'a>>,
    losses: Option<Vec<Object<LossForm>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Device<'a> {
    #[serde(deserialize_with = "device_id")]
    id: DeviceId,
    #[serde(borrow)]
    brand: Cow<'a, str>,
    #[serde(borrow)]
    model: Cow<'a, str>,
    #[serde(borrow)]
    mcc: Option<Cow<'a, str>>,
    #[serde(borrow)]
    mnc: Option<Cow<'a, str>>,
    #[serde(borrow)]
    country: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsentForm {
    version: Whole<i32>,
    #[serde(deserialize_with = "day")]
    since: Day,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: Name<EventType>,
    #[serde(borrow)]
    feature: Option<Cow<'a, str>>,
    #[serde(borrow)]
    cause: Option<Cow<'a, str>>,
    #[serde(borrow)]
    component: Option<Cow<'a, str>>,
    fatal: Option<bool>,
    duration_s: Option<AtMost>,
    length: Option<Name<LengthBucket>>,
    #[serde(default = "once")]
    times: AtMost,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LossForm {
    reason: Name<LossReason>,
    count: Whole<i32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ForgetForm<'a> {
    #[serde(deserialize_with = "device_id")]
    device_id: DeviceId,
    #[serde(borrow)]
    app: Option<Cow<'a, str>>,
}

/// As many events as a batch may have. The reader stops at the first that is too many: a few hundred
/// bytes can be unpacked into more of them than are worth building.
struct Events<'a>(Vec<Event<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Events<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Events<'a>, D::Error> {
        struct Bounded<'a>(PhantomData<Event<'a>>);

        impl<'de: 'a, 'a> Visitor<'de> for Bounded<'a> {
            type Value = Events<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sequence")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Events<'a>, S::Error> {
                let mut events = Vec::new();
                while let Some(Object(event)) = items.next_element()? {
                    if events.len() == Limits::CONTRACT.events {
                        return Err(S::Error::custom(TOO_MANY_EVENTS));
                    }
                    events.push(event);
                }
                Ok(Events(events))
            }
        }

        deserializer.deserialize_seq(Bounded(PhantomData))
    }
}

impl LineForm<'_> {
    pub(super) fn take(self) -> Result<Line, LineError> {
        let LineForm {
            forget,
            device,
            app,
            release,
            consent,
            stream,
            first_sequence,
            events,
            losses,
        } = self;
        if let Some(Object(forget)) = forget {
            let alone = device.is_none()
                && app.is_none()
                && release.is_none()
                && consent.is_none()
                && stream.is_none()
                && first_sequence.is_none()
                && events.is_none()
                && losses.is_none();
            return match alone {
                true => Ok(Line::Forget(forget.take())),
                false => Err(LineError::of_form("no other field stands beside `forget`")),
            };
        }
        let missing = |name: &str| LineError::of_form(&format!("the field `{name}` is missing"));
        Ok(Line::Batch(batch::Batch {
            device: device.ok_or_else(|| missing("device"))?.0.take(),
            app: app.ok_or_else(|| missing("app"))?.into_owned(),
            release: release.ok_or_else(|| missing("release"))?.into_owned(),
            consent: consent.map(|Object(form)| Consent::new(form.version.0, form.since)),
            stream,
            first_sequence: first_sequence.map(|Whole(first)| first),
            events: events
                .ok_or_else(|| missing("events"))?
                .0
                .into_iter()
                .map(Event::take)
                .collect(),
            losses: losses
                .unwrap_or_default()
                .into_iter()
                .map(|Object(loss)| loss.take())
                .collect(),
        }))
    }
}

impl Device<'_> {
    fn take(self) -> batch::Device {
        let Device {
            id,
            brand,
            model,
            mcc,
            mnc,
            country,
        } = self;
        batch::Device {
            id,
            brand: brand.into_owned(),
            model: model.into_owned(),
            mcc: mcc.map(Cow::into_owned),
            mnc: mnc.map(Cow::into_owned),
            country: country.map(Cow::into_owned),
        }
    }
}

impl Event<'_> {
    fn take(self) -> batch::Event {
        let Event {
            kind,
            feature,
            cause,
            component,
            fatal,
            duration_s,
            length,
            times,
        } = self;
        batch::Event {
            kind: kind.0,
            feature: feature.map(Cow::into_owned),
            cause: cause.map(Cow::into_owned),
            component: component.map(Cow::into_owned),
            fatal,
            duration_s: duration_s.map(|AtMost(seconds)| seconds),
            length: length.map(|Name(length)| length),
            times: times.0,
        }
    }
}

impl LossForm {
    fn take(self) -> Loss {
        let LossForm {
            reason: Name(reason),
            count: Whole(count),
        } = self;
        Loss { reason, count }
    }
}

impl ForgetForm<'_> {
    pub(super) fn take(self) -> batch::Forget {
        batch::Forget {
            device: self.device_id,
            app: self.app.map(Cow::into_owned),
        }
    }
}

fn once() -> AtMost {
    AtMost(1)
}

/// Reads a text through `read`, whatever form serde has it in; what `read` refuses becomes the
/// fixed text `refusal`.
struct Text<T> {
    read: fn(&str) -> Option<T>,
    refusal: &'static str,
}

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text).ok_or_else(|| E::custom(self.refusal))
    }
}

fn device_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DeviceId, D::Error> {
    let read = |text: &str| DeviceId::from_hex(text).ok();
    deserializer.deserialize_str(Text {
        read,
        refusal: BAD_IDENTIFIER,
    })
}

fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
    let read = |text: &str| Day::parse(text).ok();
    deserializer.deserialize_str(Text {
        read,
        refusal: BAD_DAY,
    })
}

fn optional_stream<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<StreamId>, D::Error> {
    let Some(text) = Option::<Cow<'de, str>>::deserialize(deserializer)? else {
        return Ok(None);
    };
    StreamId::from_hex(&text)
        .map(Some)
        .map_err(|_| D::Error::custom(BAD_IDENTIFIER))
}
