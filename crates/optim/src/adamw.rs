//! `w ← (1 − λη) w`, then [`Adam`](crate::Adam)'s step without decay: the decay does not go through the moments.
//!
//! | step | formula |
//! |---|---|
//! | weight decay | `w ← w − λ η w` |
//! | mean, mean square, AMSGrad, descent | as Adam's, with the gradient alone |
//!
//! In Adam an element with large gradients decays less than its neighbors; here all decay alike. (Loshchilov and Hutter, ICLR
//! 2019, <https://arxiv.org/abs/1711.05101>, algorithm 2; PyTorch decays before the descent, and multiplies η by λ.)

use tensor_core::{Error, Float};

use crate::adam::{self, Moments};
use crate::{Buffers, Descent, Rule, Step};

/// Adam with decoupled weight decay, PyTorch's `optim.AdamW`.
pub type AdamW<F> = Descent<F, AdamWConfig>;

/// The numbers of [`AdamW`]; PyTorch's defaults.
///
/// # Errors
/// [`AdamW::new`](Descent::new) refuses a number that is negative or not finite, and a β of 1 or more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWConfig {
    /// Learning rate λ.
    pub lr: f64,
    /// β₁ and β₂: how much of the last mean and mean square is kept.
    pub betas: (f64, f64),
    /// ε: keeps the quotient finite where no gradient has been seen.
    pub eps: f64,
    /// η: how much of itself a parameter loses, times λ.
    pub weight_decay: f64,
    /// Whether to divide by the largest mean square so far.
    pub amsgrad: bool,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self { lr: 1e-3, betas: (0.9, 0.999), eps: 1e-8, weight_decay: 1e-2, amsgrad: false }
    }
}

impl Rule for AdamWConfig {
    const NAME: &'static str = "adamw";

    fn check(&self) -> Result<(), Error> {
        adam::check(Self::NAME, self.betas, self.eps)
    }

    fn lr(&self) -> f64 {
        self.lr
    }

    fn set_lr(&mut self, lr: f64) {
        self.lr = lr;
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn buffers(&self) -> &'static [&'static str] {
        adam::buffers(self.amsgrad)
    }

    #[inline(always)]
    fn update<F: Float>(&self, step: Step, w: &mut [F], g: &[F], buffers: Buffers<'_, F>) {
        let keep = F::of(1.0 - step.lr * step.weight_decay);
        let decay = |w: F, g: F| (keep * w, g);
        Moments::at(step, self.betas, self.eps).update(self.amsgrad, w, g, buffers, decay);
    }
}

#[cfg(test)]
mod tests {
    use super::{AdamW, AdamWConfig};

    #[test]
    fn configurations_are_checked() {
        let refused = |config| AdamW::<f32>::new(config).unwrap_err().to_string();
        let lr = refused(AdamWConfig { lr: f64::NAN, ..AdamWConfig::default() });
        assert_eq!(lr, "adamw: expected lr to be a finite number ≥ 0, found NaN");
        let beta = refused(AdamWConfig { betas: (0.9, 1.0), ..AdamWConfig::default() });
        assert_eq!(beta, "adamw: expected beta 2 to be from 0 to below 1, found 1");
        let decay = refused(AdamWConfig { weight_decay: -1.0, ..AdamWConfig::default() });
        assert_eq!(decay, "adamw: expected weight_decay to be a finite number ≥ 0, found -1");
    }
}
