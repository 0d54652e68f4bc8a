//! The names of the kinds of event: the symbols of the raw schema's `type`, and the texts of the
//! stripped schema's `kind`. Raw and stripped events each have a type of their own; both take its
//! name from here.

/// What happened, by name alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KindName {
    /// An app started.
    Started,
    /// An app stopped.
    Stopped,
    /// A feature was used.
    FeatureUsed,
    /// Something failed.
    Failed,
}

impl KindName {
    /// Every kind, in the order of the raw schema's symbols.
    pub const ALL: [KindName; 4] = [
        KindName::Started,
        KindName::Stopped,
        KindName::FeatureUsed,
        KindName::Failed,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            KindName::Started => "started",
            KindName::Stopped => "stopped",
            KindName::FeatureUsed => "feature_used",
            KindName::Failed => "failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::KindName;

    #[test]
    fn the_symbols_of_the_raw_schema_are_the_kinds() {
        let names: Vec<_> = KindName::ALL
            .iter()
            .map(|kind| format!("\"{}\"", kind.as_str()))
            .collect();
        let symbols: String = crate::contract::RAW_BATCH.text.split_whitespace().collect();
        let expected = format!("\"symbols\":[{}]", names.join(","));
        assert!(symbols.contains(&expected), "{expected}");
    }
}
