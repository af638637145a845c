//! Layer normalization.

use tensor_core::{Error, Float};

use crate::groups::Groups;
use crate::sample_norm::sample_norm;
use crate::{Affine, Layer};

/// Layer normalization over the features, PyTorch's `nn.LayerNorm(C)`: every sample gets mean 0 and
/// variance 1 over its own features, then a scale and an offset for each feature.
///
/// ```text
/// μ[n]    = 1/C Σ_c Z[n,c]                        mean of the features of sample n
/// σ²[n]   = 1/C Σ_c (Z[n,c] − μ[n])²              their biased variance
/// r[n]    = 1/√(σ²[n] + ε)
/// NZ[n,c] = (Z[n,c] − μ[n]) r[n]                  normalized
/// BZ[n,c] = γ[c] NZ[n,c] + β[c]                   scaled and offset
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `BZ[n,c]` the output in its place, `γ` the
/// parameter `weight`, `β` the parameter `bias`. No sample depends on another, so training and
/// evaluation are the same.
///
/// # Gradients
/// `dLdBZ[n,c] = ∂L/∂BZ[n,c]` is handed down by the layer above. `β[c]` and `γ[c]` enter every row,
/// so that their gradients are sums over rows:
///
/// ```text
/// dLdβ[c]    = Σ_n dLdBZ[n,c]
/// dLdγ[c]    = Σ_n dLdBZ[n,c] NZ[n,c]
/// dLdNZ[n,c] = dLdBZ[n,c] γ[c]
/// ```
///
/// Samples do not mix, so the index `n` is left out. `Z[c]` acts on the loss in three ways: through
/// its own `NZ[c]`, through `σ²` and through `μ`, which enter the `NZ` of all features of the row:
///
/// ```text
/// dLdZ[c] = dLdNZ[c] r + dLdσ² 2(Z[c] − μ)/C + dLdμ/C
///
/// dLdσ²   = Σ_k dLdNZ[k] (Z[k] − μ) ∂r/∂σ²        ∂r/∂σ² = −½ r³
///         = −½ r² Σ_k dLdNZ[k] NZ[k]
/// dLdμ    = −r Σ_k dLdNZ[k]                       the way through σ² vanishes: Σ_k (Z[k] − μ) = 0
///
/// dLdZ[c] = r (dLdNZ[c] − 1/C Σ_k dLdNZ[k] − NZ[c] 1/C Σ_k dLdNZ[k] NZ[k])
/// ```
///
/// This is the gradient of [`BatchNorm1d`](crate::BatchNorm1d) along rows instead of columns. One
/// thing differs: here `γ` is not the same for all values that share a mean, so that it stays
/// inside the sums.
///
/// *What is kept for backward?* Nothing beside the input: `μ` and `r` are two sums over a row that
/// is at hand.
///
/// # Shapes
/// | | shape | |
/// |---|---|---|
/// | `Z`, `BZ`, `dLdBZ`, `dLdZ` | `(N, C)` | input, output and their gradients |
/// | `γ`, `dLdγ` | `(C)` | parameter `weight`, unless it is left out |
/// | `β`, `dLdβ` | `(C)` | parameter `bias`, unless it is left out |
/// | `μ`, `σ²` | `(N)` | computed in each pass |
///
/// No buffers. A single feature is refused when the layer is built, as by all normalizations:
/// normalized it is 0 whatever it was. (PyTorch allows it.) PyTorch's `normalized_shape` with more
/// than one axis is their product here, and its `weight` and `bias` of that shape are read in
/// row-major order.
///
/// The passes are those of a [`GroupNorm`](crate::GroupNorm) with one group. (Ba, Kiros and Hinton,
/// 2016, <https://arxiv.org/abs/1607.06450>, section 3.)
///
/// # Examples
/// With `ε = 3` the square root is whole: `Z = [1, 3]` has `μ = 2`, `σ² = 1`, `r = 1/√4 = ½`.
///
/// ```
/// use layers::{Layer, LayerNorm, LayerNormConfig, Saved, Tensors};
/// use ndarray::{Array2, array};
///
/// let norm = LayerNorm::with_config(2, LayerNormConfig { eps: 3.0, ..Default::default() })?;
/// let z = array![[1.0, 3.0]];
/// let mut bz = Array2::zeros((1, 2));
/// norm.infer(&z, &mut bz)?;
/// assert_eq!(bz, array![[-0.5, 0.5]]); // γ = 1, β = 0
///
/// let dbz = array![[1.0, 3.0]];
/// let (mut dz, mut grads) = (Array2::zeros((1, 2)), norm.gradient());
/// let saved = Saved { x: &z, y: &bz, cache: &mut norm.cache(1, 2)? };
/// norm.backward(saved, &dbz, Some(&mut dz), &mut grads)?;
/// assert_eq!(grads.affine().bias(), Some(&array![1.0, 3.0]));
/// assert_eq!(grads.affine().weight(), Some(&array![1.0 * -0.5, 3.0 * 0.5]));
/// // Means 2 of dLdNZ and ½ of dLdNZ·NZ: ½ (dLdNZ − 2 − NZ·½)
/// assert_eq!(dz, array![[0.5 * (1.0 - 2.0 + 0.25), 0.5 * (3.0 - 2.0 - 0.25)]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LayerNorm<F> {
    groups: Groups,
    affine: Affine<F>,
}

/// Choices of a [`LayerNorm`] beyond its width: `ε`, and which parameters it has. The default is
/// PyTorch's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerNormConfig {
    /// ε: added to the variance.
    pub eps: f64,
    /// Whether there are a γ and a β.
    pub elementwise_affine: bool,
    /// Whether there is a β beside the γ.
    pub bias: bool,
}

