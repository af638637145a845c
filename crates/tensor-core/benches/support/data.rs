//! Numbers to compute with.

use tensor_core::Rng;

/// Numbers in `[-1, 1)`, the same in every run.
pub(crate) fn uniform(seed: u64) -> impl FnMut() -> f32 {
    let mut rng = Rng::new(seed);
    move || (2.0 * rng.uniform() - 1.0) as f32
}
