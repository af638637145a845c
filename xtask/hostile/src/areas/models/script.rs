//! A training loop whose author calls whatever comes to mind, in any order, and ignores errors.

use layers::Mode;
use losses::{CrossEntropyLoss, Loss, MseLoss, Targets};
use models::{Scratch, Sequential, Workspace};
use ndarray::{Array1, Array2};
use optim::{AdamConfig, Descent, Optimizer, Penalty, Rule, Select, SgdConfig};
use tensor_core::{Error, Float};

use super::build;
use super::watch::{self, Seen, is_order};
use crate::case::Case;
use crate::laid::{Laid, bits};

/// How far a workspace has come, as its owner has to see it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    Fresh,
    Forward,
    /// The output's gradient was handed out, and nobody has written it.
    Handed,
    Seeded,
    Backward,
    Stepped,
}

struct Script<F: Float, R> {
    model: Sequential<F>,
    ws: Workspace<F>,
    scratch: Scratch<F>,
    /// A model of the same shape that has another workspace.
    other: Sequential<F>,
    foreign: Workspace<F>,
    optimizer: Descent<F, R>,
    stage: Stage,
    mode: Mode,
    /// Whether single layers run in another mode than the pass.
    modes_set: bool,
    x: Laid<F>,
}

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
    let (stage, mode, modes_set) = (Stage::Fresh, Mode::Train, false);
    let mut script =
        Script { model, ws, scratch, other, foreign, optimizer, stage, mode, modes_set, x };
    case.about(format!("Sequential<{}>", F::NAME));
    for _ in 0..4 + case.draw.below(24) {
        script.act(case);
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

    fn draw_input(&mut self, case: &mut Case) {
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

    fn fits(&self) -> bool {
        let (rows, width) = self.x.view().dim();
        width == self.model.widths()[0] && rows > 0 && rows <= self.ws.max_batch()
    }

    fn forward(&mut self, case: &mut Case) {
        self.draw_input(case);
        let mode = case.draw.one_of(&[Mode::Train, Mode::Train, Mode::Eval]);
        let before = self.look();
        let Self { model, ws, x, .. } = self;
        case.note(|| format!("forward {:?} {:?}", x.view(), x.layout()));
        let input = x.bits();
        let y =
            case.result("forward", || model.forward(&x.view(), ws, mode).map(|y| bits(y.iter())));
        case.must(x.bits() == input, "input changed", || "x".into());
        match y {
            Some(Ok(y)) => {
                case.must(self.fits(), "accepted", || "an input that does not fit".into());
                (self.stage, self.mode) = (Stage::Forward, mode);
                self.compare_passes(case, &y);
            }
            _ => {
                let after = watch::workspace(&self.model, &self.ws);
                let kept = watch::is_kept(&before, &after);
                case.must(kept, "changed by an error", || "the trace of the pass before".into());
                if before != after {
                    self.stage = Stage::Fresh;
                }
            }
        }
    }

    /// What a pass computed is what inference computes, and what the same pass computes again.
    fn compare_passes(&mut self, case: &mut Case, y: &[u64]) {
        let Self { model, ws, x, mode, .. } = self;
        let mode = *mode;
        let again = case.must_accept("forward", "the same input again", || {
            model.forward(&x.view(), ws, mode).map(|y| bits(y.iter()))
        });
        case.must(again.is_none_or(|a| a == y), "bits", || "the same pass twice".into());
        if mode == Mode::Eval && !self.modes_set {
            let inferred = case.must_accept("infer", "what forward took", || {
                model.infer(&x.view()).map(|y| bits(y.iter()))
            });
            case.must(inferred.is_none_or(|i| i == y), "bits", || {
                "forward in Eval is not infer".into()
            });
        }
    }

    fn infer(&mut self, case: &mut Case) {
        self.draw_input(case);
        let before = self.look();
        let Self { model, x, .. } = self;
        let input = x.bits();
        let fits = x.view().ncols() == model.widths()[0] && x.view().nrows() > 0;
        let y = case.attempt("infer", || model.infer(&x.view()).map(|y| bits(y.iter())));
        case.must(y.is_some() == fits, "accepted", || "an input that does not fit".into());
        case.must(x.bits() == input, "input changed", || "x".into());
        let moved = x.moved(crate::laid::Layout::draw(&mut case.draw));
        let again = case.attempt("infer", || model.infer(&moved.view()).map(|y| bits(y.iter())));
        case.must(y == again, "bits", || "another layout of the input".into());
        case.must(before == self.look(), "changed", || "infer changed a workspace".into());
    }

    fn infer_into(&mut self, case: &mut Case) {
        self.draw_input(case);
        let Self { model, x, scratch, .. } = self;
        let out = model.widths()[model.n_layers()];
        let shape = match case.draw.below(6) {
            0 => [case.draw.size(), out],
            _ => [x.view().nrows(), out],
        };
        let mut y = Laid::<F>::output(&mut case.draw, shape);
        let before = y.bits();
        let ok =
            case.attempt("infer_into", || model.infer_into(&x.view(), &mut y.view_mut(), scratch));
        case.must(y.gaps_are_untouched(), "gap written", || "between the output's rows".into());
        match ok {
            None => case.must(y.bits() == before, "changed by an error", || "the output".into()),
            Some(()) => {
                let whole = case.must_accept("infer", "what infer_into took", || {
                    model.infer(&x.view()).map(|y| bits(y.iter()))
                });
                let same = whole.is_none_or(|whole| whole == y.bits());
                case.must(same, "bits", || "infer_into is not infer".into());
            }
        }
    }

    fn hand_out(&mut self, case: &mut Case) {
        let ok = case.attempt("output_and_gradient", || self.ws.output_and_gradient().map(drop));
        let fresh = self.stage == Stage::Fresh;
        case.must(ok.is_some() != fresh, "order", || format!("at {:?}", self.stage));
        if ok.is_some() {
            self.stage = Stage::Handed;
        }
    }

    /// A loss into the workspace, with targets that now and then are refused.
    fn loss(&mut self, case: &mut Case) {
        let rows = self.ws.rows();
        let out = self.model.widths()[self.model.n_layers()];
        let rows = if case.draw.once_in(6) { case.draw.size() } else { rows };
        let y = Laid::<F>::draw(&mut case.draw, [rows, out]);
        let labels: Vec<usize> = (0..rows).map(|_| case.draw.below(out + 1)).collect();
        let classes = case.draw.once_in(2);
        let ws = &mut self.ws;
        let mut handed = false;
        let result = case.result("loss", || {
            let (a, mut da) = ws.output_and_gradient()?;
            handed = true;
            match classes {
                true => {
                    CrossEntropyLoss::default().backward(&a, Targets::Classes(&labels), &mut da)
                }
                false => MseLoss::default().backward(&a, &y.view(), &mut da),
            }
        });
        match result {
            Some(Ok(_)) => self.stage = Stage::Seeded,
            _ if handed => self.stage = Stage::Handed,
            _ => case.must(self.stage == Stage::Fresh, "order", || format!("{:?}", self.stage)),
        }
    }

    fn backward(&mut self, case: &mut Case) {
        let to_input = case.draw.once_in(2);
        let before = self.look();
        let Self { model, ws, .. } = self;
        let tensors = watch::tensors(model);
        let result = match to_input {
            true => case.result("backward_to_input", || model.backward_to_input(ws)),
            false => case.result("backward", || model.backward(ws)),
        };
        case.must(tensors == watch::tensors(model), "changed", || "backward moved a tensor".into());
        let missing = match self.stage {
            Stage::Fresh | Stage::Forward => Some("no loss"),
            Stage::Handed => Some("a gradient that nobody has written"),
            Stage::Stepped => Some("a step on this gradient has been made"),
            Stage::Seeded | Stage::Backward => None,
        };
        match result {
            Some(Ok(())) => {
                let why = || format!("backward after {:?}: {}", self.stage, missing.unwrap_or(""));
                case.must(missing.is_none(), "stale", why);
                self.stage = Stage::Backward;
            }
            other => {
                let due = other.is_none() || missing.is_some() || self.stage == Stage::Backward;
                case.must(due, "refused", || format!("backward at {:?}", self.stage));
                let kept = watch::is_kept(&before, &self.look());
                case.must(kept, "changed by an error", || "the workspace, by backward".into());
            }
        }
    }

    fn backward_from(&mut self, case: &mut Case) {
        let out = self.model.widths()[self.model.n_layers()];
        let rows = if case.draw.once_in(5) { case.draw.size() } else { self.ws.rows() };
        let dy = Laid::<F>::draw(&mut case.draw, [rows, out]);
        let fits = rows == self.ws.rows() && rows > 0;
        let before = self.look();
        let Self { model, ws, .. } = self;
        let result = case.result("backward_from", || model.backward_from(&dy.view(), ws).map(drop));
        match result {
            Some(Ok(())) => {
                let due = fits && !matches!(self.stage, Stage::Fresh | Stage::Stepped);
                case.must(due, "stale", || format!("backward_from at {:?}", self.stage));
                self.stage = Stage::Backward;
            }
            _ => {
                let kept = watch::is_kept(&before, &self.look());
                case.must(kept, "changed by an error", || "by backward_from".into());
            }
        }
    }

    fn step(&mut self, case: &mut Case) {
        let tensors = watch::tensors(&self.model);
        let Self { model, ws, optimizer, .. } = self;
        let result = case.result("step", || optimizer.step(model, ws));
        match result {
            Some(Ok(())) => {
                let why = || format!("a step at {:?}", self.stage);
                case.must(self.stage == Stage::Backward, "stale", why);
                self.stage = Stage::Stepped;
            }
            other => {
                case.must(tensors == watch::tensors(&self.model), "changed by an error", || {
                    "a step that was refused moved a tensor".into()
                });
                let due = self.stage == Stage::Backward && is_order(&other);
                case.must(!due, "refused", || "a step after backward".into());
            }
        }
    }

    /// What stands between backward and step, at any time.
    fn between(&mut self, case: &mut Case) {
        let bound = case.draw.setting(&[1.0, 0.1, 100.0, f64::INFINITY]);
        let lambda = case.draw.setting(&[0.1, 0.0, 1e-4]);
        let may = self.stage == Stage::Backward;
        let Self { model, ws, .. } = self;
        let ok = match case.draw.below(3) {
            0 => {
                case.attempt("clip_grad_norm", || optim::clip_grad_norm(model, ws, bound).map(drop))
            }
            1 => case.attempt("clip_grad_value", || optim::clip_grad_value(model, ws, bound)),
            _ => case.attempt("Penalty::backward", || {
                Penalty::l2(lambda, Select::all())?.backward(model, ws).map(drop)
            }),
        };
        case.must(ok.is_none() || may, "stale", || format!("gradients at {:?}", self.stage));
    }

    fn read(&mut self, case: &mut Case) {
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

    fn set_tensor(&mut self, case: &mut Case) {
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
        case.must(ok.is_some() || same, "changed by an error", || "set_tensor".into());
    }

    fn paths(&mut self, case: &mut Case) {
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
    fn foreign(&mut self, case: &mut Case) {
        let why = "a workspace of another model";
        let Self { model, foreign, optimizer, x, other, .. } = self;
        case.must_refuse("forward", why, || {
            model.forward(&x.view(), foreign, Mode::Eval).map(drop)
        });
        case.must_refuse("backward", why, || model.backward(foreign));
        case.must_refuse("step", why, || optimizer.step(model, foreign));
        case.must_refuse("intermediates", why, || model.intermediates(foreign));
        case.must_refuse("start_at", why, || model.start_at(foreign, 1));
        let rows = x.view().nrows();
        let fits = rows > 0 && rows <= foreign.max_batch() && x.view().ncols() == other.widths()[0];
        case.attempt("forward", || other.forward(&x.view(), foreign, Mode::Train).map(drop));
        case.must_refuse("clip_grad_norm", why, || optim::clip_grad_norm(model, foreign, 1.0));
        let _ = fits;
    }

    fn start_at(&mut self, case: &mut Case) {
        let row = case.draw.counter();
        let Self { model, ws, .. } = self;
        case.must_accept("start_at", "any row", || model.start_at(ws, row));
        // Where a part of a batch starts says nothing of the passes before it.
    }

    fn clone_model(&mut self, case: &mut Case) {
        let clone = self.model.clone();
        let (own, ws, x) = (&self.model, &mut self.ws, &self.x);
        let same = watch::tensors(own) == watch::tensors(&clone);
        case.must(same, "bits", || "a clone differs".into());
        let y = case.attempt("forward", || clone.forward(&x.view(), ws, Mode::Eval).map(drop));
        if y.is_some() {
            self.stage = Stage::Forward;
        }
    }

    fn restore(&mut self, case: &mut Case) {
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

    fn look(&self) -> Seen {
        watch::workspace(&self.model, &self.ws)
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
