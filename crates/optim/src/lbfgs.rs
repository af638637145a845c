//! L-BFGS on a full batch, with a line search.

mod flat;
mod memory;
mod search;
mod state;

use tensor_core::{Error, Float, Trainable};

use crate::check;

use flat::{dot, largest};
pub use memory::LbfgsPair;
use search::{Bounds, Point, SLOTS, strong_wolfe};
pub use state::LbfgsState;

/// L-BFGS on a full batch with a line search, PyTorch's `optim.LBFGS` with
/// `line_search_fn="strong_wolfe"`: `w ← w − t H g`, where `H` is an approximation of the inverse
/// matrix of second derivatives.
///
/// `w` are all elements of all parameters that are not frozen, as one vector, `g = dL/dw`. One
/// iteration:
///
/// | | equation |
/// |---|---|
/// | curvature | `s = w − w₋`, `y = g − g₋` since the iteration before; kept if `yᵀs > 0`, the last `m` of them |
/// | direction | `d = −H g`; at the very first iteration `d = −g` |
/// | step | `t` with `L(w + t d) ≤ L(w) + c₁ t gᵀd` and `\|∇L(w + t d)ᵀd\| ≤ c₂ \|gᵀd\|`, `c₁ = 10⁻⁴`, `c₂ = 0.9` |
/// | descent | `w ← w + t d` |
///
/// The search for `t` begins at λ ([`lr`](LbfgsConfig::lr)); at the very first iteration at
/// `λ·min(1, 1/Σ_i |g_i|)`. `m` is the [`history_size`](LbfgsConfig::history_size). One
/// [`step`](Self::step) makes up to [`max_iter`](LbfgsConfig::max_iter) iterations; [`LbfgsOutcome`]
/// lists what ends it.
///
/// # Derivation
/// Near a minimum `L` is about `½ (w − w*)ᵀ B (w − w*)` with `g = B (w − w*)`: the step `−B⁻¹ g`
/// leads there at once. `B` is not known, but `y = B s` for each step made. BFGS keeps the `H` that
/// changes least, satisfies `H y = s` and stays symmetric and positive:
///
/// ```text
/// H ← (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ          ρ = 1/(yᵀs)
/// ```
///
/// `H g` needs no matrix: applying the right factor of each update, last one first, leaves
/// `q ← q − α_i y_i` with `α_i = ρ_i s_iᵀ q`; then `H₀ = γ I`, `γ = yᵀs/yᵀy` of the last pair,
/// which has the size of the inverse curvature along it; then the left factors, first one first,
/// give `r ← r + s_i (α_i − ρ_i y_iᵀ r)`. That is `4 m n` products for `n` elements.
///
/// The first condition on `t` asks for a decrease in proportion to the step, the second one for a
/// slope that has become flatter: with it `yᵀs > 0`, so `H` stays positive and `d` leads down.
///
/// Why: some ten iterations do what gradient descent does in thousands, if loss and gradient are
/// those of **all rows, without dropout**: a new batch at each evaluation makes `y` noise. So it is
/// for small data sets and models.
///
/// Source: Nocedal and Wright, *Numerical optimization*, 2nd ed., 2006,
/// <https://doi.org/10.1007/978-0-387-40065-5>, algorithms 7.4, 7.5 (L-BFGS), 3.5 and 3.6 (line
/// search), equation 3.59 (cubic interpolation). The limits and tolerances are PyTorch's.
///
/// Differences to PyTorch: the line search is always made; sums run in `f64`. A pair counts if
/// `yᵀs` is more than a rounding of `‖y‖ ‖s‖`, there if it is above 10⁻¹⁰, which small gradients
/// never reach. Every step satisfies the first condition, as in the book; there a search may end at
/// a point that is lower by too little. From a trial whose loss is NaN or infinite the search goes
/// back, there it ends in NaN. `max_eval` is never exceeded, there by one.
///
/// # Shapes
/// Parameters of any shape. State: 2 + 2 m vectors of `n` elements.
///
/// # Examples
///
/// `L = ½ (w − 3)²`, `g = w − 3`, from `w = 1`: `d = 2`, `t = min(1, ½)`, so `w = 2`, where the
/// slope is half of what it was. Then `s = 1`, `y = 1`, `H = 1`, and `t = 1` leads to 3.
///
/// ```
/// use optim::{Lbfgs, LbfgsConfig, LbfgsOutcome};
#[doc = include_str!("../doc/weights.md")]
/// let mut lbfgs = Lbfgs::new(LbfgsConfig::default())?;
/// let mut model = Weights([1.0]); // a model of one parameter; its workspace is the gradient
/// let step = lbfgs.step(&mut model, &mut [0.0], |model, gradient| {
///     let distance = model.0[0] - 3.0; // forward pass and loss
///     gradient[0] = distance; // backward pass
///     Ok(0.5 * distance * distance)
/// })?;
/// assert_eq!((model.0, step.loss), ([3.0], 0.0));
/// assert_eq!((step.iterations, step.evaluations), (2, 3));
/// assert_eq!(step.outcome, LbfgsOutcome::Converged);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Lbfgs<F> {
    config: LbfgsConfig,
    state: LbfgsState<F>,
    work: Work<F>,
}

