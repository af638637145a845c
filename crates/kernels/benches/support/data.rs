//! Numbers to compute with.

/// Numbers in `[-1, 1)`, the same in every run: the upper half of what SplitMix64 draws (Steele,
/// Lea and Flood, OOPSLA 2014, <https://doi.org/10.1145/2660193.2660195>).
pub(crate) fn uniform(seed: u64) -> impl FnMut() -> f32 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}
