//! `ℓ(z, y) = w y ln(1 + e^(−z)) + (1 − y) ln(1 + e^z)`: sigmoid and binary cross-entropy in one, on logits.
//!
//! | | shape | |
//! |---|---|---|
//! | `A` | `(N, C)` | logits: any real numbers, no sigmoid before |
//! | `Y` | `(N, C)` | 0, 1, or a probability between them |
//! | `w` | `(C)` | `pos_weight`: what a positive answer counts in each column; 1 if left out |
//! | `L = Σ ℓ(A, Y)/(N·C)` | | |
//! | `dLdA = ((1 − Y) σ(A) − w Y σ(−A))/(N·C)` | `(N, C)` | `(σ(A) − Y)/(N·C)` for `w = 1` |
//!
//! Written with softplus, both terms are positive: nothing cancels, and a right answer by a margin of 50 costs e^(−50), where
//! PyTorch's `(1 − y) z + softplus(−z)` gives 0.
//!
//! ```
//! use losses::{BceWithLogitsLoss, Loss};
//! use ndarray::{Array2, array};
//!
//! let mut da = Array2::zeros((1, 2));
//! let loss = BceWithLogitsLoss::default().backward(&array![[0.0, -1e4]], &array![[1.0, 1.0]], &mut da)?;
//! assert_eq!(loss, (2.0_f64.ln() + 1e4) / 2.0);
//! assert_eq!(da, array![[-0.25, -0.5]]);
//! # Ok::<(), tensor_core::Error>(())
//! ```

use ndarray::ArrayRef2;
use tensor_core::functions::{product_or_zero, sigmoid, softplus};
use tensor_core::{Error, Float};

use crate::loss::{check_not_negative, check_shape};
use crate::{ElementLoss, Reduction};

/// Binary cross-entropy on logits, PyTorch's `nn.BCEWithLogitsLoss`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BceWithLogitsLoss {
    config: BceWithLogitsConfig,
}

/// Choices of a [`BceWithLogitsLoss`]; PyTorch's defaults.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BceWithLogitsConfig {
    /// `w (C)`: what a positive answer counts in each column; above 1 it trades precision for recall.
    pub pos_weight: Option<Vec<f64>>,
    /// Mean or sum over the elements.
    pub reduction: Reduction,
}

impl BceWithLogitsLoss {
    /// A loss with the given weights for positive answers.
    ///
    /// # Errors
    /// If a weight is negative or not finite. That there are `C` of them is checked with each batch.
    pub fn new(config: BceWithLogitsConfig) -> Result<Self, Error> {
        check_not_negative(Self::NAME, "pos_weight", config.pos_weight.iter().flatten())?;
        Ok(Self { config })
    }

    /// The choices made.
    pub fn config(&self) -> &BceWithLogitsConfig {
        &self.config
    }
}

impl ElementLoss for BceWithLogitsLoss {
    const NAME: &'static str = "bce-with-logits";

    fn reduction(&self) -> Reduction {
        self.config.reduction
    }

    fn check<F: Float>(&self, z: &ArrayRef2<F>) -> Result<(), Error> {
        match &self.config.pos_weight {
            Some(w) => check_shape(Self::NAME, "pos_weight", &[z.ncols()], &[w.len()]),
            None => Ok(()),
        }
    }

    fn weights(&self) -> Option<&[f64]> {
        self.config.pos_weight.as_deref()
    }

    #[inline(always)]
    fn loss<F: Float>(&self, z: f64, y: f64, w: f64) -> f64 {
        // An answer that counts nothing costs nothing, even an infinite one.
        product_or_zero(softplus::<F>(-z), w * y) + product_or_zero(softplus::<F>(z), 1.0 - y)
    }

