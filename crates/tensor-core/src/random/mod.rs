//! Seeded random numbers, and initial weights drawn from them.

mod init;
mod orthogonal;
mod rng;
mod truncated;

pub use init::Init;
pub use rng::{Position, Rng};
