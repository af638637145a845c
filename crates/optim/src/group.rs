//! Another learning rate or weight decay for some of the parameters.

use tensor_core::Error;

use crate::{Select, check};

/// A learning rate and a weight decay for some of the parameters, given to an optimizer by
/// [`Descent::with_group`](crate::Descent::with_group).
///
/// For a parameter `w` that [`Select`] chooses, the rule uses
///
/// ```text
/// λ_w = f λ          η_w = the group's weight decay if it has one, else the optimizer's
/// ```
///
/// where λ is the optimizer's learning rate as it stands and `f` ([`lr_factor`](Self::lr_factor))
/// the factor of the group. A parameter belongs to the first group that chooses it. A group that
/// chooses none is refused by the first step, with the names there are.
///
/// Difference to PyTorch: there each group has a rate of its own, and schedules multiply all of
/// them by one factor. Here the rate of a group *is* a factor, so that a schedule needs to know one
/// rate only; a group with a schedule of its own gets its rate by
/// [`Descent::set_group_lr`](crate::Descent::set_group_lr).
///
/// # Examples
///
/// Two groups: no weight decay for biases and norms, and a tenth of the rate for the layer at path
/// `0`, as in fine-tuning.
///
/// ```
/// use optim::{AdamW, AdamWConfig, Group, Select};
///
/// let adamw = AdamW::<f32>::new(AdamWConfig::default())?
///     .with_group(Group::new(Select::biases_and_norms()).weight_decay(0.0))?
///     .with_group(Group::new(Select::within("0")).lr_factor(0.1))?;
/// # let _ = adamw;
/// # Ok::<(), tensor_core::Error>(())
/// ```
///
/// With `λ = ½` and `f = ½`, from `w = 1` with the gradient 1: `w = 1 − ½·½·1 = ¾`.
///
/// ```
/// use optim::{Group, Optimizer, Select, Sgd, SgdConfig};
#[doc = include_str!("../doc/weights.md")]
/// let half = Group::new(Select::weights()).lr_factor(0.5);
/// let mut sgd = Sgd::new(SgdConfig { lr: 0.5, ..SgdConfig::default() })?.with_group(half)?;
/// let mut model = Weights([1.0]); // a model of one parameter; its workspace is the gradient
/// sgd.step(&mut model, &mut [1.0])?;
/// assert_eq!(model.0, [0.75]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Group {
    pub(crate) select: Select,
    pub(crate) lr_factor: f64,
    /// A rate of its own, instead of the factor.
    pub(crate) lr: Option<f64>,
    pub(crate) weight_decay: Option<f64>,
}

impl Group {
    /// A group in which nothing is different yet.
    pub fn new(select: Select) -> Self {
        Self { select, lr_factor: 1.0, lr: None, weight_decay: None }
    }

    /// The learning rate, as a factor `f` of the optimizer's. With 0 the group is frozen: see
    /// [`Optimizer`](crate::Optimizer).
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

    /// Whether its parameters stay as they are.
    pub(crate) fn is_frozen(&self) -> bool {
        self.lr_factor == 0.0
    }

    /// The learning rate, where the optimizer's is `lr`.
    pub(crate) fn rate(&self, lr: f64) -> f64 {
        self.lr.unwrap_or(lr * self.lr_factor)
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        check::not_negative("group", "lr_factor", self.lr_factor)?;
        check::not_negative("group", "weight_decay", self.weight_decay.unwrap_or(0.0))
    }
}
