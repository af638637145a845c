//! Matrix products: sizes at the edges of every loop, every stride, α and β of any size.

use ndarray::Array1;
use tensor_core::{Float, gemm, gemm_row};

use crate::areas::layers::compare;
use crate::case::Case;
use crate::compare::Against;
use crate::laid::{Laid, Layout};
use crate::num::{Num, sum};
use crate::wide::Wide;

/// Elements whose plain form is computed.
const JUDGED: usize = 24;

/// One product, in several layouts.
pub(crate) fn run(case: &mut Case) {
    match case.draw.once_in(2) {
        true => product::<f32>(case),
        false => product::<f64>(case),
    }
}

fn size(case: &mut Case) -> usize {
    match case.draw.below(12) {
        0 => case.draw.size() + case.draw.size(),
        1 => 200 + case.draw.below(60),
        _ => case.draw.size(),
    }
}

/// `A (M, K)`, `B (K, N)`, `C (M, N)`, and what is done with them.
struct Product<F> {
    a: Laid<F>,
    b: Laid<F>,
    c: Laid<F>,
    alpha: F,
    beta: F,
    row: Option<Array1<F>>,
}

fn product<F: Float>(case: &mut Case) {
    case.about(format!("gemm<{}>", F::NAME));
    let [m, k, n] = [(); 3].map(|()| size(case));
    let [alpha, beta] = [(); 2].map(|()| F::of(case.draw.setting(&[1.0, 0.0, -1.0, 0.5])));
    let row = case.draw.once_in(3).then(|| Array1::from(case.draw.list::<F>(n)));
    let product = Product {
        a: Laid::draw(&mut case.draw, [m, k]),
        b: Laid::draw(&mut case.draw, [k, n]),
        c: Laid::draw(&mut case.draw, [m, n]),
        alpha,
        beta,
        row,
    };
    let Product { a, b, c, .. } = &product;
    let layouts = [a.layout(), b.layout(), c.layout()];
    case.note(|| format!("{m}×{k}·{k}×{n} α {alpha} β {beta} {layouts:?}"));
    let inputs = (a.bits(), b.bits());
    let Some(first) = product.call(case, &product.c.moved(c.layout())) else { return };
    case.must(inputs == (a.bits(), b.bits()), "input changed", || "A or B".into());
    product.judge(case, &first);
    let moved = Product {
        a: a.moved(Layout::draw(&mut case.draw)),
        b: b.moved(Layout::draw(&mut case.draw)),
        c: c.moved(Layout::draw(&mut case.draw)),
        row: product.row.clone(),
        alpha,
        beta,
    };
    let Some(again) = product.call(case, &product.c.moved(c.layout())) else { return };
    case.must(again.bits() == first.bits(), "bits", || "the same product twice".into());
    // The order of a sum may depend on the strides; the layers choose it so that theirs do not.
    if let Some(other) = moved.call(case, &moved.c) {
        moved.judge(case, &other);
    }
    unfit(case, &product);
}

impl<F: Float> Product<F> {
    fn call(&self, case: &mut Case, c: &Laid<F>) -> Option<Laid<F>> {
        let mut c = c.clone();
        match &self.row {
            Some(row) => case.call("gemm_row", || {
                gemm_row(&self.a.view(), &self.b.view(), row, &mut c.view_mut());
            })?,
            None => case.call("gemm", || {
                gemm(self.alpha, &self.a.view(), &self.b.view(), self.beta, &mut c.view_mut());
            })?,
        }
        case.must(c.gaps_are_untouched(), "gap written", || "of C".into());
        Some(c)
    }

    /// Some elements of `C` beside the plain form.
    fn judge(&self, case: &mut Case, got: &Laid<F>) {
        let (a, b, c) = (self.a.view(), self.b.view(), self.c.view());
        let (m, n) = c.dim();
        if m * n == 0 {
            return;
        }
        let own = |x: F| Num::from(x).computed_in::<F>();
        let all = m * n <= JUDGED;
        for i in 0..JUDGED.min(m * n) {
            let at = if all { i } else { case.draw.below(m * n) };
            let (i, j) = (at / n, at % n);
            let total = sum(0..a.ncols(), |p| own(a[[i, p]]) * own(b[[p, j]]));
            // Times α, what has overflowed stays so.
            let terms = total.error.scaled(if F::NARROW { 24 } else { 53 });
            if terms > Wide::of(F::max_value().as_f64()).scaled(-2) {
                continue;
            }
            let want = match &self.row {
                Some(row) => total + own(row[j]),
                // With β = 0 the old C is overwritten; α may stand before either factor.
                None if self.beta == F::zero() => own(self.alpha) * total,
                None => own(self.alpha) * total + own(self.beta) * own(c[[i, j]]),
            };
            // α may be multiplied into A or B first, where it may overflow or vanish.
            let extreme = |x: F| x != F::zero() && !(1e-3..=1e3).contains(&x.as_f64().abs());
            if self.row.is_none() && (extreme(self.alpha) || extreme(self.beta)) {
                return;
            }
            let got = got.view()[[i, j]];
            compare(case, "C", Against::new().partial(), [got].iter(), &[want]);
        }
    }
}

/// Shapes that do not fit: a panic that is documented.
fn unfit<F: Float>(case: &mut Case, product: &Product<F>) {
    if !case.draw.once_in(8) {
        return;
    }
    let Product { a, b, c, .. } = product;
    let (m, n) = c.view().dim();
    let mut other = Laid::<F>::output(&mut case.draw, [m + 1, n]);
    let before = other.bits();
    case.call_that_must_panic("gemm", || {
        gemm(F::one(), &a.view(), &b.view(), F::zero(), &mut other.view_mut());
    });
    case.must(other.bits() == before, "changed by an error", || "C".into());
}
