//! The optimizer that applies a rule to every parameter.

use std::mem::take;

use tensor_core::simd::{Loop, vectorized};
use tensor_core::{Error, Float, Role, Trainable, parallel};

use crate::{Buffers, Group, Key, Optimizer, ParameterState, Rates, Rule, State, Step, check};

/// The optimizer that applies a [`Rule`] to every parameter: [`Sgd`](crate::Sgd),
/// [`Adam`](crate::Adam) and the others are names for it.
///
/// `F` is the type of the parameters and of the state, `R` the rule. Step `t = 1, 2, …` in plain
/// form:
///
/// ```text
/// for each parameter w with gradient g that is not frozen:
///     (λ_w, η_w) = rate and decay of the first Group that chooses w, or the optimizer's own
///     t = steps that w has made, this one included
///     rule.update(Step { t, lr: λ_w, weight_decay: η_w }, w, g, buffers of w)
/// settle the buffers of the model
/// ```
///
/// The code departs from it:
///
/// 1. A large parameter is moved in parts, by several threads, because the update of an element
///    does not depend on other elements: so no number of threads changes a bit.
/// 2. Each part runs through `vectorized`, which compiles the rule's loop for the vector
///    instructions of the processor.
///
/// # Range
/// A step `w ← w − λ d` is right wherever the new `w` is a number of `F`, if these are numbers of
/// `F` as well: the gradient with weight decay in it, `g + η w`, or the parameter after it,
/// `(1 − λ η) w`; every buffer, and the terms that a momentum adds up; the rate λ with the rule's
/// bias corrections; the direction `d`, for most rules `x/(√v + ε)`; and the step. One that is not
/// is ±∞ or, the rate, the largest number, and what `∞ − ∞` or `0·∞` makes of it is NaN. Below the
/// smallest normal number each has fewer digits, as numbers of `F` have, down to 0.
///
/// # Shapes
/// Parameters of any shape, as slices. State: for each parameter the buffers that
/// [`Rule::buffers`] names, of the same shape each.
///
/// # Examples
///
/// A run that is cut after one step and continued by a new optimizer ends where the whole run does.
/// (`λ = ½`, `μ = ½`, gradients 1 and −2, from `w = 1`: see [`Sgd`](crate::Sgd).)
///
/// ```
/// use optim::{Descent, Optimizer, SgdConfig};
#[doc = include_str!("../doc/weights.md")]
/// let config = SgdConfig { lr: 0.5, momentum: 0.5, ..SgdConfig::default() };
/// let mut first = Descent::new(config)?; // an Sgd<f64>
/// let mut model = Weights([1.0]); // a model of one parameter; its workspace is the gradient
/// first.step(&mut model, &mut [1.0])?;
///
/// let mut second = Descent::new(first.config())?;
/// second.restore(first.state().clone())?;
/// second.step(&mut model, &mut [-2.0])?;
/// assert_eq!(model.0, [1.25]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Descent<F, R> {
    rule: R,
    lr: f64,
    groups: Vec<Group>,
    /// Whether every group has been seen to choose a parameter.
    groups_match: bool,
    state: State<F>,
}

impl<F: Float, R: Rule> Descent<F, R> {
    /// An optimizer that has made no step yet.
    ///
    /// # Errors
    /// If a number lies outside its range, also as a number of `F`; the rule says which ranges
    /// these are. A learning rate that is not 0 has to be a normal number of `F`.
    pub fn new(config: R) -> Result<Self, Error> {
        let Rates { lr, weight_decay } = config.rates();
        check::not_negative(R::NAME, "lr", lr)?;
        check::not_negative(R::NAME, "weight_decay", weight_decay)?;
        check::normal::<F>(R::NAME, "lr", lr)?;
        config.check::<F>()?;
        let state = State::new(R::NAME, config.buffers());
        let descent = Self { rule: config, lr, groups: Vec::new(), groups_match: true, state };
        descent.check_rates(lr)?;
        Ok(descent)
    }

