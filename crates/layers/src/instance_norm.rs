//! Instance normalization.

use tensor_core::{Error, Float};

use crate::groups::Groups;
use crate::sample_norm::sample_norm;
use crate::{Affine, Layer};

/// Instance normalization, PyTorch's `nn.InstanceNorm1d` without running statistics, which is its
/// default: every channel of a sample gets mean 0 and variance 1.
///
/// A row holds `C` channels of `L` values each, value `l` of channel `c` in column `c L + l`. With
/// `Z[n,c,l]` for that value of sample `n`,
///
/// ```text
/// μ[n,c]    = 1/L Σ_l Z[n,c,l]                    mean along the channel
/// σ²[n,c]   = 1/L Σ_l (Z[n,c,l] − μ[n,c])²        its biased variance
/// r[n,c]    = 1/√(σ²[n,c] + ε)
/// NZ[n,c,l] = (Z[n,c,l] − μ[n,c]) r[n,c]          normalized
/// BZ[n,c,l] = γ[c] NZ[n,c,l] + β[c]               scaled and offset, on request
/// ```
///
/// `BZ[n,c,l]` is the output in place of the input `Z[n,c,l]`, `γ` the parameter `weight`, `β` the
/// parameter `bias`. No sample depends on another, so training and evaluation are the same.
///
/// # Gradients
/// `dLdBZ[n,c,l] = ∂L/∂BZ[n,c,l]` is handed down by the layer above. `β[c]` and `γ[c]` enter all
/// values of their channel in every row:
///
/// ```text
/// dLdβ[c] = Σ_n Σ_l dLdBZ[n,c,l]
/// dLdγ[c] = Σ_n Σ_l dLdBZ[n,c,l] NZ[n,c,l]
/// ```
///
/// Channels of a sample do not mix, so the indices `n` and `c` are left out. `Z[l]` acts on the
/// loss in three ways: through its own `NZ[l]`, through `σ²` and through `μ`, which enter the `NZ`
/// of the whole channel. With `dLdNZ[l] = γ dLdBZ[l]`,
///
/// ```text
/// dLdZ[l] = dLdNZ[l] r + dLdσ² 2(Z[l] − μ)/L + dLdμ/L
///
/// dLdσ²   = Σ_i dLdNZ[i] (Z[i] − μ) ∂r/∂σ²        ∂r/∂σ² = −½ r³
///         = −½ r² Σ_i dLdNZ[i] NZ[i]
/// dLdμ    = −r Σ_i dLdNZ[i]                       the way through σ² vanishes: Σ_i (Z[i] − μ) = 0
///
/// dLdZ[l] = γ r (dLdBZ[l] − 1/L Σ_i dLdBZ[i] − NZ[l] 1/L Σ_i dLdBZ[i] NZ[i])
/// ```
///
/// *What is kept for backward?* Nothing beside the input: `μ` and `r` are two sums over values that
/// are at hand.
///
/// # Shapes
/// | | shape | |
/// |---|---|---|
/// | `Z`, `BZ`, `dLdBZ`, `dLdZ` | `(N, C·L)` | input, output and gradients, PyTorch's `(N, C, L)` |
/// | `γ`, `dLdγ` | `(C)` | parameter `weight`, on request |
/// | `β`, `dLdβ` | `(C)` | parameter `bias`, on request |
/// | `μ`, `σ²` | `(N, C)` | computed in each pass |
///
/// No buffers; no parameters unless asked for, as in PyTorch.
///
/// The passes are those of a [`GroupNorm`](crate::GroupNorm) with as many groups as channels.
/// (Ulyanov, Vedaldi and Lempitsky, 2016, <https://arxiv.org/abs/1607.08022>, section 2.)
///
/// # Examples
/// Two channels of length 2. With `ε = 3` the square root is whole: `[1, 3]` has `μ = 2`, `σ² = 1`,
/// `r = 1/√4 = ½`, and so has `[9, 11]` around 10.
///
/// ```
/// use layers::{InstanceNorm1d, InstanceNorm1dConfig, Layer, Saved, Tensors};
/// use ndarray::{Array2, array};
///
/// let norm = InstanceNorm1d::with_config(2, 2, InstanceNorm1dConfig { eps: 3.0, affine: true })?;
/// let z = array![[1.0, 3.0, 9.0, 11.0]];
/// let mut bz = Array2::zeros((1, 4));
/// norm.infer(&z, &mut bz)?;
/// assert_eq!(bz, array![[-0.5, 0.5, -0.5, 0.5]]); // γ = 1, β = 0
///
/// let dbz = array![[1.0, 3.0, 0.0, 0.0]];
/// let (mut dz, mut grads) = (Array2::zeros((1, 4)), norm.gradient());
/// let saved = Saved { x: &z, y: &bz, cache: &mut norm.cache(1, 4)? };
/// norm.backward(saved, &dbz, Some(&mut dz), &mut grads)?;
/// assert_eq!(grads.affine().bias(), Some(&array![1.0 + 3.0, 0.0]));
/// assert_eq!(grads.affine().weight(), Some(&array![1.0 * -0.5 + 3.0 * 0.5, 0.0]));
/// // Means 2 and ½ in the first channel: ½ (dLdBZ − 2 − NZ·½)
/// assert_eq!(dz, array![[0.5 * (1.0 - 2.0 + 0.25), 0.5 * (3.0 - 2.0 - 0.25), 0.0, 0.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceNorm1d<F> {
    groups: Groups,
    affine: Affine<F>,
}

