//! Sizes that nothing can have: a typed error, before memory is taken.

use layers::{
    Affine, BatchNorm1d, GroupNorm, GroupNormConfig, InstanceNorm1d, LayerNorm, Linear, Mode, Relu,
    RmsNorm,
};
use models::{Branches, Mlp, Sequential};
use ndarray::Array2;
use tensor_core::{Float, Rng};

use crate::case::Case;

pub(crate) fn run(case: &mut Case) {
    match case.draw.once_in(2) {
        true => one::<f32>(case),
        false => one::<f64>(case),
    }
}

/// What may be taken: any product of sizes above this cannot be meant.
fn one<F: Float>(case: &mut Case) {
    let [a, b, c] = [(); 3].map(|()| case.draw.argument());
    let width = case.draw.width();
    case.about(format!("sizes<{}>", F::NAME));
    case.note(|| format!("{a}, {b}, {c}, width {width}"));
    let mut rng = Rng::new(1);
    match case.draw.below(13) {
        0 => drop(case.attempt("Linear::new", || Linear::<F>::new(a, b, &mut rng))),
        1 => drop(case.attempt("BatchNorm1d::new", || BatchNorm1d::<F>::new(a))),
        2 => drop(case.attempt("LayerNorm::new", || LayerNorm::<F>::new(a))),
        3 => drop(case.attempt("RmsNorm::new", || RmsNorm::<F>::new(a))),
        4 => drop(case.attempt("GroupNorm::with_config", || {
            let config = GroupNormConfig { length: c, ..GroupNormConfig::default() };
            GroupNorm::<F>::with_config(a, b, config)
        })),
        5 => drop(case.attempt("InstanceNorm1d::new", || InstanceNorm1d::<F>::new(a, b))),
        6 => drop(case.attempt("Mlp::build", || Mlp::<F>::new(&[a, b, c]).build())),
        7 => drop(
            case.attempt("Sequential::build", || Sequential::<F>::builder(a).push(Relu).build()),
        ),
        8 => branches::<F>(case, [a, b, c]),
        9 | 10 => workspaces::<F>(case, [a, b], width),
        11 => wide_model::<F>(case, [a, b]),
        _ => drop(case.attempt("Affine", || Affine::<F>::none(width).fitting("x", a))),
    }
}

fn branches<F: Float>(case: &mut Case, [a, b, c]: [usize; 3]) {
    case.attempt("Branches::build", || {
        Branches::<F>::builder(a).branch(b..c, Relu).branch(0..a, Relu).build()
    });
}

/// Workspaces for batches that fit in no memory.
fn workspaces<F: Float>(case: &mut Case, [batch, other]: [usize; 2], width: usize) {
    let built = case.must_accept("Mlp::build", "small widths", || {
        Mlp::<F>::new(&[width, 2, width]).dropout(0.5).build()
    });
    let Some(model) = built else { return };
    if let Some(mut ws) = case.attempt("workspace", || model.workspace(batch)) {
        let x = Array2::<F>::zeros((batch.min(other).clamp(1, 3), width));
        let rows = x.nrows();
        let run = || model.forward(&x, &mut ws, Mode::Train).map(drop);
        if rows <= batch {
            case.must_accept("forward", "a batch that the workspace was made for", run);
        } else {
            case.must_refuse("forward", "more rows than the workspace has", run);
        }
    }
    case.attempt("scratch", || model.scratch(other).map(drop));
}

/// A model without parameters may be of any width: its memory may not.
fn wide_model<F: Float>(case: &mut Case, [width, batch]: [usize; 2]) {
    let built = case.attempt("Sequential::build", || {
        Sequential::<F>::builder(width).push(Relu).push(Relu).build()
    });
    let Some(model) = built else { return };
    case.attempt("workspace", || model.workspace(batch).map(drop));
    case.attempt("scratch", || model.scratch(batch).map(drop));
}
