//! Models with normalization and dropout: the notes' figure, the two modes, the steps that settle,
//! and the builder.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use allocation_counter::measure;
use layers::{
    BatchNorm1d, BatchNorm1dConfig, Dropout, GroupNorm, InstanceNorm1d, LayerNorm, LeakyRelu,
    Linear, Mode, Relu, RmsNorm, Tanh,
};
use models::{Block, Mlp, Sequential, Workspace};
use ndarray::{Array2, ArrayD, array};
use optim::{Optimizer, Sgd, SgdConfig};
use tensor_core::{Error, Float, Rng};

fn sgd<F: Float>(lr: f64) -> Sgd<F> {
    Sgd::new(SgdConfig { lr, ..SgdConfig::default() }).unwrap()
}

/// Every saved tensor by name.
fn tensors<F: Float>(model: &Sequential<F>) -> Vec<(String, ArrayD<F>)> {
    model.tensors().map(|(name, t)| (name, t.value.to_owned())).collect()
}

fn values<F: Float>(model: &Sequential<F>, name: &str) -> Vec<F> {
    model.tensor(name).unwrap().iter().copied().collect()
}

fn batch(rows: usize, columns: usize, seed: u64) -> Array2<f64> {
    let mut rng = Rng::new(seed);
    Array2::from_shape_simple_fn((rows, columns), || rng.normal())
}

/// A full step with the gradient 1 for every output.
fn step(
    model: &mut Sequential<f64>,
    x: &Array2<f64>,
    ws: &mut Workspace<f64>,
    optimizer: &mut Sgd<f64>,
) -> Result<(), Error> {
    model.forward(x, ws, Mode::Train)?;
    ws.output_and_gradient()?.1.fill(1.0);
    model.backward(ws)?;
    optimizer.step(model, ws)
}

