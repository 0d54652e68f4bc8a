//! What a stage says of itself at `/metrics`, as far as a benchmark asks for it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// The longest that an answer may take.
const ANSWER: Duration = Duration::from_secs(20);
/// What may become of an event, one of them.
const OUTCOMES: [&str; 5] = [
    "counted",
    "bounded",
    "duplicate",
    "over_quota",
    "state_lost",
];

/// Metrics in Prometheus' text form.
#[derive(Clone, Debug)]
pub(super) struct Scrape(String);

impl Scrape {
    /// Those of the process that listens there.
    pub(super) fn of(address: SocketAddr) -> Result<Scrape> {
        let mut stream = TcpStream::connect_timeout(&address, ANSWER)
            .with_context(|| format!("asking {address} for metrics"))?;
        stream.set_read_timeout(Some(ANSWER))?;
        let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream
            .read_to_string(&mut answer)
            .with_context(|| format!("reading the metrics of {address}"))?;
        ensure!(
            answer.starts_with("HTTP/1.1 200"),
            "{address} gives no metrics"
        );
        Ok(Scrape(answer))
    }

    /// Those of several processes, one behind the other: what is summed up is the sum of all.
    pub(super) fn of_all(each: Vec<Scrape>) -> Scrape {
        let texts: Vec<String> = each.into_iter().map(|Scrape(text)| text).collect();
        Scrape(texts.join("\n"))
    }

    /// The values of a metric, each with its labels as they are written.
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, f64)> + 'a {
        self.0.lines().filter_map(move |line| {
            let rest = line.strip_prefix(name)?;
            let (labels, value) = rest.rsplit_once(' ')?;
            // A longer name begins with this one too.
            let is_it = labels.is_empty() || labels.starts_with('{');
            is_it.then_some((labels, value.parse().ok()?))
        })
    }

    /// Events with an outcome.
    pub(super) fn events(&self, outcome: &str) -> f64 {
        let label = format!("outcome=\"{outcome}\"");
        let of_it = self.values("kaiku_enrich_events_total");
        of_it
            .filter(|(labels, _)| labels.contains(&label))
            .map(|(_, value)| value)
            .sum()
    }

    /// Events of which something has become.
    pub(super) fn all_events(&self) -> f64 {
        OUTCOMES.iter().map(|outcome| self.events(outcome)).sum()
    }

    /// Records that were rejected.
    pub(super) fn rejected(&self) -> f64 {
        self.values("kaiku_rejected_total")
            .map(|(_, value)| value)
            .sum()
    }

    /// Transactions that were committed.
    pub(super) fn transactions(&self) -> f64 {
        self.committed("kaiku_transaction_seconds_count")
            .map(|(_, value)| value)
            .sum()
    }

    /// The time in which such a share of the transactions was committed, as Prometheus reckons it: between
    /// the bounds of a bucket it is a guess.
    pub(super) fn commit_seconds(&self, share: f64) -> Option<f64> {
        let buckets = self.committed("kaiku_transaction_seconds_bucket");
        let bound = |labels: &str| {
            let (_, rest) = labels.split_once("le=\"")?;
            let (bound, _) = rest.split_once('"')?;
            bound.parse().ok()
        };
        let mut buckets: Vec<(f64, f64)> = buckets
            .filter_map(|(labels, count)| Some((bound(labels)?, count)))
            .collect();
        buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
        // Each process has a bucket of the same bound.
        buckets.dedup_by(|later, kept| {
            let is_same = later.0 == kept.0;
            kept.1 += if is_same { later.1 } else { 0.0 };
            is_same
        });
        quantile(&buckets, share)
    }

    fn committed<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, f64)> + 'a {
        self.values(name)
            .filter(|(labels, _)| labels.contains("result=\"committed\""))
    }
}

/// Of buckets by their upper bound, each with how many lie in it or in one before.
fn quantile(buckets: &[(f64, f64)], share: f64) -> Option<f64> {
    let (_, all) = *buckets.last()?;
    if all <= 0.0 {
        return None;
    }
    let wanted = all * share;
    let (mut lower, mut before) = (0.0, 0.0);
    for (bound, count) in buckets {
        if *count >= wanted {
            // Beyond the last bound nothing is known but that.
            let is_open = bound.is_infinite() || *count <= before;
            return Some(match is_open {
                true => lower,
                false => lower + (bound - lower) * (wanted - before) / (count - before),
            });
        }
        (lower, before) = (*bound, *count);
    }
    Some(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "HTTP/1.1 200 OK\r\n\r\n\
        # HELP kaiku_enrich_events_total Events.\n\
        kaiku_enrich_events_total{outcome=\"counted\"} 90\n\
        kaiku_enrich_events_total{outcome=\"bounded\"} 10\n\
        kaiku_enrich_events_total{outcome=\"late\"} 3\n\
        kaiku_rejected_total{reason=\"malformed\"} 0\n\
        kaiku_transaction_seconds_bucket{result=\"committed\",le=\"0.1\"} 50\n\
        kaiku_transaction_seconds_bucket{result=\"committed\",le=\"0.2\"} 100\n\
        kaiku_transaction_seconds_bucket{result=\"committed\",le=\"+Inf\"} 100\n\
        kaiku_transaction_seconds_bucket{result=\"failed\",le=\"+Inf\"} 7\n\
        kaiku_transaction_seconds_sum{result=\"committed\"} 9.5\n\
        kaiku_transaction_seconds_count{result=\"committed\"} 100\n\
        kaiku_transaction_seconds_count{result=\"failed\"} 7\n";

    #[test]
    fn events_and_transactions_are_read_by_their_labels() {
        let scrape = Scrape(TEXT.to_owned());
        let close = |seen: f64, wanted: f64| assert!((seen - wanted).abs() < 1e-9, "{seen}");
        close(scrape.events("counted"), 90.0);
        close(scrape.all_events(), 100.0);
        close(scrape.rejected(), 0.0);
        close(scrape.transactions(), 100.0);
        close(scrape.commit_seconds(0.5).expect("commits"), 0.1);
        close(scrape.commit_seconds(0.99).expect("commits"), 0.198);
    }

    #[test]
    fn what_two_processes_say_is_added_up() {
        let one = Scrape(TEXT.to_owned());
        let quick = TEXT.replace("le=\"0.1\"} 50", "le=\"0.1\"} 100");
        let both = Scrape::of_all(vec![one, Scrape(quick)]);
        let close = |seen: f64, wanted: f64| assert!((seen - wanted).abs() < 1e-9, "{seen}");
        close(both.all_events(), 200.0);
        close(both.transactions(), 200.0);
        // 150 of 200 within a tenth of a second.
        close(both.commit_seconds(0.75).expect("commits"), 0.1);
    }

    #[test]
    fn where_nothing_was_committed_there_is_no_time() {
        assert_eq!(Scrape(String::new()).commit_seconds(0.5), None);
        assert_eq!(quantile(&[(0.1, 0.0), (f64::INFINITY, 0.0)], 0.5), None);
        assert_eq!(
            quantile(&[(0.1, 0.0), (f64::INFINITY, 4.0)], 0.5),
            Some(0.1)
        );
    }
}
