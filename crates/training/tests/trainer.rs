//! What a trainer promises, each beside the loop that one would write by hand.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use data::{BatchTarget, Dataset, Target};
use layers::{BatchNorm1d, Mode};
use losses::{CrossEntropyLoss, Loss, MseLoss, Reduction};
use models::{Average, Averaged, AveragedConfig, Mlp};
use ndarray::Array2;
use optim::{
    CosineAnnealingLr, EarlyStoppingConfig, Goal, Optimizer, Penalty, ReduceLrOnPlateau,
    ReduceLrOnPlateauConfig, Schedule, Select, Sgd, SgdConfig,
};
use training::{
    Error, Every, Flow, Stopping, Trainer, TrainerConfig, Weights, accuracy, every_epoch,
    every_step, predict,
};

mod common;
use common::{classes, config, mlp, regression, sgd};

#[test]
fn the_weights_are_those_of_a_loop_by_hand() {
    let train = regression(10, 1);
    let penalty = || Penalty::l2(0.01, Select::all()).unwrap();
    let cosine = CosineAnnealingLr::new(0.1, 20, 0.0).unwrap();
    let trainer = Trainer::new(
        MseLoss::default(),
        sgd(0.1),
        TrainerConfig { clip_norm: Some(0.3), clip_value: Some(0.2), ..config(5) },
    );
    let trainer = trainer.unwrap().schedule(Every::Step, cosine).penalty(penalty());
    let mut model = mlp(1);
    let history = trainer.fit(&mut model, &train, None).unwrap();

    let mut by_hand = mlp(1);
    let mut sgd = sgd(0.1);
    let mut ws = by_hand.workspace(4).unwrap();
    let mut batches = train.batches(4, 7).unwrap();
    let mut losses = Vec::new();
    let mut t = 0;
    for epoch in 0..5 {
        let mut sum = 0.0;
        batches.start(epoch);
        while let Some(batch) = batches.next_batch() {
            sgd.set_lr(cosine.lr(t)).unwrap();
            by_hand.forward(&batch.features, &mut ws, Mode::Train).unwrap();
            let (a, mut da) = ws.output_and_gradient().unwrap();
            let BatchTarget::Values(y) = batch.target else { panic!("values") };
            let mut loss = MseLoss::default().backward(&a, &y, &mut da).unwrap();
            by_hand.backward(&mut ws).unwrap();
            loss += sgd.add_penalty(&penalty(), &mut by_hand, &mut ws).unwrap();
            sgd.clip_grad_norm(&mut by_hand, &mut ws, 0.3).unwrap();
            sgd.clip_grad_value(&mut by_hand, &mut ws, 0.2).unwrap();
            sgd.step(&mut by_hand, &mut ws).unwrap();
            sum += loss * batch.n_rows() as f64;
            t += 1;
        }
        losses.push(sum / 10.0);
    }
    assert_eq!(Weights::of(&model), Weights::of(&by_hand));
    assert_eq!(history.epochs.iter().map(|e| e.train_loss).collect::<Vec<_>>(), losses);
    assert_eq!(history.last().unwrap().lr, cosine.lr(14));
    assert_eq!((history.last().unwrap().epoch, history.last().unwrap().steps), (5, 15));
}

// Without momentum, on all rows: a step on 10 rows in parts of 4, 4 and 2 is a step on 10 rows.
#[test]
fn accumulated_batches_are_one_batch() {
    let train = regression(10, 1);
    for reduction in [Reduction::Mean, Reduction::Sum] {
        let fit = |batch_size, accumulate| {
            let config =
                TrainerConfig { epochs: 3, batch_size, accumulate, reduction, ..config(3) };
            let sgd = Sgd::new(SgdConfig { lr: 0.01, ..SgdConfig::default() }).unwrap();
            let trainer = Trainer::new(MseLoss { reduction }, sgd, config).unwrap();
            let mut model = mlp(1);
            let history = trainer.fit(&mut model, &train, None).unwrap();
            (model.tensor("0.weight").unwrap().to_owned(), history)
        };
        let ((whole, one), (parts, several)) = (fit(10, 1), fit(4, 3));
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-14 * a.abs().max(b.abs()).max(1e-3);
        assert!(whole.iter().zip(&parts).all(|(&a, &b)| near(a, b)), "{whole} {parts}");
        for (one, several) in one.epochs.iter().zip(&several.epochs) {
            assert!(near(one.train_loss, several.train_loss), "{one:?} {several:?}");
            assert_eq!(one.steps, several.steps);
        }
    }
}

