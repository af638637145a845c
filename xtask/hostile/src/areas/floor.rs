//! What all stands on: sums, functions, elementwise loops, random numbers, names.

mod functions;
mod sums;

use ndarray::{Array1, Array2};
use tensor_core::elementwise::{chain_rounded, map, map_rounded, map2};
use tensor_core::random::Position;
use tensor_core::{Float, Init, Path, Rng, gather_rows, row_major};

use crate::case::Case;
use crate::laid::{Laid, Layout, bits};

/// A few calls of one part.
pub(crate) fn run(case: &mut Case) {
    match case.draw.once_in(2) {
        true => one::<f32>(case),
        false => one::<f64>(case),
    }
}

fn one<F: Float>(case: &mut Case) {
    match case.draw.below(8) {
        0 | 1 => functions::run::<F>(case),
        2 => functions::rows::<F>(case),
        3 | 4 => sums::run::<F>(case),
        5 => elementwise::<F>(case),
        6 => gather::<F>(case),
        _ => random::<F>(case),
    }
}

fn elementwise<F: Float>(case: &mut Case) {
    case.about(format!("elementwise<{}>", F::NAME));
    let shape = [case.draw.size(), case.draw.size()];
    let x = Laid::<F>::draw(&mut case.draw, shape);
    let dy = Laid::<F>::draw(&mut case.draw, shape);
    let mut y = Laid::<F>::output(&mut case.draw, shape);
    case.note(|| format!("x {:?} dy {:?} y {:?}", x.layout(), dy.layout(), y.layout()));
    let kind = case.draw.below(4);
    let half = |x: f64, [k]: [f64; 1]| x * k;
    let name = ["map", "map_rounded", "map2", "chain_rounded"][kind];
    let done = case.call(name, || match kind {
        0 => map(&x.view(), &mut y.view_mut(), |x| x + x),
        1 => map_rounded(&x.view(), &mut y.view_mut(), [0.5], half),
        2 => map2(&x.view(), &dy.view(), &mut y.view_mut(), |x, dy| x * dy),
        _ => chain_rounded(&x.view(), &dy.view(), &mut y.view_mut(), [0.5], half),
    });
    if done.is_none() {
        return;
    }
    case.must(y.gaps_are_untouched(), "gap written", || name.into());
    let want: Vec<F> =
        x.view().into_iter().zip(dy.view()).map(|(&x, &dy)| plain(kind, x, dy)).collect();
    // A slope of 0 may take an infinity for 0.
    let near = |(got, want): (&F, &F)| {
        let slope = kind == 3 && (want.is_nan() || *got == F::zero());
        got == want || got.is_nan() && want.is_nan() || slope
    };
    let same = y.view().iter().zip(&want).all(near);
    case.must(same, "number", || format!("{name}: {:?} is not {want:?}", y.view()));
    narrow(case, &x, shape);
}

/// What the loops that [`elementwise`] calls have to compute.
fn plain<F: Float>(kind: usize, x: F, dy: F) -> F {
    match kind {
        0 => x + x,
        1 => F::of(x.as_f64() * 0.5),
        2 => x * dy,
        _ => F::of(dy.as_f64() * (x.as_f64() * 0.5)),
    }
}

/// An output that does not fit: a panic that is documented.
fn narrow<F: Float>(case: &mut Case, x: &Laid<F>, shape: [usize; 2]) {
    if case.draw.once_in(6) {
        let mut narrow = Laid::<F>::output(&mut case.draw, [shape[0], shape[1] + 1]);
        let before = narrow.bits();
        case.call_that_must_panic("map", || map(&x.view(), &mut narrow.view_mut(), |x| x));
        case.must(before == narrow.bits(), "changed by an error", || "map".into());
    }
}

