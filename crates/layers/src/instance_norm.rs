//! `BZ = γ ⊙ (Z − μ)/√(σ² + ε) + β` with `μ` and `σ²` of each channel of each sample.
//!
//! A row holds `C` channels of `L` values each, `Z[n, c·L + l]`.
//!
//! | | shape | |
//! |---|---|---|
//! | `Z`, `BZ` | `(N, C·L)` | input and output, PyTorch's `(N, C, L)` |
//! | `μ`, `σ²` | `(N, C)` | mean and biased variance along a channel |
//! | `NZ = (Z − μ)/√(σ² + ε)` | `(N, C·L)` | |
//! | `γ`, `β` | `(C)` | `weight`, `bias`, on request |
//! | `dLdβ = Σ_{n,l} dLdBZ`, `dLdγ = Σ_{n,l} dLdBZ ⊙ NZ` | `(C)` | |
//! | `dLdZ = γ/√(σ² + ε) ⊙ (dLdBZ − mean_l(dLdBZ) − NZ ⊙ mean_l(dLdBZ ⊙ NZ))` | `(N, C·L)` | |
//!
//! (Ulyanov, Vedaldi and Lempitsky, 2016, <https://arxiv.org/abs/1607.08022>, section 2.) The passes are those of a
//! [`GroupNorm`](crate::GroupNorm) with as many groups as channels.
//!
//! ```
//! use layers::{InstanceNorm1d, Layer};
//! use ndarray::{Array2, array};
//!
//! let mut bz = Array2::zeros((1, 4)); // two channels of length 2
//! InstanceNorm1d::new(2, 2)?.infer(&array![[1.0, 3.0, 500.0, 500.0]], &mut bz);
//! assert!((bz[[0, 0]] + 1.0_f64).abs() < 1e-5 && (bz[[0, 1]] - 1.0).abs() < 1e-5);
//! assert_eq!((bz[[0, 2]], bz[[0, 3]]), (0.0, 0.0));
//! # Ok::<(), tensor_core::Error>(())
//! ```

use tensor_core::{Error, Float};

use crate::groups::Groups;
use crate::sample_norm::sample_norm;
use crate::{Affine, Layer};

/// Instance normalization, PyTorch's `nn.InstanceNorm1d` without running statistics, which is its default.
///
/// Parameters: none, as in PyTorch, unless asked for: `weight (C)`, `bias (C)`. Training and evaluation are the same.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceNorm1d<F> {
    groups: Groups,
    affine: Affine<F>,
}

/// Choices of an [`InstanceNorm1d`] beyond channels and length; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InstanceNorm1dConfig {
    /// ε: added to the variance.
    pub eps: f64,
    /// Whether there are a γ and a β.
    pub affine: bool,
}

impl Default for InstanceNorm1dConfig {
    fn default() -> Self {
        Self { eps: 1e-5, affine: false }
    }
}

impl<F: Float> InstanceNorm1d<F> {
    /// A layer for `channels` channels of `length` values, without γ and β.
    ///
    /// # Errors
    /// As for [`with_config`](Self::with_config).
    pub fn new(channels: usize, length: usize) -> Result<Self, Error> {
        Self::with_config(channels, length, InstanceNorm1dConfig::default())
    }

    /// A layer for `channels` channels of `length` values.
    ///
    /// # Errors
    /// If there are no channels, fewer than two values in them (one value has no variance), or ε is not a positive number of
    /// the type `F`.
    pub fn with_config(
        channels: usize,
        length: usize,
        config: InstanceNorm1dConfig,
    ) -> Result<Self, Error> {
        if channels == 0 {
            return Err(Error::empty(Self::NAME, "at least 1 channel"));
        }
        if length < 2 {
            return Err(Error::too_few(Self::NAME, "a length of at least 2", length));
        }
        let groups = Groups::new::<F>(Self::NAME, [channels, channels, length], config.eps)?;
        let affine = if config.affine { Affine::new(channels) } else { Affine::none(channels) };
        Ok(Self { groups, affine })
    }
}

sample_norm!(InstanceNorm1d);

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use tensor_core::Path;

    use super::{InstanceNorm1d, InstanceNorm1dConfig};
    use crate::{Affine, Layer, Saved, Tensors};

    // Two channels of length 2, both with deviations ∓1 and σ² = 1; ε = 3 makes 1/√(σ² + ε) = ½ and NZ = [−½, ½ | −½, ½].
    // With γ = [2, −4], β = [1, 0], dLdBZ = [1, 2 | 0, 4]:
    //   BZ = [0, 2 | 2, −2];   dLdγ = [½, 2], dLdβ = [3, 4]
    //   channel 0: means 3/2 and ¼:   dLdZ = 2·½([1, 2] − 3/2 − [−⅛, ⅛]) = [−3/8, 3/8]
    //   channel 1: means 2 and 1:     dLdZ = −4·½([0, 4] − 2 − [−½, ½]) = [3, −3]
    #[test]
    fn by_hand() {
        let config = InstanceNorm1dConfig { eps: 3.0, ..Default::default() };
        let affine = Affine::from_parts(array![2.0, -4.0], Some(array![1.0, 0.0])).unwrap();
        let norm = InstanceNorm1d::with_config(2, 2, config).unwrap().with_affine(affine).unwrap();
        let (x, dy) = (array![[1.0, 3.0, 9.0, 11.0]], array![[1.0, 2.0, 0.0, 4.0]]);
        let mut y = Array2::from_elem((1, 4), f64::NAN);
        norm.infer(&x, &mut y);
        assert_eq!(y, array![[0.0, 2.0, 2.0, -2.0]]);
        let (mut dx, mut grads) = (Array2::from_elem((1, 4), f64::NAN), norm.gradient());
        norm.backward(
            Saved { x: &x, y: &y, cache: &mut norm.cache(x.nrows(), x.ncols()) },
            &dy,
            Some(&mut dx),
            &mut grads,
        );
        assert_eq!(dx, array![[-0.375, 0.375, 3.0, -3.0]]);
        let expected = (Some(&array![0.5, 2.0]), Some(&array![3.0, 4.0]));
        assert_eq!((grads.affine.weight(), grads.affine.bias()), expected);
    }

    #[test]
    fn configurations_are_checked_when_built() {
        let length = "InstanceNorm1d: expected a length of at least 2, found";
        let eps = InstanceNorm1dConfig { eps: -1.0, affine: true };
        let cases = [
            (InstanceNorm1d::<f64>::new(0, 2), "InstanceNorm1d: expected at least 1 channel, found 0".into()),
            (InstanceNorm1d::new(2, 0), format!("{length} 0")),
            (InstanceNorm1d::new(2, 1), format!("{length} 1")),
            (
                InstanceNorm1d::with_config(2, 2, eps),
                "InstanceNorm1d: expected eps to be a finite number > 0 in the layer's type, found -1".into(),
            ),
            (
                InstanceNorm1d::new(2, 2).and_then(|n| n.with_affine(Affine::new(4))),
                "InstanceNorm1d: weight: expected shape (2), found (4)".into(),
            ),
        ];
        for (result, message) in cases {
            assert_eq!(result.unwrap_err().to_string(), message);
        }
        let norm = InstanceNorm1d::<f64>::new(3, 2).unwrap();
        assert_eq!(norm.out_features(6), Ok(6));
        let message = "InstanceNorm1d: expected 6 input features, found 3";
        assert_eq!(norm.out_features(3).unwrap_err().to_string(), message);
        let mut n_tensors = 0;
        norm.each_tensor(Path::root(), &mut |_, _| n_tensors += 1);
        assert_eq!(n_tensors, 0);
    }
}
