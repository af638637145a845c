use ndarray::{Array2, ArrayRef2, Axis, array};
use proptest::prelude::*;

use super::Order::{ByShape, Chain};
use super::layouts::{Layout, Layout::*, laid_out, random};
use super::{gemm, product};
use crate::Float;
use crate::random::Rng;
use crate::simd::Level;
use crate::simd::tile::Start;

/// The definition, in `f64`: c_ij = α Σ_k a_ik b_kj + β c_ij.
fn plain<F: Float>(
    alpha: F,
    a: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
    beta: F,
    c: &ArrayRef2<F>,
) -> Array2<f64> {
    Array2::from_shape_fn(c.dim(), |(i, j)| {
        let sum: f64 = (0..a.ncols()).map(|k| a[[i, k]].as_f64() * b[[k, j]].as_f64()).sum();
        let old = if beta == F::zero() { 0.0 } else { beta.as_f64() * c[[i, j]].as_f64() };
        alpha.as_f64() * sum + old
    })
}

/// One product of every kind against its definition, on every level that this processor has.
fn agrees_with_plain<F: Float>(
    (m, k, n): (usize, usize, usize),
    layouts: [Layout; 3],
    start: Option<f64>,
    seed: u64,
) {
    let mut rng = Rng::new(seed);
    let a = laid_out(random::<F>(&mut rng, m, k), layouts[0]);
    let b = laid_out(random::<F>(&mut rng, k, n), layouts[1]);
    let before = laid_out(random::<F>(&mut rng, m, n), layouts[2]);
    let row: Vec<F> = (0..n).map(|_| F::of(rng.normal())).collect();
    let (alpha, beta) = (F::of(0.75), F::of(start.unwrap_or(1.0)));
    // What is added: C itself, or the row.
    let added = match start {
        Some(_) => before.clone(),
        None => Array2::from_shape_fn((m, n), |(_, j)| row[j]),
    };
    let expected = plain(alpha, &a, &b, beta, &added);
    // |error| ≤ (K + 3)·u·(α |A||B| + β |C|): K products and sums, the two scalings and the last sum
    // (Higham, Accuracy and Stability of Numerical Algorithms, section 3.5).
    let unit = F::epsilon().as_f64() / 2.0;
    let bound = plain(
        alpha,
        &a.mapv(|v| v.abs()),
        &b.mapv(|v| v.abs()),
        beta.abs(),
        &added.mapv(|v| v.abs()),
    )
    .mapv(|v| (k as f64 + 3.0) * unit * v);
    for (level, order) in Level::available().flat_map(|l| [(l, Chain), (l, ByShape)]) {
        let mut c = before.clone();
        if beta == F::zero() {
            c.fill(F::nan()); // not read
        }
        let start = if start.is_some() { Start::Scaled(beta) } else { Start::Row(&row) };
        product(order, level, alpha, a.view(), b.view(), start, c.view_mut());
        for ((index, &got), (&want, &bound)) in c.indexed_iter().zip(expected.iter().zip(&bound)) {
            let error = (got.as_f64() - want).abs();
            assert!(
                error <= bound,
                "{order:?}, {level:?}, {m} × {k} × {n}, {layouts:?}, seed {seed}, element {index:?}: {got} against {want}, bound {bound:e}"
            );
        }
    }
}

proptest! {
    #[test]
    fn any_shape_any_layout(
        shape in (0_usize..70, 0_usize..40, 0_usize..70),
        layouts in [(); 3].map(|()| {
            proptest::sample::select(&Layout::ALL[..])
        }),
        start in prop_oneof![Just(None), Just(Some(0.0)), Just(Some(1.0)), Just(Some(-0.5))],
        seed in any::<u64>(),
    ) {
        agrees_with_plain::<f64>(shape, layouts, start, seed);
        agrees_with_plain::<f32>(shape, layouts, start, seed);
    }
}

