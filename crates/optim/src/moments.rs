//! The two moving averages of Adam and its relatives.

use tensor_core::{Error, Float};

use crate::arithmetic::{BLOCK, Block, Factors, decayed, faded, in_blocks, roots};
use crate::{Buffers, Step, check};

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
    /// `2 (1 − β₁)`, or 0 where `twice_old` is used.
    twice_own: F,
    /// `2 β₁` if `β₁ ≤ ½`.
    twice_old: Option<F>,
    second: Factors<F>,
}

impl<F: Float> Moments<F> {
    pub(crate) fn of(betas: (f64, f64)) -> Self {
        let near = betas.0 <= 0.5;
        Self {
            betas,
            twice_own: if near { F::zero() } else { F::of(2.0 * (1.0 - betas.0)) },
            twice_old: near.then(|| F::of(2.0 * betas.0)),
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

    /// One pass over a parameter, `w ← w − displacement(g, m, r)`, after the weight decay.
    #[inline(always)]
    pub(crate) fn descend(
        &self,
        step: Step,
        Options { amsgrad, decoupled }: Options,
        w: &mut [F],
        g: &[F],
        buffers: Buffers<'_, F>,
        displacement: impl Fn(F, F, F) -> F,
    ) {
        let moments = self;
        if decoupled {
            let factor = F::of(1.0 - step.lr * step.weight_decay);
            let decay = |w: F, g: F| (factor * w, g); // w ← (1 − λ η) w, and g stays
            in_blocks(w, g, buffers, &Descent { moments, amsgrad, decay, displacement });
        } else {
            let weight_decay = F::of(step.weight_decay);
            let decay = |w: F, g: F| (w, decayed(g, w, weight_decay)); // g ← g + η w
            in_blocks(w, g, buffers, &Descent { moments, amsgrad, decay, displacement });
        }
    }

    /// `m ← m + (1 − β₁)(g − m)`, on halves, because the difference could overflow.
    #[inline(always)]
    fn mean(&self, g: F, m: &mut F) -> F {
        let half = F::of(0.5);
        *m = faded(*m + self.twice_own * (half * g - half * *m), g);
        *m
    }

    /// For `β₁ ≤ ½`, where [`mean`](Self::mean) would lose the digits of a `g` beside a much larger
    /// `m`: `m ← g + β₁ (m − g)`, which `mean` then leaves alone.
    #[inline(always)]
    fn means_near_gradients(&self, g: &[F], m: &mut [F]) {
        let half = F::of(0.5);
        if let Some(twice_old) = self.twice_old {
            for (m, &g) in m.iter_mut().zip(g) {
                *m = g + twice_old * (half * *m - half * g);
            }
        }
    }
}

/// What differs between the relatives in a pass of [`Moments::descend`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Whether the largest `r` so far stands in the place of `r`.
    pub(crate) amsgrad: bool,
    /// Whether weight decay multiplies the parameter, instead of being added to the gradient.
    pub(crate) decoupled: bool,
}

/// What a pass does with the elements of a block: `decay` maps an element and its gradient to what
/// weight decay makes of both.
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
        self.moments.means_near_gradients(g, m);
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
    check::epsilon::<F>(place, eps)
}

/// `m`, `√v` and `√v_max`.
pub(crate) fn buffers(amsgrad: bool) -> &'static [&'static str] {
    let all = &["exp_avg", "root_exp_avg_sq", "root_max_exp_avg_sq"];
    if amsgrad { all } else { &all[..2] }
}

/// Those that cannot be negative.
pub(crate) const ROOTS: &[&str] = &["root_exp_avg_sq", "root_max_exp_avg_sq"];
