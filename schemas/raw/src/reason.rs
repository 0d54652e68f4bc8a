//! Why a record is refused: a closed list that is at once the text in `events.rejected` and the
//! label of the metric.

/// Declares the enumeration, its label and its sentence in one place.
macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $label:literal: $sentence:literal,)*) => {
        /// Why a record, a request or a line was refused. It never carries what was in it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[doc = $doc])+ $name,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Reason] = &[$(Reason::$name),*];

            /// The label, in snake_case.
            pub fn as_str(self) -> &'static str {
                match self { $(Reason::$name => $label,)* }
            }

            /// A sentence that says what is wrong and what would be right.
            pub fn sentence(self) -> &'static str {
                match self { $(Reason::$name => $sentence,)* }
            }

            /// The reason with this label.
            pub fn from_label(label: &str) -> Option<Reason> {
                match label { $($label => Some(Reason::$name),)* _ => None }
            }
        }
    };
}

reasons! {
    /// The first bytes belong to neither framing.
    NotAvro = "not_avro": "the record begins with neither of the two Avro framings",
    /// Single-object encoding with a fingerprint that no known schema has.
    UnknownFingerprint = "unknown_fingerprint": "the fingerprint in the record's header is that of no known schema",
    /// Confluent's framing with an id that no registry gives.
    BadSchemaId = "bad_schema_id": "the schema id in the record's header is none that a registry gives: 1 to 2147483647, in four bytes; bare Avro that begins with a zero looks like this too",
    /// Confluent's framing with the id of a schema that is none of a raw record's.
    ForeignSchema = "foreign_schema": "the schema that the registry has under the id in the record's header is that of another kind of record",
    /// The bytes are no record of their schema.
    Malformed = "malformed": "the bytes are no record of the schema that their header names",
    /// Bytes are left behind the record.
    TrailingBytes = "trailing_bytes": "bytes are left behind the record",
    /// The text is no JSON, or not of the form that is documented.
    BadJson = "bad_json": "the text is no JSON object of the documented form",
    /// A JSON field that does not exist.
    UnknownField = "unknown_field": "a field has a name that the contract does not know",
    /// A device or stream identifier is not written as it must be, or is nobody's.
    BadIdentifier = "bad_identifier": "an identifier is written in hexadecimal digits, 32 for a device and 16 for a stream; that of a device is made at random: nothing but 0, or nothing but f, is nobody's",
    /// The record's key is not the device's identifier.
    KeyMismatch = "key_mismatch": "the record's key must be the 16 bytes of device.id",
    /// The record lies in another partition than its key belongs to.
    WrongPartition = "wrong_partition": "the record lies in another partition than its key belongs to; set partitioner=murmur2_random",
    /// No consent is named.
    NoConsent = "no_consent": "a batch must name the consent under which it is sent",
    /// The consent is not one that can have been given.
    BadConsent = "bad_consent": "the version of the consent must be one of the program's and still accepted, and its day one that has come and on which that text was there",
    /// The batch has no events.
    NoEvents = "no_events": "a batch must have at least one event",
    /// The batch has more events than the limits allow.
    TooManyEvents = "too_many_events": "the batch has more events than the limit allows",
    /// The record is larger than the limits allow.
    TooLarge = "too_large": "the record is larger than the limit allows",
    /// A name is empty, too long, or has characters that no name has.
    BadText = "bad_text": "a name is empty, too long, or has control characters",
    /// A field is missing that the event's type needs.
    FieldMissing = "field_missing": "a field is missing that the event's type needs: feature for feature_used, cause for failed",
    /// A field stands there that does not fit the event's type, or that says what another says.
    FieldUnfit = "field_unfit": "a field stands there that does not fit the event's type, or length beside duration_s",
    /// `times`, `duration_s` or a loss is out of range.
    NumberOutOfRange = "number_out_of_range": "times is at least 1, duration_s at least 0, and a reason stands once among the losses, with a count of 1 to 1000000",
    /// Of `stream` and `first_sequence` only one is set, or the number is negative.
    BadSequence = "bad_sequence": "stream and first_sequence stand together or not at all, and the number is not negative",
    /// The producer's timestamp lies in the future; only where history is replayed.
    FutureTimestamp = "future_timestamp": "the record's timestamp lies in the future",
    /// An operator has decided so, for nobody could mend it.
    Operator = "operator": "the pipeline's operator had the record rejected, which held up its partition",
    /// Handling it failed twice by a fault of this program.
    Internal = "internal": "handling the record failed twice by a fault of this program; please report it",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_label_of_its_own() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_label(reason.as_str()), Some(*reason));
            assert!(!reason.sentence().is_empty());
        }
    }
}
