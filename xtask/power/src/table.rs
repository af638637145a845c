//! The figures as text and as JSON.

use std::fmt;

use serde_json::{Value, json};

use super::catalogue::Catalogue;
use super::kinks::Row;
use super::localise::Search;
use super::measure::{Tally, quantile};
use super::recipes::RECIPES;

/// Everything that was measured.
pub(crate) struct Figures {
    pub(super) correct: Tally,
    pub(super) by_case: Vec<(String, Tally)>,
    pub(super) curve: Vec<(f64, Tally)>,
    pub(super) saturated: Tally,
    pub(super) kinks: Vec<Row>,
    pub(super) searches: Vec<Search>,
    pub(super) catalogue: Catalogue,
    pub(super) sizes: Vec<usize>,
}

impl Figures {
    /// Whether no right gradient was called wrong, no wrong one right, and no corruption missed.
    pub(super) fn is_good(&self) -> bool {
        let missed = self.curve.iter().filter(|(delta, _)| *delta >= 3e-8);
        self.correct.fail + self.saturated.fail == 0
            && missed.map(|(_, tally)| tally.pass).sum::<usize>() == 0
            && self.catalogue.detected == self.catalogue.rows
    }

    /// The figures for machines.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "correct": tally(&self.correct),
            "by_case": self.by_case.iter().map(|(name, t)| {
                json!({ "name": name, "figures": tally(t) })
            }).collect::<Vec<_>>(),
            "detection": self.curve.iter().map(|(delta, t)| {
                json!({ "delta": delta, "figures": tally(t) })
            }).collect::<Vec<_>>(),
            "wholly_saturated": tally(&self.saturated),
            "kinks": self.kinks.iter().map(Row::to_json).collect::<Vec<_>>(),
            "localisation": self.searches.iter().map(Search::to_json).collect::<Vec<_>>(),
            "catalogue": {
                "rows": self.catalogue.rows,
                "detected": self.catalogue.detected,
                "named": self.catalogue.named,
                "notes": self.catalogue.notes,
            },
            "minimal": { "cases": self.sizes.len(), "at_most_8": self.small() },
        })
    }

    fn small(&self) -> usize {
        self.sizes.iter().filter(|size| **size <= 8).count()
    }
}

fn tally(t: &Tally) -> Value {
    let (mut errors, mut bars) = (t.errors.clone(), t.bars.clone());
    let mut each: Vec<f64> = t.evaluations_each.iter().map(|n| *n as f64).collect();
    let reasons = t.inconclusive.iter().map(|(reason, n)| (reason.to_string(), json!(n)));
    let recipes = RECIPES.iter().zip(t.recipe_accepts);
    json!({
        "elements": t.elements,
        "pass": t.pass,
        "fail": t.fail,
        "fail_percent": percent(t.fail, t.elements),
        "unsaturated": t.clear,
        "unsaturated_fail_percent": percent(t.clear_fail, t.clear),
        "unobserved": t.unobserved,
        "below_noise": t.below_noise,
        "inconclusive": t.n_inconclusive(),
        "inconclusive_percent": percent(t.n_inconclusive(), t.elements),
        "reasons": reasons.collect::<serde_json::Map<_, _>>(),
        "evaluations_mean": t.evaluations as f64 / t.elements.max(1) as f64,
        "evaluations_median": quantile(&mut each, 0.5),
        "evaluations_p99": quantile(&mut each, 0.99),
        "error_median": quantile(&mut errors, 0.5),
        "error_p999": quantile(&mut errors, 0.999),
        "bar_over_error_median": quantile(&mut bars, 0.5),
        "bar_misses": t.bar_misses,
        "recipes_accept": recipes
            .map(|(recipe, n)| (recipe.name.to_string(), json!(n)))
            .collect::<serde_json::Map<_, _>>(),
    })
}

/// A part of the whole in percent.
fn percent(part: usize, whole: usize) -> Value {
    json!(100.0 * part as f64 / whole.max(1) as f64)
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.verdicts(f)?;
        self.comparison(f)?;
        self.kink_table(f)?;
        self.localisation(f)?;
        self.corruptions(f)
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, t: &Tally) -> fmt::Result {
    let (mut errors, mut bars) = (t.errors.clone(), t.bars.clone());
    writeln!(
        f,
        "{name:<15}{:>9}{:>9}{:>6}{:>12.4}{:>12}{:>11}{:>7.2}{:>10.1e}{:>10.1e}{:>7.0}{:>8}",
        t.elements,
        t.pass,
        t.fail,
        100.0 * t.n_inconclusive() as f64 / t.elements.max(1) as f64,
        t.unobserved,
        t.below_noise,
        t.evaluations as f64 / t.elements.max(1) as f64,
        quantile(&mut errors, 0.5),
        quantile(&mut errors, 0.999),
        quantile(&mut bars, 0.5),
        t.bar_misses
    )
}