#[test]
fn the_best_weights_come_back_however_training_ends() {
    let (train, validation) = (regression(12, 1), regression(8, 2));
    // Rates so large that the loss goes up and down.
    for patience in [0, 2, 1000] {
        for epochs in [1, 6, 30] {
            let when = EarlyStoppingConfig { patience, ..EarlyStoppingConfig::default() };
            let stopping = Some(Stopping { when, ..Stopping::default() });
            let config = TrainerConfig { stopping, ..config(epochs) };
            let trainer = Trainer::new(MseLoss::default(), sgd(0.3), config).unwrap();
            let mut model = mlp(1);
            let mut copies = Vec::new();
            let mut keep = every_epoch(|_, run| {
                copies.push(Weights::of(run.model()));
                Ok(Flow::Continue)
            });
            let fitted = trainer.fit_observed(&mut model, &train, Some(&validation), &mut keep);
            let history = fitted.unwrap();
            let losses: Vec<f64> =
                history.epochs.iter().map(|e| e.validation_loss.unwrap()).collect();
            let best = (0..losses.len()).fold(0, |b, i| if losses[i] < losses[b] { i } else { b });
            assert_eq!(history.best_epoch, Some(best as u64 + 1));
            assert_eq!(Weights::of(&model), copies[best]);
            let mse = MseLoss::default();
            let outputs = predict(&model, validation.features()).unwrap();
            let loss = mse.forward(&outputs, validation.values().unwrap()).unwrap();
            assert_eq!(loss, losses[best], "the loss of the weights that came back");
            assert_eq!(history.stopped_early, losses.len() - 1 - best > patience as usize);
        }
    }
}

#[test]
fn a_loss_that_is_not_finite_gives_back_the_last_good_weights() {
    let train = regression(12, 1);
    let config = TrainerConfig { batch_size: 4, ..config(50) };
    let trainer = Trainer::new(MseLoss::default(), sgd(1e200), config.clone()).unwrap();
    let mut model = mlp(1);
    let before = Weights::of(&model);
    let error = trainer.fit(&mut model, &train, None).unwrap_err();
    let Error::NotFinite { what: "training loss", epoch: 1, step, found } = error else {
        panic!("{error}");
    };
    assert!(!found.is_finite() && (1..3).contains(&step), "{error}");
    assert_eq!(Weights::of(&model), before);

    // Some good epochs, then a step too far: the weights at the beginning of that epoch.
    let cliff = optim::LambdaLr::new(0.05, |t| if t == 10 { 1e200 } else { 1.0 }).unwrap();
    let trainer = Trainer::new(MseLoss::default(), sgd(0.05), config.clone()).unwrap();
    let trainer = trainer.schedule(Every::Step, cliff);
    let mut copies = Vec::new();
    let mut keep = every_epoch(|_, run| {
        copies.push(Weights::of(run.model()));
        Ok(Flow::Continue)
    });
    let error = trainer.fit_observed(&mut model, &train, None, &mut keep).unwrap_err();
    assert!(matches!(error, Error::NotFinite { epoch: 4, step: 11, .. }), "{error}");
    assert_eq!(Weights::of(&model), copies[2]);

    // The last step of the training: no loss follows it, the weights themselves are looked at.
    let config = TrainerConfig { max_steps: Some(11), ..config };
    let infinite = optim::LambdaLr::new(0.05, |t| if t == 10 { 1e308 } else { 1.0 }).unwrap();
    let huge = Dataset::new(train.features() * 1e10, Target::Values(Array2::zeros((12, 1))));
    let trainer = Trainer::new(MseLoss::default(), sgd(0.05), config).unwrap();
    let trainer = trainer.schedule(Every::Step, infinite);
    let mut model = mlp(1);
    let error = trainer.fit(&mut model, &huge.unwrap(), None).unwrap_err();
    assert!(matches!(error, Error::NotFinite { .. }), "{error}");
    let mut finite = true;
    Weights::of(&model)
        .tensors
        .iter()
        .for_each(|t| finite &= t.values.iter().all(|w| w.is_finite()));
    assert!(finite);
}

