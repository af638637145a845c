//! Numbers of every layer, with every option, in both types: NaN, the ends of the type, and where
//! they lie in memory.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

mod every;

use every::{ROWS, Results, Visit, activations, both, case, laid_out, run};
use layers::{Layer, Mode};
use ndarray::Array2;
use tensor_core::{Error, Float, Path, Rng};

/// Equal bits, but any NaN is a NaN.
fn same<F: Float>(a: &[(&str, F)], b: &[(&str, F)]) -> bool {
    let same = |(a, b): (&(&str, F), &(&str, F))| {
        a.1.as_f64().to_bits() == b.1.as_f64().to_bits() || (a.1.is_nan() && b.1.is_nan())
    };
    a.len() == b.len() && a.iter().zip(b).all(same)
}

// Linear on one row with gaps gave another last bit in forward than in infer.
#[test]
fn no_number_depends_on_where_it_lies_in_memory() {
    struct Layouts;
    impl Visit for Layouts {
        fn visit<F: Float, L: Layer<F>>(
            &mut self,
            name: &'static str,
            make: impl Fn(usize) -> Result<L, Error>,
            width: usize,
        ) {
            for (rows, seed) in [(1, 5), (2, 6), (ROWS, 7)] {
                let (layer, x, dy) = case::<F, L>(&make, width, seed);
                let rows = 0..rows;
                let part = |a: &Array2<F>| a.slice(ndarray::s![rows.clone(), ..]).to_owned();
                let (x, dy) = (part(&x), part(&dy));
                for mode in [Mode::Train, Mode::Eval] {
                    let Ok(plain) = run(&layer, &x, &dy, mode, [0, 0]) else { continue };
                    for layout in 0..4_usize.pow(4) {
                        let layouts = [0, 1, 2, 3].map(|i| layout / 4_usize.pow(i) % 4);
                        let (x, dy) = (laid_out(&x, layouts[0]), laid_out(&dy, layouts[1]));
                        let other = run(&layer, &x, &dy, mode, [layouts[2], layouts[3]]).unwrap();
                        assert!(
                            same(&plain.all(), &other.all()),
                            "{name}, {}, {mode:?}, {rows:?}, {layouts:?}",
                            F::NAME
                        );
                        if mode == Mode::Eval {
                            let mut y = laid_out(&plain.y, layouts[2]);
                            layer.infer(&x, &mut y).unwrap();
                            let equal = y.iter().zip(&plain.y).all(|(a, b)| a == b);
                            assert!(equal, "{name}, {}, infer, {rows:?}, {layouts:?}", F::NAME);
                        }
                    }
                }
            }
        }
    }
    both(&mut Layouts);
}

/// Which results change when one number changes, in any of several cases: what depends on it.
fn dependent<F: Float>(results: impl Fn(u64, bool) -> Results<F>) -> Vec<bool> {
    let mut dependent = Vec::new();
    for seed in 0..12 {
        let (before, after) = (results(seed, false).all(), results(seed, true).all());
        dependent.resize(before.len(), false);
        for (d, (a, b)) in dependent.iter_mut().zip(before.iter().zip(&after)) {
            *d |= a.1 != b.1;
        }
    }
    dependent
}

