//! What L-BFGS keeps between two calls.

use tensor_core::{Error, Float};

use crate::check;

use super::memory::{LbfgsPair, curvature};

/// The state of [`Lbfgs`](crate::Lbfgs) between two calls: plain data, to be saved and restored.
///
/// With it and the parameters, training goes on as if it had not been interrupted.
///
/// # Examples
///
/// ```
/// use optim::{Lbfgs, LbfgsConfig, LbfgsState};
#[doc = include_str!("../../doc/weights.md")]
/// // L = ½ w₁² + 2 w₂², one iteration a call
/// let loss = |model: &mut Weights<2>, gradient: &mut [f64; 2]| {
///     let [a, b] = model.0;
///     *gradient = [a, 4.0 * b];
///     Ok(0.5 * a * a + 2.0 * b * b)
/// };
/// let config = LbfgsConfig { max_iter: 1, ..LbfgsConfig::default() };
/// let (mut first, mut second) = (Lbfgs::new(config)?, Lbfgs::new(config)?);
/// let mut model = Weights([3.0, 1.0]);
/// first.step(&mut model, &mut [0.0; 2], loss)?;
/// let mut copy = Weights(model.0);
///
/// let saved: LbfgsState<f64> = first.state().clone();
/// second.restore(saved)?;
/// first.step(&mut model, &mut [0.0; 2], loss)?;
/// second.step(&mut copy, &mut [0.0; 2], loss)?;
/// assert_eq!(model.0, copy.0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LbfgsState<F> {
    /// Iterations made so far.
    pub steps: u64,
    /// The number of elements of each parameter that is not frozen.
    pub lengths: Vec<usize>,
    /// `t d` of the last iteration, all parameters one after the other.
    pub displacement: Vec<F>,
    /// The gradient where the last iteration began.
    pub gradient: Vec<F>,
    /// Pairs of the iterations before, oldest first.
    pub pairs: Vec<LbfgsPair<F>>,
    /// `γ = yᵀs/yᵀy` of the last pair; 1 before the first one.
    pub scale: f64,
}

impl<F> Default for LbfgsState<F> {
    fn default() -> Self {
        let (lengths, displacement, gradient, pairs) = Default::default();
        Self { steps: 0, lengths, displacement, gradient, pairs, scale: 1.0 }
    }
}

impl<F: Float> LbfgsState<F> {
    /// Makes a pair of the last displacement, if it shows curvature, and keeps the gradient for the
    /// next one.
    pub(super) fn keep(&mut self, rho: &mut Vec<f64>, gradient: &[F], history_size: usize) {
        if self.steps > 0 {
            for (old, new) in self.gradient.iter_mut().zip(gradient) {
                *old = *new - *old; // y
            }
            if let Some((one_over_ys, gamma)) = curvature(&self.displacement, &self.gradient) {
                self.push(history_size);
                if rho.len() == self.pairs.len() {
                    rho.rotate_left(1);
                    rho.pop();
                }
                rho.push(one_over_ys);
                self.scale = gamma;
            }
        }
        self.gradient.clear();
        self.gradient.extend_from_slice(gradient);
    }

    /// Adds the pair of `displacement` and `gradient`, in the place of the oldest if all are taken.
    fn push(&mut self, history_size: usize) {
        if self.pairs.len() < history_size {
            self.pairs.push(LbfgsPair { s: Vec::new(), y: Vec::new() });
        } else {
            self.pairs.rotate_left(1);
        }
        if let Some(last) = self.pairs.last_mut() {
            last.s.clone_from(&self.displacement);
            last.y.clone_from(&self.gradient);
        }
    }

    /// Notes an iteration that moved the parameters by `t d`.
    pub(super) fn moved(&mut self, t: f64, direction: &[F], lengths: &[usize]) {
        let t = F::of(t);
        self.displacement.clear();
        self.displacement.extend(direction.iter().map(|d| t * *d));
        if self.steps == 0 {
            self.lengths.clear();
            self.lengths.extend_from_slice(lengths);
        }
        self.steps += 1;
    }

    /// Whether the parameters are those that the state was made for.
    pub(super) fn check_model(&self, place: &'static str, lengths: &[usize]) -> Result<(), Error> {
        if self.steps == 0 || self.lengths == lengths {
            return Ok(());
        }
        Err(Error::shape(format!("{place}: lengths of the parameters"), &self.lengths, lengths))
    }

    /// Whether steps can have led here, and `1/(yᵀs)` of each pair.
    ///
    /// # Errors
    /// If not.
    pub(super) fn check(&self, place: &'static str, most: usize) -> Result<Vec<f64>, Error> {
        check::count(place, "steps", self.steps, "below 2^63", 0..1 << 63)?;
        // As many pairs as iterations have ended before the last one.
        let most = self.steps.saturating_sub(1).min(most as u64);
        let range = "fewer than steps, and at most history_size";
        check::count(place, "pairs", self.pairs.len() as u64, range, 0..most.saturating_add(1))?;
        check::positive(place, "scale", self.scale)?;
        let pairs = self.pairs.iter().flat_map(|pair| [&pair.s, &pair.y]);
        let vectors = [&self.displacement, &self.gradient].into_iter().chain(pairs);
        let n = if self.steps == 0 {
            Some(0)
        } else {
            self.lengths.iter().try_fold(0_usize, |sum, n| sum.checked_add(*n))
        };
        for vector in vectors {
            if Some(vector.len()) != n {
                let place = format!("{place}: length of a vector");
                return Err(Error::shape(place, &self.lengths, &[vector.len()]));
            }
            let bad = vector.iter().find(|x| !x.is_finite()).map_or(0.0, |x| x.as_f64());
            Error::check_hyperparameter(place, "element", "a finite number", bad, f64::is_finite)?;
        }
        let curvatures = self.pairs.iter().map(|LbfgsPair { s, y }| match curvature(s, y) {
            Some((rho, _)) => Ok(rho),
            None => {
                let expected = "positive and more than a rounding";
                let found = super::flat::dot(s, y);
                Err(Error::Hyperparameter { place: place.into(), name: "yᵀs", expected, found })
            }
        });
        curvatures.collect()
    }
}
