//! What a trainer refuses, and predictions and scores beside it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use data::{Dataset, Target};
use losses::{CrossEntropyConfig, CrossEntropyLoss, MseLoss, SampleWeighted};
use models::{Mlp, Sequential};
use ndarray::{Array2, array};
use optim::{Adam, AdamConfig, CosineAnnealingLr};
use tensor_core::Rng;
use training::{
    Error, Every, Flow, Predictor, Trainer, TrainerConfig, TrainingState, Weights, accuracy,
    every_step, predict, r2,
};

mod common;
use common::{classes, config, mlp, regression, sgd};

#[test]
fn weights_of_rows_are_neither_ignored_nor_invented() {
    let train = classes(10, 1);
    let weighted = train.clone().with_weights(vec![1.0; 10]).unwrap();
    let plain = Trainer::new(CrossEntropyLoss::default(), sgd(0.1), config(2)).unwrap();
    let rows = SampleWeighted(CrossEntropyLoss::default());
    let of_rows = Trainer::new(rows, sgd(0.1), config(2)).unwrap();
    let error = plain.fit(&mut mlp(2), &weighted, None).unwrap_err().to_string();
    assert!(error.contains("SampleWeighted(loss)"), "{error}");
    let error = of_rows.fit(&mut mlp(2), &train, None).unwrap_err().to_string();
    assert!(error.contains("with weights"), "{error}");
    let error = of_rows.fit(&mut mlp(2), &weighted, Some(&train)).unwrap_err();
    assert!(matches!(error, Error::Weights { .. }), "{error}");

    // Weights of 1 change nothing, balanced weights of rows are those of classes.
    let fit = |trainer: &dyn Fn(&mut Sequential<f64>)| {
        let mut model = mlp(2);
        trainer(&mut model);
        Weights::of(&model)
    };
    let a = fit(&|model| drop(plain.fit(model, &train, None).unwrap()));
    let b = fit(&|model| drop(of_rows.fit(model, &weighted, None).unwrap()));
    assert_eq!(a, b);
    let balanced = train.clone().with_balanced_weights().unwrap();
    let class_weights = train.balanced_class_weights().unwrap();
    let loss = CrossEntropyConfig { class_weights: Some(class_weights), ..Default::default() };
    let loss = CrossEntropyLoss::new(loss).unwrap();
    let of_classes = Trainer::new(loss, sgd(0.1), config(2)).unwrap();
    let a = fit(&|model| drop(of_classes.fit(model, &train, None).unwrap()));
    let b = fit(&|model| drop(of_rows.fit(model, &balanced, None).unwrap()));
    for (a, b) in a.tensors.iter().zip(&b.tensors) {
        let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-13 * a.abs().max(1e-3);
        assert!(a.values.iter().zip(&b.values).all(near), "{}", a.name);
    }
}

#[test]
fn a_state_of_another_run_is_refused_whole() {
    let train = regression(10, 1);
    let trainer = |config, adam| {
        Trainer::new(MseLoss::default(), Adam::<f64>::new(adam).unwrap(), config).unwrap()
    };
    let own = trainer(config(3), AdamConfig::default());
    let mut state = None;
    let mut keep = every_step(|_, run| {
        state = Some(run.state());
        Ok(Flow::Stop)
    });
    own.fit_observed(&mut mlp(1), &train, None, &mut keep).unwrap();
    let state = state.unwrap();
    let refused = |trainer: &Trainer<f64, MseLoss, AdamConfig>,
                   state: &TrainingState<f64>,
                   train: &Dataset<f64>| {
        let mut model = mlp(1);
        let before = Weights::of(&model);
        let error = trainer.resume(state, &mut model, train, None, &mut ()).unwrap_err();
        assert_eq!(Weights::of(&model), before);
        error.to_string()
    };
    let prefix = "training state: expected";
    let other = trainer(TrainerConfig { batch_size: 5, ..config(3) }, AdamConfig::default());
    let message = refused(&other, &state, &train);
    assert_eq!(message, format!("{prefix} config.batch_size to be 5, found 4"));
    let other = trainer(config(3), AdamConfig { betas: (0.9, 0.99), ..AdamConfig::default() });
    let message = refused(&other, &state, &train);
    assert!(message.starts_with(prefix) && message.ends_with("0.99, found 0.999"), "{message}");
    let message = refused(&own, &state, &regression(11, 1));
    assert_eq!(message, format!("{prefix} training rows to be 11, found 10"));
    let other = own.resume(&state, &mut mlp(2), &train, None, &mut ()).unwrap_err();
    assert!(other.to_string().contains("model: widths"), "{other}");
    let scheduled = trainer(config(3), AdamConfig::default())
        .schedule(Every::Step, CosineAnnealingLr::new(0.001, 9, 0.0).unwrap());
    assert!(refused(&scheduled, &state, &train).starts_with("training state: expected schedule"));

    let mut broken = state.clone();
    broken.batch = 99;
    let message = refused(&own, &broken, &train);
    assert_eq!(message, "Trainer: expected batch to be one of the epoch, found 99");
    let mut broken = state.clone();
    broken.weights.tensors[0].values.pop();
    assert!(refused(&own, &broken, &train).starts_with("weights: 0.weight: expected shape"));
    let mut broken = state.clone();
    broken.optimizer.rule = "sgd".into();
    assert!(refused(&own, &broken, &train).contains("adam"));

    let mut broken = state.clone();
    broken.loss_sum = f64::NAN;
    let message = refused(&own, &broken, &train);
    assert_eq!(message, "Trainer: expected loss_sum to be a finite number, found NaN");
    let mut broken = state.clone();
    broken.averaged = Some((broken.weights.clone(), 1));
    let message = refused(&own, &broken, &train);
    assert_eq!(message, "training state: expected averaged to be absent, found there");

    // Prolonged: 3 epochs of the state's trainer, 5 of this one.
    let longer = trainer(config(5), AdamConfig::default());
    let mut model = mlp(1);
    let history = longer.resume(&state, &mut model, &train, None, &mut ()).unwrap();
    let mut whole = mlp(1);
    assert_eq!(history, longer.fit(&mut whole, &train, None).unwrap());
    assert_eq!(Weights::of(&model), Weights::of(&whole));
}

