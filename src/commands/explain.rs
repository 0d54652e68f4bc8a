//! `kaiku explain`: what becomes of one record, and why, without anything of what it says of a device.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use kaiku_broker::Cluster;
use kaiku_catalogue::Catalogue;
use kaiku_enrich::{Explanation, Given, explain, fetch};
use kaiku_registry::Registry;
use kaiku_wire::Clock;

use crate::cli::Global;
use crate::config::{Part, Settings};
use crate::output::{Out, columns};
use crate::telemetry;

/// No record is larger; what is, is told so.
const MOST: u64 = 4 * 1024 * 1024;

/// `kaiku explain`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "It says what is wrong with a record field by field, and which names no list has; never an identifier, and
no name that is not in the catalogue. It goes by what stands in the record and, of one on Kafka, by the day that
its partition had come to; open transactions and what an operator has decided are not looked at. The exit code is 0 where the record is taken, 1 where it is not.

Examples:
  kaiku explain events.raw:3:1741 --config kaiku.toml    a record on Kafka, by partition and offset, as the
                                                         stage's log has them; with the rights of the settings
  kaiku explain record.bin                               the bytes of one record, as they are sent
  kaiku explain record.bin --key-file key.bin --partition 3 --partitions 64    its key and its partition too

For lines of JSON: kaiku publish --dry-run"
)]
pub(crate) struct Args {
    /// A file with the bytes of one record, `-` for standard input; or TOPIC:PARTITION:OFFSET
    #[arg(value_name = "RECORD")]
    record: String,
    /// A file with the 16 bytes of the record's key
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The partition in which the record of the file was put
    #[arg(long, value_name = "NUMBER", requires = "key_file")]
    partition: Option<i32>,
    /// How many partitions the topic has [default: as the settings say]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i32).range(1..))]
    partitions: Option<i32>,
    /// The catalogue whose names are looked for [default: the folder of the settings, else the built-in sample]
    #[arg(long, value_name = "DIR")]
    catalogue: Option<PathBuf>,
}

/// Runs the verb: success only where the record is taken.
pub(crate) fn run(args: &Args, global: &Global) -> Result<ExitCode> {
    let place = place(&args.record);
    let parts: &[Part] = match place {
        Some(_) => &[Part::Kafka, Part::Telemetry],
        None => &[],
    };
    let settings = global.settings(parts)?;
    telemetry::start_logs(&settings.telemetry)?;
    let catalogue = Arc::new(super::catalogue::catalogue(
        args.catalogue.as_deref(),
        global,
    )?);
    let explanation = match place {
        Some(place) => of_kafka(place, &settings, &catalogue)?,
        None => of_file(args, &settings, &catalogue)?,
    };
    let mut out = Out::new();
    let rows = explanation.lines.iter().map(|line| {
        let sign = if line.is_wrong { "wrong" } else { "" };
        vec![sign.to_owned(), line.place.clone(), line.text.clone()]
    });
    for row in columns(&rows.collect::<Vec<_>>()) {
        out.line(row.trim_end())?;
    }
    out.line(format!("verdict: {}", explanation.verdict))?;
    out.finish()?;
    Ok(ExitCode::from(u8::from(!explanation.verdict.is_good())))
}

/// Where a record lies on Kafka: the topic where it is named, the partition, the offset.
type Place<'a> = (Option<&'a str>, i32, i64);

/// `events.raw:3:1741`, or `3:1741`; `None` where it is the name of a file.
fn place(text: &str) -> Option<Place<'_>> {
    let (head, offset) = text.rsplit_once(':')?;
    let (topic, partition) = match head.rsplit_once(':') {
        Some((topic, partition)) => (Some(topic), partition),
        None => (None, head),
    };
    Some((topic, partition.parse().ok()?, offset.parse().ok()?))
}

fn registry(settings: &Settings) -> Result<Option<Arc<Registry>>> {
    let registry = settings.registry.as_ref().map(Registry::new).transpose();
    let registry = registry.context("preparing to ask the schema registry")?;
    Ok(registry.map(Arc::new))
}

fn of_kafka(
    (topic, partition, offset): Place<'_>,
    settings: &Settings,
    catalogue: &Arc<Catalogue>,
) -> Result<Explanation> {
    let cluster = Cluster::new(&settings.kafka)?;
    let raw = cluster.topics().raw();
    if topic.is_some_and(|topic| topic != raw) {
        bail!("only records of `{raw}` are explained");
    }
    let found = fetch(&cluster, partition, offset).context("reading the record")?;
    let source = found.map_err(anyhow::Error::msg)?;
    Ok(explain(&source.given(), catalogue, registry(settings)?))
}

fn of_file(args: &Args, settings: &Settings, catalogue: &Arc<Catalogue>) -> Result<Explanation> {
    let value = read(&args.record)?;
    if value.trim_ascii_start().starts_with(b"{") {
        bail!("this is JSON: `kaiku publish --dry-run` says what is wrong with each line");
    }
    let key = args
        .key_file
        .as_ref()
        .map(|path| std::fs::read(path).with_context(|| format!("reading {}", path.display())));
    let key = key.transpose()?;
    let given = Given {
        key: key.as_deref().map(Some),
        value: Some(&value),
        partition: args.partition,
        partitions: args.partitions.unwrap_or(settings.topics.partitions),
        day: Clock::system().today(),
    };
    Ok(explain(&given, catalogue, registry(settings)?))
}

fn read(name: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = match name {
        "-" => std::io::stdin().lock().take(MOST).read_to_end(&mut bytes),
        _ => std::fs::File::open(name).and_then(|file| file.take(MOST).read_to_end(&mut bytes)),
    };
    read.with_context(|| match name.contains(':') {
        true => format!("reading {name}: a record on Kafka is named TOPIC:PARTITION:OFFSET"),
        false => format!("reading {name}"),
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_place_on_kafka_is_told_from_the_name_of_a_file() {
        let of_raw = Some((Some("events.raw"), 3, 1741));
        assert_eq!(place("events.raw:3:1741"), of_raw);
        assert_eq!(place("3:1741"), Some((None, 3, 1741)));
        assert_eq!(place("record.bin"), None);
        assert_eq!(place("C:record.bin"), None);
    }
}
