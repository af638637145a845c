//! Starting other programs: cargo, and Python in an environment of its own. Needs no other crate,
//! so that xtask builds quickly.

#![forbid(unsafe_code)]

mod cargo;
pub mod python;

pub use cargo::cargo;
