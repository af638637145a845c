//! An update rule at work: it walks over a model's parameters, keeps the state, and knows the groups.

use tensor_core::{Error, Float, Trainable};

use crate::rule::check_not_negative;
use crate::{Group, Key, Optimizer, Rule, State, Step};

/// The optimizer that applies a [`Rule`] to every parameter: [`Sgd`](crate::Sgd), [`Adam`](crate::Adam) and the others are
/// names for it. What it remembers has the parameters' type.
#[derive(Debug, Clone)]
pub struct Descent<F, R> {
    rule: R,
    groups: Vec<Group>,
    state: State<F>,
}

impl<F: Float, R: Rule> Descent<F, R> {
    /// An optimizer that has made no step yet.
    ///
    /// # Errors
    /// If a number lies outside its range; the rule says which ranges these are.
    pub fn new(config: R) -> Result<Self, Error> {
        check_not_negative(R::NAME, "lr", config.lr())?;
        check_not_negative(R::NAME, "weight_decay", config.weight_decay())?;
        config.check()?;
        Ok(Self { rule: config, groups: Vec::new(), state: State::default() })
    }

    /// The same with another rate or decay for some parameters. A parameter belongs to the first group that contains it, or to
    /// none.
    ///
    /// # Errors
    /// If a number of the group is negative or not finite.
    pub fn with_group(mut self, group: Group) -> Result<Self, Error> {
        group.check().map_err(|e| e.within(R::NAME))?;
        self.groups.push(group);
        Ok(self)
    }

    /// The numbers of the rule as they stand.
    pub fn config(&self) -> R {
        self.rule
    }

    /// What the optimizer remembers, to be saved.
    pub fn state(&self) -> &State<F> {
        &self.state
    }

    /// Puts a saved state back, in the place of this optimizer's own. Whether it fits the model is checked by the next step.
    ///
    /// # Errors
    /// If it was made by a rule with other buffers; the old state stays then.
    pub fn restore(&mut self, state: State<F>) -> Result<(), Error> {
        state.check_buffers(R::NAME, self.rule.buffers().len())?;
        self.state = state;
        Ok(())
    }
}

impl<F: Float, R: Rule> Optimizer<F> for Descent<F, R> {
    fn step<M: Trainable<F>>(
        &mut self,
        model: &mut M,
        workspace: &mut M::Workspace,
    ) -> Result<(), Error> {
        let Self { rule, groups, state } = self;
        let memory = (rule.buffers().len(), F::of(rule.initial()));
        state.visit(R::NAME, memory, model, workspace, |p, buffers, t| {
            let key = Key::of(&p);
            let group = groups.iter().find(|group| group.select.contains(key));
            let lr = rule.lr() * group.map_or(1.0, |group| group.lr_factor);
            let own_decay = group.and_then(|group| group.weight_decay);
            let weight_decay = own_decay.unwrap_or(rule.weight_decay());
            rule.update(Step { t, lr, weight_decay }, p.value, p.grad, buffers);
        })?;
        model.settle(workspace);
        Ok(())
    }

    fn lr(&self) -> f64 {
        self.rule.lr()
    }

    fn set_lr(&mut self, lr: f64) -> Result<(), Error> {
        check_not_negative(R::NAME, "lr", lr)?;
        self.rule.set_lr(lr);
        Ok(())
    }
}
