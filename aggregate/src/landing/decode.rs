//! Stripped records into what counts, a record at a time: events and pairs by hand into cells, see `rows`, those of
//! versions before by arrow-avro into columns.
//!
//! arrow-avro does not take back a record that failed half-way, and a truncated record could
//! swallow the start of the next one. So each record is handed over alone, all its bytes have to
//! be used for exactly one row, and after a failure the decoder with its open rows is thrown away.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_avro::reader::{Decoder as AvroDecoder, ReaderBuilder};
use arrow_avro::schema::{AvroSchema, Fingerprint, FingerprintAlgorithm, SchemaStore};
use kaiku_registry::Registry;
use kaiku_stripped::{Kind, kind_of, schemas};
use kaiku_wire::frame::{self, Framing};
use kaiku_wire::{Day, Incidents, Schema, fingerprint, full_name};

use super::columns::{self, Read};
use super::marginals::Definitions;
use super::rows::{Of, Rows};
use crate::error::Error;

/// Records that wait in one decoder before they are turned into columns.
const ROWS: usize = 256;

/// Records whose cells are summed up before they are taken out: more of them cost no memory, unless they have
/// cells of their own.
const SUMMED: usize = 1_024;

/// Bytes of records that wait in one decoder.
const BYTES: usize = 1 << 18;

/// What a record was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// Events or pairs, which now wait for [`Decoder::take`].
    Waits,
    /// As before, and enough waits for it to be taken.
    Full,
    /// A day is closed, and this happened on it; what waits belongs before it.
    DayClosed(Day, Incidents),
}

/// Why a record could not be taken.
#[derive(Debug)]
pub(super) enum Refused {
    /// Its bytes are no record of their schema.
    Malformed,
    /// Its schema is none of `events.stripped`.
    UnknownSchema,
    /// The registry does not know its schema; it may come to know it, for registries replicate late.
    Unregistered,
    /// Something else has to work first; the record may be pushed again.
    Later(Error),
}

/// Decodes the records of one partition.
pub(super) struct Decoder {
    registry: Option<Arc<Registry>>,
    known: HashMap<Framing, Known>,
    rows: Rows,
}

/// How the records of one writer's schema are read.
enum Known {
    /// By hand: it is our own schema of events or of pairs.
    Rows(Of),
    /// By arrow-avro.
    Avro(Box<Avro>),
}

struct Avro {
    kind: Kind,
    decoder: AvroDecoder,
    bytes: usize,
}

impl Decoder {
    /// A decoder that asks `registry` for schemas that stand behind a registry's id.
    pub(super) fn new(registry: Option<Arc<Registry>>, definitions: Definitions) -> Decoder {
        Decoder {
            registry,
            known: HashMap::new(),
            rows: Rows::of(definitions),
        }
    }

    /// Takes one record.
    pub(super) fn push(&mut self, record: &[u8]) -> Result<Pushed, Refused> {
        let (framing, datum) = frame::parse(record).map_err(|_| Refused::Malformed)?;
        if !self.known.contains_key(&framing) {
            let fresh = self.known_of(framing)?;
            self.known.insert(framing, fresh);
        }
        let known = match self.known.get_mut(&framing) {
            Some(Known::Avro(known)) => known,
            Some(Known::Rows(of)) => {
                let of = *of;
                return self.push_rows(of, datum);
            }
            None => return Err(Refused::UnknownSchema),
        };
        let before = known.decoder.capacity();
        let used = known.decoder.decode(record).unwrap_or(0);
        if used != record.len() || known.decoder.capacity() + 1 != before {
            self.clear();
            return Err(Refused::Malformed);
        }
        known.bytes += record.len();
        if known.kind == Kind::DayClosed {
            return known
                .closed()
                .map(|(day, incidents)| Pushed::DayClosed(day, incidents));
        }
        if known.decoder.batch_is_full() || known.bytes >= BYTES {
            return Ok(Pushed::Full);
        }
        Ok(Pushed::Waits)
    }

    fn push_rows(&mut self, of: Of, datum: &[u8]) -> Result<Pushed, Refused> {
        if self.rows.push(of, datum).is_none() {
            self.clear();
            return Err(Refused::Malformed);
        }
        let is_full = self.rows.records() >= SUMMED;
        Ok(if is_full { Pushed::Full } else { Pushed::Waits })
    }

