//! `cargo xtask power`: measures the gradient checker itself.

use std::ffi::OsString;

use crate::outcome::Outcome;
use crate::tool;

/// Builds `xtask/power` and runs it with these arguments.
pub(crate) fn run(args: &[OsString]) -> Outcome {
    tool::run("power", args)
}