/// The configuration of [`Lbfgs`], which defines the symbols; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LbfgsConfig {
    /// λ: the step that the line search tries first.
    pub lr: f64,
    /// Iterations of one call at most.
    pub max_iter: u64,
    /// Evaluations of one call at most; `max_iter·5/4` if `None`.
    pub max_eval: Option<u64>,
    /// A call ends where no element of the gradient is larger.
    pub tolerance_grad: f64,
    /// A call ends where no element has moved by more, or the loss by less.
    pub tolerance_change: f64,
    /// `m`: how many pairs are kept.
    pub history_size: usize,
}

impl Default for LbfgsConfig {
    fn default() -> Self {
        Self {
            lr: 1.0,
            max_iter: 20,
            max_eval: None,
            tolerance_grad: 1e-7,
            tolerance_change: 1e-9,
            history_size: 100,
        }
    }
}

/// What a call of [`Lbfgs::step`] came to. A loop looks at the outcome to know whether to call it
/// again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LbfgsStep {
    /// The loss before the first iteration: what PyTorch's `step` returns.
    pub first_loss: f64,
    /// The loss where the parameters are now.
    pub loss: f64,
    /// Iterations made: those that moved the parameters.
    pub iterations: u64,
    /// Calls of the closure.
    pub evaluations: u64,
    /// What ended it.
    pub outcome: LbfgsOutcome,
}

/// What ended a call of [`Lbfgs::step`]. It stands in the [`LbfgsStep`] that the call returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LbfgsOutcome {
    /// No element of the gradient is larger than `tolerance_grad`.
    Converged,
    /// The last iteration changed no element, or the loss, by more than `tolerance_change`; or the
    /// slope `gᵀd` is no steeper; or no trial was lower.
    Stalled,
    /// All iterations or evaluations are made: call it again.
    Limit,
    /// Loss or gradient, where the call began, is NaN or infinite: nothing has been moved.
    NotFinite,
}

const PLACE: &str = "l-bfgs";

/// Vectors that a step computes in; but for the last, their contents mean nothing between two
/// calls.
#[derive(Debug, Clone, Default)]
struct Work<F> {
    x: Vec<F>,
    direction: Vec<F>,
    gradients: [Vec<F>; SLOTS],
    lengths: Vec<usize>,
    /// `α_i` of each pair.
    alpha: Vec<f64>,
    /// `ρ_i` of each pair of the state.
    rho: Vec<f64>,
}

impl<F: Float> Lbfgs<F> {
    /// An optimizer that has made no step yet.
    ///
    /// # Errors
    /// If `lr` is not positive and finite, a tolerance negative or not finite, or a number of
    /// iterations, evaluations or pairs 0.
    pub fn new(config: LbfgsConfig) -> Result<Self, Error> {
        check::positive(PLACE, "lr", config.lr)?;
        check::steps(PLACE, "max_iter", config.max_iter)?;
        check::steps(PLACE, "max_eval", config.max_eval.unwrap_or(1))?;
        check::not_negative(PLACE, "tolerance_grad", config.tolerance_grad)?;
        check::not_negative(PLACE, "tolerance_change", config.tolerance_change)?;
        check::steps(PLACE, "history_size", config.history_size as u64)?;
        Ok(Self { config, state: LbfgsState::default(), work: Work::default() })
    }

    /// The configuration that the optimizer was made with.
    pub fn config(&self) -> LbfgsConfig {
        self.config
    }

    /// The state, to be saved.
    pub fn state(&self) -> &LbfgsState<F> {
        &self.state
    }

    /// Replaces the state by a saved one. Whether it fits the model is checked by the next step.
    ///
    /// # Errors
    /// If it is not one that steps lead to: vectors of other lengths than the parameters together,
    /// more pairs than are kept, a number that is not finite, a pair without positive curvature, a
    /// count of 2⁶³ or more. The old state stays then, whole.
    pub fn restore(&mut self, state: LbfgsState<F>) -> Result<(), Error> {
        self.work.rho = state.check("l-bfgs: state", self.config.history_size)?;
        self.state = state;
        Ok(())
    }

