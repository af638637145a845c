//! Models to be called: any layers one after the other, beside each other, within each other.

use layers::Layer;
use models::{Branches, Residual, Sequential, SequentialBuilder};
use tensor_core::Float;

use crate::case::Case;
use crate::layer_table::{self as table, Take};
use crate::plain_layers::Plain;

struct Push<F>(SequentialBuilder<F>);

impl<F: Float> Take<F> for Push<F> {
    type Output = (SequentialBuilder<F>, Option<usize>);

    fn take<L: Layer<F>>(self, case: &mut Case, layer: L, _: Plain) -> Self::Output {
        let width = case.width;
        let out = case.attempt("out_features", || layer.out_features(width));
        (self.0.push(layer), out)
    }
}

/// A model for inputs of this width; `None` if what was drawn is refused.
pub(crate) fn model<F: Float>(
    case: &mut Case,
    width: usize,
    depth: usize,
) -> Option<Sequential<F>> {
    let mut builder = Sequential::builder(width);
    let mut now = width;
    for _ in 0..=case.draw.below(4) {
        let out;
        (builder, out) = add(case, builder, now, depth)?;
        now = out?;
    }
    case.about(format!("Sequential<{}>", F::NAME));
    case.attempt("build", || builder.build())
}

type Pushed<F> = Option<(SequentialBuilder<F>, Option<usize>)>;

fn add<F: Float>(
    case: &mut Case,
    builder: SequentialBuilder<F>,
    width: usize,
    depth: usize,
) -> Pushed<F> {
    if depth > 0 && case.draw.once_in(4) {
        case.width = width;
        return match case.draw.below(3) {
            0 => push(case, builder, model::<F>, width, depth),
            1 => push(case, builder, residual::<F>, width, depth),
            _ => push(case, builder, branches::<F>, width, depth),
        };
    }
    case.width = width;
    let name = case.draw.one_of(table::NAMES);
    table::make(name, case, width, Push(builder))
}

fn push<F: Float, L: Layer<F>>(
    case: &mut Case,
    builder: SequentialBuilder<F>,
    make: impl FnOnce(&mut Case, usize, usize) -> Option<L>,
    width: usize,
    depth: usize,
) -> Pushed<F> {
    let layer = make(case, width, depth - 1)?;
    case.width = width;
    Some(Push(builder).take(case, layer, Plain::Linear))
}

fn residual<F: Float>(case: &mut Case, width: usize, depth: usize) -> Option<Residual<F>> {
    let inner = model(case, width, depth)?;
    case.about(format!("Residual<{}>", F::NAME));
    case.attempt("Residual::new", || Residual::new(inner))
}

fn branches<F: Float>(case: &mut Case, width: usize, depth: usize) -> Option<Branches<F>> {
    let mut builder = Branches::builder(width);
    for _ in 0..=case.draw.below(2) {
        let start = case.draw.below(width);
        let end = start + 1 + case.draw.below(width - start);
        let range = match case.draw.below(40) {
            0 => end..start,
            1 => 0..case.draw.argument(),
            2 => case.draw.argument()..case.draw.argument(),
            _ => start..end,
        };
        let inside = if range.end <= width { range.len() } else { 1 };
        builder = builder.branch(range, model(case, inside.max(1), depth)?);
    }
    case.about(format!("Branches<{}>", F::NAME));
    case.attempt("build", || builder.build())
}
