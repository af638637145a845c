//! Gradients added up over the parts of a batch: `backward_add`.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use allocation_counter::measure;
use layers::{BatchNorm1d, BatchNorm1dConfig, Dropout, Linear, Mode, Tanh};
use models::{Branches, Residual, Sequential, Workspace};
use ndarray::{Array2, ArrayRef2, concatenate};
use optim::{Group, Optimizer, Select, Sgd, SgdConfig};
use tensor_core::{Error, Float, Rng};

fn random<F: Float>(seed: u64, rows: usize, columns: usize) -> Array2<F> {
    let mut rng = Rng::new(seed);
    Array2::from_shape_simple_fn((rows, columns), || F::of(rng.normal()))
}

/// BatchNorm1d in a residual block, Dropout in a branch, both with layers around them.
fn model<F: Float>() -> Sequential<F> {
    let linear = |seed, from, to| Linear::new(from, to, &mut Rng::new(seed)).unwrap();
    let norm = BatchNorm1d::with_config(4, BatchNorm1dConfig::pytorch()).unwrap();
    let block = Sequential::builder(4).push(linear(1, 4, 4)).push(norm).push(Tanh);
    let block = Residual::new(block.build().unwrap()).unwrap();
    let branches = Branches::builder(4)
        .branch(0..3, Dropout::new(0.25, 7).unwrap())
        .branch(1..4, linear(2, 3, 2))
        .build()
        .unwrap();
    let model = Sequential::builder(3).push(linear(3, 3, 4)).push(block).push(branches);
    model.push(BatchNorm1d::new(5).unwrap()).push(linear(4, 5, 2)).build().unwrap()
}

/// Three parts of different numbers of rows: input and gradient of the output.
fn parts<F: Float>() -> [[Array2<F>; 2]; 3] {
    [(1, 4), (2, 2), (3, 5)].map(|(seed, n)| [random(seed, n, 3), random(seed + 10, n, 2)])
}

fn sgd<F: Float>() -> Sgd<F> {
    Sgd::new(SgdConfig { lr: 0.1, momentum: 0.9, ..SgdConfig::default() }).unwrap()
}

/// A forward pass with its gradient written.
fn seed<F: Float>(
    model: &Sequential<F>,
    ws: &mut Workspace<F>,
    [x, dy]: &[Array2<F>; 2],
) -> Result<(), Error> {
    model.forward(x, ws, Mode::Train)?;
    ws.output_and_gradient()?.1.assign(dy);
    Ok(())
}

fn gradients<F: Float>(ws: &Workspace<F>) -> Vec<F> {
    ws.parameter_gradients().unwrap().flat_map(|(_, t)| t.value.to_owned()).collect()
}

fn tensors<F: Float>(model: &Sequential<F>) -> Vec<(String, Vec<F>)> {
    model.tensors().map(|(name, t)| (name, t.value.iter().copied().collect())).collect()
}

/// The plain form: each part's gradients in a workspace of its own, added in order.
fn plain_sum<F: Float>(model: &Sequential<F>) -> Vec<F> {
    let (mut sum, mut row) = (Vec::new(), 0);
    for part in &parts() {
        let mut ws = model.workspace(5).unwrap();
        model.start_at(&mut ws, row).unwrap();
        seed(model, &mut ws, part).unwrap();
        model.backward(&mut ws).unwrap();
        let own = gradients(&ws);
        sum = if row == 0 { own } else { sum.iter().zip(own).map(|(&s, g)| s + g).collect() };
        row += part[0].nrows() as u64;
    }
    sum
}

fn sums_are_those_of_the_parts<F: Float>() {
    let mut model = model::<F>();
    let (mut ws, mut sgd) = (model.workspace(5).unwrap(), sgd());
    for step in 0..3 {
        let expected = plain_sum(&model);
        for (p, part) in parts().iter().enumerate() {
            if step == 2 {
                // The first by `backward`, which begins anew; masks are then placed by hand.
                model.start_at(&mut ws, [0, 4, 6][p]).unwrap();
            }
            seed(&model, &mut ws, part).unwrap();
            match (step, p) {
                (2, 0) => model.backward(&mut ws).unwrap(),
                _ => model.backward_add(&mut ws).unwrap(),
            }
        }
        assert_eq!(gradients(&ws), expected, "{} in step {step}", F::NAME);
        sgd.step(&mut model, &mut ws).unwrap();
        assert_eq!(gradients(&ws), expected, "still to be read");
        assert_eq!(model.layer::<Dropout>("2.0").unwrap().step(), step + 1);
    }
}