// The figure of 9.1.3, Linear(2, 3), BatchNorm1d, ReLU, with numbers that are short binary
// fractions all the way: N = 2 and deviations of ±1 make σ² = 1, and ε = 3 makes 1/√(σ² + ε) = ½.
// A0 = [2 0; 0 2], W0 = [1 0; 0 1; 2 1], b0 = [10, 20, −5] Z0 = [2+10, 0+20, 4−5; 0+10, 2+20, 2−5]
// = [12 20 −1; 10 22 −3] M0 = [11, 21, −2], V0 = [1, 1, 1], NZ0 = [½ −½ ½; −½ ½ −½] BZ0 = [2, 4,
// −2] ⊙ NZ0 + [0, 1, ½] = [1 −1 −½; −1 3 3/2] A1 = [1 0 0; 0 3 3/2] With dLdA1 = [1 5 7; 11 2 4]:
// dLdBZ0 = [1 0 0; 0 2 4], dLdβ = [1, 2, 4], dLdγ = [½, 1, −2] dLdZ0 = ½γ ⊙ (dLdBZ0 − ½dLdβ − NZ0 ⊙
// ½dLdγ) = [1·(1 − ½ − ⅛), 2·(0 − 1 + ¼), −1·(0 − 2 + ½); 1·(0 − ½ + ⅛), 2·(2 − 1 − ¼), −1·(4 − 2 −
// ½)] = [3/8 −3/2 3/2; −3/8 3/2 −3/2] dLdW0 = dLdZ0ᵀ A0 = [¾ −¾; −3 3; 3 −3], dLdb0 = 0: the
// normalization takes a constant away dLdA0 = dLdZ0 W0 = [3/8 + 3, −3/2 + 3/2; −3/8 − 3, 3/2 − 3/2]
// = [27/8 0; −27/8 0] A step of rate 1 and momentum ½ of the running statistics: γ = [3/2, 3, 0], β
// = [−1, −1, −7/2], mean ½·M0, variance 1.
#[test]
fn the_figure_of_the_notes() -> Result<(), Error> {
    let config = BatchNorm1dConfig { eps: 3.0, momentum: 0.5, ..Default::default() };
    let mut model = Mlp::<f64>::new(&[2, 3])
        .output_normalization(move |features| BatchNorm1d::with_config(features, config))
        .output_activation(Relu)
        .build()?;
    model.set_tensor("0.weight", &array![[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]])?;
    model.set_tensor("0.bias", &array![10.0, 20.0, -5.0])?;
    model.set_tensor("1.weight", &array![2.0, 4.0, -2.0])?;
    model.set_tensor("1.bias", &array![0.0, 1.0, 0.5])?;
    let mut ws = model.workspace(2)?;
    model.forward(&array![[2.0, 0.0], [0.0, 2.0]], &mut ws, Mode::Train)?;
    assert_eq!(ws.activation(1)?, array![[12.0, 20.0, -1.0], [10.0, 22.0, -3.0]]);
    assert_eq!(ws.activation(2)?, array![[1.0, -1.0, -0.5], [-1.0, 3.0, 1.5]]);
    assert_eq!(ws.activation(3)?, array![[1.0, 0.0, 0.0], [0.0, 3.0, 1.5]]);

    model.backward_from(&array![[1.0, 5.0, 7.0], [11.0, 2.0, 4.0]], &mut ws)?;
    assert_eq!(ws.activation_gradient(2)?, array![[1.0, 0.0, 0.0], [0.0, 2.0, 4.0]]);
    assert_eq!(ws.activation_gradient(1)?, array![[0.375, -1.5, 1.5], [-0.375, 1.5, -1.5]]);
    assert_eq!(ws.activation_gradient(0)?, array![[3.375, 0.0], [-3.375, 0.0]]);
    let gradient = |name| ws.parameter_gradient(name).unwrap().iter().copied().collect::<Vec<_>>();
    assert_eq!(gradient("0.weight"), [0.75, -0.75, -3.0, 3.0, 3.0, -3.0]);
    assert_eq!(gradient("0.bias"), [0.0, 0.0, 0.0]);
    assert_eq!(gradient("1.weight"), [0.5, 1.0, -2.0]);
    assert_eq!(gradient("1.bias"), [1.0, 2.0, 4.0]);

    sgd(1.0).step(&mut model, &mut ws)?;
    assert_eq!(values(&model, "1.weight"), [1.5, 3.0, 0.0]);
    assert_eq!(values(&model, "1.bias"), [-1.0, -1.0, -3.5]);
    assert_eq!(values(&model, "1.running_mean"), [5.5, 10.5, -1.0]);
    assert_eq!(values(&model, "1.running_var"), [1.0, 1.0, 1.0]);
    Ok(())
}

fn regularized() -> Mlp<f64> {
    Mlp::new(&[5, 8, 6, 3]).normalization(BatchNorm1d::new).activation(Tanh).dropout(0.25).seed(3)
}

#[test]
fn fault_4_an_optimizer_moves_gamma_and_beta() -> Result<(), Error> {
    let mut model = regularized().build()?;
    let (before, mut ws) = (tensors(&model), model.workspace(16)?);
    model.forward(&batch(16, 5, 1), &mut ws, Mode::Train)?;
    ws.output_and_gradient()?.1.assign(&batch(16, 3, 2));
    model.backward(&mut ws)?;
    sgd(0.1).step(&mut model, &mut ws)?;
    for ((name, before), (_, after)) in before.iter().zip(tensors(&model)) {
        // The constant in front of a normalization has a gradient of 0, but for rounding.
        if !matches!(name.as_str(), "0.bias" | "4.bias") {
            assert!(before.iter().zip(&after).all(|(b, a)| b != a), "{name} stands still");
        }
    }
    Ok(())
}

