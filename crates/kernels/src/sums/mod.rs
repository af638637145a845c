//! Running sums that lose nothing, and sums of many terms, always in the same order.
//!
//! | item | what it adds up |
//! |---|---|
//! | [`Sum`], [`Lanes`] | a running sum in `f64` whose error does not show in the result; several side by side |
//! | [`two_sum`] | two numbers, with the rounding error |
//! | [`rows::sums`] | expressions of the values of one row |
//! | [`sum`](sum()), [`sum_by`] | many terms in their own type |

mod pairwise;
pub mod rows;
mod sum;

pub use pairwise::{sum, sum_by};
pub use sum::{Lanes, Sum, two_sum};