#[test]
fn gradients_are_the_sum_over_the_parts_bit_for_bit() {
    sums_are_those_of_the_parts::<f32>();
    sums_are_those_of_the_parts::<f64>();
}

/// `r ← (1 − m) r + m b` for each part's statistics `b` in turn; in one expression, so that a
/// result is within a few roundings of numbers of its size.
#[test]
fn running_statistics_move_by_every_part() {
    let mut model = model::<f64>();
    let (mut ws, mut sgd) = (model.workspace(5).unwrap(), sgd());
    let names = [("1.1", true), ("3", false)];
    let mut expected = names.map(|(name, _)| {
        let of = |leaf| model.tensor(&format!("{name}.{leaf}")).unwrap().to_owned();
        [of("running_mean"), of("running_var")]
    });
    for _ in 0..2 {
        for part in &parts() {
            seed(&model, &mut ws, part).unwrap();
            for ((name, unbiased), running) in names.iter().zip(&mut expected) {
                let n = part[0].nrows() as f64;
                let correction = [1.0, if *unbiased { n / (n - 1.0) } else { 1.0 }];
                for ((leaf, running), correction) in
                    ["mean", "variance"].iter().zip(running).zip(correction)
                {
                    let batch = model.intermediate(&ws, &format!("{name}.{leaf}")).unwrap();
                    running.zip_mut_with(&batch, |r, b| *r = 0.9 * *r + 0.1 * (b * correction));
                }
            }
            model.backward_add(&mut ws).unwrap();
        }
        sgd.step(&mut model, &mut ws).unwrap();
        for ((name, _), running) in names.iter().zip(&expected) {
            for (leaf, expected) in ["running_mean", "running_var"].iter().zip(running) {
                let found = model.tensor(&format!("{name}.{leaf}")).unwrap();
                let error = (&found - expected).mapv(f64::abs).into_iter().fold(0.0, f64::max);
                assert!(error <= 16.0 * f64::EPSILON, "{name}.{leaf}: {found}, not {expected}");
            }
        }
    }
}

/// One part is a step as it always was; so is a pass that begins anew after parts that no step has
/// used.
fn one_part_is_a_whole_batch<F: Float>() {
    let [first, second, _] = parts();
    let step = |add: bool, before: bool| {
        let mut model = model::<F>();
        let (mut ws, mut sgd) = (model.workspace(5).unwrap(), sgd());
        for _ in 0..2 {
            if before {
                seed(&model, &mut ws, &second).unwrap();
                model.backward_add(&mut ws).unwrap();
                model.start_at(&mut ws, 0).unwrap();
            }
            seed(&model, &mut ws, &first).unwrap();
            match add {
                true => model.backward_add(&mut ws).unwrap(),
                false => model.backward(&mut ws).unwrap(),
            }
            sgd.step(&mut model, &mut ws).unwrap();
        }
        tensors(&model)
    };
    let expected = step(false, false);
    assert_eq!(step(true, false), expected);
    assert_eq!(step(false, true), expected);
}

#[test]
fn one_part_changes_nothing() {
    one_part_is_a_whole_batch::<f32>();
    one_part_is_a_whole_batch::<f64>();
}

/// `L = Σ_p Σ dy_p ⊙ y_p` by central differences: an error of h² of the third derivative and of
/// ε/h of the loss, with h = 1e-5 both near 1e-10 of numbers of size 1 to 10.
#[test]
fn the_sum_is_the_derivative_of_the_sum_of_losses() {
    let mut model = model::<f64>();
    let mut ws = model.workspace(5).unwrap();
    for part in &parts() {
        seed(&model, &mut ws, part).unwrap();
        model.backward_add(&mut ws).unwrap();
    }
    let loss = |model: &Sequential<f64>| {
        let mut ws = model.workspace(5).unwrap();
        let (mut loss, mut row) = (0.0, 0);
        for [x, dy] in &parts() {
            model.start_at(&mut ws, row).unwrap();
            loss += (&model.forward(x, &mut ws, Mode::Train).unwrap() * dy).sum();
            row += x.nrows() as u64;
        }
        loss
    };
    let gradients = ws.parameter_gradients().unwrap();
    let gradients: Vec<_> = gradients.map(|(name, t)| (name, t.value.to_owned())).collect();
    for (name, gradient) in &gradients {
        let value = model.tensor(name).unwrap().to_owned();
        for (index, &found) in gradient.indexed_iter() {
            let [above, below] = [1e-5, -1e-5].map(|h| {
                let mut moved = value.clone();
                moved[&index] += h;
                model.set_tensor(name, &moved).unwrap();
                loss(&model)
            });
            let expected = (above - below) / 2e-5;
            assert!((found - expected).abs() < 1e-7, "{name}: {found}, not {expected}");
        }
        model.set_tensor(name, &value).unwrap();
    }
}

