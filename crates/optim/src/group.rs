//! Parameter groups: another learning rate or weight decay for some of the parameters.
//!
//! ```
//! use optim::{AdamW, AdamWConfig, Group, Select};
//!
//! // No decay for biases and norms, a tenth of the rate for the first layer's weights.
//! let adam = AdamW::<f32>::new(AdamWConfig::default())?
//!     .with_group(Group::new(Select::biases_and_norms()).weight_decay(0.0))?
//!     .with_group(Group::new(Select::within("0")).lr_factor(0.1))?;
//! # let _ = adam;
//! # Ok::<(), tensor_core::Error>(())
//! ```

use tensor_core::Error;

use crate::{Select, check};

/// Some of the parameters, and what is different for them.
///
/// The rate is a factor of the optimizer's, so that a schedule moves all groups alike. (PyTorch gives each group a rate of
/// its own, which its schedules then scale by one factor: the same.)
#[derive(Debug, Clone)]
pub struct Group {
    pub(crate) select: Select,
    pub(crate) lr_factor: f64,
    pub(crate) weight_decay: Option<f64>,
}

impl Group {
    /// A group in which nothing is different yet.
    pub fn new(select: Select) -> Self {
        Self { select, lr_factor: 1.0, weight_decay: None }
    }

    /// The learning rate, as a factor of the optimizer's. 0 freezes the parameters.
    #[must_use]
    pub fn lr_factor(mut self, factor: f64) -> Self {
        self.lr_factor = factor;
        self
    }

    /// The weight decay, instead of the optimizer's.
    #[must_use]
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = Some(weight_decay);
        self
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        check::not_negative("group", "lr_factor", self.lr_factor)?;
        check::not_negative("group", "weight_decay", self.weight_decay.unwrap_or(0.0))
    }
}
