//! What can be checked: a function with its arguments, or anything with named tensors.

pub(crate) mod checkable;
pub(crate) mod closures;
pub(crate) mod domain;
pub(crate) mod tensor;
