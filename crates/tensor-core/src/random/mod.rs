//! Seeded random numbers, and initial weights drawn from them.

mod init;
mod rng;

pub use init::Init;
pub use rng::{Position, Rng};
