//! Root-mean-square normalization.

use tensor_core::{Error, Float};

use crate::groups::Groups;
use crate::sample_norm::sample_norm;
use crate::{Affine, Layer};

/// Root-mean-square normalization over the features, PyTorch's `nn.RMSNorm(C)`: every sample is
/// scaled to a root mean square of 1. Like [`LayerNorm`](crate::LayerNorm), but no mean is
/// subtracted.
///
/// ```text
/// s[n]    = 1/C Σ_c Z[n,c]²                       mean square of the features of sample n
/// r[n]    = 1/√(s[n] + ε)
/// NZ[n,c] = Z[n,c] r[n]                           normalized
/// A[n,c]  = γ[c] NZ[n,c]                          scaled
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place, `γ` the parameter
/// `weight`. No sample depends on another, so training and evaluation are the same.
///
/// # Gradients
/// `dLdA[n,c] = ∂L/∂A[n,c]` is handed down by the layer above. `γ[c]` enters every row, so that its
/// gradient is a sum over rows:
///
/// ```text
/// dLdγ[c]    = Σ_n dLdA[n,c] NZ[n,c]
/// dLdNZ[n,c] = dLdA[n,c] γ[c]
/// ```
///
/// Samples do not mix, so the index `n` is left out. `Z[c]` acts on the loss in two ways: through
/// its own `NZ[c]` and through `s`, which enters the `NZ` of all features of the row:
///
/// ```text
/// dLdZ[c] = dLdNZ[c] r + dLds 2 Z[c]/C
///
/// dLds    = Σ_k dLdNZ[k] Z[k] ∂r/∂s               ∂r/∂s = −½ (s + ε)^(−3/2) = −½ r³
///         = −½ r² Σ_k dLdNZ[k] NZ[k]
///
/// dLdZ[c] = r (dLdNZ[c] − NZ[c] 1/C Σ_k dLdNZ[k] NZ[k])
/// ```
///
/// *What is kept for backward?* Nothing beside the input: `r` is a sum over a row that is at hand.
///
/// # Shapes
/// | | shape | |
/// |---|---|---|
/// | `Z`, `A`, `dLdA`, `dLdZ` | `(N, C)` | input, output and their gradients |
/// | `γ`, `dLdγ` | `(C)` | parameter `weight`, unless it is left out |
/// | `s`, `r` | `(N)` | computed in each pass |
///
/// No buffers. A single feature is refused when the layer is built, as by all normalizations:
/// normalized it is its sign, with the gradient 0. (PyTorch allows it.) Rows whose squares leave
/// the type have their right results, too, where PyTorch's become 0.
///
/// (Zhang and Sennrich, NeurIPS 2019, <https://arxiv.org/abs/1910.07467>, equation 4; the `ε` is
/// PyTorch's.)
///
/// # Examples
/// With `ε = 7/2` the square root is whole: `Z = [3, 4]` has `s = 25/2`, `r = 1/√16 = ¼`.
///
/// ```
/// use layers::{Layer, RmsNorm, RmsNormConfig, Saved, Tensors};
/// use ndarray::{Array2, array};
///
/// let norm = RmsNorm::with_config(2, RmsNormConfig { eps: Some(3.5), ..Default::default() })?;
/// let z = array![[3.0, 4.0]];
/// let mut a = Array2::zeros((1, 2));
/// norm.infer(&z, &mut a)?;
/// assert_eq!(a, array![[0.75, 1.0]]); // γ = 1
///
/// let da = array![[4.0, 1.0]];
/// let (mut dz, mut grads) = (Array2::zeros((1, 2)), norm.gradient());
/// let saved = Saved { x: &z, y: &a, cache: &mut norm.cache(1, 2)? };
/// norm.backward(saved, &da, Some(&mut dz), &mut grads)?;
/// assert_eq!(grads.affine().weight(), Some(&array![4.0 * 0.75, 1.0 * 1.0]));
/// // The mean of dLdNZ·NZ is ½ (3 + 1) = 2: ¼ (dLdNZ − 2 NZ)
/// assert_eq!(dz, array![[0.25 * (4.0 - 2.0 * 0.75), 0.25 * (1.0 - 2.0 * 1.0)]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RmsNorm<F> {
    groups: Groups,
    affine: Affine<F>,
}

/// Choices of an [`RmsNorm`] beyond its width: `ε`, and whether it has a parameter. The default is
/// PyTorch's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RmsNormConfig {
    /// ε: added to the mean square. Without one, the distance from 1 to the next number of the
    /// layer's type.
    pub eps: Option<f64>,
    /// Whether there is a γ.
    pub elementwise_affine: bool,
}

impl Default for RmsNormConfig {
    fn default() -> Self {
        Self { eps: None, elementwise_affine: true }
    }
}

impl<F: Float> RmsNorm<F> {
    /// A layer for `features` features.
    ///
    /// # Errors
    /// If there are fewer than two features.
    pub fn new(features: usize) -> Result<Self, Error> {
        Self::with_config(features, RmsNormConfig::default())
    }

