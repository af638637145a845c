//! The functions a user calls.

pub(crate) mod batch;
pub(crate) mod derivative;
pub(crate) mod hessian;
pub(crate) mod single;
pub(crate) mod views;
pub(crate) mod vjp;
