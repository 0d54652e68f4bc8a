//! Under which name a schema stands in the registry.

/// The subject of a record: its full name, as Confluent's `RecordNameStrategy` has it.
///
/// One topic holds records of several schemas (`events.raw`: batches, forgets, ticks), and the
/// same record may stand in topics with different prefixes. The registry's default strategy, a
/// subject for each topic, would allow only one schema a topic and would take the second for an
/// incompatible change of the first. A producer in another language needs
/// `value.subject.name.strategy` set to `RecordNameStrategy`, or no automatic registration.
pub fn subject_of(record_name: &str) -> &str {
    record_name
}
