//! Why a partition stands still: one closed list, which is at once the label of the metric, the
//! sentence of the log and the heading in the runbook.

/// Declares the enumeration, its label, its step and its sentence in one place.
macro_rules! standstills {
    ($($(#[doc = $doc:literal])+ $name:ident = $label:literal, $step:ident: $sentence:literal,)*) => {
        /// Why a partition of a stage stands still: the label of `kaiku_lane_stopped`, and the
        /// heading in `docs/runbook.md`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Standstill {
            $($(#[doc = $doc])+ $name,)*
        }

        impl Standstill {
            /// Every reason, in the order of the runbook.
            pub const ALL: &'static [Standstill] = &[$(Standstill::$name),*];

            /// The label, in snake_case.
            pub fn as_str(self) -> &'static str {
                match self { $(Standstill::$name => $label,)* }
            }

            /// What the stage does about it.
            pub fn step(self) -> Step {
                match self { $(Standstill::$name => Step::$step,)* }
            }

            /// A sentence that says what is the matter.
            pub fn sentence(self) -> &'static str {
                match self { $(Standstill::$name => $sentence,)* }
            }
        }
    };
}

/// What a stage does about a standstill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It tries again by itself, and goes on when the cause is gone.
    Waits,
    /// It waits for a person: trying again would not help.
    Refuses,
}

standstills! {
    /// Raw records were deleted before they were counted.
    RawGap = "raw_gap", Refuses: "raw records were deleted before they were counted",
    /// The raw topic ends before what was committed.
    RawAnew = "raw_anew", Refuses: "the raw topic ends before what was counted of it",
    /// The raw topic has lost its end, and has grown again.
    RawCut = "raw_cut", Refuses: "the raw topic no longer has the record that was counted last",
    /// The number of partitions has changed.
    Partitions = "partitions", Refuses: "the number of partitions has changed",
    /// The state belongs to another group.
    Group = "group", Refuses: "the state belongs to another consumer group",
    /// The committed offset is not the one of the state.
    OffsetMoved = "offset_moved", Refuses: "the committed offset is not the one of the state",
    /// There is no state for what was committed.
    StateLost = "state_lost", Refuses: "there is no state for what was counted",
    /// The state has fewer or more devices than it had when it was written.
    StateIncomplete = "state_incomplete", Refuses: "records of the state are gone",
    /// The state has a format that this program does not read, or can't be read at all.
    StateUnreadable = "state_unreadable", Refuses: "the state can't be read",
    /// A key can't be read, or is not the one that sealed the state.
    Key = "key", Refuses: "a key-encryption key can't be read, or is another one",
    /// The broker stamps records ahead of this machine's clock.
    BrokerClockAhead = "broker_clock_ahead", Waits: "the broker's clock runs ahead of this one",
    /// Raw records have the producers' time.
    NotLogAppendTime = "topic_is_not_log_append_time", Waits: "the raw topic does not have the broker's time",
    /// A record names a schema that the registry does not know.
    UnknownSchema = "unknown_schema", Waits: "the registry does not know the schema of a record",
    /// The registry does not answer.
    RegistryAway = "registry_away", Waits: "the schema registry does not answer",
    /// Records name a registry's schemas, and there is no registry.
    RegistryNotConfigured = "registry_not_configured", Waits: "records name schemas of a registry, and none is set",
    /// The registry's schema is none of the contract's.
    UnusableSchema = "unusable_schema", Waits: "the schema of a record is none of the contract",
    /// The month's key can't be had.
    NoMonthKey = "no_month_key", Waits: "the key of the month can't be had",
    /// A call to Kafka failed.
    Failed = "failed", Waits: "a call to Kafka failed",
    /// A lane crashed.
    Crashed = "crashed", Waits: "a lane crashed",
    /// The landing log and the topic do not meet.
    LandingGap = "landing_gap", Refuses: "the landing log and the topic do not meet",
    /// The landing log is broken.
    LandingLog = "landing_log", Refuses: "the landing log is broken",
    /// A stripped record can't be decoded.
    LandingDecode = "landing_decode", Refuses: "a stripped record can't be decoded",
    /// A stripped record belongs to a closed day.
    LandingClosedDay = "landing_closed_day", Refuses: "a stripped record belongs to a day that is closed",
    /// A stripped record names an unknown schema.
    LandingSchema = "landing_schema", Refuses: "the schema of a stripped record is not known",
    /// Landing failed otherwise.
    LandingFailed = "landing_failed", Refuses: "landing failed",
    /// Landing waits for its store, the registry or Kafka.
    LandingWaits = "landing_waits", Waits: "landing waits for its store, the registry or Kafka",
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use super::Standstill;

    #[test]
    fn every_standstill_has_a_heading_in_the_runbook() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/runbook.md");
        let runbook = std::fs::read_to_string(file).unwrap();
        for standstill in Standstill::ALL {
            let heading = format!("### `{}`\n", standstill.as_str());
            assert!(runbook.contains(&heading), "{heading}");
        }
    }

    #[test]
    fn every_heading_of_a_reason_in_the_runbook_is_a_standstill() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/runbook.md");
        let runbook = std::fs::read_to_string(file).unwrap();
        let labels: BTreeSet<_> = Standstill::ALL.iter().map(|one| one.as_str()).collect();
        let headings = runbook.lines().filter_map(|line| {
            let label = line.strip_prefix("### `")?.strip_suffix('`')?;
            Some(label.to_owned())
        });
        for heading in headings {
            assert!(labels.contains(heading.as_str()), "{heading}");
        }
    }

    #[test]
    fn no_two_standstills_share_a_label() {
        let labels: BTreeSet<_> = Standstill::ALL.iter().map(|one| one.as_str()).collect();
        assert_eq!(labels.len(), Standstill::ALL.len());
    }
}
