//! What the plain form knows of an optimizer beside which it steps.

use optim::{Descent, Optimizer, Rates, Rule};
use tensor_core::Float;

use crate::num::Num;

/// The plain form's buffers.
pub(super) struct Twin {
    pub(super) buffers: Vec<Vec<[Num; 3]>>,
    pub(super) t: u64,
    /// Of the parameters of the group, if there is one: its place, factor and decay.
    pub(super) group: Option<(usize, f64, Option<f64>)>,
}

impl Twin {
    /// The rate and the decay of the parameter `i`.
    pub(super) fn rates<F: Float, R: Rule>(&self, optimizer: &Descent<F, R>, i: usize) -> Rates {
        let group = self.group.filter(|(place, ..)| *place == i);
        let factor = group.map_or(1.0, |(_, factor, _)| factor);
        let own = group.and_then(|(_, _, decay)| decay);
        let weight_decay = own.unwrap_or(optimizer.config().rates().weight_decay);
        Rates { lr: optimizer.lr() * factor, weight_decay }
    }
}