/// A layer that is frozen, by the model or by a group of rate factor 0, keeps parameters and
/// statistics; nothing waits for the time after.
#[test]
fn what_is_frozen_rests() {
    for by_group in [false, true] {
        let mut model = model::<f64>();
        let mut sgd = sgd();
        if by_group {
            sgd = sgd.with_group(Group::new(Select::within("1")).lr_factor(0.0)).unwrap();
        } else {
            model.freeze("1").unwrap();
        }
        let before = tensors(&model);
        let mut ws = model.workspace(5).unwrap();
        for part in &parts() {
            seed(&model, &mut ws, part).unwrap();
            model.backward_add(&mut ws).unwrap();
        }
        sgd.step(&mut model, &mut ws).unwrap();
        for ((name, before), (_, after)) in before.iter().zip(tensors(&model)) {
            // The constant in front of a normalization has a gradient of 0, but for rounding.
            if name != "2.1.bias" {
                let rests = name.starts_with("1.");
                assert_eq!(*before == after, rests, "{name}, by group: {by_group}");
            }
        }
    }
}

/// Without a normalization of the batch, parts weighted by their rows are the whole.
#[test]
fn weighted_parts_are_the_mean_over_the_batch() {
    let linear = |seed, from, to| Linear::<f64>::new(from, to, &mut Rng::new(seed)).unwrap();
    let dropout = Dropout::new(0.25, 3).unwrap();
    let model = Sequential::builder(3).push(linear(1, 3, 4)).push(Tanh).push(dropout);
    let model = model.push(linear(2, 4, 2)).build().unwrap();
    let mut ws = model.workspace(11).unwrap();
    let parts = parts::<f64>();
    let join = |i: usize| concatenate![ndarray::Axis(0), parts[0][i], parts[1][i], parts[2][i]];
    // L = 1/N Σ_n ½ Σ_c y[n,c]² dy[n,c], dLdy[n,c] = y[n,c] dy[n,c]/N
    let gradient = |a: &ArrayRef2<f64>, dy: &Array2<f64>| {
        let (mut da, n) = (dy.clone(), dy.nrows() as f64);
        da.zip_mut_with(a, |da, &a| *da = a * *da / n);
        da
    };
    let pass = |ws: &mut Workspace<f64>, x: &Array2<f64>, dy: &Array2<f64>, share: f64| {
        model.forward(x, ws, Mode::Train).unwrap();
        let (a, mut da) = ws.output_and_gradient().unwrap();
        da.assign(&(gradient(&a, dy) * share));
    };
    pass(&mut ws, &join(0), &join(1), 1.0);
    model.backward(&mut ws).unwrap();
    let whole = gradients(&ws);
    let mut ws = model.workspace(5).unwrap();
    for [x, dy] in &parts {
        pass(&mut ws, x, dy, x.nrows() as f64 / 11.0);
        model.backward_add(&mut ws).unwrap();
    }
    for (found, expected) in gradients(&ws).iter().zip(&whole) {
        assert!((found - expected).abs() <= 64.0 * f64::EPSILON, "{found}, not {expected}");
    }
}

#[test]
fn only_the_second_part_of_the_first_step_makes_memory() {
    let mut model = model::<f32>();
    let (mut ws, mut sgd, parts) = (model.workspace(5).unwrap(), sgd(), parts());
    let mut step = || {
        for part in &parts {
            seed(&model, &mut ws, part).unwrap();
            model.backward_add(&mut ws).unwrap();
        }
        sgd.step(&mut model, &mut ws).unwrap();
    };
    step();
    assert_eq!(measure(&mut step).count_total, 0);
}