    /// Takes out what waits, and how many events it was read of.
    pub(super) fn take(&mut self) -> Result<(Vec<Read>, u64), Error> {
        let mut taken = Vec::new();
        let mut events = 0;
        if let Some(read) = self.rows.take()? {
            events += read.all;
            taken.push(read);
        }
        for known in self.known.values_mut() {
            let Known::Avro(known) = known else { continue };
            known.bytes = 0;
            let records = known
                .decoder
                .flush()
                .map_err(|_| Error::Columns("decoded records"))?;
            match (known.kind, records) {
                (Kind::EventsBefore, Some(records)) => {
                    let read = columns::of_batches(&records)?;
                    events += read.all;
                    taken.push(read);
                }
                (Kind::PairsBefore, Some(records)) => taken.push(columns::of_pairs(&records)?),
                (Kind::Events | Kind::Pairs | Kind::DayClosed, _) | (_, None) => {}
            }
        }
        Ok((taken, events))
    }

    /// Throws away what waits.
    pub(super) fn clear(&mut self) {
        self.known.clear();
        self.rows.clear();
    }

    fn known_of(&self, framing: Framing) -> Result<Known, Refused> {
        let ours =
            |schema: &&'static Schema| framing == Framing::SingleObject(schema.fingerprint());
        let known = schemas::stripped()
            .into_iter()
            .chain([&*schemas::STRIPPED_BATCH, &*schemas::PAIR_BATCH])
            .chain(schemas::earlier());
        if let Some(schema) = known.into_iter().find(ours) {
            let kind = kind_of(schema.name()).ok_or(Refused::UnknownSchema)?;
            return Known::new(framing, kind, schema.text());
        }
        let (Framing::Confluent(id), Some(registry)) = (framing, &self.registry) else {
            return Err(Refused::UnknownSchema);
        };
        let text = registry.schema_by_id(id).map_err(|error| match error {
            kaiku_registry::Error::UnknownId(_) => Refused::Unregistered,
            error => Refused::Later(Error::Registry(error)),
        })?;
        let kind = full_name(&text).and_then(|name| kind_of(&name));
        Known::new(framing, kind.ok_or(Refused::UnknownSchema)?, &text)
    }
}

impl Known {
    fn new(framing: Framing, kind: Kind, text: &str) -> Result<Known, Refused> {
        let by_hand = match kind {
            Kind::Events => Some((Of::Events, &*schemas::STRIPPED_EVENTS)),
            Kind::Pairs => Some((Of::Pairs, &*schemas::STRIPPED_PAIRS)),
            Kind::EventsBefore | Kind::PairsBefore | Kind::DayClosed => None,
        };
        if let Some((of, ours)) = by_hand {
            return match fingerprint(text) == Some(ours.fingerprint()) {
                true => Ok(Known::Rows(of)),
                false => Err(Refused::UnknownSchema),
            };
        }
        let ours = schemas::stripped()
            .into_iter()
            .chain([&*schemas::STRIPPED_BATCH, &*schemas::PAIR_BATCH])
            .find(|schema| kind_of(schema.name()) == Some(kind))
            .ok_or(Refused::UnknownSchema)?;
        let (algorithm, fingerprint) = match framing {
            Framing::SingleObject(print) => {
                (FingerprintAlgorithm::Rabin, Fingerprint::Rabin(print))
            }
            Framing::Confluent(id) => (FingerprintAlgorithm::Id, Fingerprint::Id(id)),
        };
        let unusable = |_| Refused::UnknownSchema;
        let mut store = SchemaStore::new_with_type(algorithm);
        store
            .set(fingerprint, AvroSchema::new(text.to_owned()))
            .map_err(unusable)?;
        let mut builder = ReaderBuilder::new()
            .with_batch_size(ROWS)
            .with_writer_schema_store(store);
        if text != ours.text() {
            builder = builder.with_reader_schema(AvroSchema::new(ours.text().to_owned()));
        }
        let decoder = builder.build_decoder().map_err(unusable)?;
        Ok(Known::Avro(Box::new(Avro {
            kind,
            decoder,
            bytes: 0,
        })))
    }
}

