//! What the caller of the command asks for.

use lexopt::prelude::*;

use crate::areas;

pub(crate) const USAGE: &str =
    "usage: cargo xtask hostile [--n CALLS] [--seed SEED] [--area NAME] [--only CASE]";

/// The status with which a tool says that it does not understand its arguments.
pub(crate) const MISUNDERSTOOD: u8 = 2;

/// What was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Calls to make, at least.
    pub(crate) n: u64,
    pub(crate) seed: u64,
    /// The one case to run and to tell.
    pub(crate) only: Option<u64>,
    /// The one area to call.
    pub(crate) area: Option<String>,
    /// The cases of a child process: the first, and how many.
    pub(crate) cases: Option<(u64, u64)>,
}

impl Options {
    /// From the command line.
    pub(crate) fn parse() -> Result<Self, lexopt::Error> {
        let mut options = Self { n: 1_000_000, seed: 1, only: None, area: None, cases: None };
        let mut args = lexopt::Parser::from_env();
        while let Some(arg) = args.next()? {
            match arg {
                Long("n") => options.n = args.value()?.parse()?,
                Long("seed") => options.seed = args.value()?.parse()?,
                Long("only") => options.only = Some(args.value()?.parse()?),
                Long("area") => options.area = Some(args.value()?.string()?),
                Long("cases") => {
                    options.cases = Some((args.value()?.parse()?, args.value()?.parse()?));
                }
                _ => return Err(arg.unexpected()),
            }
        }
        let known = areas::names();
        match &options.area {
            Some(area) if !known.contains(&area.as_str()) => {
                Err(format!("no area \"{area}\"; there are {}", known.join(", ")).into())
            }
            _ => Ok(options),
        }
    }
}
