//! What a service says, in values of its own: the owned forms of the records of events.raw.

use std::fmt;

use kaiku_raw::{
    Consent, DeviceId, EventType, LengthBucket, Loss, LossReason, RawBatch, RawEvent, StreamId,
};

/// What one device uploads of one app.
#[derive(Clone, PartialEq, Eq)]
pub struct Batch {
    pub(crate) device: Device,
    pub(crate) app: String,
    pub(crate) release: String,
    pub(crate) consent: Option<Consent>,
    pub(crate) stream: Option<StreamId>,
    pub(crate) first_sequence: Option<i64>,
    pub(crate) events: Vec<Event>,
    pub(crate) losses: Vec<Loss>,
}

/// Who reports.
#[derive(Clone, PartialEq, Eq)]
pub struct Device {
    pub(crate) id: DeviceId,
    pub(crate) brand: String,
    pub(crate) model: String,
    pub(crate) mcc: Option<String>,
    pub(crate) mnc: Option<String>,
    pub(crate) country: Option<String>,
}

/// One thing that happened.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    pub(crate) kind: EventType,
    pub(crate) feature: Option<String>,
    pub(crate) cause: Option<String>,
    pub(crate) component: Option<String>,
    pub(crate) fatal: Option<bool>,
    pub(crate) duration_s: Option<i32>,
    pub(crate) length: Option<LengthBucket>,
    pub(crate) times: i32,
}

/// The owner of a device has turned the program off.
#[derive(Clone, PartialEq, Eq)]
pub struct Forget {
    /// The device.
    pub device: DeviceId,
    /// The one app to be forgotten; `None` for all.
    pub app: Option<String>,
}

impl Batch {
    /// A batch without events. App and release are named as the catalogue has them.
    pub fn new(
        device: Device,
        app: impl Into<String>,
        release: impl Into<String>,
        consent: Consent,
    ) -> Batch {
        Batch {
            device,
            app: app.into(),
            release: release.into(),
            consent: Some(consent),
            stream: None,
            first_sequence: None,
            events: Vec::new(),
            losses: Vec::new(),
        }
    }

    /// Numbers the events of this batch: the first one has `first_sequence` in `stream`.
    ///
    /// A batch that is sent again is then counted once. Without a number every delivery counts:
    /// that is at-least-once.
    #[must_use]
    pub fn numbered(mut self, stream: StreamId, first_sequence: i64) -> Batch {
        self.stream = Some(stream);
        self.first_sequence = Some(first_sequence);
        self
    }

    /// Adds one event at the end.
    #[must_use]
    pub fn event(mut self, event: Event) -> Batch {
        self.events.push(event);
        self
    }

    /// Adds events at the end.
    #[must_use]
    pub fn events(mut self, events: impl IntoIterator<Item = Event>) -> Batch {
        self.events.extend(events);
        self
    }

    /// Says that `count` events had to be left out since the last batch. A reason is said once.
    #[must_use]
    pub fn lost(mut self, reason: LossReason, count: i32) -> Batch {
        self.losses.push(Loss { reason, count });
        self
    }

    /// How many events it has.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether it has no event; such a batch is refused.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The same batch as the codec and the validation take it.
    pub fn as_raw(&self) -> RawBatch<'_> {
        RawBatch {
            device: self.device.as_raw(),
            app: &self.app,
            release: &self.release,
            consent: self.consent,
            stream: self.stream,
            first_sequence: self.first_sequence,
            events: self.events.iter().map(Event::as_raw).collect(),
            losses: self.losses.clone(),
        }
    }
}

impl Device {
    /// A device with neither network nor country.
    pub fn new(id: DeviceId, brand: impl Into<String>, model: impl Into<String>) -> Device {
        Device {
            id,
            brand: brand.into(),
            model: model.into(),
            mcc: None,
            mnc: None,
            country: None,
        }
    }

    /// The codes of the SIM's network, as text: mnc `01` and `001` differ.
    #[must_use]
    pub fn network(mut self, mcc: impl Into<String>, mnc: impl Into<String>) -> Device {
        self.mcc = Some(mcc.into());
        self.mnc = Some(mnc.into());
        self
    }

    /// The country, ISO 3166-1 alpha-2; it counts where no network tells it.
    #[must_use]
    pub fn country(mut self, code: impl Into<String>) -> Device {
        self.country = Some(code.into());
        self
    }

    fn as_raw(&self) -> kaiku_raw::Device<'_> {
        kaiku_raw::Device {
            id: self.id,
            brand: &self.brand,
            model: &self.model,
            mcc: self.mcc.as_deref(),
            mnc: self.mnc.as_deref(),
            country: self.country.as_deref(),
        }
    }
}

impl Event {
    /// The app started.
    pub fn started() -> Event {
        Event::of(EventType::Started)
    }

    /// The app stopped.
    pub fn stopped() -> Event {
        Event::of(EventType::Stopped)
    }

    /// A feature was used, named as the catalogue has it.
    pub fn feature_used(feature: impl Into<String>) -> Event {
        Event {
            feature: Some(feature.into()),
            ..Event::of(EventType::FeatureUsed)
        }
    }

    /// Something failed, by a cause that the catalogue names or that is built in.
    pub fn failed(cause: impl Into<String>) -> Event {
        Event {
            cause: Some(cause.into()),
            ..Event::of(EventType::Failed)
        }
    }

    /// In which component it failed.
    #[must_use]
    pub fn component(mut self, component: impl Into<String>) -> Event {
        self.component = Some(component.into());
        self
    }

    /// The failure ended the app.
    #[must_use]
    pub fn fatal(mut self) -> Event {
        self.fatal = Some(true);
        self
    }

    /// How many seconds after its start the app stopped.
    #[must_use]
    pub fn after_seconds(mut self, seconds: i32) -> Event {
        self.duration_s = Some(seconds);
        self
    }

    /// How long the session was, as a bucket; instead of [`Event::after_seconds`].
    #[must_use]
    pub fn length(mut self, bucket: LengthBucket) -> Event {
        self.length = Some(bucket);
        self
    }

    /// How often in a row it happened; of a start or a stop: how many sessions.
    #[must_use]
    pub fn times(mut self, times: i32) -> Event {
        self.times = times;
        self
    }

    fn of(kind: EventType) -> Event {
        Event {
            kind,
            feature: None,
            cause: None,
            component: None,
            fatal: None,
            duration_s: None,
            length: None,
            times: 1,
        }
    }

    fn as_raw(&self) -> RawEvent<'_> {
        RawEvent {
            kind: self.kind,
            feature: self.feature.as_deref(),
            cause: self.cause.as_deref(),
            component: self.component.as_deref(),
            fatal: self.fatal,
            duration_s: self.duration_s,
            length: self.length,
            times: self.times,
        }
    }
}

impl Forget {
    /// The same as the codec takes it.
    pub fn as_raw(&self) -> kaiku_raw::Forget<'_> {
        kaiku_raw::Forget {
            device_id: self.device,
            app: self.app.as_deref(),
        }
    }
}

/// A type whose values name a device says nothing of itself but its name.
macro_rules! silent_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}

silent_debug!(Batch, Device, Event, Forget);
