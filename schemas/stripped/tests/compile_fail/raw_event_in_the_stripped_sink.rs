//! A raw event can't go into the stripped sink.
use kaiku_raw::{EventType, RawEvent};
use kaiku_stripped::Record;

fn main() {
    let events = [RawEvent::new(EventType::Started)];
    let _ = Record::Events(kaiku_wire::Day::MIN, &events);
}
