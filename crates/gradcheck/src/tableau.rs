//! `T[k][m] = (f T[k][m−1] − T[k−1][m−1]) / (f − 1)`: Neville's extrapolation to step 0.
//!
//! Column `m` cancels one more term of the error's expansion in the step `h`, which is halved
//! from row to row; `f` is 2 to the power of that term. Beside every entry runs a bound on its
//! noise, `N[k][m] = (f N[k][m−1] + N[k−1][m−1]) / (f − 1)`. An entry's error bar is its distance
//! from its two parents plus its noise, so that two entries that agree by accident cannot claim
//! more certainty than the evaluations carry: that is the difference from Ridders' method.

/// What the terms of an expansion in `h` look like.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expansion {
    /// h², h⁴, h⁶ …: a central quotient.
    Even,
    /// h, h³, h⁵ …: the difference of the two one-sided slopes.
    Odd,
    /// h, h², h³ …: a one-sided quotient.
    All,
}

impl Expansion {
    fn factor(self, column: usize) -> f64 {
        let exponent = match self {
            Self::Even => 2 * column,
            Self::Odd => 2 * column - 1,
            Self::All => column,
        };
        (exponent as f64).exp2()
    }
}

/// A value and a bound on its error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bounded {
    pub(crate) value: f64,
    pub(crate) error: f64,
    /// Row of the entry, which tells the step.
    pub(crate) row: usize,
}

/// The last row of the triangle and the best entry so far.
#[derive(Debug)]
pub(crate) struct Tableau {
    expansion: Expansion,
    row: Vec<(f64, f64)>,
    rows: usize,
    best: Bounded,
}

impl Tableau {
    pub(crate) fn new(expansion: Expansion) -> Self {
        let best = Bounded { value: f64::NAN, error: f64::INFINITY, row: 0 };
        Self { expansion, row: Vec::new(), rows: 0, best }
    }

    /// Adds the quotient of the next, halved, step.
    pub(crate) fn push(&mut self, value: f64, noise: f64) {
        let mut next = Vec::with_capacity(self.row.len() + 1);
        next.push((value, noise));
        let (mut left, mut left_noise) = (value, noise);
        for (above, &(up, up_noise)) in self.row.iter().enumerate() {
            let f = self.expansion.factor(above + 1);
            // The same as (f·left − up)/(f − 1), but a correction of the better value.
            let entry = left + (left - up) / (f - 1.0);
            let entry_noise = (f * left_noise + up_noise) / (f - 1.0);
            let error = (entry - left).abs().max((entry - up).abs()) + entry_noise;
            if error < self.best.error {
                self.best = Bounded { value: entry, error, row: self.rows };
            }
            // Where there is little to extrapolate, the entry above has the same value with less
            // noise; its own error is what the extrapolation removed, taken twice.
            let above_error = 2.0 * (entry - up).abs() + up_noise;
            if above_error < self.best.error {
                self.best = Bounded { value: up, error: above_error, row: self.rows - 1 };
            }
            next.push((entry, entry_noise));
            (left, left_noise) = (entry, entry_noise);
        }
        self.row = next;
        self.rows += 1;
    }

    pub(crate) fn best(&self) -> Bounded {
        self.best
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(expansion: Expansion, term: impl Fn(f64) -> f64) -> Bounded {
        let mut tableau = Tableau::new(expansion);
        for k in 0..6 {
            tableau.push(term(0.25 * (-f64::from(k)).exp2()), 0.0);
        }
        tableau.best()
    }

    #[test]
    fn each_expansion_is_cancelled() {
        let even = sum(Expansion::Even, |h| 3.0 + h.powi(2) - 2.0 * h.powi(4) + h.powi(6));
        let odd = sum(Expansion::Odd, |h| 3.0 + h - 2.0 * h.powi(3) + h.powi(5));
        let all = sum(Expansion::All, |h| 3.0 + h - 2.0 * h.powi(2) + h.powi(3));
        for best in [even, odd, all] {
            assert!((best.value - 3.0).abs() < 1e-14, "{best:?}");
            assert!(best.error < 1e-12, "{best:?}");
        }
    }

    #[test]
    fn agreement_by_accident_keeps_the_noise() {
        let mut tableau = Tableau::new(Expansion::Even);
        tableau.push(1.0, 1e-3);
        tableau.push(1.0, 1e-3);
        assert!(tableau.best().error >= 1e-3);
    }
}
