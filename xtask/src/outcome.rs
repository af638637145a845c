//! How a command ended.

/// What `main` makes an exit status of.
pub(crate) enum Outcome {
    /// It said what is wrong, if anything is.
    Ran { ok: bool },
    /// Its arguments make no sense, for this reason; empty if that has been printed.
    Usage(String),
}

impl From<bool> for Outcome {
    fn from(ok: bool) -> Self {
        Self::Ran { ok }
    }
}
