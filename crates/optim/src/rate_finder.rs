//! Which learning rate to begin with.

use tensor_core::Error;

use crate::check;

/// Looks for a learning rate: a short training with rates that grow exponentially until the loss
/// grows, fastai's `lr_find`.
///
/// | | |
/// |---|---|
/// | rates | `λ_i = λ₀ (λ₁/λ₀)^(i/(n − 1))`, `i` from 0 to `n − 1` |
/// | smoothed losses | `s_i = β s_{i−1} + (1 − β) L_i`, `s_{−1} = 0`; `L̂_i = s_i/(1 − β^(i+1))` |
/// | the end | after `n` losses; before, if a loss is NaN or infinite, or `L̂_i > b + (c − 1)·\|b\|` |
///
/// `λ₀`, `λ₁` ([`start_lr`](RateFinderConfig::start_lr), [`end_lr`](RateFinderConfig::end_lr)) are
/// the first and the last rate, `n` ([`num_it`](RateFinderConfig::num_it)) is their number, `L_i`
/// the loss of a batch at the rate `λ_i`, `β` the [`smoothing`](RateFinderConfig::smoothing), `c` the
/// [`divergence`](RateFinderConfig::divergence) and `b` the smallest `L̂` so far. `1 − β^(i+1)` is
/// the sum of the weights in `s_i`, as in [`Adam`](crate::Adam)'s means.
///
/// With too small a rate the loss stays, with a good one it falls, with too large a one it
/// explodes: one curve over all rates shows where. What a [`Suggestion`] reads off it:
///
/// | | |
/// |---|---|
/// | [`steepest`](Suggestion::steepest) | the rate where `L̂` falls fastest over `ln λ`: the largest `(L̂_i − L̂_{i+1})/(ln λ_{i+1} − ln λ_i)` |
/// | [`minimum`](Suggestion::minimum) | a tenth of the rate where `L̂` is smallest: there it is about to explode |
///
/// The first tenth of the curve, where the mean is of few losses, and its last five points, where
/// it explodes, are left out. Begin the training anew afterwards, with the weights from before.
///
/// Source: Smith, *Cyclical learning rates for training neural networks*, WACV 2017,
/// <https://arxiv.org/abs/1506.01186>, section 3.3; smoothing, end and suggestions from fastai,
/// <https://docs.fast.ai/callback.schedule.html#lrfinder>, whose defaults these are. PyTorch has no
/// counterpart.
///
/// Differences to fastai: the last rate is `λ₁` (there `i/n`), and the loss diverges by a share of
/// the *size* of the best one, so that losses may be negative.
///
/// # Examples
///
/// ```
/// use optim::{Optimizer, RateFinder, RateFinderConfig, Sgd, SgdConfig};
#[doc = include_str!("../doc/weights.md")]
/// let mut sgd = Sgd::new(SgdConfig::default())?;
/// let mut model = Weights([3.0]); // L = ½ w², gradient w: converges for rates below 2
/// let mut finder = RateFinder::new(RateFinderConfig::default())?;
/// while let Some(lr) = finder.lr() {
///     sgd.set_lr(lr)?;
///     let w = model.0[0]; // forward pass
///     finder.record(0.5 * w * w);
///     sgd.step(&mut model, &mut [w])?;
/// }
/// let found = finder.suggestion().unwrap();
/// assert!(0.01 < found.minimum && found.minimum < 2.0);
/// assert!(0.01 < found.steepest && found.steepest < 2.0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RateFinder {
    config: RateFinderConfig,
    points: Vec<RatePoint>,
    /// `s` and `β^i`.
    sum: f64,
    power: f64,
    progress: RateSearch,
}

/// The rates that a [`RateFinder`] tries, and when it ends; fastai's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RateFinderConfig {
    /// `λ₀`: the first rate.
    pub start_lr: f64,
    /// `λ₁`: the last rate.
    pub end_lr: f64,
    /// `n`: the number of rates.
    pub num_it: u64,
    /// `β`: what the mean of the losses is multiplied by at each step, from 0 to below 1.
    pub smoothing: f64,
    /// `c`, above 1: the search ends where a smoothed loss is so many times the best one; with
    /// `None` only where a loss is NaN or infinite.
    pub divergence: Option<f64>,
}

impl Default for RateFinderConfig {
    fn default() -> Self {
        Self { start_lr: 1e-7, end_lr: 10.0, num_it: 100, smoothing: 0.98, divergence: Some(4.0) }
    }
}

/// A point of the curve of a [`RateFinder`]. Its page defines the symbols.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RatePoint {
    /// `λ_i`.
    pub lr: f64,
    /// `L_i`.
    pub loss: f64,
    /// `L̂_i`.
    pub smoothed: f64,
}

