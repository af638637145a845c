//! A training loop whose author calls whatever comes to mind, in any order, and ignores errors.

use layers::Mode;
use models::Sequential;
use optim::{AdamConfig, Descent, Rule, SgdConfig};
use tensor_core::Float;

use super::build;
use super::state::{Script, Stage};
use crate::case::Case;
use crate::laid::Laid;

pub(crate) fn run<F: Float>(case: &mut Case) {
    let width = case.draw.width().min(9);
    let Some(model) = build::model::<F>(case, width, 2) else { return };
    let lr = case.draw.setting(&[0.1, 1e-3, 0.0, 1.0]);
    match case.draw.once_in(2) {
        true => start(case, model, SgdConfig { lr, momentum: 0.9, ..SgdConfig::default() }),
        false => start(case, model, AdamConfig { lr, ..AdamConfig::default() }),
    }
}

fn start<F: Float, R: Rule>(case: &mut Case, model: Sequential<F>, config: R) {
    let Some(optimizer) = case.attempt("Descent::new", || Descent::new(config)) else { return };
    let rows = case.draw.width().min(9);
    let Some(ws) = case.must_accept("workspace", "a small batch", || model.workspace(rows)) else {
        return;
    };
    let Some(scratch) = case.must_accept("scratch", "a small batch", || model.scratch(rows)) else {
        return;
    };
    // A model built a second time, of the same widths or of others.
    let width = model.widths()[0];
    let Some(other) = build::model::<F>(case, width, 0) else { return };
    let Some(foreign) = case.must_accept("workspace", "a small batch", || other.workspace(rows))
    else {
        return;
    };
    let x = Laid::draw(&mut case.draw, [rows, width]);
    let (stage, mode, modes_set, changed) = (Stage::Fresh, Mode::Train, false, false);
    let mut script = Script {
        model,
        ws,
        scratch,
        other,
        foreign,
        optimizer,
        stage,
        mode,
        modes_set,
        changed,
        x,
    };
    case.about(format!("Sequential<{}>", F::NAME));
    for _ in 0..4 + case.draw.below(24) {
        script.act(case);
        // What follows a fault follows from it.
        if !case.faults.is_empty() {
            return;
        }
    }
}

impl<F: Float, R: Rule> Script<F, R> {
    fn act(&mut self, case: &mut Case) {
        match case.draw.below(30) {
            0..=5 => self.forward(case),
            6 => self.infer(case),
            7 => self.hand_out(case),
            8..=11 => self.loss(case),
            12..=15 => self.backward(case),
            16 => self.backward_from(case),
            17..=20 => self.step(case),
            21 => self.between(case),
            22 => self.read(case),
            23 => self.set_tensor(case),
            24 => self.paths(case),
            25 => self.foreign(case),
            26 => self.start_at(case),
            27 => self.clone_model(case),
            28 => self.restore(case),
            _ => self.infer_into(case),
        }
    }
}