#[test]
fn the_average_is_what_the_model_becomes_and_what_is_validated() {
    let (train, validation) = (regression(12, 1), regression(8, 2));
    let average = Average::Exponential { decay: 0.8, warm_up: false };
    let ema = AveragedConfig { average, ..AveragedConfig::default() };
    let config = TrainerConfig { averaged: Some(ema), ..config(4) };
    let trainer = Trainer::new(MseLoss::default(), sgd(0.05), config.clone()).unwrap();
    let mut model = mlp(1);
    let mut by_hand = Averaged::new(&model, ema).unwrap();
    let mut follow = every_step(|_, run| {
        by_hand.update(run.model())?;
        Ok(Flow::Continue)
    });
    let fitted = trainer.fit_observed(&mut model, &train, Some(&validation), &mut follow);
    let last = fitted.unwrap().last().unwrap().validation_loss;
    assert_eq!(Weights::of(&model), Weights::of(by_hand.model()));
    let outputs = predict(by_hand.model(), validation.features()).unwrap();
    let loss = MseLoss::default().forward(&outputs, validation.values().unwrap()).unwrap();
    assert_eq!(last, Some(loss));

    let stopping = Some(Stopping::default());
    let trainer =
        Trainer::new(MseLoss::default(), sgd(0.3), TrainerConfig { stopping, ..config }).unwrap();
    let history = trainer.fit(&mut model, &train, Some(&validation)).unwrap();
    let outputs = predict(&model, validation.features()).unwrap();
    let loss = MseLoss::default().forward(&outputs, validation.values().unwrap()).unwrap();
    assert_eq!(history.best().unwrap().validation_loss, Some(loss), "the best average");
}

// The plateau has the rate to begin with, whatever the optimizer was made with.
#[test]
fn a_plateau_begins_with_its_own_rate_and_lowers_it() {
    let train = regression(12, 1);
    let config_of = ReduceLrOnPlateauConfig { factor: 0.5, patience: 0, ..Default::default() };
    let plateau = ReduceLrOnPlateau::new(1e-6, config_of).unwrap();
    let trainer = Trainer::new(MseLoss::default(), sgd(0.7), config(3)).unwrap();
    let history = trainer.reduce_on_plateau(plateau).fit(&mut mlp(1), &train, None).unwrap();
    let rates: Vec<f64> = history.epochs.iter().map(|e| e.lr).collect();
    // 1e-6 moves the loss by far less than the threshold, a ten thousandth of it.
    assert_eq!(rates, [1e-6, 1e-6, 5e-7]);
}

#[test]
fn metrics_are_watched_by_name() {
    let (train, validation) = (classes(40, 1), classes(20, 2));
    let stopping = |watch: &str, goal| {
        let when = EarlyStoppingConfig { goal, patience: 3, ..EarlyStoppingConfig::default() };
        Some(Stopping { watch: Some(watch.to_owned()), when, ..Stopping::default() })
    };
    let trainer = |watch, goal| {
        let config = TrainerConfig { stopping: stopping(watch, goal), ..config(40) };
        let trainer = Trainer::new(CrossEntropyLoss::default(), sgd(0.1), config).unwrap();
        trainer.metric("accuracy", accuracy).metric("rows", |a, _| Ok(a.nrows() as f64))
    };
    let mut model = mlp(2);
    let history = trainer("accuracy", Goal::Max).fit(&mut model, &train, Some(&validation));
    let history = history.unwrap();
    assert_eq!(history.metrics, ["accuracy", "rows"]);
    let best = history.best().unwrap();
    let accuracies = history.epochs.iter().map(|e| e.metrics[0]);
    assert_eq!(best.metrics, [accuracies.fold(0.0, f64::max), 20.0]);
    let outputs = predict(&model, validation.features()).unwrap();
    assert_eq!(accuracy(&outputs, &validation).unwrap(), best.metrics[0]);

    let error = trainer("f1", Goal::Max).fit(&mut model, &train, Some(&validation)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Trainer: expected one of the metrics [train_loss, validation_loss, accuracy, rows] to be \
         watched, found \"f1\""
    );
    let error = trainer("validation_loss", Goal::Min).fit(&mut model, &train, None).unwrap_err();
    assert!(matches!(error, Error::UnknownMetric { .. }), "no validation rows: {error}");
    trainer("train_loss", Goal::Min).fit(&mut model, &train, None).unwrap();
}

