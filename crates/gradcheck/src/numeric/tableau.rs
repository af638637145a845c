//! Neville's extrapolation of quotients to step 0, with an error bar.

/// Which exponents `p₁ < p₂ < …` stand in the expansion of a quotient in its step,
/// `Q(h) = Q(0) + c₁ h^p₁ + c₂ h^p₂ + …`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expansion {
    /// 2, 4, 6 …: a central quotient of a smooth function.
    Even,
    /// 1, 3, 5 …: the difference of the two one-sided slopes.
    Odd,
    /// 1, 2, 3 …: a one-sided quotient.
    All,
}

impl Expansion {
    /// `f_m = 2^p_m`.
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

/// The limit of `Q(h)` for `h → 0` from `Q(h₀), Q(h₀/2), Q(h₀/4), …`, as `T ± E`.
///
/// `T` is a triangle. Row `k` begins with the quotient at the step `h_k = h₀ 2⁻ᵏ`; column `m`
/// cancels the term `h^p_m` of the expansion ([`Expansion`]), with `f_m = 2^p_m`:
///
/// ```text
/// T[k][0] = Q(h_k)
/// T[k][m] = (f_m T[k][m−1] − T[k−1][m−1]) / (f_m − 1)
/// ```
///
/// Derivation: let `c h^p` be the largest term that `T[·][m−1]` still has. It is `c h_k^p` in row
/// `k` and, at twice the step, `f_m c h_k^p` in row `k − 1`: it cancels in the numerator, and the
/// limit keeps its factor `f_m − 1`.
///
/// Rounding: each quotient comes with a bound `n(h_k)` on its noise
/// ([`Noise`](crate::numeric::noise::Noise)), which the same linear combination turns into
///
/// ```text
/// N[k][0] = n(h_k)
/// N[k][m] = (f_m N[k][m−1] + N[k−1][m−1]) / (f_m − 1)
/// ```
///
/// Error bar: the distance from the two entries it was made of, and the noise,
///
/// ```text
/// E[k][m] = max(|T[k][m] − T[k][m−1]|, |T[k][m] − T[k−1][m−1]|) + N[k][m]
/// ```
///
/// The result is the entry of the smallest `E`.
///
/// The triangle is Richardson's extrapolation in Neville's form; the step halved until the error
/// bar is smallest is the method of C. J. F. Ridders, "Accurate computation of F′(x) and
/// F′(x) F″(x)", Advances in Engineering Software 4 (1982), 75–76,
/// <https://doi.org/10.1016/S0141-1195(82)80057-0>; in Numerical Recipes, §5.7, the routine
/// `dfridr`. Two departures:
///
/// 1. `N` is part of the error bar. Ridders' is the distance alone, and two entries that agree by
///    accident then claim more certainty than the evaluations carry.
/// 2. The upper parent `T[k−1][m−1]` is a candidate as well, with twice what the extrapolation
///    changed as its error, `2 |T[k][m] − T[k−1][m−1]| + N[k−1][m−1]`. Where there is little to
///    extrapolate it has the same value and less noise: its step is twice as long.
#[derive(Debug)]
pub(crate) struct Tableau {
    expansion: Expansion,
    /// `(T[k][m], N[k][m])` of the last row.
    row: Vec<(f64, f64)>,
    rows: usize,
    best: Bounded,
}

impl Tableau {
    pub(crate) fn new(expansion: Expansion) -> Self {
        let best = Bounded { value: f64::NAN, error: f64::INFINITY, row: 0 };
        Self { expansion, row: Vec::new(), rows: 0, best }
    }

    /// Adds a row: the quotient of the next, halved, step, and its noise.
    pub(crate) fn push(&mut self, value: f64, noise: f64) {
        let last = std::mem::take(&mut self.row);
        let mut next = Vec::with_capacity(last.len() + 1);
        next.push((value, noise));
        let (mut left, mut left_noise) = (value, noise); // T[k][m−1], N[k][m−1]
        for (above, &(up, up_noise)) in last.iter().enumerate() {
            let f = self.expansion.factor(above + 1);
            // T[k][m] = (f T[k][m−1] − T[k−1][m−1]) / (f − 1), written as a correction of
            // T[k][m−1]: it rounds less.
            let entry = left + (left - up) / (f - 1.0);
            // N[k][m] = (f N[k][m−1] + N[k−1][m−1]) / (f − 1)
            let entry_noise = (f * left_noise + up_noise) / (f - 1.0);
            // 1. E[k][m] = max(|T[k][m] − T[k][m−1]|, |T[k][m] − T[k−1][m−1]|) + N[k][m]
            let error = (entry - left).abs().max((entry - up).abs()) + entry_noise;
            self.offer(entry, error, self.rows);
            // 2. The upper parent.
            let up_error = 2.0 * (entry - up).abs() + up_noise;
            self.offer(up, up_error, self.rows - 1);
            next.push((entry, entry_noise));
            (left, left_noise) = (entry, entry_noise);
        }
        self.row = next;
        self.rows += 1;
    }

    /// Keeps the entry if its error is the smallest so far.
    fn offer(&mut self, value: f64, error: f64, row: usize) {
        if error < self.best.error {
            self.best = Bounded { value, error, row };
        }
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
    fn each_expansion_is_canceled() {
        let even = sum(Expansion::Even, |h| 3.0 + h.powi(2) - 2.0 * h.powi(4) + h.powi(6));
        let odd = sum(Expansion::Odd, |h| 3.0 + h - 2.0 * h.powi(3) + h.powi(5));
        let all = sum(Expansion::All, |h| 3.0 + h - 2.0 * h.powi(2) + h.powi(3));
        for best in [even, odd, all] {
            assert!((best.value - 3.0).abs() < 1e-14, "{best:?}");
            assert!(best.error < 1e-12, "{best:?}");
        }
    }

    #[test]
    fn entries_that_agree_by_accident_keep_their_noise() {
        let mut tableau = Tableau::new(Expansion::Even);
        tableau.push(1.0, 1e-3);
        tableau.push(1.0, 1e-3);
        assert!(tableau.best().error >= 1e-3);
    }
}
