//! Measures the gradient checker itself: `cargo xtask power [--n ELEMENTS] [--json FILE]`.
//!
//! Everything is seeded, so that the same command prints the same table on one platform.

#![forbid(unsafe_code)]

mod cases;
mod catalogue;
mod functions;
mod kinks;
mod localise;
mod measure;
mod number;
mod recipes;
mod table;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use measure::{Tally, Wrong, measure};
use table::Figures;

use cases::{PowerCase, standard_set};

/// Sizes of injected errors, relative to `‖g‖∞`.
const DELTAS: [f64; 8] = [1e-9, 1e-8, 3e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-2];

/// First seeds of the draws. The checker's constants were chosen on draws from other seeds, below
/// 10⁹.
const FIRST_CORRECT: u64 = 2_000_000_000;
const FIRST_WRONG: u64 = 3_000_000_000;
const FIRST_SATURATED: u64 = 4_000_000_000;

fn main() -> ExitCode {
    match Options::parse(&mut lexopt::Parser::from_env()) {
        Ok(options) if run(&options) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// What the command was asked for.
struct Options {
    /// Elements of the main figures.
    n: usize,
    /// Where to write the table as JSON.
    json: Option<PathBuf>,
}

impl Options {
    /// From the arguments behind the command's name.
    fn parse(args: &mut lexopt::Parser) -> Result<Self, lexopt::Error> {
        use lexopt::prelude::*;

        let mut options = Self { n: 1_000_000, json: None };
        while let Some(arg) = args.next()? {
            match arg {
                // Written as 1e6, too.
                Long("n") => options.n = args.value()?.parse::<f64>()? as usize,
                Long("json") => options.json = Some(args.value()?.into()),
                _ => return Err(arg.unexpected()),
            }
        }
        Ok(options)
    }
}

/// Measures, prints the table, and says whether no verdict was wrong.
fn run(options: &Options) -> bool {
    let figures = figures(&standard_set(), options.n);
    println!("{figures}");
    if let Some(path) = &options.json
        && let Err(error) = fs::write(path, format!("{:#}\n", figures.to_json()))
    {
        println!("{}: {error}", path.display());
        return false;
    }
    figures.is_good()
}

/// Measures `set` on `n` elements, and all that needs no set.
fn figures(set: &[Box<dyn PowerCase>], n: usize) -> Figures {
    let each = n.div_ceil(set.len());
    let over = |cases: &[Box<dyn PowerCase>], each, first, wrong, with_recipes| {
        cases
            .iter()
            .map(|case| (case.name(), measure(case.as_ref(), first, each, wrong, with_recipes)))
            .collect::<Vec<(String, Tally)>>()
    };
    let merged = |tallies: Vec<(String, Tally)>| {
        let mut all = Tally::default();
        tallies.iter().for_each(|(_, tally)| all.add(tally));
        all
    };
    let by_case = over(set, each, FIRST_CORRECT, Wrong::No, true);
    let curve = DELTAS.map(|delta| {
        // The acceptance figure stands on as many elements as a part of 1e-5 needs.
        let each = if delta == 3e-8 { each } else { each / 10 };
        (delta, merged(over(set, each.max(1), FIRST_WRONG, Wrong::By(delta), true)))
    });
    let saturated = merged(over(
        &cases::saturated_set(),
        (each / 20).max(1),
        FIRST_SATURATED,
        Wrong::No,
        false,
    ));
    // Sizes of the fixed experiments, smaller for a quick look.
    let (big, draws) = if n >= 100_000 { (1_000_000, 40) } else { (10_000, 4) };
    Figures {
        correct: merged(by_case.clone()),
        by_case,
        curve: curve.into(),
        saturated,
        kinks: kinks::kinks(draws),
        searches: [1, 3, 10].map(|k| localise::search(big, k)).into(),
        catalogue: catalogue::catalogue(set, draws / 4),
        sizes: catalogue::minimal_sizes(draws as usize / 8 + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_run_has_no_wrong_verdict() {
        let figures = figures(&standard_set(), 1800);
        assert!(figures.is_good(), "{figures}");
        let json = figures.to_json();
        assert_eq!(json["correct"]["fail"], 0);
        assert!(json["detection"][2]["figures"]["unsaturated_fail_percent"] == 100.0, "{figures}");
    }
}
