//! What else can be called on a model and its workspace: reads, names, clones, other workspaces.

use layers::Mode;
use ndarray::{Array1, Array2};
use optim::{Optimizer, Penalty, Rule, Select};
use tensor_core::{Error, Float};

use super::state::{Script, Stage};
use super::watch;
use crate::case::Case;
use crate::laid::Laid;

impl<F: Float, R: Rule> Script<F, R> {
    /// What stands between backward and step, at any time.
    pub(crate) fn between(&mut self, case: &mut Case) {
        let bound = case.draw.setting(&[1.0, 0.1, 100.0, f64::INFINITY]);
        let lambda = case.draw.setting(&[0.1, 0.0, 1e-4]);
        let may = self.stage == Stage::Backward;
        let Self { model, ws, optimizer, .. } = self;
        let ok = match case.draw.below(3) {
            0 => case
                .attempt("clip_grad_norm", || optimizer.clip_grad_norm(model, ws, bound).map(drop)),
            1 => case.attempt("clip_grad_value", || optimizer.clip_grad_value(model, ws, bound)),
            _ => case.attempt("add_penalty", || {
                let penalty = Penalty::l2(lambda, Select::all())?;
                optimizer.add_penalty(&penalty, model, ws).map(drop)
            }),
        };
        // What visits parameters may have changed them, as far as the model knows.
        self.changed |= ok.is_some();
        case.must(ok.is_none() || may, "stale", || format!("gradients at {:?}", self.stage));
    }

    pub(crate) fn read(&mut self, case: &mut Case) {
        let Self { model, ws, .. } = self;
        let i = case.draw.argument();
        let name = name(case);
        case.attempt("activation", || ws.activation(i).map(drop));
        case.attempt("activation_gradient", || ws.activation_gradient(i).map(drop));
        case.attempt("parameter_gradient", || ws.parameter_gradient(&name).map(drop));
        case.attempt("intermediates", || model.intermediates(ws).map(drop));
        case.attempt("intermediate", || model.intermediate(ws, &name).map(drop));
        case.attempt("tensor", || model.tensor(&name).map(drop));
        let listed = case.attempt("parameter_gradients", || ws.parameter_gradients().map(drop));
        let may = matches!(self.stage, Stage::Backward | Stage::Stepped);
        case.must(listed.is_none() || may, "stale", || format!("gradients at {:?}", self.stage));
    }

    pub(crate) fn set_tensor(&mut self, case: &mut Case) {
        let names: Vec<_> =
            self.model.tensors().map(|(n, t)| (n, t.value.shape().to_vec())).collect();
        let before = watch::tensors(&self.model);
        let known = names.get(case.draw.below(names.len() + 1)).cloned();
        let (name, shape) = known.unwrap_or_else(|| (name(case), vec![1]));
        let model = &mut self.model;
        let ok = match (shape[..].to_vec(), case.draw.below(4)) {
            (shape, 1..) if shape.len() == 2 => {
                let value = Laid::<F>::draw(&mut case.draw, [shape[0], shape[1]]);
                case.attempt("set_tensor", || model.set_tensor(&name, &value.view()))
            }
            (shape, 1..) if shape.len() == 1 => {
                let value = Array1::from(case.draw.list::<F>(shape[0]));
                case.attempt("set_tensor", || model.set_tensor(&name, &value))
            }
            _ => case.attempt("set_tensor", || model.set_tensor(&name, &Array2::zeros((2, 3)))),
        };
        let same = before == watch::tensors(&self.model);
        self.changed |= ok.is_some();
        case.must(ok.is_some() || same, "changed by an error", || "set_tensor".into());
    }

    pub(crate) fn paths(&mut self, case: &mut Case) {
        let path = name(case);
        let mode = case.draw.one_of(&[None, Some(Mode::Train), Some(Mode::Eval)]);
        let Self { model, ws, .. } = self;
        match case.draw.below(4) {
            0 => case.attempt("freeze", || model.freeze(&path)),
            1 => case.attempt("unfreeze", || model.unfreeze(&path)),
            2 => {
                self.modes_set = true;
                case.attempt("set_mode", || ws.set_mode(&path, mode))
            }
            _ => case.attempt("layer", || model.layer::<layers::Relu>(&path).map(drop)),
        };
    }

    /// Everything that takes a workspace, with one of another model.
    pub(crate) fn foreign(&mut self, case: &mut Case) {
        let why = "a workspace of another model";
        let Self { model, foreign, optimizer, x, other, .. } = self;
        case.must_refuse("forward", why, || {
            model.forward(&x.view(), foreign, Mode::Eval).map(drop)
        });
        case.must_refuse("backward", why, || model.backward(foreign));
        case.must_refuse("step", why, || optimizer.step(model, foreign));
        case.must_refuse("intermediates", why, || model.intermediates(foreign));
        case.must_refuse("start_at", why, || model.start_at(foreign, 1));
        case.attempt("forward", || other.forward(&x.view(), foreign, Mode::Train).map(drop));
        case.must_refuse("clip_grad_norm", why, || optimizer.clip_grad_norm(model, foreign, 1.0));
    }

    pub(crate) fn start_at(&mut self, case: &mut Case) {
        let row = case.draw.counter();
        let Self { model, ws, .. } = self;
        case.must_accept("start_at", "any row", || model.start_at(ws, row));
        // Where a part of a batch starts says nothing of the passes before it.
    }

    pub(crate) fn clone_model(&mut self, case: &mut Case) {
        let clone = self.model.clone();
        let (own, ws, x) = (&self.model, &mut self.ws, &self.x);
        let same = watch::tensors(own) == watch::tensors(&clone);
        case.must(same, "bits", || "a clone differs".into());
        let y = case.attempt("forward", || clone.forward(&x.view(), ws, Mode::Eval).map(drop));
        if y.is_some() {
            self.stage = Stage::Forward;
        }
    }

    pub(crate) fn restore(&mut self, case: &mut Case) {
        let mut state = self.optimizer.state().clone();
        if case.draw.once_in(2) {
            state.steps = case.draw.counter();
        }
        let optimizer = &mut self.optimizer;
        let before = format!("{:?}", optimizer.state());
        let ok: Option<()> =
            case.attempt("restore", || -> Result<(), Error> { optimizer.restore(state) });
        let same = before == format!("{:?}", self.optimizer.state());
        case.must(ok.is_some() || same, "changed by an error", || "restore".into());
    }
}

/// A name or a path that may not exist.
fn name(case: &mut Case) -> String {
    let i = case.draw.below(4);
    let names = ["weight", "bias", "0.weight", "0", "1", "2.bias", "0.0", "", ".", "01", "-1"];
    match case.draw.below(4) {
        0 => case.draw.one_of(&names).to_owned(),
        1 => format!("{i}.weight"),
        2 => format!("{i}.{}", case.draw.below(3)),
        _ => format!("{}", case.draw.argument()),
    }
}
