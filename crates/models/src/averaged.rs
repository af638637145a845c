//! An average of the weights that a training passes through.

use layers::Tensors;
use tensor_core::{Error, Float, Kind, Path};

use crate::Sequential;

/// An average of the weights that a training passes through, PyTorch's `AveragedModel`: a model of
/// its own, to be evaluated in the place of the trained one.
///
/// With `w` an element of the trained model, `a` the same element of the average and `n` the number
/// of updates before this one, the first [`update`](Self::update) sets `a ← w`, and later ones
///
/// | [`Average`] | update | PyTorch |
/// |---|---|---|
/// | [`Exponential`](Average::Exponential) | `a ← β a + (1 − β) w` | `multi_avg_fn=get_ema_multi_avg_fn(decay)` |
/// | the same with `warm_up` | `β = min(decay, (1 + n)/(10 + n))` | |
/// | [`Equal`](Average::Equal) | `a ← (n a + w)/(n + 1)` | the default, as for SWA |
///
/// Unrolled, the exponential average is `Σ_i (1 − β) βⁱ w_i` over the updates, `w_0` the last one:
/// a mean of the last `1/(1 − β)` updates or so. The equal one is the mean of all.
///
/// Why: with a constant rate the weights wander about a minimum, driven by the noise of the
/// batches. Their mean lies nearer to it than any of them, often in a flatter place. An exponential
/// average follows a training from its beginning, updated after each step. An equal one is for its
/// end, updated once an epoch. The warm-up forgets the first, random weights sooner.
///
/// Running statistics are copied from the trained model at each update, or averaged as weights are
/// ([`use_buffers`](AveragedConfig::use_buffers)). What is averaged are numbers, `w` in `f64`,
/// rounded once: where `a` is `w` it stays, and NaN comes only from NaN or `∞ − ∞`.
///
/// To save it, save the tensors of [`model`](Self::model) and the number of
/// [`updates`](Self::updates); [`resume`](Self::resume) goes on from there.
///
/// Source: Polyak and Juditsky, *Acceleration of stochastic approximation by averaging*, SIAM J.
/// Control Optim. 30, 1992, <https://doi.org/10.1137/0330046>; Izmailov et al., *Averaging weights
/// leads to wider optima and better generalization*, UAI 2018, <https://arxiv.org/abs/1803.05407>;
/// the warm-up from TensorFlow's `train.ExponentialMovingAverage`, `num_updates`.
///
/// # Shapes
/// Those of the model.
///
/// # Examples
///
/// `β = ½`: the weight 1 is copied, then `½·1 + ½·3 = 2`.
///
/// ```
/// use layers::Linear;
/// use models::{Averaged, AveragedConfig, Average, Sequential};
/// use ndarray::array;
///
/// let linear = Linear::from_parts(array![[1.0]], Some(array![0.0]))?;
/// let mut model = Sequential::<f64>::builder(1).push(linear).build()?;
/// let average = Average::Exponential { decay: 0.5, warm_up: false };
/// let config = AveragedConfig { average, ..AveragedConfig::default() };
/// let mut averaged = Averaged::new(&model, config)?;
/// averaged.update(&model)?; // after each step of the optimizer
/// model.set_tensor("0.weight", &array![[3.0]])?; // a step
/// averaged.update(&model)?;
/// assert_eq!(averaged.model().tensor("0.weight")?, array![[2.0]].into_dyn());
/// assert_eq!(averaged.updates(), 2);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Averaged<F: Float> {
    model: Sequential<F>,
    config: AveragedConfig,
    updates: u64,
    /// The numbers of the trained model, one tensor after the other, for the time of an update.
    numbers: Vec<F>,
    tensors: Vec<(String, Vec<usize>)>,
}

/// What an [`Averaged`] averages, and how; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AveragedConfig {
    /// The weights of the mean.
    pub average: Average,
    /// Whether running statistics are averaged, too; otherwise they are copied.
    pub use_buffers: bool,
}