#[test]
fn fault_6_backward_after_evaluation_has_the_gradient_of_evaluation() -> Result<(), Error> {
    let mut model = regularized().build()?;
    let (x, mut ws, mut optimizer) = (batch(16, 5, 1), model.workspace(16)?, sgd(0.1));
    step(&mut model, &x, &mut ws, &mut optimizer)?;
    let mut trained_before = model.workspace(16)?;
    model.forward(&(&x * 3.0), &mut trained_before, Mode::Train)?;
    let mut fresh = model.workspace(16)?;
    let d_output = batch(16, 3, 2);
    let mut d_inputs = Vec::new();
    for ws in [&mut trained_before, &mut fresh] {
        let y = model.forward(&x, ws, Mode::Eval)?;
        assert_eq!(y, model.infer(&x)?);
        d_inputs.push(model.backward_from(&d_output, ws)?.to_owned());
    }
    assert_eq!(d_inputs[0], d_inputs[1]);
    model.forward(&x, &mut fresh, Mode::Train)?;
    assert_ne!(model.backward_from(&d_output, &mut fresh)?, d_inputs[0]);
    // Evaluation treats rows one by one: a row's gradient is the same alone, but for the order of a
    // product's sums.
    let first = |a: &Array2<f64>| a.slice_axis(ndarray::Axis(0), (0..1).into()).to_owned();
    model.forward(&first(&x), &mut fresh, Mode::Eval)?;
    let alone = model.backward_from(&first(&d_output), &mut fresh)?;
    let difference = &alone - &first(&d_inputs[0]);
    assert!(difference.iter().all(|d| d.abs() <= 8.0 * f64::EPSILON), "{difference}");
    Ok(())
}

#[test]
fn a_step_settles_and_nothing_else_does() -> Result<(), Error> {
    let mut model = regularized().build()?;
    let (mut ws, mut optimizer) = (model.workspace(16)?, sgd(0.1));
    let mut mean = vec![0.0; 8];
    for seed in 0..5 {
        let before = tensors(&model);
        let masked = |ws: &Workspace<f64>| ws.activation(4).unwrap().to_owned();
        // Twice and with a validation pass in between: the model stays as it is, and so does the
        // mask.
        model.forward(&batch(16, 5, seed), &mut ws, Mode::Train)?;
        let first = masked(&ws);
        model.infer(&batch(7, 5, 99))?;
        model.forward(&batch(16, 5, seed), &mut ws, Mode::Train)?;
        assert_eq!(masked(&ws), first);
        assert_eq!(tensors(&model), before);
        for (mean, column) in mean.iter_mut().zip(ws.activation(1)?.columns()) {
            *mean = 0.9 * *mean + 0.1 * column.mean().unwrap();
        }
        ws.output_and_gradient()?.1.fill(1.0);
        model.backward(&mut ws)?;
        optimizer.step(&mut model, &mut ws)?;
        for (found, expected) in values(&model, "1.running_mean").iter().zip(&mean) {
            assert!((found - expected).abs() <= 8.0 * f64::EPSILON, "{found} not {expected}");
        }
        assert_eq!(model.layer::<Dropout>("3").unwrap().step(), seed + 1);
        // A step more without a pass before it is refused.
        let settled = tensors(&model);
        assert!(optimizer.step(&mut model, &mut ws).is_err());
        assert_eq!(tensors(&model), settled);
    }
    Ok(())
}

#[test]
fn a_validation_pass_between_forward_and_backward_changes_nothing() -> Result<(), Error> {
    let mut outcomes = Vec::new();
    for validate in [false, true] {
        let mut model = regularized().build()?;
        let (mut ws, mut validation, mut optimizer) =
            (model.workspace(16)?, model.workspace(4)?, sgd(0.1));
        for seed in 0..3 {
            model.forward(&batch(16, 5, seed), &mut ws, Mode::Train)?;
            if validate {
                model.infer(&batch(9, 5, 50))?;
                model.forward(&batch(4, 5, 51), &mut validation, Mode::Eval)?;
                model.forward(&batch(4, 5, 52), &mut validation, Mode::Train)?;
            }
            ws.output_and_gradient()?.1.assign(&batch(16, 3, seed + 10));
            model.backward(&mut ws)?;
            optimizer.step(&mut model, &mut ws)?;
        }
        outcomes.push(tensors(&model));
    }
    assert_eq!(outcomes[0], outcomes[1]);
    Ok(())
}

