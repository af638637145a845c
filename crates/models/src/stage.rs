//! How far a workspace's last pass came, and what that allows.

use std::sync::Arc;

use tensor_core::Error;

use crate::sequential::Structure;

/// How far the last pass came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing yet, or a forward pass that failed.
    Fresh,
    /// Activations are there.
    Forward,
    /// The gradient of the output has been handed out to be filled.
    Seeded,
    /// Parameter gradients are there, and `dLdA` from the entry `from` on.
    Backward { from: usize },
    /// The same, and a step has used them.
    Stepped { from: usize },
}

impl Stage {
    fn description(self) -> &'static str {
        match self {
            Self::Fresh => "a workspace without a pass",
            Self::Forward => "`forward` alone",
            Self::Seeded => "`forward` and `output_and_gradient`",
            Self::Backward { .. } => "a finished backward pass",
            Self::Stepped { .. } => "gradients that a step has used",
        }
    }
}

/// What a workspace knows of its passes: whose they are, how far the last one came, and what the
/// gradients of the parameters are the sum of.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    pub(crate) owner: Arc<Structure>,
    pub(crate) stage: Stage,
    /// The version of the parameters that the last forward pass read.
    read: u64,
    /// Whether a backward pass has followed the last forward pass, which so counts for the step.
    is_counted: bool,
    /// Forward passes that count for the next step.
    n_counted: usize,
    /// The version of the parameters that the first of them read.
    first_read: u64,
}

/// What a backward pass does with the gradients of the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writing {
    Overwrite,
    Add,
}

impl Progress {
    pub(crate) fn new(owner: Arc<Structure>) -> Self {
        let stage = Stage::Fresh;
        Self { owner, stage, read: 0, is_counted: false, n_counted: 0, first_read: 0 }
    }

    /// A forward pass begins, of parameters of that version.
    pub(crate) fn begin(&mut self, version: u64) {
        (self.stage, self.read, self.is_counted) = (Stage::Fresh, version, false);
    }

    /// Whether a backward pass may begin of a model whose parameters have that version; whether it
    /// adds to gradients that are there.
    pub(crate) fn check_backward_pass(
        &self,
        place: &'static str,
        writing: Writing,
        version: u64,
    ) -> Result<bool, Error> {
        let order = |expected, found| Err(Error::Order { place: place.into(), expected, found });
        match (self.stage, writing) {
            (Stage::Fresh | Stage::Forward, _) | (Stage::Backward { .. }, Writing::Add) => {
                let expected = "`forward`, then a loss's `backward` into `output_and_gradient`,";
                return Err(self.order(place, expected));
            }
            (Stage::Stepped { .. }, _) => return Err(self.order(place, "`forward`")),
            (Stage::Seeded | Stage::Backward { .. }, _) => {}
        }
        if self.read != version {
            return order("`forward`", "a forward pass of parameters that have changed since");
        }
        if writing == Writing::Overwrite {
            // The sum would be of this pass alone, and the statistics of all of them.
            if self.is_counted && self.n_counted > 1 {
                return order("`forward`", "a pass that `backward_add` has added to others");
            }
            return Ok(false);
        }
        if self.n_counted > 0 && self.first_read != version {
            return order(
                "a step, or `backward` for the first part,",
                "gradients of parameters that have changed since",
            );
        }
        Ok(self.n_counted > 0)
    }

    /// A backward pass has ended. Returns whether the forward pass is to be counted.
    pub(crate) fn end_backward_pass(&mut self, writing: Writing, from: usize) -> bool {
        self.stage = Stage::Backward { from };
        let is_new = !self.is_counted;
        if writing == Writing::Overwrite || self.n_counted == 0 {
            self.n_counted = 0;
            self.first_read = self.read;
        }
        if is_new || self.n_counted == 0 {
            self.n_counted += 1;
        }
        self.is_counted = true;
        is_new
    }

    /// Buffers have moved by what was counted: the gradients are used.
    pub(crate) fn settle(&mut self) {
        if let Stage::Backward { from } = self.stage {
            self.stage = Stage::Stepped { from };
        }
        self.n_counted = 0;
    }

    /// That a forward pass is there whose parameters no step has moved.
    pub(crate) fn check_forward_pass(&self, place: &'static str) -> Result<(), Error> {
        match self.stage {
            Stage::Fresh | Stage::Stepped { .. } => Err(self.order(place, "`forward`")),
            Stage::Forward | Stage::Seeded | Stage::Backward { .. } => Ok(()),
        }
    }

    /// That gradients are there to be read.
    pub(crate) fn check_gradients(&self, place: &'static str) -> Result<(), Error> {
        match self.stage {
            Stage::Backward { .. } | Stage::Stepped { .. } => Ok(()),
            Stage::Fresh | Stage::Forward | Stage::Seeded => Err(self.order(place, "`backward`")),
        }
    }

    /// That gradients are there which no step has used.
    pub(crate) fn check_unused_gradients(&self, place: &'static str) -> Result<(), Error> {
        match self.stage {
            Stage::Backward { .. } => Ok(()),
            Stage::Stepped { .. } => Err(self.order(place, "`forward` and `backward`")),
            Stage::Fresh | Stage::Forward | Stage::Seeded => Err(self.order(place, "`backward`")),
        }
    }

    pub(crate) fn order(&self, place: &'static str, expected: &'static str) -> Error {
        Error::Order { place: place.into(), expected, found: self.stage.description() }
    }
}
