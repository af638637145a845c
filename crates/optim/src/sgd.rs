//! `v ← μ v + g; W ← W − λ v`: gradient descent with momentum.
//!
//! The whole rule for one parameter `w` with gradient `g`, in PyTorch's order:
//!
//! | step | formula | left out if |
//! |---|---|---|
//! | weight decay | `g ← g + η w` | `η = 0` |
//! | momentum | `v ← μ v + (1 − τ) g`; at the first step `v ← g` | `μ = 0` |
//! | Nesterov | `g ← g + μ v` instead of `g ← v` | not asked for |
//! | descent | `w ← w − λ g` | |
//!
//! λ is the learning rate, μ the momentum, τ the dampening, η the weight decay. With `v = 0` before the first step and no
//! dampening this is the course's rule; μ = 0 is plain SGD, and with the whole data set as batch, gradient descent.
//!
//! (Sutskever et al., ICML 2013, <https://proceedings.mlr.press/v28/sutskever13.html>, equations 1–4; PyTorch applies λ to the
//! whole velocity, the paper to the gradient only.)

use tensor_core::{Error, Float, Trainable};

use crate::Optimizer;
use crate::state::State;

/// Stochastic gradient descent, PyTorch's `optim.SGD`. The velocities have the parameters' type.
#[derive(Debug, Clone, PartialEq)]
pub struct Sgd<F> {
    config: SgdConfig,
    velocity: State<F>,
}

/// The numbers of the rule; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SgdConfig {
    /// Learning rate λ.
    pub lr: f64,
    /// μ: how much of the last velocity is kept.
    pub momentum: f64,
    /// τ: how much of the gradient is kept out of the velocity, from the second step on.
    pub dampening: f64,
    /// η: how much of the parameter itself is added to its gradient.
    pub weight_decay: f64,
    /// Whether to look ahead along the new velocity.
    pub nesterov: bool,
}

impl Default for SgdConfig {
    fn default() -> Self {
        Self { lr: 1e-3, momentum: 0.0, dampening: 0.0, weight_decay: 0.0, nesterov: false }
    }
}

const PLACE: &str = "sgd";
const NOT_NEGATIVE: &str = "a finite number ≥ 0";

fn check_rate(name: &'static str, value: f64) -> Result<(), Error> {
    Error::check_hyperparameter(PLACE, name, NOT_NEGATIVE, value, |v| v >= 0.0 && v.is_finite())
}

impl<F: Float> Sgd<F> {
    /// An optimizer that has made no step yet.
    ///
    /// # Errors
    /// If a number is negative or not finite, or Nesterov is asked for without momentum or with dampening.
    pub fn new(config: SgdConfig) -> Result<Self, Error> {
        let SgdConfig { lr, momentum, dampening, weight_decay, nesterov } = config;
        check_rate("lr", lr)?;
        check_rate("momentum", momentum)?;
        Error::check_hyperparameter(
            PLACE,
            "dampening",
            "a finite number",
            dampening,
            f64::is_finite,
        )?;
        check_rate("weight_decay", weight_decay)?;
        if nesterov {
            Error::check_hyperparameter(PLACE, "momentum", "> 0 with Nesterov", momentum, |v| {
                v > 0.0
            })?;
            Error::check_hyperparameter(PLACE, "dampening", "0 with Nesterov", dampening, |v| {
                v == 0.0
            })?;
        }
        Ok(Self { config, velocity: State::default() })
    }

    /// The numbers of the rule as they stand.
    pub fn config(&self) -> SgdConfig {
        self.config
    }
}

impl<F: Float> Optimizer<F> for Sgd<F> {
    fn step<M: Trainable<F>>(
        &mut self,
        model: &mut M,
        workspace: &mut M::Workspace,
    ) -> Result<(), Error> {
        let rule = Rule::of(self.config);
        self.velocity
            .visit(PLACE, model, workspace, |p, v, first| rule.update(p.value, p.grad, v, first))?;
        model.settle(workspace);
        Ok(())
    }

    fn lr(&self) -> f64 {
        self.config.lr
    }

    fn set_lr(&mut self, lr: f64) -> Result<(), Error> {
        check_rate("lr", lr)?;
        self.config.lr = lr;
        Ok(())
    }
}

/// The rule in the parameters' own type.
struct Rule<F> {
    lr: F,
    momentum: F,
    keep: F,
    weight_decay: F,
    nesterov: bool,
}

impl<F: Float> Rule<F> {
    fn of(config: SgdConfig) -> Self {
        Self {
            lr: F::of(config.lr),
            momentum: F::of(config.momentum),
            keep: F::of(1.0 - config.dampening),
            weight_decay: F::of(config.weight_decay),
            nesterov: config.nesterov,
        }
    }

    fn update(&self, w: &mut [F], g: &[F], v: &mut [F], first: bool) {
        for ((w, &g), v) in w.iter_mut().zip(g).zip(v) {
            let g = if self.weight_decay == F::zero() { g } else { g + self.weight_decay * *w };
            let descent = if self.momentum == F::zero() {
                g
            } else {
                *v = if first { g } else { self.momentum * *v + self.keep * g };
                if self.nesterov { g + self.momentum * *v } else { *v }
            };
            *w -= self.lr * descent;
        }
    }
}