fn gather<F: Float>(case: &mut Case) {
    case.about(format!("gather_rows<{}>", F::NAME));
    let (rows, columns, picked) = (case.draw.size(), case.draw.size(), case.draw.size());
    let x = Laid::<F>::draw(&mut case.draw, [rows, columns]);
    let wrong = case.draw.once_in(4);
    let index = |case: &mut Case| match wrong && case.draw.once_in(3) {
        true => case.draw.argument(),
        false => case.draw.below(rows),
    };
    let list: Vec<usize> = (0..picked).map(|_| index(case)).collect();
    let other = case.draw.once_in(6);
    let shape = if other { [case.draw.size(), case.draw.size()] } else { [picked, columns] };
    let mut out = Laid::<F>::output(&mut case.draw, shape);
    case.note(|| format!("{rows}×{columns} rows {list:?} into {shape:?}"));
    let before = out.bits();
    let fits = shape == [picked, columns] && list.iter().all(|&i| i < rows);
    let done = case.attempt("gather_rows", || gather_rows(&x.view(), &list, &mut out.view_mut()));
    case.must(done.is_some() == fits, "accepted", || format!("{list:?} of {rows} rows"));
    case.must(out.gaps_are_untouched(), "gap written", || "by gather_rows".into());
    match done {
        None => case.must(out.bits() == before, "changed by an error", || "out".into()),
        Some(()) => {
            let view = x.view();
            let want: Vec<u64> = list.iter().flat_map(|&i| bits(view.row(i).iter())).collect();
            case.must(out.bits() == want, "number", || "rows".into());
        }
    }
}

fn random<F: Float>(case: &mut Case) {
    case.about(format!("random<{}>", F::NAME));
    let (seed, stream, word) = (case.draw.bits(), case.draw.counter(), case.draw.counter());
    let n = case.draw.argument();
    case.note(|| format!("seed {seed} stream {stream} word {word} n {n}"));
    let Some(mut rng) = case.call("Rng::at", || Rng::at(Position { seed, stream, word })) else {
        return;
    };
    case.call("next_u64", || rng.next_u64());
    let uniform = case.call("uniform", || rng.uniform()).unwrap_or(0.0);
    case.must((0.0..1.0).contains(&uniform), "number", || format!("uniform {uniform}"));
    let normal = case.call("normal", || rng.normal()).unwrap_or(0.0);
    case.must(normal.is_finite(), "number", || format!("normal {normal}"));
    let below = case.call("below", || rng.below(n)).unwrap_or(0);
    case.must(below < n.max(1), "number", || format!("{below} is not below {n}"));
    let small = case.draw.size();
    let permutation = case.call("permutation", || rng.permutation(small)).unwrap_or_default();
    let mut sorted = permutation;
    sorted.sort_unstable();
    case.must(sorted.into_iter().eq(0..small), "number", || "no permutation".into());
    init::<F>(case, &mut rng);
    let name = case.draw.one_of(&["", "a", "a.b", ".", "é", "0"]);
    let i = case.draw.argument();
    case.call("Path", || {
        let root = Path::root();
        let (layer, leaf) = (root.index(i), root.name(name));
        (layer.to_string(), leaf.is_within(name), layer.is_within("0."), leaf == *"a")
    });
}

fn init<F: Float>(case: &mut Case, rng: &mut Rng) {
    let shape = [case.draw.size(), case.draw.size()];
    let mut weight = Laid::<F>::new(Layout::draw(&mut case.draw), shape, F::nan);
    let init = case.draw.one_of(&[Init::TorchDefault, Init::XavierNormal, Init::HeUniform]);
    case.call("Init::weight", || init.weight(&mut weight.view_mut(), rng));
    let finite = weight.view().iter().all(|w| w.is_finite());
    case.must(finite, "number", || format!("{init:?} {shape:?}"));
    let mut bias = Array1::<F>::from_elem(shape[0], F::nan());
    let fan_in = case.draw.argument();
    case.call("Init::bias", || init.bias(&mut bias, fan_in, rng));
    let finite = bias.iter().all(|b| b.is_finite());
    case.must(finite || fan_in == 0, "number", || format!("bias {init:?} of {fan_in}: {bias:?}"));
    let matrix: Array2<F> = weight.view().to_owned();
    let flat = case.call("row_major", || row_major(matrix.clone().reversed_axes()));
    let fine = flat.is_some_and(|flat| {
        flat.is_standard_layout() && bits(flat.iter()) == bits(matrix.t().iter())
    });
    case.must(fine, "number", || "row_major".into());
}
