//! `BZ = γ ⊙ (Z − μ)/√(σ² + ε) + β` with `μ` and `σ²` of each group of channels of each sample: no row knows of another.
//!
//! A row holds `C` channels of `L` values each, `Z[n, c·L + l]`; plain features are channels of length 1. The channels are cut
//! into `G` groups of `M = C/G·L` values.
//!
//! | | shape | |
//! |---|---|---|
//! | `Z`, `BZ` | `(N, C·L)` | input and output, PyTorch's `(N, C, L)` |
//! | `μ`, `σ²` | `(N, G)` | mean and biased variance of a group |
//! | `NZ = (Z − μ)/√(σ² + ε)` | `(N, C·L)` | |
//! | `γ`, `β` | `(C)` | `weight`, `bias`: one for all values of a channel |
//! | `dLdβ = Σ_{n,l} dLdBZ`, `dLdγ = Σ_{n,l} dLdBZ ⊙ NZ` | `(C)` | |
//! | `dLdNZ = dLdBZ ⊙ γ` | `(N, C·L)` | |
//! | `dLdZ = (dLdNZ − mean(dLdNZ) − NZ ⊙ mean(dLdNZ ⊙ NZ))/√(σ² + ε)` | `(N, C·L)` | means over the group |
//!
//! (Wu and He, ECCV 2018, <https://arxiv.org/abs/1803.08494>, section 3.)
//!
//! ```
//! use layers::{GroupNorm, Layer};
//! use ndarray::{Array2, array};
//!
//! let norm = GroupNorm::new(2, 4)?;
//! let mut bz = Array2::zeros((1, 4));
//! norm.infer(&array![[1.0, 3.0, -70.0, -70.0]], &mut bz);
//! assert!((bz[[0, 0]] + 1.0_f64).abs() < 1e-5 && (bz[[0, 1]] - 1.0).abs() < 1e-5);
//! assert_eq!((bz[[0, 2]], bz[[0, 3]]), (0.0, 0.0));
//! # Ok::<(), tensor_core::Error>(())
//! ```

use tensor_core::{Error, Float};

use crate::groups::Groups;
use crate::sample_norm::sample_norm;
use crate::{Affine, Layer};

/// Group normalization, PyTorch's `nn.GroupNorm`.
///
/// Parameters: `weight (C)`, `bias (C)` unless they are left out. Training and evaluation are the same.
///
/// A group of a single value is allowed and becomes β, as in PyTorch for batches of more than one sample.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupNorm<F> {
    groups: Groups,
    affine: Affine<F>,
}

/// Choices of a [`GroupNorm`] beyond its groups and channels; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupNormConfig {
    /// `L`: values of a channel, 1 for plain features.
    pub length: usize,
    /// ε: added to the variance.
    pub eps: f64,
    /// Whether there are a γ and a β.
    pub affine: bool,
}

impl Default for GroupNormConfig {
    fn default() -> Self {
        Self { length: 1, eps: 1e-5, affine: true }
    }
}

impl<F: Float> GroupNorm<F> {
    /// A layer for `channels` features in `n_groups` groups.
    ///
    /// # Errors
    /// If there are no features, or the groups do not divide them.
    pub fn new(n_groups: usize, channels: usize) -> Result<Self, Error> {
        Self::with_config(n_groups, channels, GroupNormConfig::default())
    }

    /// A layer for `channels` channels in `n_groups` groups.
    ///
    /// # Errors
    /// If there are no channels or no values in them, the groups do not divide the channels, or ε is not a positive number of
    /// the type `F`.
    pub fn with_config(
        n_groups: usize,
        channels: usize,
        config: GroupNormConfig,
    ) -> Result<Self, Error> {
        let GroupNormConfig { length, eps, affine } = config;
        let groups = Groups::new::<F>(Self::NAME, [n_groups, channels, length], eps)?;
        let affine = if affine { Affine::new(channels) } else { Affine::none(channels) };
        Ok(Self { groups, affine })
    }
}

