//! A few random cases of every layer's gradient under the gradient checker, at 1e-8 relative in
//! `f64` and within the bound of rounding in `f32`. `cargo xtask gradcheck` runs many more, and
//! prints them.

#![allow(clippy::panic, reason = "a failing test panics")]

use verify::{Kind, check_kind};

#[test]
fn every_gradient_is_right() {
    check_kind(Kind::Layer, 20, 1).unwrap_or_else(|problem| panic!("{problem}"));
}
