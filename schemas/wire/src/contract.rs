//! The contract, file by file: the name, the topic and the text of every schema of `schemas/avro`,
//! and the names of the topics.

/// The names of the topics, without a prefix.
pub mod topic {
    /// What devices say, with their identity.
    pub const RAW: &str = "events.raw";
    /// What enrich leaves of it: no identity, but not yet anonymous.
    pub const STRIPPED: &str = "events.stripped";
    /// Reasons, days and counts of what was rejected.
    pub const REJECTED: &str = "events.rejected";
    /// The months' sealed keys.
    pub const KEYS: &str = "enrich.keys";
    /// What is known of each device in a month's open periods; `.YYYY-MM` follows.
    pub const STATE: &str = "enrich.state";
}

/// One file of `schemas/avro`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contract {
    /// The full name of the record, as the registry's subject has it.
    pub name: &'static str,
    /// The topic that its records stand on, without a prefix.
    pub topic: &'static str,
    /// How long they stand there.
    pub kept: &'static str,
    /// The text of the file.
    pub text: &'static str,
}

const RAW_KEPT: &str = "until enrich has committed it; 14 days at most";
const STRIPPED_KEPT: &str = "until its week is sealed";

/// What a device uploads.
pub const RAW_BATCH: Contract = Contract {
    name: "kaiku.raw.RawBatch",
    topic: topic::RAW,
    kept: RAW_KEPT,
    text: include_str!("../../avro/raw_batch.avsc"),
};
/// A device that is to be forgotten.
pub const FORGET: Contract = Contract {
    name: "kaiku.raw.Forget",
    topic: topic::RAW,
    kept: RAW_KEPT,
    text: include_str!("../../avro/forget.avsc"),
};
/// The broker's clock has come this far.
pub const TICK: Contract = Contract {
    name: "kaiku.raw.Tick",
    topic: topic::RAW,
    kept: RAW_KEPT,
    text: include_str!("../../avro/tick.avsc"),
};
/// Why records were rejected, and how many.
pub const REJECTED: Contract = Contract {
    name: "kaiku.rejected.Rejected",
    topic: topic::REJECTED,
    kept: "30 days",
    text: include_str!("../../avro/rejected.avsc"),
};
/// Events without identity.
pub const STRIPPED_EVENTS: Contract = Contract {
    name: "kaiku.stripped.StrippedEvents",
    topic: topic::STRIPPED,
    kept: STRIPPED_KEPT,
    text: include_str!("../../avro/stripped_events.avsc"),
};
/// Features that a device used in the same week.
pub const STRIPPED_PAIRS: Contract = Contract {
    name: "kaiku.stripped.StrippedPairs",
    topic: topic::STRIPPED,
    kept: STRIPPED_KEPT,
    text: include_str!("../../avro/stripped_pairs.avsc"),
};
/// A day is closed on a partition.
pub const DAY_CLOSED: Contract = Contract {
    name: "kaiku.stripped.DayClosed",
    topic: topic::STRIPPED,
    kept: STRIPPED_KEPT,
    text: include_str!("../../avro/day_closed.avsc"),
};

/// Every file of the contract, in the order in which data flows.
pub const CONTRACTS: [Contract; 7] = [
    RAW_BATCH,
    FORGET,
    TICK,
    REJECTED,
    STRIPPED_EVENTS,
    STRIPPED_PAIRS,
    DAY_CLOSED,
];

#[cfg(test)]
mod tests {
    use super::CONTRACTS;

    #[test]
    fn every_file_of_the_contract_is_listed_under_its_own_name() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../avro");
        let files = std::fs::read_dir(folder).map_or(0, Iterator::count);
        assert_eq!(files, CONTRACTS.len());
        for contract in CONTRACTS {
            let found = crate::full_name(contract.text);
            assert_eq!(found.as_deref(), Some(contract.name));
        }
    }
}
