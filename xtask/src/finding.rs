//! A place that breaks a rule of the project's own.

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding {
    /// The rule's name in `exceptions.txt`.
    pub(crate) rule: &'static str,
    /// The place's name there.
    pub(crate) place: String,
    /// By how much: a number of lines, or of places in the file.
    pub(crate) amount: usize,
    /// In words.
    pub(crate) what: String,
}

impl Finding {
    pub(crate) fn new(rule: &'static str, place: String, amount: usize, what: String) -> Self {
        Self { rule, place, amount, what }
    }
}
