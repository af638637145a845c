//! `cargo xtask fixtures`: writes the reference numbers under `fixtures/`, or says where they
//! differ from what is there.

use std::ffi::OsString;

use crate::outcome::Outcome;
use crate::tool;

/// Builds `xtask/oracle` and runs it with these arguments.
pub(crate) fn run(args: &[OsString]) -> Outcome {
    tool::run("oracle", args)
}
