//! Everything that adds up, always in the same order: the same values give the same bits, whatever
//! the strides or the number of threads.
//!
//! | item | what it adds up |
//! |---|---|
//! | [`Sum`], [`Lanes`] | a running sum in `f64` whose error does not show in the result; several side by side |
//! | [`rows::sums`] | expressions of the values of one row |
//! | [`columns::sums`], [`column_sums`] | expressions of the values of each column, or the values themselves |
//! | [`sum`], [`sum_by`] | many terms in their own type |
//! | [`Moments`], [`ColumnMoments`] | mean and variance of a row, or of every column |
//!
//! [`columns::map`] is here as well: it goes through a matrix as [`columns::sums`] does.

mod column_moments;
mod column_sums;
pub mod columns;
mod moments;
mod scaled;

pub use column_moments::ColumnMoments;
pub use column_sums::column_sums;
pub use kernels::sums::{Lanes, Sum, rows, sum, sum_by};
pub use moments::{Moments, deviation, inverse_deviation};
