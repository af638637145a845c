//! Initial values of a layer's weight and bias, drawn from a seeded generator.

use kernels::Float;
use ndarray::{ArrayRef1, ArrayRef2};

use super::rng::Rng;

/// How a layer's weight and bias are filled before training, drawn from a seeded [`Rng`].
///
/// With `fan_in = C_in` and `fan_out = C_out` of the layer, `U(a, b)` uniform from `a` to `b`, and
/// `N(μ, σ²)` normal:
///
/// | scheme | weight | bias |
/// |---|---|---|
/// | [`TorchDefault`](Self::TorchDefault) | `U(−1/√fan_in, 1/√fan_in)` | the same |
/// | [`XavierUniform`](Self::XavierUniform) | `U(−b, b)`, `b = √(6/(fan_in + fan_out))` | 0 |
/// | [`XavierNormal`](Self::XavierNormal) | `N(0, 2/(fan_in + fan_out))` | 0 |
/// | [`HeUniform`](Self::HeUniform) | `U(−b, b)`, `b = √(6/fan_in)` | 0 |
/// | [`HeNormal`](Self::HeNormal) | `N(0, 2/fan_in)` | 0 |
/// | [`Zeros`](Self::Zeros) | 0 | 0 |
///
/// The numbers are computed in `f64` and rounded once, so that an `f32` model starts as the rounded
/// `f64` model.
///
/// # Shapes
/// `weight (C_out, C_in)`, `bias (C_out)`.
///
/// # Examples
/// ```
/// use ndarray::Array2;
/// use tensor_core::{Init, Rng};
///
/// let mut weight = Array2::<f32>::zeros((3, 4));
/// Init::TorchDefault.weight(&mut weight, &mut Rng::new(0));
/// assert!(weight.iter().all(|w| w.abs() <= 0.5)); // 1/√4
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Init {
    /// As `torch.nn.Linear`: weight and bias uniform within `1/√fan_in`.
    #[default]
    TorchDefault,
    /// Uniform with variance `2/(fan_in + fan_out)`, for tanh and sigmoid (Glorot and Bengio,
    /// AISTATS 2010, <https://proceedings.mlr.press/v9/glorot10a.html>, equation 16).
    XavierUniform,
    /// Normal with the same variance (equation 12 of the same paper).
    XavierNormal,
    /// Uniform with variance `2/fan_in`, for ReLU (He et al., ICCV 2015,
    /// <https://arxiv.org/abs/1502.01852>, equation 10).
    HeUniform,
    /// Normal with the same variance.
    HeNormal,
    /// Nothing but zeros: for layers whose values are set afterward. A network of them does not
    /// learn.
    Zeros,
}

impl Init {
    /// Fills a weight.
    ///
    /// # Shapes
    /// `weight (C_out, C_in)`, in row-major order whatever its strides.
    pub fn weight<F: Float>(self, weight: &mut ArrayRef2<F>, rng: &mut Rng) {
        let (fan_out, fan_in) = weight.dim();
        let mut draw = self.distribution(fan_in as f64, fan_out as f64);
        weight.iter_mut().for_each(|w| *w = F::of(draw(rng)));
    }

    /// Fills the bias that belongs to a weight with `fan_in` columns; without any it is 0.
    ///
    /// # Shapes
    /// `bias (C_out)`.
    pub fn bias<F: Float>(self, bias: &mut ArrayRef1<F>, fan_in: usize, rng: &mut Rng) {
        match self {
            Self::TorchDefault if fan_in > 0 => {
                let mut draw = self.distribution(fan_in as f64, 0.0);
                bias.iter_mut().for_each(|b| *b = F::of(draw(rng)));
            }
            _ => bias.fill(F::zero()),
        }
    }

    fn distribution(self, fan_in: f64, fan_out: f64) -> impl FnMut(&mut Rng) -> f64 {
        let (normal, scale) = match self {
            Self::TorchDefault => (false, 1.0 / libm::sqrt(fan_in)),
            Self::XavierUniform => (false, libm::sqrt(6.0 / (fan_in + fan_out))),
            Self::XavierNormal => (true, libm::sqrt(2.0 / (fan_in + fan_out))),
            Self::HeUniform => (false, libm::sqrt(6.0 / fan_in)),
            Self::HeNormal => (true, libm::sqrt(2.0 / fan_in)),
            Self::Zeros => (false, 0.0),
        };
        move |rng| {
            let unit = if normal { rng.normal() } else { 2.0 * rng.uniform() - 1.0 };
            scale * unit
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2};

    use super::Init;
    use crate::Rng;

    #[test]
    fn variances_are_those_of_the_papers() {
        let (fan_out, fan_in) = (300, 500);
        let n = (fan_out * fan_in) as f64;
        // (scheme, variance, largest value): a uniform distribution within ±b has variance b²/3.
        let table = [
            (Init::TorchDefault, 1.0 / 500.0 / 3.0, Some(1.0 / 500.0_f64.sqrt())),
            (Init::XavierUniform, 2.0 / 800.0, Some((6.0_f64 / 800.0).sqrt())),
            (Init::XavierNormal, 2.0 / 800.0, None),
            (Init::HeUniform, 2.0 / 500.0, Some((6.0_f64 / 500.0).sqrt())),
            (Init::HeNormal, 2.0 / 500.0, None),
            (Init::Zeros, 0.0, Some(0.0)),
        ];
        for (init, variance, largest) in table {
            let mut w = Array2::<f64>::zeros((fan_out, fan_in));
            init.weight(&mut w, &mut Rng::new(1));
            let got = w.iter().map(|w| w * w).sum::<f64>() / n;
            // A variance estimate's relative standard deviation is at most √(2/n) = 0.37 %: five of
            // them.
            assert!(
                (got - variance).abs() <= 5.0 * (2.0 / n).sqrt() * variance,
                "{init:?}: {got} against {variance}"
            );
            if let Some(largest) = largest {
                assert!(w.iter().all(|w| w.abs() <= largest), "{init:?}");
            }
        }
    }

    #[test]
    fn f32_is_the_rounded_f64() {
        for init in [Init::TorchDefault, Init::HeNormal] {
            let mut wide = Array2::<f64>::zeros((5, 7));
            let mut narrow = Array2::<f32>::zeros((5, 7));
            init.weight(&mut wide, &mut Rng::new(2));
            init.weight(&mut narrow, &mut Rng::new(2));
            assert_eq!(wide.mapv(|w| w as f32), narrow);
        }
    }

    #[test]
    fn only_the_torch_default_draws_a_bias() {
        let mut bias = Array1::from_elem(8, f64::NAN);
        Init::HeUniform.bias(&mut bias, 4, &mut Rng::new(3));
        assert_eq!(bias, Array1::zeros(8));
        Init::TorchDefault.bias(&mut bias, 4, &mut Rng::new(3));
        assert!(bias.iter().all(|b| b.abs() <= 0.5 && *b != 0.0));
        // 1/√0 is no bound.
        Init::TorchDefault.bias(&mut bias, 0, &mut Rng::new(3));
        assert_eq!(bias, Array1::zeros(8));
    }
}