// What depends on a number by the formula is found by changing it: NaN must reach all of that, and
// nothing else but its own place (ReLU had the gradient 0 at dLdA = NaN, and dLdA itself at NaN).
#[test]
fn nan_reaches_whatever_depends_on_it() {
    struct Nan;
    impl Visit for Nan {
        fn visit<F: Float, L: Layer<F>>(
            &mut self,
            name: &'static str,
            make: impl Fn(usize) -> Result<L, Error>,
            width: usize,
        ) {
            // The extreme options round what depends on a number away.
            if name.contains("e38") || name.contains("e-38") {
                return;
            }
            for (mode, in_x) in
                [(Mode::Train, true), (Mode::Train, false), (Mode::Eval, true), (Mode::Eval, false)]
            {
                let results = |seed: u64, at: [usize; 2], value: Option<F>| {
                    let (layer, mut x, mut dy) = case::<F, L>(&make, width, seed);
                    if let Some(value) = value {
                        *(if in_x { &mut x[at] } else { &mut dy[at] }) = value;
                    }
                    run(&layer, &x, &dy, mode, [0, 0]).unwrap()
                };
                let columns =
                    if in_x { width } else { make(1).unwrap().out_features(width).unwrap() };
                for at in [[0, 0], [1, columns - 1], [ROWS - 1, 1]] {
                    let other = |seed| F::of(Rng::new(100 + seed).normal());
                    let depends =
                        dependent(|seed, changed| results(seed, at, changed.then(|| other(seed))));
                    for seed in 0..4 {
                        let place = format!("{name}, {}, {mode:?}, x: {in_x}, {at:?}", F::NAME);
                        let found = results(seed, at, Some(F::nan()));
                        let own = at[0] * columns + at[1];
                        let n_y = found.y.len();
                        for (i, ((what, v), depends)) in
                            found.all().iter().zip(&depends).enumerate()
                        {
                            // Where a mask or a slope is 0 it is right not to hide it, too.
                            let may = i == own || i == n_y + own;
                            assert!(v.is_nan() || !depends, "{place}: {what} {i} hides it: {v}");
                            assert!(!v.is_nan() || *depends || may, "{place}: {what} {i} is NaN");
                        }
                    }
                }
            }
        }
    }
    both(&mut Nan);
}

#[test]
fn a_nan_gradient_is_not_hidden_by_a_slope_of_0() {
    struct Hidden;
    impl Visit for Hidden {
        fn visit<F: Float, L: Layer<F>>(
            &mut self,
            name: &'static str,
            make: impl Fn(usize) -> Result<L, Error>,
            width: usize,
        ) {
            for x in [-1e4, -2.0, 0.0, 2.0, 1e4] {
                let (layer, _, dy) = case::<F, L>(&make, width, 8);
                // Values of one sign, and different, because equal ones are normalized to 0.
                let x = Array2::from_shape_fn((ROWS, width), |(n, c)| {
                    F::of(x * (1.0 + 0.01 * ((3 * n + 5 * c) % 7) as f64))
                });
                let bad = Array2::from_elem(dy.dim(), F::nan());
                let found = run(&layer, &x, &bad, Mode::Eval, [0, 0]).unwrap();
                assert!(found.dx.iter().all(|v| v.is_nan()), "{name}, {}: {:?}", F::NAME, found.dx);
            }
        }
    }
    both(&mut Hidden);
}

/// The ends of the type and what lies between.
fn ends<F: Float>(rng: &mut Rng, largest: f64) -> F {
    let list = [
        0.0,
        -0.0,
        F::min_positive_value().as_f64(),
        -F::min_positive_value().as_f64(),
        (F::min_positive_value() * F::epsilon()).as_f64(),
        1.0,
        -1.0,
        1e-30,
        -1e30,
        largest,
        -largest,
        -largest,
        largest,
        0.5 * largest,
        700.0,
        -745.0,
        -1e4,
    ];
    match (rng.next_u64() % 20) as usize {
        i if i < list.len() => F::of(list[i]),
        _ => F::of(rng.normal()),
    }
}