/// What [`RateFinder::record`] says of a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RateSearch {
    /// The next rate is to be tried.
    Continue,
    /// All rates have been tried.
    Finished,
    /// The loss has grown too much, or is no number.
    Diverged,
}

/// Rates to train with, read off the curve of a [`RateFinder`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Suggestion {
    /// Where the smoothed loss falls fastest.
    pub steepest: f64,
    /// A tenth of the rate where the smoothed loss is smallest.
    pub minimum: f64,
}

const PLACE: &str = "rate finder";

impl RateFinder {
    /// A search that has tried no rate yet.
    ///
    /// # Errors
    /// If a rate is not positive and finite, the last one not above the first, there are fewer than
    /// two, `smoothing` is not from 0 to below 1, or `divergence` not above 1 and finite.
    pub fn new(config: RateFinderConfig) -> Result<Self, Error> {
        let RateFinderConfig { start_lr, end_lr, num_it, smoothing, divergence } = config;
        check::positive(PLACE, "start_lr", start_lr)?;
        check::positive(PLACE, "end_lr", end_lr)?;
        let above = |end: f64| end > start_lr;
        Error::check_hyperparameter(PLACE, "end_lr", "above start_lr", end_lr, above)?;
        check::count(PLACE, "num_it", num_it, "at least 2", 2..u64::MAX)?;
        check::below_one(PLACE, "smoothing", smoothing)?;
        let range = "a finite number above 1";
        let more = |c: f64| c > 1.0 && c.is_finite();
        Error::check_hyperparameter(PLACE, "divergence", range, divergence.unwrap_or(2.0), more)?;
        let progress = RateSearch::Continue;
        Ok(Self { config, points: Vec::new(), sum: 0.0, power: 1.0, progress })
    }

    /// The rate to make the next step with, or `None` when the search has ended.
    pub fn lr(&self) -> Option<f64> {
        let RateFinderConfig { start_lr, end_lr, num_it, .. } = self.config;
        if self.progress != RateSearch::Continue {
            return None;
        }
        // λ₀ (λ₁/λ₀)^p, whose quotient may be too large for f64; both ends exactly.
        let (i, last) = (self.points.len() as u64, num_it - 1);
        let p = i as f64 / last as f64;
        let lr = (start_lr.ln() * (1.0 - p) + end_lr.ln() * p).exp();
        Some(match i {
            0 => start_lr,
            _ if i == last => end_lr,
            _ => lr.clamp(start_lr, end_lr),
        })
    }

    /// Takes the loss at the rate that [`lr`](Self::lr) says. After the end it changes nothing.
    pub fn record(&mut self, loss: f64) -> RateSearch {
        let Some(lr) = self.lr() else { return self.progress };
        if !loss.is_finite() {
            self.progress = RateSearch::Diverged;
            return self.progress;
        }
        let RateFinderConfig { smoothing, divergence, num_it, .. } = self.config;
        self.power *= smoothing;
        self.sum = smoothing * self.sum + (1.0 - smoothing) * loss;
        let smoothed = self.sum / (1.0 - self.power);
        let best = self.points.iter().fold(f64::INFINITY, |best, point| best.min(point.smoothed));
        self.points.push(RatePoint { lr, loss, smoothed });
        let grown = divergence.is_some_and(|c| smoothed > best + (c - 1.0) * best.abs());
        self.progress = if grown {
            RateSearch::Diverged
        } else if self.points.len() as u64 == num_it {
            RateSearch::Finished
        } else {
            RateSearch::Continue
        };
        self.progress
    }

    /// The curve so far, one point for each loss that is a number.
    pub fn curve(&self) -> &[RatePoint] {
        &self.points
    }

