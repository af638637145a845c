//! What counts as equal, and how much is spent on finding out.

/// Options of a check. The defaults are right for code that computes in `f64`.
///
/// An analytic value `a` and a numeric derivative `D` are equal if `|a − D| ≤ τ`, with
///
/// ```text
/// τ = rtol · max(|a|, |D|) + atol_ratio · rtol · max_i |g_i|
/// ```
///
/// where `g` is the analytic gradient of the whole tensor. Along a direction `d` the second term is
/// `rtol · √(Σ_i (g_i d_i)²)`.
///
/// # Examples
/// ```
/// use gradcheck::{Config, Mode};
/// let config = Config { seed: 42, mode: Mode::Directional, ..Config::default() };
/// assert_eq!((config.rtol, config.directions), (1e-8, 3));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Relative tolerance of one element.
    pub rtol: f64,
    /// The absolute tolerance is `atol_ratio · rtol · max_i |g_i|`, over the tensor.
    pub atol_ratio: f64,
    /// Seed of cotangents and directions.
    pub seed: u64,
    /// Element by element, by random directions, or both.
    pub mode: Mode,
    /// The arithmetic `f` computes in.
    pub precision: Precision,
    /// Random directions of the directional and hybrid modes.
    pub directions: usize,
    /// Most evaluations of `f` spent on one element.
    pub max_evaluations: usize,
    /// Most evaluations of `f` spent on one direction.
    pub max_direction_evaluations: usize,
    /// Fraction of the elements that has to be observable for
    /// [`Report::assert_pass`](crate::Report::assert_pass).
    pub min_observed: f64,
    /// Elements kept in the report for each tensor, worst first.
    pub keep: usize,
    /// Whether to run the checks that need no differences.
    pub structural: Structural,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            rtol: 1e-8,
            atol_ratio: 0.1,
            seed: 0x5eed,
            mode: Mode::Exhaustive,
            precision: Precision::Double,
            directions: 3,
            max_evaluations: 128,
            max_direction_evaluations: 40,
            min_observed: 0.5,
            keep: 5,
            structural: Structural::On,
        }
    }
}

impl Config {
    /// Defaults for a function that computes in `f32`: `rtol` 1e-4, which is about what
    /// differences of single-precision values can carry; what they cannot is inconclusive.
    /// Compare with an `f64` computation instead where one exists, see
    /// [`check_single`](crate::check_single).
    pub fn single() -> Self {
        Self { rtol: 1e-4, precision: Precision::Single, ..Self::default() }
    }

    /// `τ = rtol · max(|a|, |D|) + atol`
    pub(crate) fn tolerance(&self, analytic: f64, numeric: f64, atol: f64) -> f64 {
        self.rtol * analytic.abs().max(numeric.abs()) + atol
    }
}

/// Which elements are compared with differences. An option of [`Config`].
///
/// An exhaustive check costs some 10 forward passes an element. A directional one costs at most 40
/// a direction, whatever the number of elements, and more only where it finds a fault.
///
/// # Examples
/// ```
/// use gradcheck::{Config, Mode, Rng, Tensor, check_vjp};
/// let x = Tensor::new("x", Rng::new(8).normal_array(&[1000], 1.0));
/// let config = Config { mode: Mode::Directional, ..Config::default() };
/// let report = check_vjp(
///     "sin",
///     &[x],
///     |x| vec![x[0].mapv(f64::sin)],
///     |x, v| {
///         let mut g = &v[0] * &x[0].mapv(f64::cos);
///         g[[555]] *= 1.1; // a fault
///         vec![g]
///     },
///     &config,
/// );
/// // Found by halving the direction, then checked by itself.
/// assert_eq!(report.counts().fail, 1);
/// assert_eq!(report.tensors[0].worst[0].index, [555]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Every element by itself.
    Exhaustive,
    /// Random directions through all tensors at once; the elements that make one fail are found.
    Directional,
    /// Directions, and besides a few elements of every tensor one by one.
    Hybrid {
        /// Elements drawn from each tensor.
        sample_per_tensor: usize,
    },
}

/// The arithmetic of the function under test, and with it the unit roundoff `u`: the largest
/// `|fl(x) − x| / |x|` of one rounding. An option of [`Config`].
///
/// # Examples
/// ```
/// use gradcheck::Precision;
/// assert_eq!(Precision::Double.unit_roundoff(), (-53.0_f64).exp2());
/// assert_eq!(Precision::Single.unit_roundoff(), (-24.0_f64).exp2());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Binary64, unit roundoff 2⁻⁵³.
    Double,
    /// Binary32, unit roundoff 2⁻²⁴.
    Single,
}

impl Precision {
    /// `u`, the largest relative error of one rounding.
    pub fn unit_roundoff(self) -> f64 {
        match self {
            Self::Double => f64::EPSILON / 2.0,
            Self::Single => f64::from(f32::EPSILON) / 2.0,
        }
    }

    /// `x` as the function will see it.
    pub(crate) fn round(self, x: f64) -> f64 {
        match self {
            Self::Double => x,
            Self::Single => f64::from(x as f32),
        }
    }
}

/// Whether a check includes those that need no differences, listed at [`Check`](crate::Check). An
/// option of [`Config`].
///
/// # Examples
/// ```
/// use gradcheck::{Config, Structural, check_gradient};
/// use ndarray::{ArrayD, arr1};
/// let x = arr1(&[0.5, 1.5]).into_dyn();
/// let backward_passes = |structural| {
///     let config = Config { structural, ..Config::default() };
///     let f = |x: &ArrayD<f64>| x.iter().map(|x| x * x).sum();
///     check_gradient("Σx²", &x, f, |x| x * 2.0, &config).backward_calls
/// };
/// assert_eq!(backward_passes(Structural::Off), 1);
/// assert_eq!(backward_passes(Structural::On), 7);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structural {
    /// Run them: at most eight more backward passes.
    On,
    /// Leave them out.
    Off,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_roundoffs() {
        assert_eq!(Precision::Double.unit_roundoff(), (-53.0_f64).exp2());
        assert_eq!(Precision::Single.unit_roundoff(), (-24.0_f64).exp2());
        assert_eq!(Precision::Single.round(0.1), f64::from(0.1_f32));
    }

    #[test]
    fn tolerance_is_relative_with_a_floor() {
        let config = Config::default();
        assert_eq!(config.tolerance(2.0, -4.0, 1e-9), 4e-8 + 1e-9);
    }
}
