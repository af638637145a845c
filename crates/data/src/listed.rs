//! Names in messages.

use std::fmt;

/// So many categories are listed in a message; of the rest there is only the number.
const LISTED: usize = 10;

/// Names in quotes, every one.
pub(crate) struct All<'a>(pub(crate) &'a [String]);

impl fmt::Display for All<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, name) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}\"{name}\"")?;
        }
        Ok(())
    }
}

/// Names in quotes; of many the first ones and how many more there are.
pub(crate) struct Listed<'a>(pub(crate) &'a [String]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", All(&self.0[..self.0.len().min(LISTED)]))?;
        match self.0.len().checked_sub(LISTED) {
            Some(more) if more > 0 => write!(f, " and {more} more"),
            _ => Ok(()),
        }
    }
}
