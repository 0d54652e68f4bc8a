//! Carries a whole file of lines: reads, validates, sends, and tells what became of each.
//!
//! It streams: what is in memory is one line, and the producer's bounded queue.

use std::collections::{BTreeMap, VecDeque};
use std::io::BufRead;

use futures::executor::block_on;
use kaiku_raw::{Limits, RawBatch, Reason};
use kaiku_wire::Day;

use crate::jsonl::{self, Line, LineError};
use crate::{Delivery, DeliveryError, Encoded, Error, Framer, Producer};

/// The longest line that is read, in bytes: JSON is at most some times as long as the record.
const MAX_LINE: usize = 4 * Limits::CONTRACT.record_bytes;

/// Deliveries that are watched at once.
const MAX_WATCHED: usize = 8192;

/// After how many lines progress is reported.
const PROGRESS_EVERY: u64 = 1000;

/// What is done with a line that is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// Reports it and goes on with the next.
    #[default]
    Skip,
    /// Reports it, delivers what was sent before, and stops.
    Stop,
}

/// Where the lines go.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// Onto Kafka.
    Producer(&'a Producer),
    /// Nowhere: they are read and validated only.
    DryRun,
}

/// What [`publish`] tells while it works.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A line is wrong. Lines are counted from 1.
    Rejected {
        /// Which line.
        line: u64,
        /// Why.
        error: &'a LineError,
    },
    /// A line is a valid batch. Lines are counted from 1.
    Batch {
        /// Which line.
        line: u64,
        /// What it says.
        batch: &'a RawBatch<'a>,
    },
    /// So far it has come.
    Advanced(&'a Counts),
}

/// What became of the lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines read, blank ones among them.
    pub lines: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Batches that are valid.
    pub batches: u64,
    /// Events in them.
    pub events: u64,
    /// Devices to be forgotten.
    pub forgets: u64,
    /// Records that the broker has confirmed.
    pub delivered: u64,
    /// Lines that were refused, by reason.
    pub rejected: BTreeMap<Reason, u64>,
    /// The line at which it stopped, with [`OnError::Stop`].
    pub stopped_at: Option<u64>,
}

impl Counts {
    /// How many lines were refused.
    pub fn rejected_total(&self) -> u64 {
        self.rejected.values().sum()
    }
}

/// Why publishing ended early. A line that is wrong is none of these.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The file can't be read on.
    #[error("reading line {line}")]
    Read {
        /// Which line.
        line: u64,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The producer took no more.
    #[error("sending line {line}")]
    Send {
        /// Which line.
        line: u64,
        /// Why.
        #[source]
        source: Box<Error>,
    },
    /// The broker did not confirm a record. Lines before it may be delivered, and later ones too.
    #[error("delivering line {line}")]
    Deliver {
        /// Which line.
        line: u64,
        /// Why.
        #[source]
        source: DeliveryError,
    },
}

