//! `cargo xtask gradcheck`: random cases of everything that has a gradient, in one table.

use std::ffi::OsString;

use crate::outcome::Outcome;
use crate::tool;

/// Builds `xtask/gradients` and runs it with these arguments.
pub(crate) fn run(args: &[OsString]) -> Outcome {
    tool::run("gradients", args)
}
