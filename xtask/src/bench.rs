//! `cargo xtask bench`: the benches of all crates; `cargo xtask bench peers`: this library beside
//! others on the same work.

use std::ffi::OsString;

use crate::outcome::Outcome;
use crate::tool;

/// Builds `xtask/bench` and runs it with these arguments.
pub(crate) fn run(args: &[OsString]) -> Outcome {
    tool::run("bench", args)
}
