//! Layers called by hand: every layout, every value, both passes beside the plain form.

mod reference;

use layers::{Layer, Mode, Saved};
use ndarray::Array2;
use tensor_core::{Float, Path};

use self::reference::Reference;
use crate::case::Case;
use crate::compare::Against;
use crate::draw::Values;
use crate::laid::{Laid, Layout, bits};
use crate::layer_table::{self as table, Take};
use crate::num::Num;
use crate::plain_layers::Plain;

/// One layer, a batch, both passes.
pub(crate) fn run(case: &mut Case) {
    let name = case.draw.one_of(table::NAMES);
    match case.draw.once_in(2) {
        true => start::<f32>(case, name),
        false => start::<f64>(case, name),
    }
}

fn start<F: Float>(case: &mut Case, name: &str) {
    let width = case.draw.width();
    table::make::<F, _>(name, case, width, Drive { width });
}

struct Drive {
    width: usize,
}

impl<F: Float> Take<F> for Drive {
    type Output = ();

    fn take<L: Layer<F>>(self, case: &mut Case, mut layer: L, plain: Plain) {
        let width = self.width;
        fill(case, &mut layer);
        let Some(out) = case
            .must_accept("out_features", "the width it was made for", || layer.out_features(width))
        else {
            return;
        };
        let rows = case.draw.width();
        let x = Laid::<F>::draw(&mut case.draw, [rows, width]);
        let dy = Laid::<F>::draw(&mut case.draw, [rows, out]);
        case.note(|| format!("{layer:?} x {:?} {:?}", x.view(), x.layout()));
        let batch = Batch { x, dy, out, rows };
        let Some(inferred) = batch.infer(case, &layer) else { return };
        batch.passes(case, &layer, &plain, &inferred);
    }
}

/// Both passes of a layer on a batch that is given, beside the plain form.
pub(crate) fn given<F: Float, L: Layer<F>>(
    case: &mut Case,
    layer: &L,
    plain: &Plain,
    (x, dy): (&Array2<F>, &Array2<F>),
) {
    let mut laid = |values: &Array2<F>| {
        let mut all = values.iter().copied();
        let layout = Layout::draw(&mut case.draw);
        Laid::new(layout, [values.nrows(), values.ncols()], || all.next().unwrap_or_default())
    };
    let batch = Batch { x: laid(x), dy: laid(dy), out: dy.ncols(), rows: x.nrows() };
    let Some(inferred) = batch.infer(case, layer) else { return };
    batch.passes(case, layer, plain, &inferred);
}

/// Gives every tensor any values; a variance is not negative.
fn fill<F: Float, L: Layer<F>>(case: &mut Case, layer: &mut L) {
    if case.draw.once_in(2) {
        return;
    }
    let values = match case.draw.once_in(2) {
        true => case.draw.values(),
        false => Values::Scaled(1.0),
    };
    layer.each_tensor_mut(Path::root(), &mut |path, mut tensor| {
        let is_variance = path.leaf() == "running_var";
        for x in tensor.value.iter_mut() {
            let drawn = case.draw.value::<F>(values);
            *x = if is_variance { drawn.abs() } else { drawn };
        }
    });
}

/// What a layer is given.
struct Batch<F> {
    x: Laid<F>,
    dy: Laid<F>,
    out: usize,
    rows: usize,
}

impl<F: Float> Batch<F> {
    /// Inference in two layouts: the same bits.
    fn infer<L: Layer<F>>(&self, case: &mut Case, layer: &L) -> Option<Vec<u64>> {
        let input = self.x.bits();
        let mut y = Laid::<F>::output(&mut case.draw, [self.rows, self.out]);
        let fits = "shapes that fit";
        case.must_accept("infer", fits, || layer.infer(&self.x.view(), &mut y.view_mut()))?;
        case.must(self.x.bits() == input, "input changed", || "by infer".into());
        case.must(y.gaps_are_untouched(), "gap written", || "by infer".into());
        let moved = self.x.moved(Layout::draw(&mut case.draw));
        let mut again = Laid::<F>::output(&mut case.draw, [self.rows, self.out]);
        case.must_accept("infer", fits, || layer.infer(&moved.view(), &mut again.view_mut()))?;
        let places = || format!("{:?} {:?} {:?}", moved.layout(), y.layout(), again.layout());
        let same = again.bits() == y.bits();
        case.must(same, "bits", || format!("another layout gives other bits: {}", places()));
        Some(y.bits())
    }

    fn passes<L: Layer<F>>(&self, case: &mut Case, layer: &L, plain: &Plain, inferred: &[u64]) {
        let spare = case.draw.below(3);
        let made = case.attempt("cache", || layer.cache(self.rows + spare, self.x.view().ncols()));
        let Some(mut cache) = made else { return };
        let mut y = Laid::<F>::output(&mut case.draw, [self.rows, self.out]);
        let forward = |case: &mut Case, cache: &mut L::Cache, y: &mut Laid<F>, mode| {
            case.result("forward", || layer.forward(&self.x.view(), &mut y.view_mut(), cache, mode))
        };
        match forward(case, &mut cache, &mut y, Mode::Eval) {
            Some(Ok(())) => case.must(y.bits() == inferred, "bits", || {
                format!("forward in Eval is not infer: {:?}", y.layout())
            }),
            _ => case.fault("refused", "a pass in Eval"),
        }
        let mode = case.draw.one_of(&[Mode::Train, Mode::Eval]);
        case.note(|| format!("{mode:?}"));
        let Some(done) = forward(case, &mut cache, &mut y, mode) else { return };
        if done.is_err() {
            let due = self.rows == 1 && mode == Mode::Train;
            case.must(due, "refused", || format!("{} rows", self.rows));
            return;
        }
        let seen = Seen { mode, y: &y };
        self.backward(case, layer, plain, &mut cache, seen);
    }

