//! What a check returns: verdicts, counts, the report and its two forms of text.

pub(crate) mod counts;
mod display;
pub(crate) mod element;
pub(crate) mod finding;
pub(crate) mod hint;
#[cfg(feature = "json")]
mod json;
pub(crate) mod report;
pub(crate) mod verdict;
