//! What every layer refuses, with every option, in both types; and that every layer is in the list.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

mod every;

use every::{ROWS, Visit, both, case, each, normal, run};
use layers::{Layer, Mode, Saved};
use ndarray::{Array1, Array2, ArrayRef2};
use tensor_core::{Error, Float, Path, Rng};

#[test]
fn no_public_layer_is_missing_in_the_list() {
    struct Names(Vec<String>);
    impl Visit for Names {
        fn visit<F: Float, L: Layer<F>>(
            &mut self,
            name: &'static str,
            _: impl Fn(usize) -> Result<L, Error>,
            _: usize,
        ) {
            assert_eq!(name.split(',').next(), Some(L::NAME));
            self.0.push(L::NAME.to_owned());
        }
    }
    let mut names = Names(Vec::new());
    each::<f64>(&mut names);
    let others = [
        "Activation",
        "Affine",
        "Layer",
        "Mode",
        "Part",
        "Saved",
        "Seen",
        "Training",
        "Scratch",
        "Tensors",
        "Visitor",
    ];
    let exports = include_str!("../src/lib.rs").lines().filter_map(|l| l.strip_prefix("pub use "));
    let exports = exports.flat_map(|line| {
        let list = line.split("::").nth(1).unwrap_or_default();
        list.trim_end_matches(';').trim_matches(['{', '}']).split(", ").collect::<Vec<_>>()
    });
    for name in exports {
        let is_layer = !name.ends_with("Config") && !name.ends_with("Cache");
        if is_layer && !others.contains(&name) {
            assert!(names.0.iter().any(|n| n == name), "{name} is missing in tests/every/mod.rs");
        }
    }
}

/// `Ok` where a call did what it must not: take what does not fit, or write although it refuses.
fn refused<F: Float>(result: Result<(), Error>, written: &[&ArrayRef2<F>]) -> Result<(), String> {
    match result {
        Ok(()) => Err("was taken".into()),
        Err(_) if written.iter().any(|a| a.iter().any(|&v| v != F::of(7.0))) => {
            Err("was refused, but something is written".into())
        }
        Err(_) => Ok(()),
    }
}

// Before: a panic, or the numbers of another row or column.
#[test]
fn shapes_that_do_not_fit_are_refused_and_nothing_is_written() {
    struct Shapes;
    impl Visit for Shapes {
        fn visit<F: Float, L: Layer<F>>(
            &mut self,
            name: &'static str,
            make: impl Fn(usize) -> Result<L, Error>,
            width: usize,
        ) {
            let (layer, x, dy) = case::<F, L>(&make, width, 1);
            let (n, out) = dy.dim();
            let sevens = |shape| Array2::from_elem(shape, F::of(7.0));
            let check = |what: &str, result: Result<(), String>| {
                result.unwrap_or_else(|e| panic!("{name}, {}: {what} {e}", F::NAME));
            };
            let wrong = [(n + 1, out), (n - 1, out), (n, out + 1), (n, out - 1), (out, n), (1, 1)];
            for shape in wrong {
                let mut y = sevens(shape);
                check("infer's y", refused(layer.infer(&x, &mut y), &[&y]));
                let mut cache = layer.cache(n, width).unwrap();
                let result = layer.forward(&x, &mut y, &mut cache, Mode::Train);
                check("forward's y", refused(result, &[&y]));
            }
            let x_wide = normal((n, width + 1), &mut Rng::new(2));
            let mut y = sevens(dy.dim());
            check("infer's x", refused(layer.infer(&x_wide, &mut y), &[&y]));
            let mut cache = layer.cache(n, width).unwrap();
            let y = run(&layer, &x, &dy, Mode::Train, [0, 0]).unwrap().y;
            layer.forward(&x, &mut y.clone(), &mut cache, Mode::Train).unwrap();
            let mut backward = |what: &str, x: &Array2<F>, y: &Array2<F>, dy: &Array2<F>, shape| {
                let (mut dx, mut grads) = (sevens(shape), layer.gradient());
                let saved = Saved { x, y, cache: &mut cache };
                let result = layer.backward(saved, dy, Some(&mut dx), &mut grads);
                check(what, refused(result, &[&dx]));
            };
            for (rows, columns) in wrong {
                let other = normal((rows, columns), &mut Rng::new(3));
                backward("backward's dy", &x, &y, &other, x.dim());
                backward("backward's y", &x, &other, &dy, x.dim());
            }
            backward("backward's x", &x_wide, &y, &dy, x.dim());
            for shape in [(n + 1, width), (n, width + 1), (n - 1, width), (1, 1)] {
                backward("backward's dx", &x, &y, &dy, shape);
            }
        }
    }
    both(&mut Shapes);
}