    /// The same with another rate or decay for some parameters. A parameter belongs to the first
    /// group that chooses it, or to none. Whether the group chooses any is checked by the next
    /// step, which knows their names.
    ///
    /// # Errors
    /// If a number of the group is negative or not finite, also as a number of `F` and multiplied
    /// by the learning rate.
    pub fn with_group(mut self, group: Group) -> Result<Self, Error> {
        group.check().map_err(|e| e.within(R::NAME))?;
        self.groups.push(group);
        self.groups_match = false;
        self.check_rates(self.lr)?;
        Ok(self)
    }

    /// Whether rates and decays, of the optimizer and of its groups, are numbers of `F`.
    fn check_rates(&self, lr: f64) -> Result<(), Error> {
        let own_decay = self.rule.rates().weight_decay;
        let own = std::iter::once((lr, None));
        let groups = self.groups.iter().map(|group| (group.rate(lr), group.weight_decay));
        for (lr, weight_decay) in own.chain(groups) {
            let weight_decay = weight_decay.unwrap_or(own_decay);
            check::held::<F>(R::NAME, "lr", lr)?;
            check::held::<F>(R::NAME, "weight_decay", weight_decay)?;
            check::held::<F>(R::NAME, "lr · weight_decay", lr * weight_decay)?;
        }
        Ok(())
    }

    /// Gives the group `i`, counted from 0 in the order of [`with_group`](Self::with_group), a
    /// learning rate of its own from the next step on, instead of a factor: so each group follows a
    /// [`Schedule`](crate::Schedule) of its own. A rate of 0 for some steps does not freeze it.
    ///
    /// # Errors
    /// If there is no such group, its factor is 0, so that it is frozen, or the rate is negative or
    /// not finite, also as a number of `F`; the old one stays then.
    ///
    /// # Examples
    ///
    /// Biases are warmed up in 2 steps, weights stay at ½.
    ///
    /// ```
    /// use optim::{Group, LinearLr, LinearLrConfig, Schedule, Select, Sgd, SgdConfig};
    ///
    /// let biases = Group::new(Select::biases_and_norms());
    /// let config = SgdConfig { lr: 0.5, ..SgdConfig::default() };
    /// let mut sgd = Sgd::<f64>::new(config)?.with_group(biases)?;
    /// let line = LinearLrConfig { start_factor: 0.0, total_iters: 2, ..Default::default() };
    /// let warm_up = LinearLr::new(0.5, line)?;
    /// for t in 0..3 {
    ///     sgd.set_group_lr(0, warm_up.lr(t))?; // 0, ¼, ½
    ///     // forward, loss, backward, sgd.step(&mut model, &mut workspace)?
    /// }
    /// assert_eq!(sgd.group_lr(0)?, 0.5);
    /// # Ok::<(), tensor_core::Error>(())
    /// ```
    pub fn set_group_lr(&mut self, i: usize, lr: f64) -> Result<(), Error> {
        self.group_lr(i)?;
        check::not_negative(R::NAME, "group lr", lr)?;
        let factor = self.groups[i].lr_factor;
        let range = "above 0, as the group is to move";
        Error::check_hyperparameter(R::NAME, "lr_factor", range, factor, |factor| factor > 0.0)?;
        let before = self.groups[i].lr.replace(lr);
        self.check_rates(self.lr).inspect_err(|_| self.groups[i].lr = before)
    }

    /// The learning rate of the group `i` as it stands: its own, or its factor times the
    /// optimizer's.
    ///
    /// # Errors
    /// If there is no such group.
    pub fn group_lr(&self, i: usize) -> Result<f64, Error> {
        let (place, len) = (R::NAME.into(), self.groups.len());
        let group = self.groups.get(i).ok_or(Error::Index { place, len, found: i })?;
        Ok(group.rate(self.lr))
    }