#[test]
fn a_clone_goes_its_own_way() -> Result<(), Error> {
    let original = regularized().build()?;
    let (before, mut clone) = (tensors(&original), original.clone());
    let (mut ws, mut optimizer) = (clone.workspace(16)?, sgd(0.1));
    for seed in 0..3 {
        step(&mut clone, &batch(16, 5, seed), &mut ws, &mut optimizer)?;
    }
    assert_eq!(tensors(&original), before);
    assert_ne!(tensors(&clone), before);
    assert_eq!(original.layer::<Dropout>("3").unwrap().step(), 0);
    assert_eq!(clone.layer::<Dropout>("3").unwrap().step(), 3);
    Ok(())
}

#[test]
fn a_resumed_run_is_the_uninterrupted_one() -> Result<(), Error> {
    let mut model = regularized().build()?;
    let (mut ws, mut optimizer) = (model.workspace(16)?, sgd(0.1));
    for seed in 0..3 {
        step(&mut model, &batch(16, 5, seed), &mut ws, &mut optimizer)?;
    }
    let saved = tensors(&model);
    step(&mut model, &batch(16, 5, 3), &mut ws, &mut optimizer)?;
    for (resumed_at, same) in [(3, true), (0, false)] {
        let mut resumed = regularized().resume_at(resumed_at).build()?;
        for (name, value) in &saved {
            resumed.set_tensor(name, value)?;
        }
        let mut ws = resumed.workspace(16)?;
        step(&mut resumed, &batch(16, 5, 3), &mut ws, &mut sgd(0.1))?;
        assert_eq!(tensors(&resumed) == tensors(&model), same, "resumed at {resumed_at}");
    }
    Ok(())
}

#[test]
fn a_cut_batch_has_the_masks_of_the_whole() -> Result<(), Error> {
    let model = Mlp::<f64>::new(&[5, 8, 3]).activation(Tanh).dropout(0.5).build()?;
    let (x, mut ws, mut part) = (batch(16, 5, 1), model.workspace(16)?, model.workspace(10)?);
    model.forward(&x, &mut ws, Mode::Train)?;
    let dropped = ws.activation(3)?.mapv(|v| v == 0.0);
    for rows in [0..6, 6..16] {
        let cut = |a: &Array2<f64>| a.slice_axis(ndarray::Axis(0), rows.clone().into()).to_owned();
        model.start_at(&mut part, rows.start as u64)?;
        model.forward(&cut(&x), &mut part, Mode::Train)?;
        let expected = dropped.slice_axis(ndarray::Axis(0), rows.clone().into());
        assert_eq!(part.activation(3)?.mapv(|v| v == 0.0), expected);
    }
    let other = Mlp::<f64>::new(&[5, 3]).build()?;
    assert!(other.start_at(&mut part, 0).is_err());
    Ok(())
}

#[test]
fn a_training_batch_of_one_is_refused_and_leaves_nothing() -> Result<(), Error> {
    let mut model = regularized().build()?;
    let (before, mut ws) = (tensors(&model), model.workspace(4)?);
    let message = "layer 1: BatchNorm1d: expected at least 2 rows in training, found 1";
    let error = model.forward(&batch(1, 5, 1), &mut ws, Mode::Train).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert!(sgd(0.1).step(&mut model, &mut ws).is_err());
    model.forward(&batch(1, 5, 1), &mut ws, Mode::Eval)?;
    assert_eq!(tensors(&model), before);
    Ok(())
}

#[test]
fn blocks_are_linear_normalization_activation_dropout() -> Result<(), Error> {
    let model = Mlp::<f64>::new(&[4, 8, 8, 6, 2])
        .block(1, Block::new().without_normalization().activation(LeakyRelu::default()))
        .normalization(LayerNorm::new)
        .activation(Tanh)
        .dropout(0.5)
        .block(2, Block::new().normalization(|c| GroupNorm::new(3, c)).dropout(0.0))
        .output_normalization(RmsNorm::new)
        .build()?;
    assert!(model.layer::<LayerNorm<f64>>("1").is_ok());
    assert!(model.layer::<Tanh>("2").is_ok());
    assert_eq!(model.layer::<Dropout>("3").map(Dropout::p), Ok(0.5));
    assert!(model.layer::<LeakyRelu>("5").is_ok());
    assert_eq!(model.layer::<Dropout>("6").map(Dropout::p), Ok(0.5));
    assert!(model.layer::<GroupNorm<f64>>("8").is_ok());
    assert!(model.layer::<Tanh>("9").is_ok());
    assert!(model.layer::<RmsNorm<f64>>("11").is_ok());
    assert_eq!(model.n_layers(), 12);
    let seed = |i: &str| model.layer::<Dropout>(i).unwrap().seed();
    assert_ne!(seed("3"), seed("6"), "two layers would drop the same places");
    Ok(())
}