/// How an [`Averaged`] weighs its updates: all alike, or later ones more. Each choice has its
/// formula on the page of `Averaged`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Average {
    /// All alike.
    #[default]
    Equal,
    /// The last ones most.
    Exponential {
        /// β, from 0 to 1; PyTorch's default: 0.999.
        decay: f64,
        /// Whether β begins at a tenth and grows to `decay`.
        warm_up: bool,
    },
}

impl Average {
    /// The shares of the average so far and of the new number, after `n ≥ 1` updates.
    fn shares(self, n: u64) -> [f64; 2] {
        let n = n as f64;
        match self {
            Self::Equal => [n / (n + 1.0), 1.0 / (n + 1.0)],
            Self::Exponential { decay, warm_up } => {
                // The share of the new number is never 0 in a warm-up, though 1 − keep would be.
                let warm = [(1.0 + n) / (10.0 + n), 9.0 / (10.0 + n)];
                let own = [decay, 1.0 - decay];
                if warm_up && warm[1] > own[1] { warm } else { own }
            }
        }
    }
}

const PLACE: &str = "averaged model";

impl<F: Float> Averaged<F> {
    /// An average without any update; its model is a copy of this one.
    ///
    /// # Errors
    /// If `decay` is not from 0 to 1.
    pub fn new(model: &Sequential<F>, config: AveragedConfig) -> Result<Self, Error> {
        Self::resume(model.clone(), 0, config)
    }

    /// An average that goes on: `model` as [`model`](Self::model) showed it, after so many
    /// [`updates`](Self::updates).
    ///
    /// # Errors
    /// If `decay` is not from 0 to 1, or the number of updates is 2⁶³ or more.
    pub fn resume(
        model: Sequential<F>,
        updates: u64,
        config: AveragedConfig,
    ) -> Result<Self, Error> {
        if let Average::Exponential { decay, .. } = config.average {
            let in_range = |v| (0.0..=1.0).contains(&v);
            Error::check_hyperparameter(PLACE, "decay", "from 0 to 1", decay, in_range)?;
        }
        let countable = |_| updates < 1 << 63;
        Error::check_hyperparameter(PLACE, "updates", "below 2^63", updates as f64, countable)?;
        let tensors = model.tensors().map(|(name, t)| (name, t.value.shape().to_vec())).collect();
        Ok(Self { model, config, updates, numbers: Vec::new(), tensors })
    }

    /// Takes the weights of `model` into the average. Allocates nothing from the second call on.
    ///
    /// # Errors
    /// If the model has other tensors than the first one had; nothing is changed then.
    pub fn update(&mut self, model: &Sequential<F>) -> Result<(), Error> {
        self.read(model)?;
        let [keep, take] = match self.updates {
            0 => [0.0, 1.0],
            n => self.config.average.shares(n),
        };
        let mut numbers = self.numbers.iter();
        let use_buffers = self.config.use_buffers;
        self.model.each_tensor_mut(Path::root(), &mut |_, mut t| {
            let copied = t.kind == Kind::Buffer && !use_buffers;
            let [keep, take] = if copied { [0.0, 1.0] } else { [keep, take] };
            for (a, w) in t.value.iter_mut().zip(&mut numbers) {
                *a = mix(*a, *w, [keep, take]);
            }
        });
        self.updates += 1;
        Ok(())
    }

    /// Copies the numbers of a model of the same tensors.
    fn read(&mut self, model: &Sequential<F>) -> Result<(), Error> {
        let Self { numbers, tensors, .. } = self;
        numbers.clear();
        let mut expected = tensors.iter();
        let mut same = true;
        model.each_tensor(Path::root(), &mut |path, t| {
            same &= expected
                .next()
                .is_some_and(|(name, shape)| path == **name && t.value.shape() == shape.as_slice());
            if same {
                numbers.extend(t.value.iter());
            }
        });
        if same && expected.next().is_none() {
            return Ok(());
        }
        let expected: Vec<usize> = tensors.iter().map(|(_, n)| n.iter().product()).collect();
        let found: Vec<usize> = model.tensors().map(|(_, t)| t.value.len()).collect();
        Err(Error::shape(format!("{PLACE}: lengths of the tensors"), &expected, &found))
    }