    /// Replaces the momentum of the rule from the next step on: μ of [`Sgd`](crate::Sgd) and
    /// [`RmsProp`](crate::RmsProp), β₁ of [`Adam`](crate::Adam) and its like. What a loop calls with
    /// [`OneCycleLr::momentum`](crate::OneCycleLr::momentum), PyTorch's `cycle_momentum`.
    ///
    /// # Errors
    /// If the rule has no momentum, it is out of its range, or what the rule keeps would change:
    /// from or to 0. The old one stays then.
    ///
    /// # Examples
    ///
    /// ```
    /// use optim::{OneCycleLr, OneCycleLrConfig, Optimizer, Schedule, Sgd, SgdConfig};
    ///
    /// let mut sgd = Sgd::<f64>::new(SgdConfig { momentum: 0.9, ..SgdConfig::default() })?;
    /// let cycle = OneCycleLr::new(0.1, 10, OneCycleLrConfig::default())?;
    /// for t in 0..10 {
    ///     sgd.set_lr(cycle.lr(t))?;
    ///     sgd.set_momentum(cycle.momentum(t))?;
    ///     // forward, loss, backward, sgd.step(&mut model, &mut workspace)?
    /// }
    /// assert_eq!(sgd.config().momentum, 0.95);
    /// # Ok::<(), tensor_core::Error>(())
    /// ```
    pub fn set_momentum(&mut self, momentum: f64) -> Result<(), Error> {
        let refused = |expected| Error::Hyperparameter {
            place: R::NAME.into(),
            name: "momentum",
            expected,
            found: momentum,
        };
        let none = "left alone, as the rule has none";
        let rule = self.rule.with_momentum(momentum).ok_or_else(|| refused(none))?;
        rule.check::<F>()?;
        if rule.buffers() != self.rule.buffers() {
            return Err(refused("0 if it was, and above 0 if it was"));
        }
        self.rule = rule;
        Ok(())
    }

    /// The configuration that the optimizer was made with, and the momentum as it stands. The
    /// learning rate as it stands is [`lr`](Optimizer::lr).
    pub fn config(&self) -> R {
        self.rule
    }

    /// The state, to be saved.
    pub fn state(&self) -> &State<F> {
        &self.state
    }

    /// Replaces the state by a saved one. Whether it fits the model is checked by the next step.
    ///
    /// # Errors
    /// If it is not a state of this rule with these buffers: if a buffer has another length than
    /// its parameter, holds a number that is not finite, or a negative one where the rule keeps a
    /// root; if there are buffers at step 0, two parameters of one name, or counts beyond 2⁵³. The
    /// old state stays then.
    pub fn restore(&mut self, state: State<F>) -> Result<(), Error> {
        state.check(R::NAME, self.rule.buffers(), self.rule.not_negative())?;
        self.state = state;
        Ok(())
    }

    /// Whether every group chooses a parameter of the model.
    fn check_groups<M: Trainable<F>>(
        &self,
        model: &mut M,
        workspace: &mut M::Workspace,
    ) -> Result<(), Error> {
        for group in &self.groups {
            let (mut found, mut known) = (false, Vec::new());
            model.parameters(workspace, &mut |p| {
                found |= group.select.contains(Key::of(&p));
                known.push(p.path.to_string());
            })?;
            if !found {
                let place = format!("{}: group", R::NAME).into();
                return Err(Error::UnknownTensor { place, found: group.select.to_string(), known });
            }
        }
        Ok(())
    }

    /// Memory for the buffers of parameters that have none and are about to move.
    fn make_buffers<M: Trainable<F>>(
        &mut self,
        model: &mut M,
        workspace: &mut M::Workspace,
    ) -> Result<(), Error> {
        let (n_buffers, initial) = (self.rule.buffers().len(), F::of(self.rule.initial()));
        let mut entries = self.state.parameters.iter_mut();
        let groups = &self.groups;
        let mut result = Ok(());
        model.parameters(workspace, &mut |p| {
            let Some(entry) = entries.next() else { return };
            if entry.steps > 0 || p.frozen || is_frozen(groups, Key::of(&p)) || result.is_err() {
                return;
            }
            entry.buffers.clear();
            let n = entry.length.saturating_mul(n_buffers);
            match entry.buffers.try_reserve_exact(n) {
                Ok(()) => entry.buffers.resize(n, initial),
                Err(_) => {
                    result = Err(Error::TooLarge {
                        place: format!("{}: buffers of {}", R::NAME, entry.name).into(),
                        found: vec![entry.length, n_buffers],
                        size: size_of::<F>(),
                    });
                }
            }
        })?;
        result
    }
}

