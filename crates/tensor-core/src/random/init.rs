//! Initial values of a layer's weight and bias, drawn from a seeded generator.

use kernels::Float;
use libm::sqrt;
use ndarray::{ArrayRef1, ArrayRef2};

use super::rng::Rng;
use super::{orthogonal, truncated};
use crate::Error;

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
/// | [`LecunUniform`](Self::LecunUniform) | `U(−b, b)`, `b = √(3/fan_in)` | 0 |
/// | [`LecunNormal`](Self::LecunNormal) | `N(0, σ²)` within `±2 σ`, with variance `1/fan_in` | 0 |
/// | [`TruncNormal`](Self::TruncNormal) | `N(mean, std²)` within `[a, b]` | 0 |
/// | [`Orthogonal`](Self::Orthogonal) | `gain·Q`, `Q` with orthonormal rows or columns | 0 |
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
/// Init::TorchDefault.weight(&mut weight, &mut Rng::new(0))?;
/// assert!(weight.iter().all(|w| w.abs() <= 0.5)); // 1/√4
///
/// Init::ORTHOGONAL.weight(&mut weight, &mut Rng::new(0))?;
/// assert!((weight.row(0).dot(&weight.row(1))).abs() < 1e-6); // three orthonormal rows
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
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
    /// Uniform with variance `1/fan_in`, for SELU (LeCun et al., *Efficient BackProp*, 1998,
    /// <https://doi.org/10.1007/978-3-642-35289-8_3>, equation 16). Keras's `lecun_uniform`.
    LecunUniform,
    /// Normal with the same variance and no value beyond two deviations. Keras's `lecun_normal`,
    /// which divides the deviation by that of a standard normal number within ±2, 0.8796….
    LecunNormal,
    /// Normal with this mean and deviation, given that it lies in `[a, b]`: PyTorch's
    /// `trunc_normal_`, whose defaults are [`TRUNC_NORMAL`](Self::TRUNC_NORMAL).
    TruncNormal {
        /// Mean of the normal distribution that is cut, a finite number.
        mean: f64,
        /// Its deviation, a positive finite number.
        std: f64,
        /// The least value, which may be −∞.
        a: f64,
        /// The largest value, at least `a`, which may be ∞.
        b: f64,
    },
    /// `gain` times a matrix whose rows are orthonormal, or whose columns are if there are fewer of
    /// them, every such matrix equally likely: lengths and angles survive a layer, however many
    /// follow. (Saxe, McClelland and Ganguli, ICLR 2014, <https://arxiv.org/abs/1312.6120>, section
    /// 3.) PyTorch's `orthogonal_`; the default gain is [`ORTHOGONAL`](Self::ORTHOGONAL)'s. It takes
    /// `4·max·min²` steps for the two widths.
    Orthogonal {
        /// A finite number: `√2` for ReLU, 1 for a linear layer.
        gain: f64,
    },
    /// Nothing but zeros: for layers whose values are set afterward. A network of them does not
    /// learn.
    Zeros,
}

/// The deviation of a standard normal number that lies within ±2, `√(1 − 4 φ(2)/(Φ(2) − Φ(−2)))`.
const WITHIN_TWO: f64 = 0.879_625_661_034_239_8;

impl Init {
    /// [`TruncNormal`](Self::TruncNormal) with PyTorch's defaults: mean 0, deviation 1, within ±2.
    pub const TRUNC_NORMAL: Self = Self::TruncNormal { mean: 0.0, std: 1.0, a: -2.0, b: 2.0 };

    /// [`Orthogonal`](Self::Orthogonal) with the gain 1.
    pub const ORTHOGONAL: Self = Self::Orthogonal { gain: 1.0 };

    /// Fills a weight.
    ///
    /// # Shapes
    /// `weight (C_out, C_in)`, in row-major order whatever its strides.
    ///
    /// # Errors
    /// If a number of the scheme lies outside its range, or there is no memory for what it takes:
    /// an orthogonal matrix is made in `f64`. The weight is then untouched.
    pub fn weight<F: Float>(self, weight: &mut ArrayRef2<F>, rng: &mut Rng) -> Result<(), Error> {
        self.check()?;
        if let Self::Orthogonal { gain } = self {
            return orthogonal::fill(weight, gain, rng);
        }
        let (fan_out, fan_in) = weight.dim();
        let mut draw = self.distribution(fan_in as f64, fan_out as f64);
        weight.iter_mut().for_each(|w| *w = F::of(draw(rng)));
        Ok(())
    }