// Linear has sums of products: infinities of both signs meet where products overflow, so that it
// gets numbers whose products do not.
#[test]
fn no_finite_number_gives_nan() {
    struct Finite;
    impl Visit for Finite {
        fn visit<F: Float, L: Layer<F>>(
            &mut self,
            name: &'static str,
            make: impl Fn(usize) -> Result<L, Error>,
            width: usize,
        ) {
            let max = F::max_value().as_f64();
            let largest = if L::NAME == "Linear" { (max / 100.0).sqrt() } else { max };
            for seed in 0..400 {
                let mut rng = Rng::new(seed);
                let (mut layer, ..) = case::<F, L>(&make, width, seed);
                // Half of the cases with extreme parameters, too.
                if seed % 2 == 1 {
                    layer.each_tensor_mut(Path::root(), &mut |path, mut t| {
                        let positive = path.leaf() == "running_var";
                        for value in &mut t.value {
                            let drawn = ends::<F>(&mut rng, largest);
                            *value = if positive { drawn.abs() } else { drawn };
                        }
                    });
                }
                let out = layer.out_features(width).unwrap();
                let x = Array2::from_shape_simple_fn((ROWS, width), || ends(&mut rng, largest));
                let dy = Array2::from_shape_simple_fn((ROWS, out), || ends(&mut rng, largest));
                for mode in [Mode::Train, Mode::Eval] {
                    let found = run(&layer, &x, &dy, mode, [0, 0]).unwrap();
                    for (what, v) in found.all() {
                        assert!(
                            !v.is_nan(),
                            "{name}, {}, {mode:?}, seed {seed}: {what}\nx {x:?}\ndy {dy:?}\n{layer:?}\n{:?}\n{:?}",
                            F::NAME,
                            found.y,
                            found.dx
                        );
                    }
                }
            }
        }
    }
    both(&mut Finite);
}

// ∞·0: an infinite gradient where the slope is 0, and an infinite value that is dropped.
#[test]
fn an_infinite_gradient_at_a_slope_of_0_gives_0() {
    struct Infinite;
    impl Visit for Infinite {
        fn visit<F: Float, L: Layer<F>>(
            &mut self,
            name: &'static str,
            make: impl Fn(usize) -> Result<L, Error>,
            width: usize,
        ) {
            let flat = [
                "Relu",
                "LeakyRelu, slope 0",
                "Elu",
                "Celu",
                "Selu",
                "Sigmoid",
                "Tanh",
                "Softplus",
                "Silu",
                "Gelu",
                "Gelu, tanh",
                "Mish",
                "Hardswish",
                "Hardsigmoid",
                "Threshold",
            ];
            if !flat.contains(&name) {
                return;
            }
            let layer = make(1).unwrap();
            let x = Array2::from_elem((ROWS, width), F::of(-1e5));
            let dy = Array2::from_elem((ROWS, width), F::infinity());
            let found = run(&layer, &x, &dy, Mode::Eval, [0, 0]).unwrap();
            assert!(found.dx.iter().all(|v| *v == F::zero()), "{name}: {:?}", found.dx);
        }
    }
    both(&mut Infinite);
}

// Every activation's gradient is proportional to dLdA, and 2⁻⁴⁰ is exact: what overflows on the way
// shows beside a gradient that has room.
#[test]
fn an_activation_passes_on_gradients_up_to_the_largest_number() {
    struct Grows;
    impl Visit for Grows {
        fn visit<F: Float, L: Layer<F>>(
            &mut self,
            name: &'static str,
            make: impl Fn(usize) -> Result<L, Error>,
            width: usize,
        ) {
            let layer = make(1).unwrap();
            let is_elementwise = !L::NAME.contains("Softmax");
            let (step, small) = (if F::NARROW { 0.125 } else { 1.0 }, 2.0_f64.powi(-40));
            for i in (-1500..800).filter(|_| is_elementwise) {
                let x = Array2::from_elem((1, width), F::of(step * f64::from(i)));
                let max = Array2::from_elem((1, width), F::max_value());
                let gradient = |dy| run(&layer, &x, dy, Mode::Eval, [0, 0]).unwrap().dx[[0, 0]];
                let found = gradient(&max).as_f64();
                let want = F::of(gradient(&(&max * F::of(small))).as_f64() / small).as_f64();
                // A small one below the smallest normal number is rounded to a multiple of ε of it.
                let least = F::min_positive_value().as_f64() / small;
                let bound = F::epsilon().as_f64() * (want.abs() + least);
                let is_right = found == want || (found - want).abs() <= bound;
                assert!(is_right, "{name}, {}, at {}: {found:e}, not {want:e}", F::NAME, x[[0, 0]]);
            }
        }
    }
    activations::<f64>(&mut Grows);
    activations::<f32>(&mut Grows);
}
