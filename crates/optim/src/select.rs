//! Which parameters something applies to: one choice, for parameter groups and for penalties.
//!
//! ```
//! use optim::Select;
//! use tensor_core::Role;
//!
//! let last_layer = 4;
//! let select = Select::by(move |key| key.layer == last_layer && key.role == Role::Weight);
//! # let _ = select;
//! ```

use std::fmt;
use std::sync::Arc;

use tensor_core::{Parameter, Role};

/// What a parameter is, without its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Index of the layer in its model.
    pub layer: usize,
    /// PyTorch's name for it within the layer: `"weight"`.
    pub name: &'static str,
    /// What it does.
    pub role: Role,
}

impl Key {
    /// The key of a parameter.
    pub fn of<F>(parameter: &Parameter<'_, F>) -> Self {
        Self { layer: parameter.layer, name: parameter.name, role: parameter.role }
    }
}

/// A choice among the parameters of a model. Cheap to clone.
#[derive(Clone)]
pub struct Select(Arc<dyn Fn(Key) -> bool + Send + Sync>);

impl Select {
    /// Every parameter.
    pub fn all() -> Self {
        Self::by(|_| true)
    }

    /// What multiplies features: the parameters that regularization is usually meant for.
    pub fn weights() -> Self {
        Self::by(|key| key.role == Role::Weight)
    }

    /// What is added, and what scales normalized values: the parameters that weight decay usually leaves alone.
    pub fn biases_and_norms() -> Self {
        Self::by(|key| key.role != Role::Weight)
    }

    /// The parameters for which `chosen` is true.
    pub fn by(chosen: impl Fn(Key) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(chosen))
    }

    /// Whether the parameter is chosen.
    pub fn contains(&self, key: Key) -> bool {
        (self.0)(key)
    }
}

impl fmt::Debug for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Select(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Select};
    use tensor_core::Role;

    #[test]
    fn a_group_can_be_printed() {
        assert_eq!(format!("{:?}", Select::all()), "Select(..)");
    }

    #[test]
    fn roles_are_told_apart() {
        let key = |role| Key { layer: 0, name: "weight", role };
        for (role, weight) in [(Role::Weight, true), (Role::Bias, false), (Role::Norm, false)] {
            assert!(Select::all().contains(key(role)));
            assert_eq!(Select::weights().contains(key(role)), weight);
            assert_eq!(Select::biases_and_norms().contains(key(role)), !weight);
        }
    }
}
