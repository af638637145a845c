//! The number of threads changes no bit.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use ndarray::{Array1, Array2};
use rayon::ThreadPoolBuilder;
use tensor_core::functions::{exponentials, log_softmax, softmax};
use tensor_core::sums::{ColumnMoments, column_sums, columns};
use tensor_core::{Float, Rng, elementwise};

fn random<F: Float>(rng: &mut Rng, rows: usize, cols: usize) -> Array2<F> {
    Array2::from_shape_simple_fn((rows, cols), || F::of(rng.normal()))
}

#[test]
fn elementwise_loops() {
    // Two parts even where every other thread sleeps, and a remainder.
    let x = random::<f64>(&mut Rng::new(8), 1, (1 << 20) + 1);
    let f = |x: f64| x * x - 1.0;
    let plain = x.mapv(f);
    for threads in [1, 2, 8] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (mut y, mut dx) = (Array2::zeros(x.dim()), Array2::zeros(x.dim()));
        pool.install(|| {
            elementwise::map(&x, &mut y, f);
            elementwise::map2(&x, &y, &mut dx, |x, y| x - y);
        });
        assert_eq!(y, plain, "{threads} threads");
        assert_eq!(dx, &x - &plain, "{threads} threads");
        pool.install(|| {
            elementwise::map_rounded(&x, &mut y, [1.0], |x, [one]| x * x - one);
            elementwise::chain_rounded(&x, &plain, &mut dx, [2.0], |x, [two]| two * x);
        });
        assert_eq!(y, plain, "{threads} threads");
        assert_eq!(dx, 2.0 * &x * &plain, "{threads} threads");
    }
}

// More than two parts even where every other thread sleeps.
#[test]
fn parts_of_rows() {
    let x = random::<f32>(&mut Rng::new(10), 1001, 300);
    let beside = random::<f32>(&mut Rng::new(11), 1001, 300);
    let run = |threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let [mut y, mut ln_y, mut copy] = [(); 3].map(|()| Array2::zeros(x.dim()));
        pool.install(|| {
            softmax(&x, &mut y);
            log_softmax(&x, &mut ln_y);
            exponentials::for_each_part(&x, &beside, &mut copy, |x, beside, out| {
                out.assign(beside);
                out.column_mut(0).assign(&x.column(0));
            });
        });
        [y, ln_y, copy]
    };
    let alone = run(1);
    for threads in [2, 3, 8] {
        assert!(run(threads) == alone, "{threads} threads");
    }
    let [y, ln_y, copy] = alone;
    assert_eq!(copy.column(0), x.column(0));
    assert!(copy.iter().zip(&beside).enumerate().all(|(i, (a, b))| a == b || i % 300 == 0));
    assert!(y.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-5));
    assert!(y.iter().zip(&ln_y).all(|(y, ln_y)| (y.ln() - ln_y).abs() < 1e-4));
}

fn columns_have_the_same_bits<F: Float>() {
    let x = random::<F>(&mut Rng::new(9), 1101, 501);
    let run = |threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (mut sums, mut y) = (Array1::zeros(501), Array2::zeros(x.dim()));
            column_sums(&x, &mut sums);
            let mut moments = ColumnMoments::new(501).unwrap();
            moments.measure(&x).unwrap();
            columns::map([&x], &|c| [moments.mean[c]], &mut y, &|[x], [mean]| (x - mean) * 0.3);
            (sums, moments, y)
        })
    };
    let alone = run(1);
    for threads in [2, 8] {
        assert!(run(threads) == alone, "{threads} threads");
    }
    // Every column is there, in its place.
    for (c, column) in x.columns().into_iter().enumerate() {
        let plain = column.iter().map(|x| x.as_f64()).sum::<f64>();
        assert!((alone.0[c].as_f64() - plain).abs() < 1e-4, "column {c}");
        assert!((alone.1.mean[c] - plain / 1101.0).abs() < 1e-9, "column {c}");
        for (&x, &y) in column.iter().zip(alone.2.column(c)) {
            assert!(((x.as_f64() - alone.1.mean[c]) * 0.3 - y.as_f64()).abs() < 1e-6);
        }
    }
}

#[test]
fn columns_of_both_types() {
    columns_have_the_same_bits::<f32>();
    columns_have_the_same_bits::<f64>();
}
