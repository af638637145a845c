//! A hash of words that is the same on every platform.

/// FNV-1a of 64 bits over the bytes, then the last step of MurmurHash3, after which every bit of
/// the result depends on every bit of the word: FNV's lowest bit alone is a parity.
///
/// ```text
/// h ← (h ⊕ byte)·p        for each byte; h₀ = 0xcbf29ce484222325, p = 2⁴⁰ + 0x1b3, modulo 2⁶⁴
/// ```
///
/// Fowler, Noll, Vo and Eastlake, *The FNV non-cryptographic hash algorithm*, RFC 9923,
/// <https://www.rfc-editor.org/rfc/rfc9923>; Appleby, MurmurHash3, `fmix64`,
/// <https://github.com/aappleby/smhasher/wiki/MurmurHash3>.
pub(crate) fn word_hash(word: &str) -> u64 {
    mixed(fnv_1a(word.as_bytes()))
}

fn fnv_1a(bytes: &[u8]) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325_u64;
    bytes.iter().fold(start, |h, &byte| (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn mixed(mut h: u64) -> u64 {
    for factor in [0xff51_afd7_ed55_8ccd_u64, 0xc4ce_b9fe_1a85_ec53] {
        h = (h ^ (h >> 33)).wrapping_mul(factor);
    }
    h ^ (h >> 33)
}

#[cfg(test)]
mod tests {
    use super::{fnv_1a, mixed, word_hash};

    #[test]
    fn hashes_are_those_that_are_published() {
        // RFC 9923, appendix: test vectors of FNV-1a of 64 bits.
        assert_eq!(fnv_1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv_1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv_1a(b"foobar"), 0x8594_4171_f739_67e8);
        // By Python's whole numbers, modulo 2^64.
        assert_eq!(mixed(1), 0xb456_bcfc_34c2_cb2c);
        assert_eq!(mixed(u64::MAX), 0x64b5_720b_4b82_5f21);
        assert_eq!(mixed(0), 0);
    }

    // A fair bucket gets 1000 of 4000 numbered words, with a standard deviation of 27; FNV alone
    // would share out the signs as badly as the parity of digits does.
    #[test]
    fn numbered_words_are_spread_evenly() {
        let mut counts = [[0_i32; 2]; 4];
        for i in 0..4000 {
            let hash = word_hash(&format!("shop {i}"));
            counts[(hash % 4) as usize][(hash >> 63) as usize] += 1;
        }
        for count in counts.as_flattened() {
            assert!((count - 500).abs() < 110, "{counts:?}"); // five standard deviations of 21
        }
    }
}