sample_norm!(GroupNorm);

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use tensor_core::Path;

    use super::{GroupNorm, GroupNormConfig};
    use crate::{Affine, Layer, Saved, Tensors};

    // Z = [1, 3 | 9, 11]: both groups have deviations ∓1 and σ² = 1; ε = 3 makes 1/√(σ² + ε) = ½. NZ = [−½, ½ | −½, ½].
    // With dLdBZ = [1, 1, 2, 4] the four columns are four channels in two groups, or two channels of length 2:
    //
    //   γ, β      [1, 2, 3, 4], [0, 0, 5, 6]                       [1, 2], [0, 5]
    //   BZ        [−½, 1, −3/2 + 5, 2 + 6]                         [−½, ½, −1 + 5, 1 + 5]
    //   dLdγ      [−½, ½, −1, 2]                                   [−½ + ½, −1 + 2]
    //   dLdβ      [1, 1, 2, 4]                                     [2, 6]
    //   dLdNZ     [1, 2 | 6, 16]                                   [1, 1 | 4, 8]
    //   means     3/2 | 11, with NZ ¼ | 5/2                        1 | 6, with NZ 0 | 1
    //   dLdZ      ½[−½ + ⅛, ½ − ⅛ | −5 + 5/4, 5 − 5/4]             ½[0, 0 | −2 + ½, 2 − ½]
    #[test]
    fn by_hand() {
        let (x, dy) = (array![[1.0, 3.0, 9.0, 11.0]], array![[1.0, 1.0, 2.0, 4.0]]);
        let four = Affine::from_parts(array![1.0, 2.0, 3.0, 4.0], Some(array![0.0, 0.0, 5.0, 6.0]));
        let two = Affine::from_parts(array![1.0, 2.0], Some(array![0.0, 5.0]));
        let table = [
            (
                (1, four.unwrap()),
                [[-0.5, 1.0, 3.5, 8.0], [-0.1875, 0.1875, -1.875, 1.875]],
                [vec![-0.5, 0.5, -1.0, 2.0], vec![1.0, 1.0, 2.0, 4.0]],
            ),
            (
                (2, two.unwrap()),
                [[-0.5, 0.5, 4.0, 6.0], [0.0, 0.0, -0.75, 0.75]],
                [vec![0.0, 1.0], vec![2.0, 6.0]],
            ),
        ];
        for ((length, affine), [bz, dz], [d_gamma, d_beta]) in table {
            let config = GroupNormConfig { length, eps: 3.0, ..Default::default() };
            let norm = GroupNorm::with_config(2, affine.channels(), config).unwrap();
            let norm = norm.with_affine(affine).unwrap();
            assert_eq!(Layer::<f64>::out_features(&norm, 4), Ok(4));
            let mut y = Array2::from_elem((1, 4), f64::NAN);
            norm.infer(&x, &mut y);
            assert_eq!(y, array![bz], "length {length}");

            let (mut dx, mut grads) = (Array2::from_elem((1, 4), f64::NAN), norm.gradient());
            grads.each_tensor_mut(Path::root(), &mut |_, mut t| t.value.fill(f64::NAN));
            let saved = Saved { x: &x, y: &y, cache: &mut norm.cache(x.nrows(), x.ncols()) };
            norm.backward(saved, &dy, Some(&mut dx), &mut grads);
            assert_eq!(dx, array![dz], "length {length}");
            assert_eq!(
                [grads.affine.weight().unwrap().to_vec(), grads.affine.bias().unwrap().to_vec()],
                [d_gamma, d_beta]
            );
        }
    }

    #[test]
    fn configurations_are_checked_when_built() {
        let build = |n_groups, channels, length, eps| {
            let config = GroupNormConfig { length, eps, ..Default::default() };
            GroupNorm::<f32>::with_config(n_groups, channels, config).map(|_| ())
        };
        let divisor =
            "GroupNorm: expected n_groups to be a divisor of the number of channels, found";
        let eps = "GroupNorm: expected eps to be a finite number > 0 in the layer's type, found";
        let cases = [
            (build(3, 4, 1, 1e-5), format!("{divisor} 3")),
            (build(0, 4, 1, 1e-5), format!("{divisor} 0")),
            (build(8, 4, 1, 1e-5), format!("{divisor} 8")),
            (build(1, 0, 1, 1e-5), "GroupNorm: expected at least 1 channel, found 0".into()),
            (build(1, 4, 0, 1e-5), "GroupNorm: expected a length of at least 1, found 0".into()),
            (build(1, 4, 1, 0.0), format!("{eps} 0")),
            (build(1, 4, 1, f64::NAN), format!("{eps} NaN")),
        ];
        for (result, message) in cases {
            assert_eq!(result.unwrap_err().to_string(), message);
        }
        assert!(build(1, 4, 1, 1e-60).is_err(), "0 in f32");
        let norm = GroupNorm::<f32>::new(2, 4).unwrap();
        let message = "GroupNorm: expected 4 input features, found 5";
        assert_eq!(norm.out_features(5).unwrap_err().to_string(), message);
        let message = "GroupNorm: weight: expected shape (4), found (2)";
        assert_eq!(norm.with_affine(Affine::new(2)).unwrap_err().to_string(), message);
    }
}
