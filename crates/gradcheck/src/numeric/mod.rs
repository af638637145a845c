//! The numeric derivative and the bound on its error.

pub(crate) mod ladder;
pub(crate) mod noise;
pub(crate) mod sum;
pub(crate) mod tableau;
