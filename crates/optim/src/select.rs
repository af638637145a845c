//! Which parameters something applies to.

use std::fmt;
use std::sync::Arc;

use tensor_core::{Parameter, Path, Role};

/// What a parameter is, without its values: what a [`Select`] is given to choose by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key<'a> {
    /// Its name within the model: `0.weight`.
    pub path: Path<'a>,
    /// What it does.
    pub role: Role,
}

impl<'a> Key<'a> {
    /// The key of a parameter.
    pub fn of<F>(parameter: &Parameter<'a, F>) -> Self {
        Self { path: parameter.path, role: parameter.role }
    }
}

/// A choice among the parameters of a model: a function of a parameter's [`Key`], true for those
/// that are chosen.
///
/// A [`Group`](crate::Group) and a [`Penalty`](crate::Penalty) apply to the parameters that a
/// `Select` chooses. It is cheap to clone.
///
/// # Examples
///
/// The weights of the layer at path `4`, but not its bias:
///
/// ```
/// use optim::{Key, Select};
/// use tensor_core::{Path, Role};
///
/// let select = Select::by(|key| key.path.is_within("4") && key.role == Role::Weight);
/// let root = Path::root();
/// let layer = root.index(4);
/// let key = |name, role| Key { path: layer.name(name), role };
/// assert!(select.contains(key("weight", Role::Weight)));
/// assert!(!select.contains(key("bias", Role::Bias)));
/// ```
///
/// Printed, it says what it chooses:
///
/// ```
/// use optim::Select;
///
/// assert_eq!(Select::within("4").to_string(), "within 4");
/// assert_eq!(Select::by(|key| key.path.leaf() == "bias").to_string(), "by a function");
/// ```
#[derive(Clone)]
pub struct Select {
    chosen: Arc<dyn Fn(Key<'_>) -> bool + Send + Sync>,
    description: Arc<str>,
}

impl Select {
    /// Every parameter.
    pub fn all() -> Self {
        Self::by(|_| true).named("all")
    }

    /// What multiplies features, [`Role::Weight`]: the parameters that regularization is usually
    /// meant for.
    pub fn weights() -> Self {
        Self::by(|key| key.role == Role::Weight).named("weights")
    }

    /// What is added, [`Role::Bias`], and what scales normalized values, [`Role::Norm`]: the
    /// parameters that weight decay usually leaves out.
    pub fn biases_and_norms() -> Self {
        Self::by(|key| key.role != Role::Weight).named("biases and norms")
    }

    /// The parameters of the layer at `path`, and of the layers inside it: `"0"`, `"3.0"`; or the
    /// one parameter of that name: `"0.weight"`.
    pub fn within(path: impl Into<String>) -> Self {
        let path = path.into();
        let name = format!("within {path}");
        Self::by(move |key| key.path.is_within(&path)).named(&name)
    }

    /// The parameters for which `chosen` is true.
    pub fn by(chosen: impl Fn(Key<'_>) -> bool + Send + Sync + 'static) -> Self {
        Self { chosen: Arc::new(chosen), description: "by a function".into() }
    }

    /// The same choice under a name of your own, for messages.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.description = name.into();
        self
    }

    /// Whether the parameter is chosen.
    pub fn contains(&self, key: Key<'_>) -> bool {
        (self.chosen)(key)
    }
}

impl fmt::Debug for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Select({self})")
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.description)
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Select};
    use tensor_core::{Path, Role};

    #[test]
    fn a_group_can_be_printed() {
        assert_eq!(format!("{:?}", Select::weights()), "Select(weights)");
        let names = ["all", "biases and norms", "within 3.0", "mine"];
        let selects = [Select::all(), Select::biases_and_norms(), Select::within("3.0")];
        let mine = Select::all().named("mine");
        for (select, name) in selects.iter().chain([&mine]).zip(names) {
            assert_eq!(select.to_string(), name);
        }
    }

    #[test]
    fn roles_are_told_apart() {
        let key = |role| Key { path: Path::of("weight"), role };
        for (role, weight) in [(Role::Weight, true), (Role::Bias, false), (Role::Norm, false)] {
            assert!(Select::all().contains(key(role)));
            assert_eq!(Select::weights().contains(key(role)), weight);
            assert_eq!(Select::biases_and_norms().contains(key(role)), !weight);
        }
    }

    #[test]
    fn layers_are_chosen_with_all_inside_them() {
        let root = Path::root();
        let (block, other) = (root.index(3), root.index(30));
        let (layer, role) = (block.index(0), Role::Weight);
        let key = |path| Key { path, role };
        let weight = layer.name("weight");
        for (select, chosen) in
            [("3", true), ("3.0", true), ("3.0.weight", true), ("3.1", false), ("0", false)]
        {
            assert_eq!(Select::within(select).contains(key(weight)), chosen, "{select}");
        }
        assert!(!Select::within("3").contains(key(other.name("weight"))));
    }
}
