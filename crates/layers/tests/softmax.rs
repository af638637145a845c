//! Softmax and its logarithm: by hand, by their Jacobians, and where an answer is sure.

use layers::{Activation, Layer, LogSoftmax, Softmax};
use ndarray::{Array2, ShapeBuilder, array};
use tensor_core::Rng;

// Rows ln 1, ln 3 and ln 2, ln 6: softmax ¼, ¾ for both, as only differences count.
// With dLdA = [1, 0]: Σ A ⊙ dLdA = ¼, so dLdZ = [¼(1 − ¼), ¾(0 − ¼)] = [3/16, −3/16].
// LogSoftmax: dLdZ = [1, 0] − [¼, ¾]·1 = [¾, −¾].
#[test]
fn softmax_and_log_softmax_by_hand() {
    let x = array![[1.0, 3.0], [2.0, 6.0]].mapv(f64::ln);
    let dy = array![[1.0, 0.0], [1.0, 0.0]];
    let close = |got: &Array2<f64>, row: [f64; 2]| {
        for got in got.rows() {
            for (got, want) in got.iter().zip(row) {
                assert!(
                    (got - want).abs() <= 4.0 * f64::EPSILON * want.abs(),
                    "{got} against {want}"
                );
            }
        }
    };
    let (mut y, mut dx) = (Array2::zeros((2, 2)), Array2::zeros((2, 2)));
    Softmax.infer(&x, &mut y).unwrap();
    close(&y, [0.25, 0.75]);
    Softmax.chain([&x, &y, &dy], &mut dx);
    close(&dx, [3.0 / 16.0, -3.0 / 16.0]);
    LogSoftmax.infer(&x, &mut y).unwrap();
    close(&y, [0.25_f64.ln(), 0.75_f64.ln()]);
    LogSoftmax.chain([&x, &y, &dy], &mut dx);
    close(&dx, [0.75, -0.75]);
}

// dLdZ = Jᵀ dLdA, term by term: ∂a_i/∂z_j = a_i(δ_ij − a_j) for softmax and δ_ij − softmax(z)_j for
// its logarithm. Widths around that of a vector and of what is kept of a row, row-major and not;
// enough rows in the first case for two threads.
#[test]
fn softmax_and_log_softmax_by_their_jacobians() {
    let mut rng = Rng::new(5);
    let narrow = (1..=20).map(|width| (7, width));
    for shape in [(4000, 40)].into_iter().chain(narrow).chain([(3, 512), (2, 513), (2, 1030)]) {
        let mut random = || Array2::from_shape_simple_fn(shape, || 2.0 * rng.normal());
        let (x, dy) = (random(), random());
        let [mut a, mut dx, mut ln_dx] = [(); 3].map(|()| Array2::zeros(shape));
        let [mut x_t, mut dy_t, mut dx_t] = [(); 3].map(|()| Array2::zeros(shape.f()));
        x_t.assign(&x);
        dy_t.assign(&dy);
        Softmax.infer(&x, &mut a).unwrap();
        Softmax.chain([&x, &a, &dy], &mut dx);
        Softmax.chain([&x_t, &x_t, &dy_t], &mut dx_t);
        let close = |got: f64, want: f64| (got - want).abs() <= 1e-13 * (1.0 + want.abs());
        assert!(dx.iter().zip(&dx_t).all(|(a, b)| close(*a, *b)), "{shape:?}: layout");
        LogSoftmax.chain([&x, &a, &dy], &mut ln_dx);
        LogSoftmax.chain([&x_t, &x_t, &dy_t], &mut dx_t);
        assert!(ln_dx.iter().zip(&dx_t).all(|(a, b)| close(*a, *b)), "{shape:?}: layout");
        for n in 0..shape.0 {
            let (a, dy) = (a.row(n), dy.row(n));
            let (dot, total) = (a.dot(&dy), dy.sum());
            for c in 0..shape.1 {
                let (got, ln_got) = (dx[[n, c]], ln_dx[[n, c]]);
                assert!(close(got, a[c] * (dy[c] - dot)), "{shape:?}, [{n}, {c}]: {got}");
                assert!(close(ln_got, dy[c] - a[c] * total), "{shape:?}, [{n}, {c}]: {ln_got}");
            }
        }
    }
}

// Logits 0 and 40: softmax [1/(1 + p), p/(1 + p)] rounds to [1, p] with p = e^(−40), the likelier
// class first or last. With dLdA = 1 for it and 0 for the other, dLdZ = ±A₀A₁ = ±p, which a
// difference of numbers near 1 would lose.
#[test]
fn softmax_keeps_the_small_gradient_of_a_sure_answer() {
    let p = (-40.0_f64).exp();
    let table = [([40.0, 0.0], [1.0, 0.0], [p, -p]), ([0.0, 40.0], [0.0, 1.0], [-p, p])];
    for (x, dy, expected) in table {
        let (x, dy) = (array![x], array![dy]);
        let (mut y, mut dx) = (Array2::zeros((1, 2)), Array2::zeros((1, 2)));
        Softmax.infer(&x, &mut y).unwrap();
        Softmax.chain([&x, &y, &dy], &mut dx);
        for (got, want) in dx.iter().zip(expected) {
            assert!((got - want).abs() <= 4.0 * f64::EPSILON * p, "{dx}, expected {expected:?}");
        }
    }
}
