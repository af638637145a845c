//! From numeric derivatives to a verdict about one analytic value.

pub(crate) mod decide;
pub(crate) mod evidence;
pub(crate) mod first_step;
pub(crate) mod question;