    /// The average, a model like the trained one: to predict with, or to be saved.
    pub fn model(&self) -> &Sequential<F> {
        &self.model
    }

    /// The average alone.
    pub fn into_model(self) -> Sequential<F> {
        self.model
    }

    /// How many updates it is an average of.
    pub fn updates(&self) -> u64 {
        self.updates
    }
}

/// `keep·a + take·w` in `f64`, rounded once, without products that do not count: `0·∞` is NaN.
fn mix<F: Float>(a: F, w: F, [keep, take]: [f64; 2]) -> F {
    if keep == 0.0 || a == w {
        return w;
    }
    if take == 0.0 {
        return a;
    }
    F::of(keep * a.as_f64() + take * w.as_f64())
}

#[cfg(test)]
mod tests {
    use layers::{BatchNorm1d, Linear, Mode};
    use ndarray::array;
    use tensor_core::Float;

    use super::{Average, Averaged, AveragedConfig, mix};
    use crate::Sequential;

    fn model<F: Float>(weight: f64) -> Sequential<F> {
        let linear = Linear::from_parts(array![[F::of(weight)]], None).unwrap();
        Sequential::builder(1).push(linear).push(BatchNorm1d::new(1).unwrap()).build().unwrap()
    }

    fn weight_after<F: Float>(average: Average, weights: &[f64]) -> f64 {
        let config = AveragedConfig { average, ..AveragedConfig::default() };
        let mut averaged = Averaged::new(&model::<F>(99.0), config).unwrap();
        for weight in weights {
            averaged.update(&model(*weight)).unwrap();
        }
        averaged.model().tensor("0.weight").unwrap()[[0, 0]].as_f64()
    }

    // Equal: (1 + 2 + 6)/3 = 3. With β = ¾ from 1: ¾·1 + ¼·2 = 5/4, then ¾·5/4 + ¼·6 = 39/16. With
    // a warm-up β is 2/11 after one update and 3/12 after two: 2/11 + 9/11·2 = 20/11, then ¼·20/11
    // + ¾·6 = 109/22.
    #[test]
    fn averages_by_hand() {
        fn check<F: Float>() {
            let weights = [1.0, 2.0, 6.0];
            let exponential = |warm_up| Average::Exponential { decay: 0.75, warm_up };
            let near = |found: f64, right: f64| {
                let error = (found / right - 1.0).abs();
                assert!(error <= 2.0 * F::epsilon().as_f64(), "{found}, {right}");
            };
            near(weight_after::<F>(Average::Equal, &weights), 3.0);
            near(weight_after::<F>(exponential(false), &weights), 39.0 / 16.0);
            near(weight_after::<F>(exponential(true), &weights), 109.0 / 22.0);
            near(weight_after::<F>(Average::Equal, &weights[..1]), 1.0);
        }
        check::<f32>();
        check::<f64>();
    }

    // After n = 2⁶⁰ updates the new number counts 9/(10 + n): of 2⁶⁰ beside 0, that is 9 − 90/(10 +
    // n), which is 9 in f64, and of NaN it is NaN. Without a warm-up, β = 1 takes nothing.
    #[test]
    fn a_new_number_counts_however_many_came_before() {
        let n = 2.0_f64.powi(60);
        let after = |warm_up, weight| {
            let average = Average::Exponential { decay: 1.0, warm_up };
            let config = AveragedConfig { average, ..AveragedConfig::default() };
            let mut averaged = Averaged::resume(model::<f64>(0.0), 1 << 60, config).unwrap();
            averaged.update(&model(weight)).unwrap();
            averaged.model().tensor("0.weight").unwrap()[[0, 0]]
        };
        assert_eq!(after(true, n), 9.0);
        assert!(after(true, f64::NAN).is_nan());
        assert_eq!([after(false, n), after(false, f64::NAN)], [0.0, 0.0]);
    }

