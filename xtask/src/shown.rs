//! What the commands that check the project show of what they found.

use std::ffi::OsString;

use crate::exceptions::{Exception, line, unexcused};
use crate::finding::Finding;

/// What the command was asked for.
#[derive(Default)]
pub(crate) struct Options {
    /// Also what an exception excuses.
    pub(crate) all: bool,
    /// Only places whose name contains this.
    pub(crate) only: String,
    /// Of the documentation that is there, without building it.
    pub(crate) built: bool,
    /// As lines of the list of exceptions.
    lines: bool,
}

impl Options {
    /// From the arguments behind the command's name.
    pub(crate) fn parse(args: Vec<OsString>) -> Result<Self, lexopt::Error> {
        use lexopt::prelude::*;

        let mut options = Self::default();
        let mut args = lexopt::Parser::from_args(args);
        while let Some(arg) = args.next()? {
            match arg {
                Long("all") => options.all = true,
                Long("only") => options.only = args.value()?.string()?,
                Long("built") => options.built = true,
                Long("lines") => options.lines = true,
                _ => return Err(arg.unexpected()),
            }
        }
        Ok(options)
    }

    /// Whether it shows what the list of exceptions holds without need.
    pub(crate) fn shows_list(&self) -> bool {
        !self.all && self.only.is_empty()
    }

    /// The findings that were asked for, in words.
    pub(crate) fn shown(&self, found: &[Finding], exceptions: &[Exception]) -> Vec<String> {
        let found = if self.all { found.to_vec() } else { unexcused(found, exceptions) };
        let found = found.iter().filter(|finding| finding.place.contains(&self.only));
        let words = |finding: &Finding| match self.lines {
            true => line(finding, "todo"),
            false => format!("{}: {}", finding.place, finding.what),
        };
        found.map(words).collect()
    }
}
