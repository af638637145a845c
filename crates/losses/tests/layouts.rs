//! No number depends on where it lies in memory: every loss, every layout of predictions, targets
//! and gradient, the same bits.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

mod support;

use ndarray::{Array2, ArrayRef2, Axis, Slice};
use support::{Input, cases, draw};
use tensor_core::{Float, Rng};

/// Calls `f` with `x` in one of the layouts: row-major, column-major, with gaps in both axes,
/// backwards in both axes.
fn in_layout<F: Float, R>(
    layout: usize,
    x: &Array2<F>,
    f: impl FnOnce(&mut ArrayRef2<F>) -> R,
) -> R {
    let (rows, columns) = x.dim();
    let step = |step: isize| Slice::new(0, None, step);
    match layout {
        0 => f(&mut x.clone()),
        1 => f(&mut x.t().as_standard_layout().into_owned().reversed_axes()),
        _ => {
            let (row, column) = [(2, 3), (-1, -1), (1, -2)][layout - 2];
            let extent = |n: usize, step: isize| (n - 1) * step.unsigned_abs() + 1;
            let mut large =
                Array2::from_elem((extent(rows, row), extent(columns, column)), F::nan());
            let mut view = large.view_mut();
            view.slice_axis_inplace(Axis(0), step(row));
            view.slice_axis_inplace(Axis(1), step(column));
            view.assign(x);
            f(&mut view)
        }
    }
}

const LAYOUTS: usize = 5;

fn check<F: Float>() {
    let mut rng = Rng::new(9);
    for case in &cases::<F>() {
        let (a, y, labels) = draw(case, 21, &mut rng);
        let weights: Vec<F> = (0..21).map(|n| F::of(0.25 * f64::from(n % 4))).collect();
        for weights in [None, Some(&weights[..])] {
            let mut expected = Array2::zeros(a.dim());
            let input = Input { a: &a, y: &y, labels: &labels, weights };
            let loss = (case.run)(input, &mut expected).unwrap();
            for i in 1..LAYOUTS * LAYOUTS * LAYOUTS {
                let (la, ly, ld) = (i % LAYOUTS, i / LAYOUTS % LAYOUTS, i / LAYOUTS / LAYOUTS);
                let start = Array2::from_elem(a.dim(), F::nan());
                let (got, da) = in_layout(la, &a, |a| {
                    in_layout(ly, &y, |y| {
                        in_layout(ld, &start, |da| {
                            let input = Input { a, y, labels: &labels, weights };
                            ((case.run)(input, da).unwrap(), da.to_owned())
                        })
                    })
                });
                let name = format!("{}, layouts {la}, {ly}, {ld}", case.name);
                assert_eq!(got.as_f64().to_bits(), loss.as_f64().to_bits(), "{name}");
                let bits = |x: &Array2<F>| x.mapv(|x| x.as_f64().to_bits());
                assert_eq!(bits(&da), bits(&expected), "{name}");
            }
        }
    }
}

#[test]
fn every_layout_gives_the_same_bits() {
    check::<f32>();
    check::<f64>();
}