/// Choices of an [`InstanceNorm1d`] beyond channels and length: `ε`, and whether it has parameters.
/// The default is PyTorch's.
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
    /// If there are no channels, fewer than two values in them (one value has no variance), or ε is
    /// not a positive number of the type `F`.
    pub fn with_config(
        channels: usize,
        length: usize,
        config: InstanceNorm1dConfig,
    ) -> Result<Self, Error> {
        if channels == 0 {
            return Err(Error::empty(Self::NAME, "at least 1 channel"));
        }
        let groups = Groups::new::<F>(Self::NAME, [channels, channels, length], config.eps)?;
        let affine = if config.affine { Affine::new(channels)? } else { Affine::none(channels) };
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

    // Two channels of length 2, both with deviations ∓1 and σ² = 1; ε = 3 makes 1/√(σ² + ε) = ½ and
    // NZ = [−½, ½ | −½, ½]. With γ = [2, −4], β = [1, 0], dLdBZ = [1, 2 | 0, 4]: BZ = [0, 2 | 2,
    // −2]; dLdγ = [½, 2], dLdβ = [3, 4] channel 0: means 3/2 and ¼: dLdZ = 2·½([1, 2] − 3/2 − [−⅛,
    // ⅛]) = [−3/8, 3/8] channel 1: means 2 and 1: dLdZ = −4·½([0, 4] − 2 − [−½, ½]) = [3, −3]
    #[test]
    fn by_hand() {
        let config = InstanceNorm1dConfig { eps: 3.0, ..Default::default() };
        let affine = Affine::from_parts(array![2.0, -4.0], Some(array![1.0, 0.0])).unwrap();
        let norm = InstanceNorm1d::with_config(2, 2, config).unwrap().with_affine(affine).unwrap();
        let (x, dy) = (array![[1.0, 3.0, 9.0, 11.0]], array![[1.0, 2.0, 0.0, 4.0]]);
        let mut y = Array2::from_elem((1, 4), f64::NAN);
        norm.infer(&x, &mut y).unwrap();
        assert_eq!(y, array![[0.0, 2.0, 2.0, -2.0]]);
        let (mut dx, mut grads) = (Array2::from_elem((1, 4), f64::NAN), norm.gradient());
        norm.backward(
            Saved { x: &x, y: &y, cache: &mut norm.cache(x.nrows(), x.ncols()).unwrap() },
            &dy,
            Some(&mut dx),
            &mut grads,
        )
        .unwrap();
        assert_eq!(dx, array![[-0.375, 0.375, 3.0, -3.0]]);
        let expected = (Some(&array![0.5, 2.0]), Some(&array![3.0, 4.0]));
        assert_eq!((grads.affine.weight(), grads.affine.bias()), expected);
    }

    #[test]
    fn configurations_are_checked_when_built() {
        let values = "InstanceNorm1d: expected at least 2 values in each set that is normalized";
        let eps = InstanceNorm1dConfig { eps: -1.0, affine: true };
        let cases = [
            (InstanceNorm1d::<f64>::new(0, 2), "InstanceNorm1d: expected at least 1 channel, found 0".into()),
            (InstanceNorm1d::new(2, 0), "InstanceNorm1d: expected a length of at least 1, found 0".into()),
            (InstanceNorm1d::new(2, 1), format!("{values}, found 1")),
            (
                InstanceNorm1d::with_config(2, 2, eps),
                "InstanceNorm1d: expected eps to be a normal number > 0 in the layer's type, found -1".into(),
            ),
            (
                InstanceNorm1d::new(2, 2).and_then(|n| n.with_affine(Affine::new(4)?)),
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
