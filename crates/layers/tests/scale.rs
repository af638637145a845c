//! Normalizations do not depend on the unit of their input, up to the ends of the type; gradients
//! are linear, in whatever unit.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

mod every;

use every::{Visit, each, fill, normal};
use layers::{BatchNorm1d, Layer, LayerNorm, LogSoftmax, Mode, Saved, Softmax};
use ndarray::{Array2, array};
use tensor_core::{Error, Float, Path, Rng};

/// Output, gradient of the input, and those of `γ` and `β`.
fn run<F: Float, L: Layer<F>>(layer: &L, x: &Array2<F>, dy: &Array2<F>) -> [Vec<F>; 4] {
    let nan = Array2::from_elem(x.dim(), F::nan());
    let (mut y, mut dx, mut grads) = (nan.clone(), nan, layer.gradient());
    let mut cache = layer.cache(x.nrows(), x.ncols()).unwrap();
    layer.forward(x, &mut y, &mut cache, Mode::Train).unwrap();
    layer.backward(Saved { x, y: &y, cache: &mut cache }, dy, Some(&mut dx), &mut grads).unwrap();
    let (mut weight, mut bias) = (Vec::new(), Vec::new());
    grads.each_tensor(Path::root(), &mut |path, t| match path.leaf() {
        "weight" => weight.extend(t.value.iter().copied()),
        "bias" => bias.extend(t.value.iter().copied()),
        _ => {}
    });
    [y, dx]
        .map(|a| a.iter().copied().collect())
        .into_iter()
        .chain([weight, bias])
        .collect::<Vec<_>>()
        .try_into()
        .unwrap()
}

/// `γ` times a unit, `β` 0.
fn set_unit<F: Float, L: Layer<F>>(layer: &mut L, unit: F) {
    layer.each_tensor_mut(Path::root(), &mut |path, mut t| match path.leaf() {
        "weight" => t.value.iter_mut().for_each(|w| *w *= unit),
        "bias" => t.value.fill(F::zero()),
        _ => {}
    });
}

const NORMS: [&str; 5] = ["BatchNorm1d", "LayerNorm", "GroupNorm", "InstanceNorm1d", "RmsNorm"];

/// `v·2ᵏ`, in steps that do not overflow before the result does.
fn times_power(v: f64, k: i32) -> f64 {
    (0..4).fold(v, |v, i| v * 2.0_f64.powi(k / 4 + i32::from(i < (k % 4).abs()) * k.signum()))
}

// With c = 2ᵏ for the unit of x, d of dLdBZ and g of γ, and ε negligible or x in its own unit:
//   BZ → g BZ;  dLdγ → d dLdγ;  dLdβ → d dLdβ;  dLdZ → (g d/c) dLdZ
// exactly, but for roundings, wherever the right side is a normal number.
#[test]
fn the_units_of_input_gradient_and_weight_do_not_matter() {
    struct Units;
    impl Visit for Units {
        fn visit<F: Float, L: Layer<F>>(
            &mut self,
            name: &'static str,
            make: impl Fn(usize) -> Result<L, Error>,
            width: usize,
        ) {
            if !NORMS.contains(&L::NAME) {
                return;
            }
            let (smallest, largest) = if F::NARROW { (-60, 120) } else { (-300, 1018) };
            let mut rng = Rng::new(9);
            let mut layer = make(1).unwrap();
            fill(&mut layer, &mut rng);
            set_unit(&mut layer, F::one());
            // Far above every ε, so that the unit 1 is as good as any.
            let base =
                normal::<F>((5, width), &mut rng).mapv(|v| F::of(times_power(v.as_f64(), 40)));
            let dy = normal::<F>((5, width), &mut rng);
            let [y1, dx1, w1, b1] = run(&layer, &base, &dy);
            let steps = |a: i32, b: i32| (0..=6).map(move |i| a + (b - a) * i / 6);
            for c in steps(0, largest - 40) {
                for d in steps(smallest, largest - 10) {
                    for g in [smallest, -20, 0, largest / 2] {
                        let mut scaled = layer.clone();
                        set_unit(&mut scaled, F::of(2.0_f64.powi(g)));
                        let times =
                            |a: &Array2<F>, k| a.mapv(|v| F::of(times_power(v.as_f64(), k)));
                        let [y, dx, w, b] = run(&scaled, &times(&base, c), &times(&dy, d));
                        let has_weight = !w.is_empty();
                        let g = if has_weight { g } else { 0 };
                        let pairs = [
                            ("y", y, &y1, g),
                            ("dx", dx, &dx1, g + d - c),
                            ("weight", w, &w1, d),
                            ("bias", b, &b1, d),
                        ];
                        for (what, found, unit, k) in pairs {
                            let size = unit.iter().fold(0.0, |m: f64, v| m.max(v.as_f64().abs()));
                            for (found, unit) in found.iter().zip(unit) {
                                let want = F::of(times_power(unit.as_f64(), k)).as_f64();
                                // A few roundings of the largest of them.
                                let bound = 64.0 * F::epsilon().as_f64() * times_power(size, k);
                                let right = (found.as_f64() - want).abs() <= bound
                                    || found.as_f64() == want;
                                let in_range = F::of(want).is_normal() || want.is_infinite();
                                assert!(
                                    right || !in_range,
                                    "{name}, {}: {what} is {found:e}, expected {want:e}, units \
                                     2^{c} of x, 2^{d} of dy, 2^{g} of γ",
                                    F::NAME
                                );
                            }
                        }
                    }
                }
            }
        }
    }
    each::<f64>(&mut Units);
    each::<f32>(&mut Units);
}

