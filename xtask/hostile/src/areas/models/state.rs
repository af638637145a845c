//! A training loop as it stands: its model, its workspaces, and how far they have come.

use layers::Mode;
use models::{Scratch, Sequential, Workspace};
use optim::{Descent, Rule};
use tensor_core::Float;

use super::watch::{self, Seen};
use crate::case::Case;
use crate::laid::Laid;

/// How far a workspace has come, as its owner has to see it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Stage {
    Fresh,
    Forward,
    /// The output's gradient was handed out, and nobody has written it.
    Handed,
    Seeded,
    Backward,
    Stepped,
}

pub(crate) struct Script<F: Float, R> {
    pub(crate) model: Sequential<F>,
    pub(crate) ws: Workspace<F>,
    pub(crate) scratch: Scratch<F>,
    /// A model of the same shape that has another workspace.
    pub(crate) other: Sequential<F>,
    pub(crate) foreign: Workspace<F>,
    pub(crate) optimizer: Descent<F, R>,
    pub(crate) stage: Stage,
    pub(crate) mode: Mode,
    /// Whether single layers run in another mode than the pass.
    pub(crate) modes_set: bool,
    /// Whether a tensor was replaced since the last forward pass.
    pub(crate) changed: bool,
    pub(crate) x: Laid<F>,
}

impl<F: Float, R: Rule> Script<F, R> {
    pub(crate) fn draw_input(&mut self, case: &mut Case) {
        let rows = match case.draw.below(12) {
            0 => case.draw.size(),
            _ => 1 + case.draw.below(self.ws.max_batch()),
        };
        let width = match case.draw.below(30) {
            0 => case.draw.size(),
            _ => self.model.widths()[0],
        };
        self.x = Laid::draw(&mut case.draw, [rows, width]);
    }

    pub(crate) fn fits(&self) -> bool {
        let (rows, width) = self.x.view().dim();
        width == self.model.widths()[0] && rows > 0 && rows <= self.ws.max_batch()
    }

    pub(crate) fn look(&self) -> Seen {
        watch::workspace(&self.model, &self.ws)
    }
}