#[test]
fn shapes_beyond_a_block() {
    for shape in [(130, 270, 140), (300, 520, 33), (3, 600, 131), (131, 513, 3), (1, 1000, 9)] {
        for layouts in [
            [Standard; 3],
            [Standard, Transposed, Standard],
            [Transposed, Standard, Standard],
            [Gaps; 3],
        ] {
            agrees_with_plain::<f32>(shape, layouts, Some(0.0), 1);
            agrees_with_plain::<f64>(shape, layouts, None, 2);
        }
    }
}

// How C is cut decides which kernel computes an element: its sum must not notice.
#[test]
fn an_element_does_not_depend_on_its_neighbors() {
    let mut rng = Rng::new(3);
    let (a, b) = (random::<f32>(&mut rng, 61, 300), random::<f32>(&mut rng, 300, 71));
    for level in Level::available() {
        let mut whole = Array2::zeros((61, 71));
        product(Chain, level, 1.0, a.view(), b.view(), Start::Scaled(0.0), whole.view_mut());
        for rows in [17, 30] {
            for columns in [19, 40] {
                let mut part = Array2::zeros((rows, columns));
                let (a, b) = (
                    a.slice_axis(Axis(0), (61 - rows..61).into()),
                    b.slice_axis(Axis(1), (0..columns).into()),
                );
                product(Chain, level, 1.0, a, b, Start::Scaled(0.0), part.view_mut());
                let same = whole.slice_axis(Axis(0), (61 - rows..61).into());
                assert_eq!(part, same.slice_axis(Axis(1), (0..columns).into()), "{level:?}");
            }
        }
    }
}

/// Shapes on both sides of every place where another loop takes over: tiny products, few rows
/// and few columns by `K`, whole vectors and tiles, one block of `K` and several.
fn edges() -> impl Iterator<Item = (usize, usize, usize)> {
    let tiny = [(8, 8, 64), (8, 8, 65), (2, 32, 2), (2, 33, 2), (1, 32, 128), (1, 32, 129)];
    let ks = [1, 5, 33, 63, 64, 65, 255, 256, 257, 511, 512];
    let few = (1..=9).flat_map(move |m| ks.map(|k| (m, k, 4 * m + k % 15)));
    let rows = few.flat_map(|(m, k, n)| [(m, k, n), (n, k, m)]);
    let blocks = [(8, 33, 40), (61, 300, 71), (9, 817, 33), (15, 816, 17), (20, 409, 1)];
    tiny.into_iter().chain(rows).chain(blocks)
}

// Every element in every layout of the three matrices, with what is added in any of its forms.
#[test]
fn where_a_matrix_lies_in_memory_changes_no_bit() {
    fn check<F: Float>(bits: impl Fn(F) -> u64) {
        for (case, shape) in edges().enumerate() {
            let (m, k, n) = shape;
            let mut rng = Rng::new(case as u64);
            let values = [(m, k), (k, n), (m, n), (1, n)];
            let [a, b, before, row] = values.map(|(m, n)| random::<F>(&mut rng, m, n));
            let row = row.into_raw_vec_and_offset().0;
            let start = [Start::Scaled(F::zero()), Start::Row(&row), Start::Scaled(F::of(0.3))];
            let (alpha, start) = ([F::one(), F::of(0.7)][case % 2], start[case % 3]);
            for (level, order) in Level::available().flat_map(|l| [(l, Chain), (l, ByShape)]) {
                let run = |layouts: [Layout; 3]| {
                    let [a, b] = [laid_out(a.clone(), layouts[0]), laid_out(b.clone(), layouts[1])];
                    let mut c = laid_out(before.clone(), layouts[2]);
                    product(order, level, alpha, a.view(), b.view(), start, c.view_mut());
                    c.iter().map(|&c| bits(c)).collect::<Vec<_>>()
                };
                let standard = run([Standard; 3]);
                let any = |i: usize| Layout::ALL[i % Layout::ALL.len()];
                for i in 0..Layout::ALL.len() {
                    let step = 1 + case % 5;
                    for layouts in [
                        [any(i), Standard, Standard],
                        [Standard, any(i), Standard],
                        [Standard, Standard, any(i)],
                        [any(i), any(i + step), any(i + 2 * step + 1)],
                    ] {
                        let name = F::NAME;
                        assert!(
                            run(layouts) == standard,
                            "{level:?}, {name}, {shape:?}, {layouts:?}"
                        );
                    }
                }
            }
        }
    }
    check::<f32>(|x| x.to_bits().into());
    check::<f64>(f64::to_bits);
}