    /// Whether its numbers lie in their ranges.
    fn check(self) -> Result<(), Error> {
        let place = "Init";
        match self {
            Self::TruncNormal { mean, std, a, b } => {
                let (finite, positive) = ("a finite number", "a positive finite number");
                Error::check_hyperparameter(place, "mean", finite, mean, f64::is_finite)?;
                let ok = |std: f64| std.is_finite() && std > 0.0;
                Error::check_hyperparameter(place, "std", positive, std, ok)?;
                let ok = |a| a < f64::INFINITY;
                Error::check_hyperparameter(place, "a", "a number below ∞", a, ok)?;
                let ok = |b| b >= a && b > f64::NEG_INFINITY;
                Error::check_hyperparameter(place, "b", "a number from a on", b, ok)
            }
            Self::Orthogonal { gain } => {
                let expected = "a finite number";
                Error::check_hyperparameter(place, "gain", expected, gain, f64::is_finite)
            }
            _ => Ok(()),
        }
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
        let cut = |mean, std, [a, b]: [f64; 2]| Draw::Cut([mean, std], [a, b]);
        let draw = match self {
            Self::TorchDefault => Draw::Uniform(1.0 / sqrt(fan_in)),
            Self::XavierUniform => Draw::Uniform(sqrt(6.0 / (fan_in + fan_out))),
            Self::XavierNormal => Draw::Normal(sqrt(2.0 / (fan_in + fan_out))),
            Self::HeUniform => Draw::Uniform(sqrt(6.0 / fan_in)),
            Self::HeNormal => Draw::Normal(sqrt(2.0 / fan_in)),
            Self::LecunUniform => Draw::Uniform(sqrt(3.0 / fan_in)),
            Self::LecunNormal => {
                let std = 1.0 / sqrt(fan_in) / WITHIN_TWO;
                cut(0.0, std, [-2.0 * std, 2.0 * std])
            }
            Self::TruncNormal { mean, std, a, b } => cut(mean, std, [a, b]),
            Self::Zeros | Self::Orthogonal { .. } => Draw::Uniform(0.0),
        };
        move |rng| match draw {
            Draw::Uniform(bound) => bound * (2.0 * rng.uniform() - 1.0),
            Draw::Normal(std) => std * rng.normal(),
            Draw::Cut(normal, bounds) => truncated::draw(rng, normal, bounds),
        }
    }
}

/// One number of a weight.
enum Draw {
    /// Uniform within this bound.
    Uniform(f64),
    /// Normal with mean 0 and this deviation.
    Normal(f64),
    /// Normal with this mean and deviation, within these bounds.
    Cut([f64; 2], [f64; 2]),
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
            (Init::LecunUniform, 1.0 / 500.0, Some((3.0_f64 / 500.0).sqrt())),
            (Init::LecunNormal, 1.0 / 500.0, Some(2.0 / 500.0_f64.sqrt() / 0.879_625_66)),
            // 1 − 4 φ(2)/(2 Φ(2) − 1), with φ(2) = 0.05399097 and Φ(2) = 0.97724987 (tables).
            (Init::TRUNC_NORMAL, 0.773_741_3, Some(2.0)),
            // Every row has norm 3, of which there are 300.
            (Init::Orthogonal { gain: 3.0 }, 9.0 / 500.0, None),
            (Init::Zeros, 0.0, Some(0.0)),
        ];
        for (init, variance, largest) in table {
            let mut w = Array2::<f64>::zeros((fan_out, fan_in));
            init.weight(&mut w, &mut Rng::new(1)).unwrap();
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
        for init in [Init::TorchDefault, Init::HeNormal, Init::LecunNormal, Init::ORTHOGONAL] {
            let mut wide = Array2::<f64>::zeros((5, 7));
            let mut narrow = Array2::<f32>::zeros((5, 7));
            init.weight(&mut wide, &mut Rng::new(2)).unwrap();
            init.weight(&mut narrow, &mut Rng::new(2)).unwrap();
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

    #[test]
    fn numbers_outside_their_range_are_refused_and_nothing_is_written() {
        let mut weight = Array2::from_elem((2, 2), 7.0);
        let mut refused = |init: Init, name: &str| {
            let error = init.weight(&mut weight, &mut Rng::new(1)).unwrap_err().to_string();
            assert!(error.starts_with(&format!("Init: expected {name} to be ")), "{error}");
            assert_eq!(weight, Array2::from_elem((2, 2), 7.0));
        };
        let (nan, infinite) = (f64::NAN, f64::INFINITY);
        for gain in [nan, infinite] {
            refused(Init::Orthogonal { gain }, "gain");
        }
        for (mean, std, a, b, name) in [
            (nan, 1.0, -2.0, 2.0, "mean"),
            (0.0, 0.0, -2.0, 2.0, "std"),
            (0.0, infinite, -2.0, 2.0, "std"),
            (0.0, 1.0, nan, 2.0, "a"),
            (0.0, 1.0, infinite, infinite, "a"),
            (0.0, 1.0, 2.0, -2.0, "b"),
            (0.0, 1.0, -2.0, nan, "b"),
            (0.0, 1.0, -infinite, -infinite, "b"),
        ] {
            refused(Init::TruncNormal { mean, std, a, b }, name);
        }
    }
}