#[test]
fn what_regularizes_does_not_move_the_initial_values() -> Result<(), Error> {
    let mlp = || Mlp::<f32>::new(&[4, 8, 2]).seed(9);
    let dressed = mlp().normalization(BatchNorm1d::new).dropout(0.5).clone();
    let mut rng = Rng::new(9);
    let (first, last) = (Linear::new(4, 8, &mut rng)?, Linear::new(8, 2, &mut rng)?);
    for (mlp, last_index) in [(mlp(), "2"), (dressed, "4")] {
        let model = mlp.build()?;
        assert_eq!(model.layer::<Linear<f32>>("0"), Ok(&first));
        assert_eq!(model.layer::<Linear<f32>>(last_index), Ok(&last));
        // Nor does a mask share its seed with them.
        let first_draw = Rng::new(9).next_u64();
        assert!(model.layer::<Dropout>("3").map_or(true, |dropout| dropout.seed() != first_draw));
    }
    let unbiased = mlp().normalization(BatchNorm1d::new).without_bias().build()?;
    assert!(unbiased.tensor("0.bias").is_err() && unbiased.tensor("1.bias").is_ok());
    Ok(())
}

#[test]
fn what_cannot_be_built_is_named() {
    let mlp = || Mlp::<f64>::new(&[4, 8, 2]);
    let cases = [
        (
            mlp().dropout(1.0),
            "Mlp: block 0: Dropout: expected p to be a number from 0 to below 1, found 1",
        ),
        (
            mlp().normalization(|c| GroupNorm::new(3, c)),
            "Mlp: block 0: GroupNorm: expected n_groups to be a divisor of the number of channels, found 3",
        ),
        (mlp().block(1, Block::default()), "Mlp: hidden block: expected an index below 1, found 1"),
        (
            mlp().output_normalization(|_| LayerNorm::new(5)),
            "layer 3: LayerNorm: expected 5 input features, found 2",
        ),
    ];
    for (mlp, message) in cases {
        assert_eq!(mlp.build().unwrap_err().to_string(), message);
    }
}

// No Linear, so no packing buffer: not a single allocation.
#[test]
fn a_warm_step_and_inference_allocate_nothing() -> Result<(), Error> {
    let mut model = Sequential::<f32>::builder(24)
        .push(BatchNorm1d::new(24)?)
        .push(LayerNorm::new(24)?)
        .push(GroupNorm::new(4, 24)?)
        .push(InstanceNorm1d::new(6, 4)?)
        .push(RmsNorm::new(24)?)
        .push(Dropout::new(0.25, 1)?)
        .build()?;
    let x = batch(8, 24, 0).mapv(|v| v as f32);
    let (mut ws, mut optimizer) = (model.workspace(8)?, sgd(0.1));
    let mut step = || -> Result<(), Error> {
        model.forward(&x, &mut ws, Mode::Train)?;
        ws.output_and_gradient()?.1.fill(1.0);
        model.backward_to_input(&mut ws)?;
        optimizer.step(&mut model, &mut ws)?;
        model.forward(&x, &mut ws, Mode::Eval)?;
        ws.output_and_gradient()?.1.fill(1.0);
        model.backward_to_input(&mut ws)
    };
    step()?;
    assert_eq!(measure(|| step().unwrap()).count_total, 0);
    let (mut y, mut scratch) = (Array2::zeros((8, 24)), model.scratch(8)?);
    let allocations = measure(|| model.infer_into(&x, &mut y, &mut scratch).unwrap()).count_total;
    assert_eq!(allocations, 0);
    Ok(())
}