    #[inline(always)]
    fn derivative<F: Float>(&self, z: f64, y: f64, w: f64) -> f64 {
        (1.0 - y) * sigmoid::<F>(z) - w * y * sigmoid::<F>(-z)
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::{Array2, array};

    use super::{BceWithLogitsConfig, BceWithLogitsLoss};
    use crate::{Loss, Reduction};

    // z = [0 ln 3; −ln 3 ln 3], σ(z) = [½ ¾; ¼ ¾], y = [1 0; 0 ½], w = [3 2]:
    // ℓ = [3 ln 2, ln 4; ln 4/3, ½·2·ln 4/3 + ½ ln 4], dℓ/dz = [−3/2, ¾; ¼, ½·¾ − 2·½·¼ = ⅛].
    #[test]
    fn two_by_two_by_hand() {
        let z = array![[0.0, 3.0_f64.ln()], [-3.0_f64.ln(), 3.0_f64.ln()]];
        let y = array![[1.0, 0.0], [0.0, 0.5]];
        let total = 3.0 * 2.0_f64.ln() + 1.5 * 4.0_f64.ln() + 2.0 * (4.0_f64 / 3.0).ln();
        for (reduction, scale) in [(Reduction::Mean, 0.25), (Reduction::Sum, 1.0)] {
            let config = BceWithLogitsConfig { pos_weight: Some(vec![3.0, 2.0]), reduction };
            let bce = BceWithLogitsLoss::new(config).unwrap();
            let mut da = Array2::from_elem((2, 2), f64::NAN);
            let loss = bce.backward(&z, &y, &mut da).unwrap();
            assert_relative_eq!(loss, total * scale, epsilon = 0.0, max_relative = 1e-15);
            let expected = array![[-1.5, 0.75], [0.25, 0.125]] * scale;
            assert_relative_eq!(da, expected, epsilon = 0.0, max_relative = 1e-14);
        }
    }

    #[test]
    fn far_logits_are_finite_and_right() {
        let sum = BceWithLogitsConfig { reduction: Reduction::Sum, ..Default::default() };
        let bce = BceWithLogitsLoss::new(sum).unwrap();
        let mut da = Array2::zeros((1, 1));
        let mut both = |z: f64, y: f64| {
            let loss = bce.backward(&array![[z]], &array![[y]], &mut da).unwrap();
            (loss, da[[0, 0]])
        };
        let tiny = (-50.0_f64).exp();
        let infinity = f64::INFINITY;
        let table = [
            (1e4, 1.0, (0.0, 0.0)),
            (1e4, 0.0, (1e4, 1.0)),
            (-1e4, 0.0, (0.0, 0.0)),
            (-1e4, 1.0, (1e4, -1.0)),
            (-50.0, 0.0, (tiny, tiny)),
            (50.0, 1.0, (tiny, -tiny)),
            (infinity, 1.0, (0.0, 0.0)),
            (infinity, 0.0, (infinity, 1.0)),
            (-infinity, 1.0, (infinity, -1.0)),
            (5e-324, 1.0, (2.0_f64.ln(), -0.5)),
        ];
        for (z, y, expected) in table {
            assert_eq!(both(z, y), expected, "z = {z}, y = {y}");
        }
        let (loss, gradient) = both(f64::NAN, 1.0);
        assert!(loss.is_nan() && gradient.is_nan());
    }

    #[test]
    fn weights_are_checked() {
        let with = |w| {
            BceWithLogitsLoss::new(BceWithLogitsConfig {
                pos_weight: Some(w),
                ..Default::default()
            })
        };
        let message = "bce-with-logits: expected pos_weight to be a finite number ≥ 0, found";
        for (bad, found) in [(-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
            let error = with(vec![1.0, bad]).unwrap_err();
            assert_eq!(error.to_string(), format!("{message} {found}"));
        }
        let a = Array2::<f32>::zeros((4, 3));
        assert_eq!(
            with(vec![1.0, 1.0]).unwrap().forward(&a, &a).unwrap_err().to_string(),
            "bce-with-logits: pos_weight: expected shape (3), found (2)"
        );
    }
}