// A layer of twice the width has another cache and another gradient, unless it has none.
#[test]
fn caches_and_gradients_of_another_layer_are_refused() {
    struct Foreign;
    impl Visit for Foreign {
        fn visit<F: Float, L: Layer<F>>(
            &mut self,
            name: &'static str,
            make: impl Fn(usize) -> Result<L, Error>,
            width: usize,
        ) {
            let (layer, x, dy) = case::<F, L>(&make, width, 4);
            let other = make(2).unwrap();
            let mut y = Array2::from_elem(dy.dim(), F::of(7.0));
            let check = |what: &str, result: Result<(), String>| {
                result.unwrap_or_else(|e| panic!("{name}, {}: {what} {e}", F::NAME));
            };
            if size_of::<L::Cache>() > 0 {
                let mut foreign = other.cache(ROWS, 2 * width).unwrap();
                let result = layer.forward(&x, &mut y, &mut foreign, Mode::Train);
                check("forward's cache", refused(result, &[&y]));
            }
            let mut cache = layer.cache(ROWS, width).unwrap();
            layer.forward(&x, &mut y, &mut cache, Mode::Train).unwrap();
            let (mut dx, mut grads) = (Array2::from_elem(x.dim(), F::of(7.0)), other.gradient());
            // One slope for all features has one shape.
            let shapes = |layer: &L| {
                let mut shapes = Vec::new();
                layer.each_tensor(Path::root(), &mut |_, t| shapes.push(t.value.raw_dim()));
                shapes
            };
            if shapes(&layer) != shapes(&other) {
                let saved = Saved { x: &x, y: &y, cache: &mut cache };
                let result = layer.backward(saved, &dy, Some(&mut dx), &mut grads);
                check("backward's gradient", refused(result, &[&dx]));
            }
        }
    }
    both(&mut Foreign);
}

#[test]
fn sizes_without_memory_are_refused() {
    struct Sizes;
    impl Visit for Sizes {
        fn visit<F: Float, L: Layer<F>>(
            &mut self,
            name: &'static str,
            make: impl Fn(usize) -> Result<L, Error>,
            width: usize,
        ) {
            let layer = make(1).unwrap();
            for rows in [usize::MAX, 1 << 62, 1 << 60] {
                let result = layer.cache(rows, width);
                // Only a mask grows with the rows.
                assert_eq!(result.is_err(), L::NAME == "Dropout", "{name}, {}", F::NAME);
                assert!(layer.scratch(rows, width).is_ok());
            }
            // Widths near the end of the type, where the constructor takes any.
            for k in [1 << 60, usize::MAX / 64] {
                if let Err(error) = make(k) {
                    let is_typed = matches!(error, Error::TooLarge { .. });
                    assert!(is_typed, "{name}, {}: {error}", F::NAME);
                }
            }
        }
    }
    both(&mut Sizes);
}

#[test]
fn a_batch_without_rows_has_no_numbers() {
    struct Empty;
    impl Visit for Empty {
        fn visit<F: Float, L: Layer<F>>(
            &mut self,
            name: &'static str,
            make: impl Fn(usize) -> Result<L, Error>,
            width: usize,
        ) {
            let layer = make(1).unwrap();
            let out = layer.out_features(width).unwrap();
            let (x, dy) = (Array2::zeros((0, width)), Array2::zeros((0, out)));
            let found = run(&layer, &x, &dy, Mode::Eval, [0, 0]).unwrap();
            let zeros = Array1::<F>::zeros(found.parameters.len());
            assert_eq!(found.parameters, zeros, "{name}, {}", F::NAME);
        }
    }
    both(&mut Empty);
}