#[test]
fn a_share_of_the_rows_is_put_aside_class_by_class() {
    let mut labels = vec![0; 40];
    labels[..8].fill(1);
    let x = Array2::from_shape_fn((40, 2), |(i, j)| (i * 2 + j) as f64 / 40.0);
    let train = Dataset::new(x, Target::classes(labels, ["no", "yes"]).unwrap()).unwrap();
    let config = TrainerConfig { validation_share: 0.25, ..config(1) };
    let trainer = Trainer::new(CrossEntropyLoss::default(), sgd(0.1), config).unwrap();
    let counted = |a: &ndarray::ArrayRef2<f64>, rows: &Dataset<f64>| {
        let (labels, _) = rows.classes()?;
        Ok(a.nrows() as f64 * 100.0 + labels.iter().sum::<usize>() as f64)
    };
    let trainer = trainer.metric("rows and ones", counted);
    let history = trainer.fit(&mut mlp(2), &train, None).unwrap();
    assert_eq!(history.last().unwrap().metrics, [1002.0]);
    assert_eq!(history.last().unwrap().steps, 8, "30 rows in batches of 4");
}

#[test]
fn a_warm_epoch_allocates_nothing() {
    let (train, validation) = (regression(64, 1), regression(40, 2));
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let allocated = |epochs: u64| {
        let trainer = Trainer::new(MseLoss::default(), sgd(0.01), config(epochs)).unwrap();
        let mut model = Mlp::new(&[2, 5, 1]).normalization(BatchNorm1d::new).build().unwrap();
        let fit = || drop(trainer.fit(&mut model, &train, Some(&validation)).unwrap());
        one_thread.install(|| allocation_counter::measure(fit).count_total)
    };
    assert_eq!(allocated(40), allocated(2), "39 more epochs, validation included");
}

#[test]
fn an_observer_ends_the_run_and_its_errors_come_out() {
    let train = regression(12, 1);
    let trainer = Trainer::new(MseLoss::default(), sgd(0.01), config(9)).unwrap();
    let mut stop =
        every_step(|step, _| Ok(if step.step == 5 { Flow::Stop } else { Flow::Continue }));
    let mut n_epochs = 0;
    let mut count = every_epoch(|_, _| {
        n_epochs += 1;
        Ok(Flow::Continue)
    });
    let history =
        trainer.fit_observed(&mut mlp(1), &train, None, &mut (&mut stop, &mut count)).unwrap();
    assert_eq!((history.epochs.len(), n_epochs), (1, 1), "5 steps are 1 epoch of 3, and 2");
    let broken = Error::Observer { place: "disk".into(), found: "full".into() };
    let mut fails = every_epoch(|_, _| Err(broken.clone()));
    let error = trainer.fit_observed(&mut mlp(1), &train, None, &mut fails).unwrap_err();
    assert_eq!(error, broken);
}

#[test]
fn epochs_and_steps_bound_a_run() {
    let train = regression(12, 1);
    let fit = |epochs, max_steps| {
        let config = TrainerConfig { max_steps, ..config(epochs) };
        let trainer = Trainer::new(MseLoss::default(), sgd(0.01), config).unwrap();
        let history = trainer.fit(&mut mlp(1), &train, None).unwrap();
        history.epochs.iter().map(|e| e.steps).collect::<Vec<_>>()
    };
    assert_eq!(fit(0, None), []);
    assert_eq!(fit(3, None), [3, 6, 9]);
    assert_eq!(fit(3, Some(5)), [3, 5]);
    assert_eq!(fit(3, Some(6)), [3, 6]);
    assert_eq!(fit(3, Some(0)), []);
    assert_eq!(fit(1, Some(99)), [3]);
}
