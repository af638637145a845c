//! `cargo xtask hostile`: a hostile caller of the whole public interface, with overflow checks and
//! without.

use std::ffi::OsString;

use crate::outcome::Outcome;
use crate::tool;

/// Where cargo reads whether the release profile checks integer arithmetic.
const OVERFLOW_CHECKS: &str = "CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS";

/// Builds `xtask/hostile` as it is released and runs it with these arguments, once in each way.
pub(crate) fn run(args: &[OsString]) -> Outcome {
    let mut ok = true;
    for checks in ["false", "true"] {
        println!("overflow checks: {checks}");
        match tool::run_released("hostile", args, (OVERFLOW_CHECKS, checks)) {
            Outcome::Ran { ok: this } => ok &= this,
            usage @ Outcome::Usage(_) => return usage,
        }
    }
    ok.into()
}
