//! `cargo xtask miri`: runs the loops with `unsafe` in them under Miri, which knows the language's
//! rules for pointers, and under AddressSanitizer, which watches the processor's own accesses.
//!
//! ```text
//! cargo xtask miri [--asan]
//! ```
//!
//! | run | by | sees |
//! |---|---|---|
//! | portable loops | Miri | pointers out of their allocation, aliasing, memory that was not written |
//! | loops for AVX2 | Miri, told that the processor has it | the same; masked loads and stores too |
//! | all loops of this processor (`--asan`) | AddressSanitizer | reads and writes outside of memory |
//!
//! Miri runs no assembly, so the tiles for AVX-512 are left to AddressSanitizer, which in turn does
//! not look into assembly: there it is the guard of what stands around it. What is not installed is
//! skipped and named.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use crate::outcome::Outcome;

/// The test that reaches every loop with small products.
const TEST: &str = "within_its_memory";

const TOOLCHAIN: &str = "nightly";

/// Runs what the arguments ask for; what cannot run says why and fails nothing.
pub(crate) fn run(args: &[OsString]) -> Outcome {
    let asan = match args {
        [] => false,
        [one] if one == "--asan" => true,
        [first, ..] => return Outcome::Usage(format!("unexpected argument {first:?}")),
    };
    let mut ok = miri();
    if asan {
        ok &= address_sanitizer();
    }
    ok.into()
}

/// Cargo of the nightly toolchain, with flags and a target folder of their own.
fn nightly(folder: &str, flags: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", TOOLCHAIN, "cargo"]);
    command.env("CARGO_TARGET_DIR", format!("target/{folder}")).env("RUSTFLAGS", flags);
    command
}

/// Whether a command runs at all.
fn works(mut command: Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn miri() -> bool {
    let mut version = nightly("miri", "");
    version.args(["miri", "--version"]);
    if !works(version) {
        println!(
            "miri: skipped, not installed: rustup toolchain install {TOOLCHAIN} && rustup component add miri rust-src --toolchain {TOOLCHAIN}"
        );
        return true;
    }
    let portable = tested("miri, portable", nightly("miri", ""), &["miri", "test"], &[]);
    if cfg!(target_arch = "x86_64") {
        let avx2 = nightly("miri-avx2", "-Ctarget-feature=+avx2,+fma");
        return tested("miri, AVX2", avx2, &["miri", "test"], &[]) && portable;
    }
    portable
}

fn address_sanitizer() -> bool {
    let host = match (std::env::consts::ARCH, std::env::consts::OS) {
        (arch @ ("x86_64" | "aarch64"), "linux") => format!("{arch}-unknown-linux-gnu"),
        (arch, os) => {
            println!("asan: skipped, no AddressSanitizer for {arch} and {os}");
            return true;
        }
    };
    let mut version = nightly("asan", "");
    version.arg("--version");
    if !works(version) {
        println!("asan: skipped, not installed: rustup toolchain install {TOOLCHAIN}");
        return true;
    }
    let command = nightly("asan", "-Zsanitizer=address");
    // A target that is named keeps the flag from build scripts.
    tested("asan", command, &["test"], &["--target", &host])
}

fn tested(name: &str, mut command: Command, how: &[&str], more: &[&str]) -> bool {
    println!("{name}: the loops of kernels");
    command.args(how).args(["--quiet", "--package", "kernels", "--no-default-features", "--lib"]);
    match command.args(more).args(["--", TEST]).status() {
        Ok(status) => status.success(),
        Err(error) => {
            println!("{command:?}: {error}");
            false
        }
    }
}