    /// A layer for `features` features.
    ///
    /// # Errors
    /// If there are fewer than two features, or ε is not a positive number of the type `F`.
    pub fn with_config(features: usize, config: RmsNormConfig) -> Result<Self, Error> {
        if features == 0 {
            return Err(Error::empty(Self::NAME, "at least 1 feature"));
        }
        let eps = config.eps.unwrap_or(F::epsilon().as_f64());
        let groups = Groups::new::<F>(Self::NAME, [1, features, 1], eps)?.about_zero();
        let affine = if config.elementwise_affine {
            Affine::weight_only(features)?
        } else {
            Affine::none(features)
        };
        Ok(Self { groups, affine })
    }

    /// The layer with another γ.
    ///
    /// # Errors
    /// If it is not made for its features, or has a β.
    pub fn with_affine(mut self, affine: Affine<F>) -> Result<Self, Error> {
        if let Some(bias) = affine.bias() {
            return Err(Error::shape("RmsNorm: bias", &[], bias.shape()));
        }
        self.affine = affine.fitting("RmsNorm: weight", self.affine.channels())?;
        Ok(self)
    }
}

sample_norm!(layer RmsNorm);

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use tensor_core::Path;

    use super::{RmsNorm, RmsNormConfig};
    use crate::{Affine, Layer, Saved, Tensors};

    // ε = 7/2 makes the roots whole. Z = [3, 4]: mean square 25/2, 1/√16 = ¼, NZ = [¾, 1];
    // Z = [1, 0]: mean square ½, 1/√4 = ½, NZ = [½, 0]. With γ = [2, −1], dLdA = [1, 2], [4, 1]:
    //   A = [3/2, −1], [1, 0];   dLdγ = [¾ + 2, 2 + 0];   dLdNZ = [2, −2], [8, −1]
    //   row 0: mean ½(3/2 − 2) = −¼:   dLdZ = ¼([2, −2] + ¼[¾, 1]) = [35/64, −7/16]
    //   row 1: mean ½(4 − 0) = 2:      dLdZ = ½([8, −1] − 2[½, 0]) = [7/2, −½]
    #[test]
    fn by_hand() {
        let config = RmsNormConfig { eps: Some(3.5), ..Default::default() };
        let affine = Affine::from_parts(array![2.0, -1.0], None).unwrap();
        let norm = RmsNorm::with_config(2, config).unwrap().with_affine(affine).unwrap();
        let (x, dy) = (array![[3.0, 4.0], [1.0, 0.0]], array![[1.0, 2.0], [4.0, 1.0]]);
        let mut y = Array2::from_elem((2, 2), f64::NAN);
        norm.infer(&x, &mut y).unwrap();
        assert_eq!(y, array![[1.5, -1.0], [1.0, 0.0]]);
        let (mut dx, mut grads) = (Array2::from_elem((2, 2), f64::NAN), norm.gradient());
        grads.each_tensor_mut(Path::root(), &mut |_, mut t| t.value.fill(f64::NAN));
        norm.backward(
            Saved { x: &x, y: &y, cache: &mut norm.cache(x.nrows(), x.ncols()).unwrap() },
            &dy,
            Some(&mut dx),
            &mut grads,
        )
        .unwrap();
        assert_eq!(dx, array![[0.546875, -0.4375], [3.5, -0.5]]);
        assert_eq!(grads.affine.weight(), Some(&array![2.75, 2.0]));
    }

    #[test]
    fn configurations_are_checked_when_built() {
        let config = |eps| RmsNormConfig { eps: Some(eps), ..Default::default() };
        let eps = "RmsNorm: expected eps to be a normal number > 0 in the layer's type, found";
        let with = |affine| RmsNorm::new(2).and_then(|norm| norm.with_affine(affine));
        let cases = [
            (RmsNorm::<f64>::new(0), "RmsNorm: expected at least 1 feature, found 0".into()),
            (RmsNorm::with_config(2, config(0.0)), format!("{eps} 0")),
            (RmsNorm::with_config(2, config(f64::NAN)), format!("{eps} NaN")),
            (with(Affine::new(2).unwrap()), "RmsNorm: bias: expected shape (), found (2)".into()),
            (
                with(Affine::weight_only(3).unwrap()),
                "RmsNorm: weight: expected shape (2), found (3)".into(),
            ),
        ];
        for (result, message) in cases {
            assert_eq!(result.unwrap_err().to_string(), message);
        }
        let norm = RmsNorm::<f64>::new(3).unwrap();
        assert_eq!(norm.out_features(3), Ok(3));
        let message = "RmsNorm: expected 3 input features, found 2";
        assert_eq!(norm.out_features(2).unwrap_err().to_string(), message);
    }

    #[test]
    fn without_a_choice_eps_is_the_types_own() {
        let scale = |eps: f64| 1.0 / eps.sqrt();
        let mut y = Array2::zeros((1, 2));
        RmsNorm::new(2).unwrap().infer(&array![[1e-30, 1e-30]], &mut y).unwrap();
        assert!((y[[0, 0]] / (1e-30 * scale(f64::EPSILON)) - 1.0).abs() < 4.0 * f64::EPSILON);
        let mut y = Array2::zeros((1, 2));
        RmsNorm::new(2).unwrap().infer(&array![[1e-30_f32, 1e-30]], &mut y).unwrap();
        let expected = 1e-30 * scale(f64::from(f32::EPSILON)) as f32;
        assert!((y[[0, 0]] / expected - 1.0).abs() < 4.0 * f32::EPSILON);
    }
}
