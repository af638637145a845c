//! Calling cargo.

use std::process::Command;

/// The cargo that runs this command, so that both are of one toolchain.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