    /// Makes up to `max_iter` iterations. `closure` computes the loss where the model stands: it
    /// makes the forward pass, the loss and the backward pass and returns the loss. Then the
    /// model's buffers are settled: running statistics move once, by the last evaluation.
    ///
    /// A call allocates nothing once as many pairs are there as are kept.
    ///
    /// # Errors
    /// What the closure returns. The parameters are then where the last iteration left them. If the
    /// workspace holds no gradients for this model, or the state was made for other parameters;
    /// nothing has been moved then.
    pub fn step<M: Trainable<F>>(
        &mut self,
        model: &mut M,
        workspace: &mut M::Workspace,
        mut closure: impl FnMut(&mut M, &mut M::Workspace) -> Result<F, Error>,
    ) -> Result<LbfgsStep, Error> {
        let loss = closure(model, workspace)?.as_f64();
        let Work { x, lengths, gradients, .. } = &mut self.work;
        flat::values(PLACE, model, workspace, (x, lengths))?;
        flat::gradient(model, workspace, &mut gradients[0])?;
        self.state.check_model(PLACE, lengths)?;
        let mut report = LbfgsStep {
            first_loss: loss,
            loss,
            iterations: 0,
            evaluations: 1,
            outcome: LbfgsOutcome::Limit,
        };
        let mut here = 0;
        let mut outcome = self.ends(here, &report);
        report.outcome = loop {
            match outcome {
                Some(outcome) => break outcome,
                None => {
                    outcome =
                        self.iterate(model, workspace, (&mut here, &mut report), &mut closure)?
                }
            }
        };
        model.settle(workspace, &|_| true);
        Ok(report)
    }

    /// One iteration, from the gradient in the slot `here`. Returns what ends the call, if it ends.
    fn iterate<M: Trainable<F>>(
        &mut self,
        model: &mut M,
        workspace: &mut M::Workspace,
        (here, report): (&mut usize, &mut LbfgsStep),
        closure: &mut impl FnMut(&mut M, &mut M::Workspace) -> Result<F, Error>,
    ) -> Result<Option<LbfgsOutcome>, Error> {
        let (first, slope) = self.aim(*here);
        if slope.is_nan() || slope > -self.config.tolerance_change || first == 0.0 {
            return Ok(Some(LbfgsOutcome::Stalled));
        }
        let tolerance = self.config.tolerance_change;
        let Work { x, direction, gradients, .. } = &mut self.work;
        let start = Point { t: 0.0, loss: report.loss, slope, slot: *here };
        let evaluations = max_eval(self.config).saturating_sub(report.evaluations);
        let bounds = Bounds { evaluations, width: tolerance / largest(direction) };
        let found = strong_wolfe(start, first, bounds, |t, slot| {
            flat::move_to(model, workspace, x, (t, direction))?;
            let loss = closure(model, workspace)?.as_f64();
            flat::gradient(model, workspace, &mut gradients[slot])?;
            let slope = dot(&gradients[slot], direction);
            let finite = loss.is_finite() && slope.is_finite();
            Ok(Point { t, loss: if finite { loss } else { f64::INFINITY }, slope, slot })
        });
        let t = found.as_ref().map_or(0.0, |found| found.point.t);
        flat::move_to(model, workspace, x, (t, direction))?;
        let found = found?;
        report.evaluations += found.evaluations;
        if t == 0.0 {
            return Ok(Some(LbfgsOutcome::Stalled));
        }
        *here = found.point.slot;
        let stalled = self.moved(t, found.point.loss, report);
        Ok(self.ends(*here, report).or(stalled.then_some(LbfgsOutcome::Stalled)))
    }

    /// What ends the call, at the gradient in the slot `here`.
    fn ends(&self, here: usize, report: &LbfgsStep) -> Option<LbfgsOutcome> {
        let largest = largest(&self.work.gradients[here]);
        let LbfgsConfig { max_iter, tolerance_grad, .. } = self.config;
        if !report.loss.is_finite() || !largest.is_finite() {
            Some(LbfgsOutcome::NotFinite)
        } else if largest <= tolerance_grad {
            Some(LbfgsOutcome::Converged)
        } else if report.iterations >= max_iter || report.evaluations >= max_eval(self.config) {
            Some(LbfgsOutcome::Limit)
        } else {
            None
        }
    }

    /// Makes a pair of the last displacement and computes the direction. Returns the first trial
    /// and the slope `gᵀd`.
    fn aim(&mut self, here: usize) -> (f64, f64) {
        let Self { config, state, work } = self;
        let gradient = &work.gradients[here];
        state.keep(&mut work.rho, gradient, config.history_size);
        work.alpha.resize(state.pairs.len(), 0.0);
        work.direction.clear();
        work.direction.extend_from_slice(gradient);
        let curvature = (&work.rho[..], state.scale);
        memory::direction(&mut work.direction, &state.pairs, curvature, &mut work.alpha);
        let first = if state.steps == 0 {
            let sum: f64 = gradient.iter().map(|g| g.as_f64().abs()).sum();
            config.lr * (1.0 / sum).min(1.0)
        } else {
            config.lr
        };
        (first, dot(gradient, &work.direction))
    }

    /// Takes the step `t` to a loss, and says whether it changed next to nothing.
    fn moved(&mut self, t: f64, loss: f64, report: &mut LbfgsStep) -> bool {
        let Self { config, state, work } = self;
        flat::add(&mut work.x, t, &work.direction);
        state.moved(t, &work.direction, &work.lengths);
        let change = (loss - report.loss).abs();
        (report.loss, report.iterations) = (loss, report.iterations + 1);
        largest(&state.displacement) <= config.tolerance_change || change < config.tolerance_change
    }
}

fn max_eval(config: LbfgsConfig) -> u64 {
    config.max_eval.unwrap_or(config.max_iter.saturating_add(config.max_iter / 4))
}
