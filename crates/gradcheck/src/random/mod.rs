//! Seeded numbers, and random cases for proptest.

#[cfg(feature = "proptest")]
pub(crate) mod cases;
pub(crate) mod rng;
