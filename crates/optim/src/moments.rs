//! The two moving averages of Adam and its relatives.

use tensor_core::{Error, Float};

use crate::arithmetic::{BLOCK, Block, Factors, faded, in_blocks, roots};
use crate::{Buffers, check};

/// The first moment `m` and the root `r = √v` of the second one.
///
/// In plain form, for each element:
///
/// ```text
/// m ← β₁ m + (1 − β₁) g
/// v ← β₂ v + (1 − β₂) g²
/// ```
///
/// The code departs from it: `r ← √(β₂ r² + (1 − β₂) g²)`, because `v` would overflow or
/// vanish for gradients whose squares are no numbers of the type, and never come back.
pub(crate) struct Moments<F> {
    betas: (f64, f64),
    /// `2 (1 − β₁)`
    twice_own: F,
    second: Factors<F>,
}

impl<F: Float> Moments<F> {
    pub(crate) fn of(betas: (f64, f64)) -> Self {
        Self {
            betas,
            twice_own: F::of(2.0 * (1.0 - betas.0)),
            second: Factors::of_average(betas.1),
        }
    }

    /// `1 − β₁ᵗ`
    pub(crate) fn correction(&self, t: u64) -> f64 {
        one_minus_power(self.betas.0, t as f64)
    }

    /// `√(1 − β₂ᵗ)`
    pub(crate) fn root_correction(&self, t: u64) -> f64 {
        one_minus_power(self.betas.1, t as f64).sqrt()
    }

    /// One pass over a parameter, `w ← w − displacement(g, m, r)`, with the largest `r` so far in
    /// its place for AMSGrad. `decay` maps an element and its gradient to what weight decay makes
    /// of both.
    #[inline(always)]
    pub(crate) fn descend(
        &self,
        amsgrad: bool,
        w: &mut [F],
        g: &[F],
        buffers: Buffers<'_, F>,
        decay: impl Fn(F, F) -> (F, F),
        displacement: impl Fn(F, F, F) -> F,
    ) {
        let block = Descent { moments: self, amsgrad, decay, displacement };
        in_blocks(w, g, buffers, &block);
    }

    /// `m ← m + (1 − β₁)(g − m)`, on halves, because the difference could overflow.
    #[inline(always)]
    fn mean(&self, g: F, m: &mut F) -> F {
        let half = F::of(0.5);
        *m = faded(*m + self.twice_own * (half * g - half * *m), g);
        *m
    }
}

/// The arguments of [`Moments::descend`].
struct Descent<'a, F, D, P> {
    moments: &'a Moments<F>,
    amsgrad: bool,
    decay: D,
    displacement: P,
}

impl<F, D, P> Block<F> for Descent<'_, F, D, P>
where
    F: Float,
    D: Fn(F, F) -> (F, F),
    P: Fn(F, F, F) -> F,
{
    #[inline(always)]
    fn run(&self, w: &mut [F], g: &[F], [m, r, r_max]: Buffers<'_, F>) {
        let n = w.len();
        let (m, r) = (&mut m[..n], &mut r[..n]);
        let mut decayed = [F::zero(); BLOCK];
        for (decayed, (w, &g)) in decayed.iter_mut().zip(w.iter_mut().zip(g)) {
            (*w, *decayed) = (self.decay)(*w, g);
        }
        let g = &decayed[..n];
        roots(r, g, self.moments.second); // v ← β₂ v + (1 − β₂) g²
        let r = if self.amsgrad {
            let r_max = &mut r_max[..n];
            for (r_max, r) in r_max.iter_mut().zip(&*r) {
                // r_max ← max(r_max, r). A NaN in r is in m as well, so it need not win here.
                *r_max = if *r > *r_max { *r } else { *r_max };
            }
            r_max
        } else {
            r
        };
        for ((w, &g), (m, r)) in w.iter_mut().zip(g).zip(m.iter_mut().zip(r)) {
            *w -= (self.displacement)(g, self.moments.mean(g, m), *r);
        }
    }
}

/// `1 − βᵗ` as `−(e^(t ln β) − 1)`, because for β near 1 the difference would lose its digits.
pub(crate) fn one_minus_power(beta: f64, t: f64) -> f64 {
    -(t * beta.ln()).exp_m1()
}

/// Whether the numbers of [`Moments`] and ε lie in their ranges.
pub(crate) fn check<F: Float>(
    place: &'static str,
    betas: (f64, f64),
    eps: f64,
) -> Result<(), Error> {
    check::decay_rate::<F>(place, "beta 1", betas.0)?;
    check::decay_rate::<F>(place, "beta 2", betas.1)?;
    check::not_negative(place, "eps", eps)?;
    check::held::<F>(place, "eps", eps)
}

/// `m`, `√v` and `√v_max`.
pub(crate) fn buffers(amsgrad: bool) -> &'static [&'static str] {
    let all = &["exp_avg", "root_exp_avg_sq", "root_max_exp_avg_sq"];
    if amsgrad { all } else { &all[..2] }
}

/// Those that cannot be negative.
pub(crate) const ROOTS: &[&str] = &["root_exp_avg_sq", "root_max_exp_avg_sq"];