impl<F: Float, R: Rule> Optimizer<F> for Descent<F, R> {
    fn step<M: Trainable<F>>(
        &mut self,
        model: &mut M,
        workspace: &mut M::Workspace,
    ) -> Result<(), Error> {
        if !self.groups_match {
            self.check_groups(model, workspace)?;
            self.groups_match = true;
        }
        self.state.fit(R::NAME, model, workspace)?;
        if let Err(error) = self.make_buffers(model, workspace) {
            self.state.drop_unused();
            return Err(error);
        }
        let Self { rule, lr, groups, state, .. } = self;
        let mut entries = state.parameters.iter_mut();
        model.parameters(workspace, &mut |p| {
            let Some(entry) = entries.next() else { return };
            let group = group_of(groups, Key::of(&p));
            if p.frozen || group.is_some_and(Group::is_frozen) {
                (entry.steps, entry.buffers) = (0, Vec::new());
                return;
            }
            entry.steps += 1;
            let lr = group.map_or(*lr, |group| group.rate(*lr));
            let own_decay = group.and_then(|group| group.weight_decay);
            let weight_decay = own_decay.unwrap_or(rule.rates().weight_decay);
            let ParameterState { steps: t, buffers, .. } = entry;
            update(rule, Step { t: *t, lr, weight_decay }, p.value, p.grad, buffers);
        })?;
        state.steps += 1;
        model.settle(workspace, &|path| !self.is_frozen(Key { path, role: Role::Norm }));
        Ok(())
    }

    fn lr(&self) -> f64 {
        self.lr
    }

    fn set_lr(&mut self, lr: f64) -> Result<(), Error> {
        check::not_negative(R::NAME, "lr", lr)?;
        self.check_rates(lr)?;
        self.lr = lr;
        Ok(())
    }

    fn is_frozen(&self, key: Key<'_>) -> bool {
        is_frozen(&self.groups, key)
    }
}

fn is_frozen(groups: &[Group], key: Key<'_>) -> bool {
    group_of(groups, key).is_some_and(Group::is_frozen)
}

/// The first group that chooses a parameter.
fn group_of<'a>(groups: &'a [Group], key: Key<'_>) -> Option<&'a Group> {
    groups.iter().find(|group| group.select.contains(key))
}

/// So many elements, at least, that handing them to another thread takes less time than it saves.
const PART: usize = 1 << 15;

/// Moves one parameter, a large one in parts. `memory` holds the rule's buffers, one after the
/// other.
fn update<F: Float, R: Rule>(rule: &R, step: Step, w: &mut [F], g: &[F], memory: &mut [F]) {
    let n = w.len().min(g.len());
    let (w, mut memory) = (&mut w[..n], memory);
    let buffers: Buffers<'_, F> = std::array::from_fn(|_| {
        let (buffer, later) = take(&mut memory).split_at_mut_checked(n).unwrap_or_default();
        memory = later;
        buffer
    });
    let length = n.div_ceil(parallel::parts(n, PART)).max(1);
    // 1. In parts.
    let mut whole = Part { rule, step, w, g, buffers };
    let parts = std::iter::from_fn(|| (!whole.w.is_empty()).then(|| whole.split_off(length)));
    parallel::for_each(parts, vectorized); // 2.
}

/// Consecutive elements of a parameter with all that moves them.
struct Part<'a, F, R> {
    rule: &'a R,
    step: Step,
    w: &'a mut [F],
    g: &'a [F],
    buffers: Buffers<'a, F>,
}

impl<F: Float, R: Rule> Part<'_, F, R> {
    /// The first `n` elements, or all if there are fewer; `self` keeps the later ones.
    fn split_off(&mut self, n: usize) -> Self {
        let n = n.min(self.w.len());
        let (w, later_w) = take(&mut self.w).split_at_mut(n);
        let (g, later_g) = self.g.split_at(n);
        (self.w, self.g) = (later_w, later_g);
        let buffers = self.buffers.each_mut().map(|buffer| {
            let whole = take(buffer);
            let (first, later) = whole.split_at_mut(n.min(whole.len()));
            *buffer = later;
            first
        });
        Self { rule: self.rule, step: self.step, w, g, buffers }
    }
}

impl<F: Float, R: Rule> Loop for Part<'_, F, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.rule.update(self.step, self.w, self.g, self.buffers);
    }
}