    fn backward<L: Layer<F>>(
        &self,
        case: &mut Case,
        layer: &L,
        plain: &Plain,
        cache: &mut L::Cache,
        Seen { mode, y }: Seen<'_, F>,
    ) {
        let mut dx = Laid::<F>::output(&mut case.draw, [self.rows, self.x.view().ncols()]);
        let mut grads = layer.gradient();
        let views = (self.x.view(), y.view(), self.dy.view());
        let done = case.must_accept("backward", "shapes that fit", || {
            let saved = Saved { x: &views.0, y: &views.1, cache };
            layer.backward(saved, &views.2, Some(&mut dx.view_mut()), &mut grads)
        });
        if done.is_none() {
            return;
        }
        case.must(dx.gaps_are_untouched(), "gap written", || "by backward".into());
        self.again(case, layer, cache, y, (&dx, &grads));
        self.unfit(case, layer, cache, y);
        let masks = masks(layer, &views.0, &views.1, cache);
        let reference = Reference::new(plain, mode, layer, [&views.0, &views.2], &masks);
        let against = Against::new();
        let against = if matches!(plain, Plain::Linear) { against.partial() } else { against };
        compare(case, "y", against, y.view().iter(), &reference.y);
        compare(case, "dx", against, dx.view().iter(), &reference.dx);
        grads.each_tensor(Path::root(), &mut |path, tensor| {
            let want = match path.leaf() {
                "weight" => &reference.dweight,
                "bias" => &reference.dbias,
                _ => return,
            };
            compare(case, "parameter's gradient", against, tensor.value.iter(), want);
        });
    }

    /// Arrays that do not fit: refused, and nothing is written.
    fn unfit<L: Layer<F>>(&self, case: &mut Case, layer: &L, cache: &mut L::Cache, y: &Laid<F>) {
        if !case.draw.once_in(4) {
            return;
        }
        let why = "a row too many";
        let shape = [self.rows + 1, self.out];
        let mut tall = Laid::<F>::output(&mut case.draw, shape);
        let before = tall.bits();
        case.must_refuse("infer", why, || layer.infer(&self.x.view(), &mut tall.view_mut()));
        let mode = case.draw.one_of(&[Mode::Train, Mode::Eval]);
        case.must_refuse("forward", why, || {
            layer.forward(&self.x.view(), &mut tall.view_mut(), cache, mode)
        });
        let mut grads = layer.gradient();
        let old = tensors(&grads);
        let views = (self.x.view(), y.view(), tall.view());
        case.must_refuse("backward", why, || {
            let saved = Saved { x: &views.0, y: &views.1, cache };
            layer.backward(saved, &views.2, None, &mut grads)
        });
        let kept = tall.bits() == before && tensors(&grads) == old;
        case.must(kept, "changed by an error", || "what was to be written".into());
    }

    /// Backward once more, in other layouts and without the input's gradient: the same bits.
    fn again<L: Layer<F>>(
        &self,
        case: &mut Case,
        layer: &L,
        cache: &mut L::Cache,
        y: &Laid<F>,
        (dx, grads): (&Laid<F>, &L),
    ) {
        let dy = self.dy.moved(Layout::draw(&mut case.draw));
        let mut other = Laid::<F>::output(&mut case.draw, [self.rows, self.x.view().ncols()]);
        let mut other_grads = layer.gradient();
        let with_dx = case.draw.once_in(2);
        let views = (self.x.view(), y.view(), dy.view());
        case.must_accept("backward", "shapes that fit", || {
            let saved = Saved { x: &views.0, y: &views.1, cache };
            let mut view = other.view_mut();
            let dx = with_dx.then_some(&mut *view);
            layer.backward(saved, &views.2, dx, &mut other_grads)
        });
        let places =
            || format!("dy {:?}, dx {:?} and {:?}", dy.layout(), dx.layout(), other.layout());
        let same = !with_dx || dx.bits() == other.bits();
        case.must(same, "bits", || format!("dx by layout: {}", places()));
        let same = tensors(grads) == tensors(&other_grads);
        case.must(same, "bits", || format!("parameters' gradients by layout: {}", places()));
    }
}

/// A finished forward pass.
struct Seen<'a, F> {
    mode: Mode,
    y: &'a Laid<F>,
}

fn tensors<F: Float, L: Layer<F>>(layer: &L) -> Vec<Vec<u64>> {
    let mut list = Vec::new();
    layer.each_tensor(Path::root(), &mut |_, tensor| list.push(bits(tensor.value.iter())));
    list
}

/// The mask of a dropout, if there is one.
fn masks<F: Float, L: Layer<F>>(
    layer: &L,
    x: &ndarray::ArrayRef2<F>,
    y: &ndarray::ArrayRef2<F>,
    cache: &L::Cache,
) -> Vec<F> {
    let mut mask = Vec::new();
    layer.intermediates(layers::Seen { x, y, cache }, Path::root(), &mut |path, value| {
        if path.leaf() == "mask" {
            mask.extend(value.iter().copied());
        }
    });
    mask
}

/// Compares what was computed with the plain form, element by element.
pub(crate) fn compare<'a, F: Float>(
    case: &mut Case,
    what: &str,
    against: Against,
    got: impl Iterator<Item = &'a F>,
    want: &[Num],
) {
    for (i, (&got, &want)) in got.zip(want).enumerate() {
        if let Some(off) = against.off(got, want) {
            case.fault("number", format!("{what}[{i}]: {off}"));
            return;
        }
    }
}
