//! Group normalization.

use tensor_core::{Error, Float};

use crate::groups::Groups;
use crate::sample_norm::sample_norm;
use crate::{Affine, Layer};

/// Group normalization, PyTorch's `nn.GroupNorm`: every group of channels of a sample gets mean 0
/// and variance 1, then a scale and an offset for each channel.
///
/// A row holds `C` channels of `L` values each, value `l` of channel `c` in column `c L + l`; plain
/// features are channels of length 1. The channels are cut into `G` groups of `C/G` channels, which
/// are `M = C/G · L` values side by side. For each sample `n` and group `k`, with sums over the `M`
/// columns `j` of the group,
///
/// ```text
/// μ[n,k]  = 1/M Σ_j Z[n,j]                        mean of the group
/// σ²[n,k] = 1/M Σ_j (Z[n,j] − μ[n,k])²            its biased variance
/// r[n,k]  = 1/√(σ²[n,k] + ε)
/// NZ[n,j] = (Z[n,j] − μ[n,k]) r[n,k]              normalized
/// BZ[n,j] = γ[c] NZ[n,j] + β[c]                   scaled and offset; c is the channel of column j
/// ```
///
/// `Z[n,j]` is the input in column `j` of sample `n`, `BZ[n,j]` the output in its place, `γ` the
/// parameter `weight`, `β` the parameter `bias`. No sample depends on another, so training and
/// evaluation are the same.
///
/// # Gradients
/// `dLdBZ[n,j] = ∂L/∂BZ[n,j]` is handed down by the layer above. `β[c]` and `γ[c]` enter all values
/// of their channel in every row, so that their gradients are sums over both:
///
/// ```text
/// dLdβ[c]    = Σ_n Σ_l dLdBZ[n,cL+l]
/// dLdγ[c]    = Σ_n Σ_l dLdBZ[n,cL+l] NZ[n,cL+l]
/// dLdNZ[n,j] = dLdBZ[n,j] γ[c]
/// ```
///
/// Groups do not mix, so the indices `n` and `k` are left out. `Z[j]` acts on the loss in three
/// ways: through its own `NZ[j]`, through `σ²` and through `μ`, which enter the `NZ` of the whole
/// group:
///
/// ```text
/// dLdZ[j] = dLdNZ[j] r + dLdσ² 2(Z[j] − μ)/M + dLdμ/M
///
/// dLdσ²   = Σ_i dLdNZ[i] (Z[i] − μ) ∂r/∂σ²        ∂r/∂σ² = −½ r³
///         = −½ r² Σ_i dLdNZ[i] NZ[i]
/// dLdμ    = −r Σ_i dLdNZ[i]                       the way through σ² vanishes: Σ_i (Z[i] − μ) = 0
///
/// dLdZ[j] = r (dLdNZ[j] − 1/M Σ_i dLdNZ[i] − NZ[j] 1/M Σ_i dLdNZ[i] NZ[i])
/// ```
///
/// *What is kept for backward?* Nothing beside the input: `μ` and `r` are two sums over values that
/// are at hand.
///
/// # Shapes
/// | | shape | |
/// |---|---|---|
/// | `Z`, `BZ`, `dLdBZ`, `dLdZ` | `(N, C·L)` | input, output and gradients, PyTorch's `(N, C, L)` |
/// | `γ`, `dLdγ` | `(C)` | parameter `weight`, unless it is left out |
/// | `β`, `dLdβ` | `(C)` | parameter `bias`, unless it is left out |
/// | `μ`, `σ²` | `(N, G)` | computed in each pass |
///
/// No buffers. A group of a single value is refused when the layer is built, as by all
/// normalizations: normalized it is 0 whatever it was. (PyTorch allows it in batches of more than
/// one sample.)
///
/// (Wu and He, ECCV 2018, <https://arxiv.org/abs/1803.08494>, section 3.)
///
/// # Examples
/// Two groups of two features. With `ε = 3` the square root is whole: `[1, 3]` has `μ = 2`,
/// `σ² = 1`, `r = 1/√4 = ½`, and so has `[9, 11]` around 10.
///
/// ```
/// use layers::{GroupNorm, GroupNormConfig, Layer, Saved, Tensors};
/// use ndarray::{Array2, array};
///
/// let norm = GroupNorm::with_config(2, 4, GroupNormConfig { eps: 3.0, ..Default::default() })?;
/// let z = array![[1.0, 3.0, 9.0, 11.0]];
/// let mut bz = Array2::zeros((1, 4));
/// norm.infer(&z, &mut bz)?;
/// assert_eq!(bz, array![[-0.5, 0.5, -0.5, 0.5]]); // γ = 1, β = 0
///
/// let dbz = array![[1.0, 3.0, 0.0, 0.0]];
/// let (mut dz, mut grads) = (Array2::zeros((1, 4)), norm.gradient());
/// let saved = Saved { x: &z, y: &bz, cache: &mut norm.cache(1, 4)? };
/// norm.backward(saved, &dbz, Some(&mut dz), &mut grads)?;
/// assert_eq!(grads.affine().weight(), Some(&array![1.0 * -0.5, 3.0 * 0.5, 0.0, 0.0]));
/// // Means 2 and ½ in the first group: ½ (dLdNZ − 2 − NZ·½)
/// assert_eq!(dz, array![[0.5 * (1.0 - 2.0 + 0.25), 0.5 * (3.0 - 2.0 - 0.25), 0.0, 0.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GroupNorm<F> {
    groups: Groups,
    affine: Affine<F>,
}

/// Choices of a [`GroupNorm`] beyond its groups and channels: the length of a channel, `ε`, and
/// whether it has parameters. The default is PyTorch's.
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
    /// If the groups do not divide the features, or have fewer than two values.
    pub fn new(n_groups: usize, channels: usize) -> Result<Self, Error> {
        Self::with_config(n_groups, channels, GroupNormConfig::default())
    }

    /// A layer for `channels` channels in `n_groups` groups.
    ///
    /// # Errors
    /// If there are no channels or no values in them, the groups do not divide the channels or have
    /// fewer than two values, or ε is not a positive number of the type `F`.
    pub fn with_config(
        n_groups: usize,
        channels: usize,
        config: GroupNormConfig,
    ) -> Result<Self, Error> {
        let GroupNormConfig { length, eps, affine } = config;
        let groups = Groups::new::<F>(Self::NAME, [n_groups, channels, length], eps)?;
        let affine = if affine { Affine::new(channels)? } else { Affine::none(channels) };
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

    // Z = [1, 3 | 9, 11]: both groups have deviations ∓1 and σ² = 1; ε = 3 makes 1/√(σ² + ε) = ½.
    // NZ = [−½, ½ | −½, ½]. With dLdBZ = [1, 1, 2, 4] the four columns are four channels in two
    // groups, or two channels of length 2:
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
            norm.infer(&x, &mut y).unwrap();
            assert_eq!(y, array![bz], "length {length}");

            let (mut dx, mut grads) = (Array2::from_elem((1, 4), f64::NAN), norm.gradient());
            grads.each_tensor_mut(Path::root(), &mut |_, mut t| t.value.fill(f64::NAN));
            let saved =
                Saved { x: &x, y: &y, cache: &mut norm.cache(x.nrows(), x.ncols()).unwrap() };
            norm.backward(saved, &dy, Some(&mut dx), &mut grads).unwrap();
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
        let eps = "GroupNorm: expected eps to be a normal number > 0 in the layer's type, found";
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
        assert_eq!(norm.with_affine(Affine::new(2).unwrap()).unwrap_err().to_string(), message);
    }
}
