//! Which partition a device's records belong to: the partitioner of Kafka's Java clients.

/// MurmurHash2 of 32 bits with the seed of Kafka's Java clients, `0x9747b28c`.
///
/// Source: Austin Appleby's MurmurHash2, as `org.apache.kafka.common.utils.Utils.murmur2` fixes
/// seed and byte order. librdkafka calls the partitioner `murmur2_random`.
pub fn murmur2(bytes: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    const SEED: u32 = 0x9747_b28c;
    // Keys are far shorter than 4 GiB; a longer one wraps as it does in Java.
    #[allow(clippy::cast_possible_truncation)]
    let mut hash = SEED ^ (bytes.len() as u32);
    let mut words = bytes.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        for (index, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * index);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

/// The partition of a key among `partitions` of them.
///
/// `partitions` must be positive; 0 is taken for 1.
pub fn partition_of(key: &[u8], partitions: i32) -> i32 {
    let positive = murmur2(key) & 0x7fff_ffff;
    // Unwrap safety: 31 bits fit into an i32.
    i32::try_from(positive).unwrap_or(0) % partitions.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_java_clients() {
        // The figures that the test of Kafka's own Utils.murmur2 holds.
        let cases: [(&str, i32); 7] = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            (
                "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            ("abc", 479_470_107),
            ("", 275_646_681),
        ];
        for (text, expected) in cases {
            assert_eq!(murmur2(text.as_bytes()).cast_signed(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_partition_is_always_one_that_exists() {
        for byte in 0..=255_u8 {
            assert!((0..6).contains(&partition_of(&[byte; 16], 6)));
        }
        assert_eq!(partition_of(b"x", 0), 0);
    }
}
