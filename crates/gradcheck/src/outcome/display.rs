//! The report as a person reads it.

use std::fmt;

use crate::outcome::element::Element;
use crate::outcome::report::{Report, TensorReport};
use crate::outcome::verdict::Verdict;

/// One line for each tensor, a table of its elements that did not pass, the directions, findings
/// and hints, and the seed that reproduces it.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "gradcheck {}  {}  seed {:#x}  {} evaluations, {} backward",
            self.verdict(),
            self.name,
            self.seed,
            self.evaluations,
            self.backward_calls
        )?;
        for tensor in &self.tensors {
            tensor.fmt(f)?;
        }
        for (k, d) in self.directions.iter().enumerate() {
            writeln!(
                f,
                "  direction {k}   analytic {:.10e}   numeric {:.10e} ± {:.0e}   {}",
                d.analytic, d.numeric, d.error, d.verdict
            )?;
        }
        for finding in &self.findings {
            writeln!(f, "  {}: {}", finding.check, finding.detail)?;
        }
        for hint in &self.hints {
            writeln!(f, "  hint: {hint}")?;
        }
        if self.verdict() != Verdict::Pass {
            writeln!(f, "  reproduce: Config {{ seed: {:#x}, .. }}", self.seed)?;
        }
        Ok(())
    }
}

impl fmt::Display for TensorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.counts;
        write!(f, "  {} {:?}   {} pass", self.name, self.shape, counts.pass)?;
        if counts.fail > 0 {
            write!(f, "  {} FAIL", counts.fail)?;
        }
        for (reason, n) in &counts.inconclusive {
            write!(f, "  {n} inconclusive ({reason})")?;
        }
        if counts.unobserved > 0 {
            write!(f, "  {} unobserved", counts.unobserved)?;
        }
        writeln!(f, "   ‖g‖∞ {:.2e}", self.g_max)?;
        let shown = |e: &&Element| e.verdict.is_fail() || e.verdict.is_inconclusive();
        for (row, element) in self.worst.iter().filter(shown).enumerate() {
            if row == 0 {
                writeln!(
                    f,
                    "    {:<14}{:<13}{:<21}{:<29}{:<9}{:<11}{:<20}{:<7}",
                    "index", "x", "analytic", "numeric ± error", "rel", "a/n", "left / right", "h"
                )?;
            }
            writeln!(f, "    {element}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slopes = if self.is_kink() {
            format!("{:.4} / {:.4}", self.slopes.0, self.slopes.1)
        } else {
            "smooth".to_string()
        };
        write!(
            f,
            "{:<14}{:<13.4e}{:<21.12e}{:<29}{:<9.1e}{:<11.6}{:<20}2^{:<5.0}{}",
            format!("{:?}", self.index),
            self.x,
            self.analytic,
            format!("{:.12e} ± {:.0e}", self.numeric, self.error),
            self.relative_error(),
            self.ratio(),
            slopes,
            self.step.log2(),
            self.verdict
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::{Config, Tensor, check_vjp};
    use ndarray::arr1;

    #[test]
    fn a_failure_shows_all_that_is_needed() {
        let report = check_vjp(
            "square",
            &[Tensor::new("x", arr1(&[0.5, 1.0, 1.5]))],
            |x| vec![&x[0] * &x[0]],
            |x, v| vec![&v[0] * &x[0]],
            &Config::default(),
        );
        let text = report.to_string();
        for part in ["FAIL", "square", "seed 0x5eed", "x [3]", "0.500000", "smooth", "[2]"] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }
}