impl Figures {
    fn verdicts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Right gradients, rtol 1e-8")?;
        writeln!(
            f,
            "{:<15}{:>9}{:>9}{:>6}{:>12}{:>12}{:>11}{:>7}{:>10}{:>10}{:>7}{:>8}",
            "function",
            "elements",
            "pass",
            "FAIL",
            "inconcl. %",
            "unobserved",
            "in noise",
            "evals",
            "median",
            "p99.9",
            "E/err",
            "E<err"
        )?;
        for (name, t) in &self.by_case {
            line(f, name, t)?;
        }
        line(f, "all", &self.correct)?;
        line(f, "all saturated", &self.saturated)?;
        for (reason, n) in &self.correct.inconclusive {
            writeln!(f, "  inconclusive ({reason}): {n}")?;
        }
        for alarm in self.correct.alarms.iter().chain(&self.saturated.alarms).take(5) {
            writeln!(f, "  FALSE ALARM {alarm}")?;
        }
        Ok(())
    }

    fn localisation(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nLocalisation by directions")?;
        for s in &self.searches {
            writeln!(
                f,
                "  {} of {} wrong in {}: {} right ones judged, {} probes (4k log₂n = {}), \
                 first direction {} evaluations",
                s.found,
                s.k,
                s.n,
                s.extra,
                s.probes,
                s.allowed(),
                s.worst_direction
            )?;
        }
        Ok(())
    }

    fn corruptions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let c = &self.catalogue;
        writeln!(
            f,
            "\nCorruptions: {} of {} detected, {:.1} % named right by the first hint",
            c.detected,
            c.rows,
            100.0 * c.named as f64 / c.rows.max(1) as f64
        )?;
        for (note, n) in &c.notes {
            writeln!(f, "  {n:>4} {note}")?;
        }
        let (small, all) = (self.small(), self.sizes.len());
        writeln!(f, "Minimal cases: {small} of {all} have at most 8 elements")
    }

    fn comparison(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nThe same elements before the fixed recipes")?;
        write!(f, "{:<26}{:>28}{:>13}", "", "ours: fail/abstain/pass %", "unsaturated")?;
        RECIPES.iter().try_for_each(|recipe| write!(f, "{:>24}", recipe.name))?;
        writeln!(f)?;
        let row = |f: &mut fmt::Formatter<'_>, what: String, t: &Tally, right: bool| {
            let part = |n: usize| 100.0 * n as f64 / t.elements.max(1) as f64;
            let abstain = t.elements - t.fail - t.pass;
            let ours = format!("{:.4}/{:.4}/{:.4}", part(t.fail), part(abstain), part(t.pass));
            let clear = 100.0 * t.clear_fail as f64 / t.clear.max(1) as f64;
            write!(f, "{what:<26}{ours:>28}{clear:>13.4}")?;
            for accepted in t.recipe_accepts {
                let (n, word) =
                    if right { (t.elements - accepted, "alarm") } else { (accepted, "miss") };
                write!(f, "{:>18.4} {word:<5}", part(n))?;
            }
            writeln!(f)
        };
        row(f, "right".to_string(), &self.correct, true)?;
        for (delta, t) in &self.curve {
            row(f, format!("off by {delta:.0e}·‖g‖∞ ({})", t.elements), t, false)?;
        }
        Ok(())
    }

    fn kink_table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nKinks (relu, abs, hinge, clip, max tie, huber)")?;
        writeln!(
            f,
            "{:>9}{:>22}{:>22}{:>16}{:>14}{:>14}",
            "distance",
            "right: pass/inc/FAIL",
            "wrong: fail/inc/PASS",
            "outside: fail",
            "kinks named",
            "slope error"
        )?;
        for row in &self.kinks {
            let three = |n: [usize; 3]| format!("{}/{}/{}", n[0], n[1], n[2]);
            let outside = format!("{} of {}", row.outside[0], row.outside[0] + row.outside[1]);
            writeln!(
                f,
                "{:>9.0e}{:>22}{:>22}{outside:>16}{:>14}{:>14.1e}",
                row.distance,
                three(row.right),
                three(row.wrong),
                row.named,
                row.slope_error
            )?;
        }
        Ok(())
    }
}