// (1, −1, 2, 0)·1e155: mean ½, deviations (½, −3/2, 3/2, −½), variance 5/4 in units of 1e155. The
// squares overflow, and the row was normalized to zeros.
#[test]
fn a_row_of_1e155_is_normalized() {
    let x = array![[1.0, -1.0, 2.0, 0.0]] * 1e155;
    let want = [1.0, -3.0, 3.0, -1.0].map(|v| v / 5.0_f64.sqrt());
    let dy = array![[1.0, 0.0, 0.0, 0.0]];
    let rows = run(&LayerNorm::new(4).unwrap(), &x, &dy);
    let columns = run(&BatchNorm1d::new(1).unwrap(), &x.t().to_owned(), &dy.t().to_owned());
    for [y, dx, ..] in [rows, columns] {
        for (y, want) in y.iter().zip(want) {
            assert!((y - want).abs() <= 4.0 * f64::EPSILON, "{y}, expected {want}");
        }
        // r (dLdNZ − ¼ − NZ NZ[0]/4) with NZ[0] = 1/√5: r (¾ − 1/20) = 0.7 r at the first place.
        let want = 0.7 / 1.25_f64.sqrt() / 1e155;
        assert!((dx[0] / want - 1.0).abs() <= 1e-14, "{:e}, expected {want:e}", dx[0]);
    }
}

// Scores of ±1e308 differ by more than the type holds: softmax is the limit, (0, 1). Its gradient
// is a[j] (dLda[j] − Σ a dLda); with equal scores and dLda = (MAX, −MAX), ½(MAX − 0) = ½MAX.
#[test]
fn softmax_at_the_ends_of_the_type() {
    let m = f64::MAX;
    let [y, dx, ..] = run(&Softmax, &array![[-m, m]], &array![[m, -m]]);
    assert_eq!((y, dx), (vec![0.0, 1.0], vec![0.0, 0.0]));
    let [_, dx, ..] = run(&Softmax, &array![[3.0, 3.0]], &array![[m, -m]]);
    assert_eq!(dx, [0.5 * m, -0.5 * m]);
    // dLdz[j] = dLda[j] − p[j] Σ dLda: MAX − ½·2 MAX = 0.
    let [y, dx, ..] = run(&LogSoftmax, &array![[-m, -m]], &array![[m, m]]);
    assert_eq!((y, dx), (vec![-(2.0_f64.ln()); 2], vec![0.0, 0.0]));
    let [y, ..] = run(&LogSoftmax, &array![[-m / 2.0, m / 2.0]], &array![[0.0, 0.0]]);
    assert_eq!(y, [-m, 0.0]);
}
