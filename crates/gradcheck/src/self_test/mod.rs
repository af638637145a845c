//! The checker against gradients that are broken on purpose.

mod catalog;
pub(crate) mod corrupt;
pub(crate) mod table;
