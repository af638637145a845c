//! Something with a gradient, and how a random case of it is drawn.

use gradcheck::{Checkable, Finding};
use layers::Mode;

use crate::Draw;

/// Which part of the project an item belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A [`Layer`](layers::Layer).
    Layer,
    /// A [`Loss`](losses::Loss) with one choice of options.
    Loss,
    /// A [`Sequential`](models::Sequential).
    Model,
}

/// The type that a pass computes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Checked against the `f64` pass.
    F32,
    /// Checked against differences.
    F64,
}

/// What an `f32` gradient is measured by, besides its own size and its sensitivity to its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Terms {
    /// Nothing.
    Sensitivity,
    /// `‖g‖∞`: an element is a difference of terms of that size, which its sensitivity does not
    /// show. So in a normalization, which takes mean and slope out of the gradient, and in a loss,
    /// whose targets are input as well but are not moved.
    Largest,
    /// `‖g‖∞`, and every tensor of a model adds a chain of roundings of its own, forward and
    /// backward.
    Chain,
}

/// Something to check, and how it takes memory that is laid out otherwise.
pub trait Subject: Checkable {
    /// What goes wrong with strided views, and with a batch in two parts; nothing for subjects that
    /// copy their input anyway.
    fn layout_findings(&mut self) -> Vec<Finding> {
        Vec::new()
    }
}

/// Draws a subject; `None` if a constructor refuses, which no item's does.
pub(crate) type Make<S> = Box<dyn Fn(&mut Draw, Mode) -> Option<Box<S>>>;

/// Something with a gradient, and how to draw a random case of it.
pub struct Item {
    /// Its name, the type's first: `"CrossEntropyLoss(classes, sum)"`.
    pub name: String,
    /// Where it belongs.
    pub kind: Kind,
    /// The modes in which it differs.
    pub modes: &'static [Mode],
    pub(crate) terms: Terms,
    pub(crate) single: Make<dyn Checkable>,
    pub(crate) double: Make<dyn Subject>,
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Item")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl Item {
    /// The Rust type that the item is about: `CrossEntropyLoss` of `"CrossEntropyLoss(classes,
    /// sum)"`.
    pub fn type_name(&self) -> &str {
        self.name.split('(').next().unwrap_or(&self.name)
    }
}

/// A pass that is the same in training and in evaluation.
pub(crate) const ONE_MODE: &[Mode] = &[Mode::Train];

/// A pass that differs.
pub(crate) const BOTH_MODES: &[Mode] = &[Mode::Train, Mode::Eval];