    /// What the curve suggests, or `None` if it is too short or falls nowhere.
    pub fn suggestion(&self) -> Option<Suggestion> {
        let first = usize::try_from(self.config.num_it / 10).ok()?;
        let curve = self.points.get(first..self.points.len().checked_sub(5)?)?;
        let slope = |pair: &[RatePoint]| match pair {
            [a, b] => (b.smoothed - a.smoothed) / (b.lr.ln() - a.lr.ln()),
            _ => 0.0,
        };
        let falling = curve.windows(2).filter(|pair| slope(pair) < 0.0);
        let steepest = falling.min_by(|a, b| slope(a).total_cmp(&slope(b)))?.first()?.lr;
        let lowest = curve.iter().min_by(|a, b| a.smoothed.total_cmp(&b.smoothed))?;
        Some(Suggestion { steepest, minimum: lowest.lr / 10.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::{RateFinder, RateFinderConfig, RateSearch, Suggestion};

    fn finder(num_it: u64, smoothing: f64, divergence: Option<f64>) -> RateFinder {
        let (start_lr, end_lr) = (1e-3, 1e3);
        let config = RateFinderConfig { start_lr, end_lr, num_it, smoothing, divergence };
        RateFinder::new(config).unwrap()
    }

    // Seven rates, each ten times the one before. β = ½: s = ½·8 = 4, L̂ = 4/½ = 8; s = ½·4 + ½·2 =
    // 3, L̂ = 3/¾ = 4; s = ½·3 + ½·4 = 7/2, L̂ = (7/2)/(7/8) = 4.
    #[test]
    fn rates_and_means_by_hand() {
        let mut finder = finder(7, 0.5, None);
        for (i, loss) in [8.0, 2.0, 4.0, 4.0, 4.0, 4.0].into_iter().enumerate() {
            let right = 10.0_f64.powi(i as i32 - 3);
            assert!((finder.lr().unwrap() / right - 1.0).abs() < 1e-14, "{i}");
            assert_eq!(finder.record(loss), RateSearch::Continue);
        }
        assert_eq!(finder.lr(), Some(1e3));
        assert_eq!(finder.record(4.0), RateSearch::Finished);
        assert_eq!((finder.lr(), finder.record(1.0)), (None, RateSearch::Finished));
        let smoothed: Vec<f64> = finder.curve().iter().map(|point| point.smoothed).collect();
        assert_eq!(smoothed, [8.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0]);
    }

    // Without smoothing; the best is 2, so 8 is 4 times as much, and more ends it. A best of −2:
    // the margin is 3·2, so it ends above 4; four times −2 would have ended it at once.
    #[test]
    fn losses_of_either_sign_diverge() {
        for (best, still, more) in [(2.0, 8.0, 8.1), (-2.0, 4.0, 4.1), (-2.0, -1.0, 5.0)] {
            let mut finder = finder(100, 0.0, Some(4.0));
            for loss in [best, still] {
                assert_eq!(finder.record(loss), RateSearch::Continue, "{best}, {loss}");
            }
            assert_eq!(finder.record(more), RateSearch::Diverged, "{best}");
            assert_eq!(finder.lr(), None);
        }
        for loss in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut finder = finder(100, 0.9, None);
            assert_eq!(finder.record(1.0), RateSearch::Continue);
            assert_eq!(finder.record(loss), RateSearch::Diverged);
            assert_eq!((finder.curve().len(), finder.suggestion()), (1, None));
        }
    }

    // 13 rates, half a power of ten apart; the first and the last five are left out, points 1 to 7
    // stay. Of their losses 10, 9, 5, 4, 3, 3.5, 4 the steepest fall is from point 2 on, the lowest
    // one is point 5: 10^(−3 + 2/2) and a tenth of 10^(−3 + 5/2).
    #[test]
    fn suggestions_by_hand() {
        let mut finder = finder(13, 0.0, None);
        let losses = [99.0, 10.0, 9.0, 5.0, 4.0, 3.0, 3.5, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        for loss in losses {
            let _ = finder.record(loss);
        }
        let Suggestion { steepest, minimum } = finder.suggestion().unwrap();
        assert!((steepest / 1e-2 - 1.0).abs() < 1e-12, "{steepest}");
        assert!((minimum / 10.0_f64.powf(-1.5) - 1.0).abs() < 1e-12, "{minimum}");
        assert_eq!(self::finder(13, 0.0, None).suggestion(), None);
    }

    // Rates from one end of f64 to the other are rates.
    #[test]
    fn the_whole_range_of_rates() {
        let (start_lr, end_lr) = (5e-324, f64::MAX);
        let config = RateFinderConfig { start_lr, end_lr, ..RateFinderConfig::default() };
        let mut finder = RateFinder::new(config).unwrap();
        let mut before = 0.0;
        while let Some(lr) = finder.lr() {
            assert!(lr > before && lr.is_finite(), "{lr:e} after {before:e}");
            before = lr;
            let _ = finder.record(1.0);
        }
        assert_eq!(before, f64::MAX);
    }

    #[test]
    fn numbers_are_checked() {
        let default = RateFinderConfig::default;
        let table = [
            (
                RateFinderConfig { start_lr: 0.0, ..default() },
                "start_lr to be a finite number > 0, found 0",
            ),
            (
                RateFinderConfig { end_lr: 1e-8, ..default() },
                "end_lr to be above start_lr, found 0.00000001",
            ),
            (RateFinderConfig { num_it: 1, ..default() }, "num_it to be at least 2, found 1"),
            (
                RateFinderConfig { smoothing: 1.0, ..default() },
                "smoothing to be from 0 to below 1, found 1",
            ),
            (
                RateFinderConfig { divergence: Some(f64::NAN), ..default() },
                "divergence to be a finite number above 1, found NaN",
            ),
        ];
        for (config, message) in table {
            let error = RateFinder::new(config).unwrap_err().to_string();
            assert_eq!(error, format!("rate finder: expected {message}"));
        }
    }
}