#[test]
fn predictions_have_the_same_bits_on_any_number_of_threads() {
    let model = Mlp::<f32>::new(&[20, 300, 3]).seed(1).build().unwrap();
    let mut rng = Rng::new(2);
    for n in [1, 255, 256, 257, 1000, 2600] {
        let x = Array2::from_shape_simple_fn((n, 20), || rng.normal() as f32);
        let on = |n_threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            pool.install(|| predict(&model, &x).unwrap())
        };
        let one = on(1);
        assert_eq!(one, on(2), "{n} rows");
        assert_eq!(one, on(5), "{n} rows");
        let near = (&one - &model.infer(&x).unwrap()).mapv(f32::abs);
        assert!(near.iter().all(|&error| error < 1e-5));
        let columns = Array2::from_shape_fn((20, n), |(j, i)| x[[i, j]]);
        assert_eq!(one, predict(&model, &columns.t()).unwrap(), "another layout");
    }
    let message = predict(&model, &Array2::zeros((3, 19))).unwrap_err().to_string();
    assert_eq!(message, "infer_into: layer 0 (Linear): expected 20 input features, found 19");
    let message = predict(&model, &Array2::zeros((0, 20))).unwrap_err().to_string();
    assert_eq!(message, "predict: expected at least 1 row, found 0");
    let mut predictor = Predictor::new(&model).unwrap();
    let mut outputs = Array2::zeros((3, 2));
    assert!(predictor.predict_into(&model, &Array2::zeros((3, 20)), &mut outputs).is_err());
}

#[test]
fn what_does_not_fit_is_refused_before_the_first_step() {
    let new = |config| {
        let trainer = Trainer::new(MseLoss::default(), sgd(0.1), config);
        trainer.map(drop).unwrap_err().to_string()
    };
    let base = TrainerConfig::default();
    let table = [
        (TrainerConfig { batch_size: 0, ..base.clone() }, "batch_size to be at least 1, found 0"),
        (TrainerConfig { accumulate: 0, ..base.clone() }, "accumulate to be at least 1, found 0"),
        (
            TrainerConfig { clip_norm: Some(-1.0), ..base.clone() },
            "clip_norm to be a number ≥ 0, found -1",
        ),
        (
            TrainerConfig { clip_value: Some(f64::NAN), ..base.clone() },
            "clip_value to be a number ≥ 0, found NaN",
        ),
        (
            TrainerConfig { validation_share: 1.0, ..base.clone() },
            "validation_share to be from 0 to below 1, found 1",
        ),
    ];
    for (config, message) in table {
        assert_eq!(new(config), format!("Trainer: expected {message}"));
    }
    let trainer = Trainer::new(MseLoss::default(), sgd(0.1), base).unwrap();
    let three = Dataset::new(Array2::zeros((4, 3)), Target::Values(Array2::zeros((4, 1)))).unwrap();
    let message = trainer.fit(&mut mlp(1), &three, None).unwrap_err().to_string();
    assert_eq!(message, "Trainer: expected 2 input features, found 3");
    let message = trainer.fit(&mut mlp(2), &classes(4, 1), None).unwrap_err().to_string();
    assert_eq!(message, "target: expected values, found classes");
}

// y = 2 x: R² by hand of outputs [1, 2] for [1, 3] is 1 − 1/2.
#[test]
fn scores_weigh_rows() {
    let target = Target::Values(array![[1.0], [3.0], [100.0]]);
    let rows = Dataset::new(Array2::<f64>::zeros((3, 1)), target).unwrap();
    let rows = rows.with_weights(vec![1.0, 1.0, 0.0]).unwrap();
    assert_eq!(r2(&array![[1.0], [2.0], [7.0]], &rows).unwrap(), 0.5);
    let target = Target::classes(vec![0, 1, 1], ["no", "yes"]).unwrap();
    let rows = Dataset::new(Array2::<f64>::zeros((3, 1)), target).unwrap();
    let rows = rows.with_weights(vec![1.0, 3.0, 0.0]).unwrap();
    assert_eq!(accuracy(&array![[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], &rows).unwrap(), 1.0);
    assert_eq!(accuracy(&array![[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]], &rows).unwrap(), 0.75);
    assert!(r2(&array![[1.0]], &rows).is_err());
}