impl Avro {
    /// What the one record that was pushed says.
    fn closed(&mut self) -> Result<(Day, Incidents), Refused> {
        self.bytes = 0;
        let records = self.decoder.flush().ok().flatten();
        let closed = records.and_then(|records| columns::closed(&records).ok());
        closed.ok_or(Refused::Malformed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::util::pretty::pretty_format_batches;
    use kaiku_release::Policy;
    use kaiku_wire::{KindName, Mark};

    use super::*;
    use crate::landing::columns::Counted;
    use crate::landing::marginals::merge;
    use crate::testing;

    fn definitions() -> Definitions {
        Definitions::of(&Policy::small())
    }

    fn decoder() -> Decoder {
        Decoder::new(None, definitions())
    }

    fn with(id: u32, kind: Kind, text: &str) -> Decoder {
        let mut decoder = decoder();
        let framing = Framing::Confluent(id);
        let known = Known::new(framing, kind, text).unwrap();
        decoder.known.insert(framing, known);
        decoder
    }

    /// The cells of a record, in an order, and how many events it has.
    async fn cells(record: &[u8]) -> (Vec<String>, u64) {
        let mut decoder = decoder();
        assert_eq!(decoder.push(record).unwrap(), Pushed::Waits);
        let (mut reads, events) = decoder.take().unwrap();
        let cells = match reads.remove(0).counted {
            Counted::Rows(rows) => definitions().cells(vec![rows]).await.unwrap(),
            Counted::Cells(cells) => cells,
        };
        let cells = merge(cells).await.unwrap();
        let text = pretty_format_batches(&cells).unwrap().to_string();
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        (lines, events)
    }

    #[test]
    fn records_with_a_registrys_id_are_read() {
        let today = testing::day("2026-11-24");
        let single = testing::fleet(today, "maps", 3);
        let record = [&[0, 0, 0, 0, 9], &single[10..]].concat();
        let mut decoder = with(9, Kind::Events, schemas::STRIPPED_EVENTS.text());
        assert_eq!(decoder.push(&record).unwrap(), Pushed::Waits);
        let (batches, events) = decoder.take().unwrap();
        assert_eq!((batches.len(), batches[0].all, events), (1, 3, 3));
    }

    #[test]
    fn a_record_of_another_version_of_the_schema_is_read_by_ours() {
        let text = r#"{"type": "record", "name": "DayClosed", "namespace": "kaiku.stripped", "fields": [
            {"name": "note", "type": "string"},
            {"name": "day", "type": {"type": "int", "logicalType": "date"}}]}"#;
        assert_eq!(full_name(text).as_deref(), Some("kaiku.stripped.DayClosed"));
        let mut decoder = with(7, Kind::DayClosed, text);
        let record = [0, 0, 0, 0, 7, 0x02, b'x', 0x06];
        let closed = decoder.push(&record).unwrap();
        let day = testing::day("1970-01-04");
        assert_eq!(closed, Pushed::DayClosed(day, Incidents::default()));
    }

    #[test]
    fn records_of_the_version_before_are_read_as_counted_under_its_bounds() {
        let [events, _, closed] = schemas::earlier();
        let mut decoder = decoder();
        let framed = |schema: &Schema, datum: &[u8]| {
            let mut record = Vec::new();
            frame::put(&mut record, Framing::SingleObject(schema.fingerprint()));
            record.extend_from_slice(datum);
            record
        };
        // The day 1, its week, and no events.
        let waits = decoder.push(&framed(events, &[2, 2, 0])).unwrap();
        assert_eq!(waits, Pushed::Waits);
        let (reads, _) = decoder.take().unwrap();
        assert_eq!(reads[0].bounds, [kaiku_wire::bounds::FIRST_VERSION]);
        let day = testing::day("1970-01-02");
        let pushed = decoder.push(&framed(closed, &[2])).unwrap();
        assert_eq!(pushed, Pushed::DayClosed(day, Incidents::default()));
    }

    #[tokio::test]
    async fn events_of_the_version_before_make_the_same_cells() {
        let day = testing::day("2026-11-24");
        let of_event = Mark::of_events().collect::<Vec<_>>();
        let mut events = Vec::new();
        for kind in [KindName::FeatureUsed, KindName::Failed, KindName::Stopped] {
            for marks in [&of_event[..], &of_event[2..5], &of_event[9..], &[]] {
                events.push(testing::used("maps", "route.bicycle", marks).of_kind(kind));
                events.push(testing::used("notes", "search", marks).of_kind(kind));
            }
        }
        let before = cells(&testing::events_of_before(day, &events)).await;
        assert!(before.0.len() > 20, "{:?}", before.0);
        assert_eq!(cells(&testing::events(day, events)).await, before);
    }

    #[tokio::test]
    async fn pairs_of_the_version_before_are_as_many_devices() {
        let day = testing::day("2026-11-24");
        let [app, a, b] = ["maps", "route.bicycle", "route.car"];
        let before = cells(&testing::pairs_of_before(day, app, a, b, 7)).await;
        assert_eq!(before.1, 0, "pairs are no events");
        assert!(
            before.0.iter().any(|line| line.contains(" 7 ")),
            "{:?}",
            before.0
        );
        assert_eq!(cells(&testing::pairs(day, app, a, b, 7)).await, before);
    }

    #[test]
    fn events_of_a_version_to_come_are_not_guessed_at() {
        let later = schemas::STRIPPED_EVENTS.text().replace(
            "\"marks\", \"type\": \"int\"",
            "\"marks\", \"type\": \"long\"",
        );
        let refused = Known::new(Framing::Confluent(8), Kind::Events, &later);
        assert!(matches!(refused, Err(Refused::UnknownSchema)));
    }

    #[test]
    fn an_id_without_a_registry_is_an_unknown_schema() {
        let refused = decoder().push(&[0, 0, 0, 0, 7, 2]);
        assert!(matches!(refused, Err(Refused::UnknownSchema)));
    }
}