/// Reads lines until the end, validates each as received on `today`, and sends it. It blocks
/// while the producer's queue is full, and at the end until every record is confirmed.
///
/// # Errors
/// Where the file can't be read, or the broker does not take the records.
pub fn publish(
    reader: &mut dyn BufRead,
    target: Target<'_>,
    on_error: OnError,
    today: Day,
    report: &mut dyn FnMut(Progress<'_>),
) -> Result<Counts, PublishError> {
    let own = Framer::single_object();
    let framer = match target {
        Target::Producer(producer) => producer.framer(),
        Target::DryRun => &own,
    };
    let mut counts = Counts::default();
    let mut watched = Watched::default();
    let mut buffer = Vec::new();
    while let Some(read) = next_line(reader, &mut buffer, &mut counts)? {
        let line = counts.lines;
        let record =
            match read.and_then(|text| understand(text, framer, today, &mut counts, report)) {
                Ok(Some(record)) => record,
                Ok(None) => continue,
                Err(error) => {
                    *counts.rejected.entry(error.reason).or_default() += 1;
                    report(Progress::Rejected {
                        line,
                        error: &error,
                    });
                    if on_error == OnError::Stop {
                        counts.stopped_at = Some(line);
                        break;
                    }
                    continue;
                }
            };
        if let Target::Producer(producer) = target {
            let sent = block_on(producer.send_encoded(record));
            let delivery = sent.map_err(|source| PublishError::Send {
                line,
                source: Box::new(source),
            })?;
            watched.push(line, delivery, &mut counts)?;
        }
        if line.is_multiple_of(PROGRESS_EVERY) {
            report(Progress::Advanced(&counts));
        }
    }
    watched.finish(&mut counts)?;
    report(Progress::Advanced(&counts));
    Ok(counts)
}

/// What a line says, as a record; `None` where it is blank.
fn understand(
    text: &[u8],
    framer: &Framer,
    today: Day,
    counts: &mut Counts,
    report: &mut dyn FnMut(Progress<'_>),
) -> Result<Option<Encoded>, LineError> {
    let text = std::str::from_utf8(text).map_err(|_| LineError::not_utf8())?;
    // A file that some editors write begins with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_ascii().is_empty() {
        return Ok(None);
    }
    let refused = |reason| LineError::of_reason(reason, None);
    match jsonl::parse_line(text)? {
        Line::Batch(batch) => {
            let raw = batch.as_raw();
            jsonl::check(&raw, today)?;
            let record = framer.batch(&raw, today).map_err(refused)?;
            report(Progress::Batch {
                line: counts.lines,
                batch: &raw,
            });
            counts.batches += 1;
            counts.events += u64::try_from(batch.len()).unwrap_or(0);
            Ok(Some(record))
        }
        Line::Forget(forget) => {
            let record = framer.forget(&forget.as_raw()).map_err(refused)?;
            counts.forgets += 1;
            Ok(Some(record))
        }
    }
}

/// What the reader has next: a line without its end, or one that is too long; `None` at the end.
type Read<'a> = Option<Result<&'a [u8], LineError>>;

/// Reads the next line into `buffer`. Of a line that is too long no more than the limit is kept.
fn next_line<'a>(
    reader: &mut dyn BufRead,
    buffer: &'a mut Vec<u8>,
    counts: &mut Counts,
) -> Result<Read<'a>, PublishError> {
    buffer.clear();
    let line = counts.lines + 1;
    let (mut read, mut ended) = (0_u64, false);
    let mut too_long = false;
    while !ended {
        let chunk = match reader.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(PublishError::Read { line, source }),
        };
        if chunk.is_empty() {
            break;
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(chunk.len(), |at| at + 1);
        let text = &chunk[..end.unwrap_or(chunk.len())];
        too_long |= buffer.len() + text.len() > MAX_LINE;
        if !too_long {
            buffer.extend_from_slice(text);
        }
        ended = end.is_some();
        read += u64::try_from(taken).unwrap_or(0);
        reader.consume(taken);
    }
    if read == 0 {
        return Ok(None);
    }
    counts.lines = line;
    counts.bytes += read;
    Ok(Some(if too_long {
        Err(LineError::too_long())
    } else {
        Ok(&buffer[..])
    }))
}

/// Deliveries in the order in which they were sent.
#[derive(Default)]
struct Watched(VecDeque<(u64, Delivery)>);

impl Watched {
    fn push(
        &mut self,
        line: u64,
        delivery: Delivery,
        counts: &mut Counts,
    ) -> Result<(), PublishError> {
        self.0.push_back((line, delivery));
        if self.0.len() > MAX_WATCHED {
            self.wait_for_first(counts)?;
        }
        while let Some((line, delivery)) = self.0.front_mut() {
            let Some(result) = delivery.try_result() else {
                break;
            };
            let line = *line;
            self.0.pop_front();
            done(line, result, counts)?;
        }
        Ok(())
    }

    fn wait_for_first(&mut self, counts: &mut Counts) -> Result<(), PublishError> {
        match self.0.pop_front() {
            None => Ok(()),
            Some((line, delivery)) => done(line, block_on(delivery), counts),
        }
    }

    fn finish(mut self, counts: &mut Counts) -> Result<(), PublishError> {
        while !self.0.is_empty() {
            self.wait_for_first(counts)?;
        }
        Ok(())
    }
}

fn done(
    line: u64,
    result: Result<(), DeliveryError>,
    counts: &mut Counts,
) -> Result<(), PublishError> {
    match result {
        Ok(()) => {
            counts.delivered += 1;
            Ok(())
        }
        Err(source) => Err(PublishError::Deliver { line, source }),
    }
}