// [1 2]·[3 5; 4 6] = [11 17], and the row on top, whatever its stride.
#[test]
fn a_row_is_added_to_every_row() {
    let row = array![[10.0, 0.0], [20.0, 0.0]];
    for row in [row.column(0), array![10.0, 20.0].view()] {
        let mut c = array![[f64::MAX, -1.0], [7.0, 7.0]];
        super::gemm_row(
            &array![[1.0, 2.0], [0.0, 0.0]],
            &array![[3.0, 5.0], [4.0, 6.0]],
            &row,
            &mut c,
        );
        assert_eq!(c, array![[21.0, 37.0], [10.0, 20.0]]);
    }
}

#[test]
#[should_panic(expected = "do not fit")]
fn shapes_that_do_not_fit() {
    gemm(1.0, &array![[1.0]], &array![[1.0], [2.0]], 0.0, &mut array![[0.0]]);
}

#[test]
fn beta_zero_overwrites_nan() {
    let mut c = Array2::from_elem((1, 1), f64::NAN);
    gemm(1.0, &array![[2.0]], &array![[3.0]], 0.0, &mut c);
    assert_eq!(c, array![[6.0]]);
    let mut c = Array2::from_elem((2, 2), f64::NAN);
    gemm(1.0, &Array2::zeros((2, 0)), &Array2::zeros((0, 2)), 0.0, &mut c);
    assert_eq!(c, Array2::<f64>::zeros((2, 2)));
}

// 3e38² overflows in f32, and 0·∞ would be NaN.
#[test]
fn alpha_zero_leaves_what_is_added() {
    for n in [2, 70] {
        let large = Array2::from_elem((n, n), 3e38_f32);
        for (beta, want) in [(0.0, 0.0), (0.5, 2.0)] {
            let mut c = Array2::from_elem((n, n), 4.0);
            gemm(0.0, &large, &large, beta, &mut c);
            assert_eq!(c, Array2::from_elem((n, n), want));
        }
        let mut c = Array2::from_elem((n, n), 4.0);
        gemm(0.0, &large.mapv(|_| f32::NAN), &large, 1.0, &mut c);
        assert!(c.iter().all(|c| c.is_nan()));
    }
}

// For Miri and AddressSanitizer (`cargo xtask miri`), which see what no result shows: every loop,
// with remainders in each direction, none of it large. The first is the product after whose last
// line pointers left their allocation.
#[test]
fn every_loop_stays_within_its_memory() {
    fn check<F: Float>() {
        let blocks = [(8, 33, 40), (7, 34, 9), (15, 33, 3)];
        let rows = [(1, 35, 3), (2, 66, 5), (9, 37, 1)];
        let tiny = [(5, 3, 9), (2, 0, 17), (3, 32, 2)];
        let step = if cfg!(miri) { 3 } else { 1 }; // it takes a thousand times as long
        for (case, shape) in blocks.into_iter().chain(rows).chain(tiny).enumerate().step_by(step) {
            let layout = |i: usize| Layout::ALL[(case + i) % Layout::ALL.len()];
            for layouts in [[Standard; 3], [layout(1), layout(2), layout(3)]] {
                agrees_with_plain::<F>(shape, layouts, [None, Some(-0.5)][case % 2], 1);
            }
            agrees_with_plain::<F>(shape, [Standard, Transposed, Standard], Some(0.0), 2);
        }
    }
    check::<f32>();
    check::<f64>();
}
