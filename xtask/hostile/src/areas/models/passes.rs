//! Passes, losses and steps, at any time.

use layers::Mode;
use losses::{CrossEntropyLoss, Loss, MseLoss, Targets};
use optim::{Optimizer, Rule};
use tensor_core::Float;

use super::state::{Script, Stage};
use super::watch::{self, is_order};
use crate::case::Case;
use crate::laid::{Laid, Layout, bits};

impl<F: Float, R: Rule> Script<F, R> {
    pub(crate) fn forward(&mut self, case: &mut Case) {
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
                (self.stage, self.mode, self.changed) = (Stage::Forward, mode, false);
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
    pub(crate) fn compare_passes(&mut self, case: &mut Case, y: &[u64]) {
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

    pub(crate) fn infer(&mut self, case: &mut Case) {
        self.draw_input(case);
        let before = self.look();
        let Self { model, x, .. } = self;
        let input = x.bits();
        let fits = x.view().ncols() == model.widths()[0] && x.view().nrows() > 0;
        let y = case.attempt("infer", || model.infer(&x.view()).map(|y| bits(y.iter())));
        case.must(y.is_some() == fits, "accepted", || "an input that does not fit".into());
        case.must(x.bits() == input, "input changed", || "x".into());
        let moved = x.moved(Layout::draw(&mut case.draw));
        let again = case.attempt("infer", || model.infer(&moved.view()).map(|y| bits(y.iter())));
        case.must(y == again, "bits", || "another layout of the input".into());
        case.must(before == self.look(), "changed", || "infer changed a workspace".into());
    }

    pub(crate) fn infer_into(&mut self, case: &mut Case) {
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

    pub(crate) fn hand_out(&mut self, case: &mut Case) {
        let ok = case.attempt("output_and_gradient", || self.ws.output_and_gradient().map(drop));
        let early = matches!(self.stage, Stage::Fresh | Stage::Stepped);
        let right = ok.is_some() != early || self.changed;
        case.must(right, "order", || format!("at {:?}", self.stage));
        if ok.is_some() {
            self.stage = Stage::Handed;
        }
    }

    /// A loss into the workspace, with targets that now and then are refused.
    pub(crate) fn loss(&mut self, case: &mut Case) {
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
            _ => {
                let early = matches!(self.stage, Stage::Fresh | Stage::Stepped);
                case.must(early || self.changed, "order", || format!("{:?}", self.stage));
            }
        }
    }

    pub(crate) fn backward(&mut self, case: &mut Case) {
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
                let due = other.is_none()
                    || self.changed
                    || missing.is_some()
                    || self.stage == Stage::Backward;
                case.must(due, "refused", || format!("backward at {:?}", self.stage));
                let kept = watch::is_kept(&before, &self.look());
                case.must(kept, "changed by an error", || "the workspace, by backward".into());
            }
        }
    }

    pub(crate) fn backward_from(&mut self, case: &mut Case) {
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

    pub(crate) fn step(&mut self, case: &mut Case) {
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
                let due = self.stage == Stage::Backward && is_order(&other) && !self.changed;
                case.must(!due, "refused", || "a step after backward".into());
            }
        }
    }
}