    // Running means 0 and 4 in turn: copied, the last one; averaged, 2.
    #[test]
    fn running_statistics_are_copied_or_averaged() {
        for (use_buffers, mean) in [(false, 4.0), (true, 2.0)] {
            let config = AveragedConfig { use_buffers, ..AveragedConfig::default() };
            let mut trained = model::<f64>(1.0);
            let mut averaged = Averaged::new(&trained, config).unwrap();
            averaged.update(&trained).unwrap();
            trained.set_tensor("1.running_mean", &array![4.0]).unwrap();
            averaged.update(&trained).unwrap();
            let found = averaged.model().tensor("1.running_mean").unwrap();
            assert_eq!(found, array![mean].into_dyn());
        }
    }

    #[test]
    fn infinities_and_equal_numbers_stay() {
        let inf = f64::INFINITY;
        for shares in [[0.0, 1.0], [1.0, 0.0], [0.9, 0.1]] {
            assert_eq!(mix(inf, inf, shares), inf);
            assert_eq!(mix(0.1_f32, 0.1, shares), 0.1);
            assert_eq!(mix(5e-324, 5e-324, shares), 5e-324);
            assert!((mix(f64::MAX, -f64::MAX, shares)).is_finite());
        }
        assert_eq!(mix(inf, 1.0, [0.0, 1.0]), 1.0);
        assert_eq!(mix(1.0, inf, [1.0, 0.0]), 1.0);
        assert_eq!(mix(1.0, inf, [0.5, 0.5]), inf);
        assert!(mix(inf, -inf, [0.5, 0.5]).is_nan());
    }

    #[test]
    fn other_models_and_numbers_are_refused() {
        let mut averaged = Averaged::new(&model::<f64>(1.0), AveragedConfig::default()).unwrap();
        averaged.update(&model(2.0)).unwrap();
        let linear = Linear::from_parts(array![[1.0, 2.0]], None).unwrap();
        let wider = Sequential::builder(2).push(linear).build().unwrap();
        let error = averaged.update(&wider).unwrap_err();
        let message =
            "averaged model: lengths of the tensors: expected shape (1, 1, 1, 1, 1), found (2)";
        assert_eq!(error.to_string(), message);
        assert_eq!(averaged.updates(), 1);
        assert_eq!(averaged.model().tensor("0.weight").unwrap(), array![[2.0]].into_dyn());
        for decay in [f64::NAN, -0.1, 1.1] {
            let average = Average::Exponential { decay, warm_up: false };
            let config = AveragedConfig { average, ..AveragedConfig::default() };
            assert!(Averaged::new(&model::<f64>(1.0), config).is_err(), "{decay}");
        }
        let error = Averaged::resume(model::<f64>(1.0), u64::MAX, AveragedConfig::default());
        assert!(error.is_err());
    }

    // What is saved and goes on ends where the whole run does; and the second update allocates
    // nothing.
    #[test]
    fn a_saved_average_goes_on() {
        let average = Average::Exponential { decay: 0.9, warm_up: true };
        let config = AveragedConfig { average, use_buffers: true };
        let mut whole = Averaged::new(&model::<f32>(0.1), config).unwrap();
        whole.update(&model(0.3)).unwrap();
        let mut resumed = Averaged::resume(whole.model().clone(), whole.updates(), config).unwrap();
        for weight in [0.7, -0.4] {
            whole.update(&model(weight)).unwrap();
            resumed.update(&model(weight)).unwrap();
        }
        let weights = [&whole, &resumed].map(|a| a.model().tensor("0.weight").unwrap()[[0, 0]]);
        assert_eq!(weights[0], weights[1]);
        let trained = model(0.5);
        let update = || whole.update(&trained).unwrap();
        assert_eq!(allocation_counter::measure(update).count_total, 0);
        let model = whole.into_model();
        let mut ws = model.workspace(2).unwrap();
        model.forward(&array![[1.0], [2.0]], &mut ws, Mode::Eval).unwrap();
    }
}
