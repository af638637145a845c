//! What the wrong values of a gradient look like together.

pub(crate) mod hints;
mod missing_term;
mod pattern;
