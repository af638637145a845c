//! The subject at its point: evaluated, element by element, by directions, and without differences.

pub(crate) mod direction;
pub(crate) mod directional;
pub(crate) mod elements;
pub(crate) mod evaluation;
pub(crate) mod structural;