impl Default for LayerNormConfig {
    fn default() -> Self {
        Self { eps: 1e-5, elementwise_affine: true, bias: true }
    }
}

impl<F: Float> LayerNorm<F> {
    /// A layer for `features` features.
    ///
    /// # Errors
    /// If there are fewer than two features.
    pub fn new(features: usize) -> Result<Self, Error> {
        Self::with_config(features, LayerNormConfig::default())
    }

    /// A layer for `features` features.
    ///
    /// # Errors
    /// If there are fewer than two features, or ε is not a positive number of the type `F`.
    pub fn with_config(features: usize, config: LayerNormConfig) -> Result<Self, Error> {
        if features == 0 {
            return Err(Error::empty(Self::NAME, "at least 1 feature"));
        }
        let groups = Groups::new::<F>(Self::NAME, [1, features, 1], config.eps)?;
        let affine = match (config.elementwise_affine, config.bias) {
            (true, true) => Affine::new(features)?,
            (true, false) => Affine::weight_only(features)?,
            (false, _) => Affine::none(features),
        };
        Ok(Self { groups, affine })
    }
}

sample_norm!(LayerNorm);

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use tensor_core::Path;

    use super::{LayerNorm, LayerNormConfig};
    use crate::{Affine, Layer, Saved, Tensors};

    // ε = 3 makes 1/√(σ² + ε) = ½ for the first row, Z = [1, 3] with μ = 2, σ² = 1, and ¼ for the
    // second, Z = [−√13, √13] with μ = 0, σ² = 13. With γ = [2, 4], β = [1, 0] and r = √13:
    //   NZ = [−½, ½], [−r/4, r/4];   BZ = [0, 2], [1 − r/2, r]
    // With dLdBZ = [1, 1], [2, 0]:   dLdNZ = [2, 4], [4, 0]
    //   dLdγ = [−½ − r/2, ½],        dLdβ = [3, 1]
    //   row 0: means 3 and ½(−1 + 2) = ½:      dLdZ = ½([2, 4] − 3 − [−¼, ¼]) = [−3/8, 3/8]
    //   row 1: means 2 and ½(−r) = −r/2:       dLdZ = ¼([4, 0] − 2 + r/2·[−r/4, r/4])
    //                                               = ¼(2 − 13/8)·[1, −1] = [3/32, −3/32]
    #[test]
    fn by_hand() {
        let r = 13.0_f64.sqrt();
        let config = LayerNormConfig { eps: 3.0, ..Default::default() };
        let affine = Affine::from_parts(array![2.0, 4.0], Some(array![1.0, 0.0])).unwrap();
        let norm = LayerNorm::with_config(2, config).unwrap().with_affine(affine).unwrap();
        let (x, dy) = (array![[1.0, 3.0], [-r, r]], array![[1.0, 1.0], [2.0, 0.0]]);
        let mut y = Array2::from_elem((2, 2), f64::NAN);
        norm.infer(&x, &mut y).unwrap();
        let (mut dx, mut grads) = (Array2::from_elem((2, 2), f64::NAN), norm.gradient());
        norm.backward(
            Saved { x: &x, y: &y, cache: &mut norm.cache(x.nrows(), x.ncols()).unwrap() },
            &dy,
            Some(&mut dx),
            &mut grads,
        )
        .unwrap();

        let close = |found: &[f64], expected: &[f64]| {
            assert_eq!(found.len(), expected.len());
            for (f, e) in found.iter().zip(expected) {
                // A few roundings of numbers up to 4.
                assert!((f - e).abs() <= 8.0 * f64::EPSILON, "{found:?}, expected {expected:?}");
            }
        };
        close(y.as_slice().unwrap(), &[0.0, 2.0, 1.0 - r / 2.0, r]);
        close(&grads.affine.weight().unwrap().to_vec(), &[-0.5 - r / 2.0, 0.5]);
        close(&grads.affine.bias().unwrap().to_vec(), &[3.0, 1.0]);
        close(dx.as_slice().unwrap(), &[-0.375, 0.375, 0.09375, -0.09375]);
    }

    #[test]
    fn configurations_are_checked_when_built() {
        let config = |eps| LayerNormConfig { eps, ..Default::default() };
        let eps = "LayerNorm: expected eps to be a normal number > 0 in the layer's type, found";
        let cases = [
            (LayerNorm::<f64>::new(0), "LayerNorm: expected at least 1 feature, found 0".into()),
            (LayerNorm::with_config(2, config(0.0)), format!("{eps} 0")),
            (LayerNorm::with_config(2, config(f64::NAN)), format!("{eps} NaN")),
            (
                LayerNorm::new(2).and_then(|n| n.with_affine(Affine::new(3)?)),
                "LayerNorm: weight: expected shape (2), found (3)".into(),
            ),
        ];
        for (result, message) in cases {
            assert_eq!(result.unwrap_err().to_string(), message);
        }
        let norm = LayerNorm::<f64>::new(3).unwrap();
        assert_eq!(norm.out_features(3), Ok(3));
        let message = "LayerNorm: expected 3 input features, found 2";
        assert_eq!(norm.out_features(2).unwrap_err().to_string(), message);
    }

    #[test]
    fn the_parameters_asked_for_are_there() {
        for (elementwise_affine, bias, expected) in [
            (true, true, vec!["weight", "bias"]),
            (true, false, vec!["weight"]),
            (false, true, vec![]),
            (false, false, vec![]),
        ] {
            let config = LayerNormConfig { elementwise_affine, bias, ..Default::default() };
            let mut names = Vec::new();
            let norm = LayerNorm::<f32>::with_config(2, config).unwrap();
            norm.each_tensor(Path::root(), &mut |path, _| names.push(path.leaf()));
            assert_eq!(names, expected);
        }
    }
}
