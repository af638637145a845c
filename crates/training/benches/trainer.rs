//! What the trainer costs beside the loop that one would write by hand, on the same batches: in a
//! small network, where every call counts (W1), and in a large one (W6).
//!
//! ```text
//! cargo bench -p training --bench trainer [-- W1 | W6]
//! ```
//!
//! Both train from the same weights, in turns, and have to end with the same ones. The ratio is
//! that of the best times, and the median of those of each turn.

#![expect(clippy::unwrap_used, reason = "a refused call measures nothing")]

use std::time::Instant;

use data::{BatchTarget, Dataset, Target};
use layers::Mode;
use losses::{CrossEntropyLoss, Loss, MseLoss, Targets};
use models::{Mlp, Sequential};
use ndarray::Array2;
use optim::{Adam, AdamConfig, Optimizer, Sgd, SgdConfig};
use tensor_core::Rng;
use training::{Trainer, TrainerConfig, Weights};

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|w| w == name);
    println!("workload   trainer      by hand      best   median of {TURNS} turns");
    if is_wanted("W1") {
        let train = values(4096, 2, 2);
        let model = Mlp::new(&[2, 4, 8, 8, 4, 2]).seed(1).build().unwrap();
        let config = TrainerConfig { epochs: 10, batch_size: 4, ..TrainerConfig::default() };
        let sgd = || Sgd::new(SgdConfig { lr: 1e-3, momentum: 0.9, ..Default::default() }).unwrap();
        let trainer = Trainer::new(MseLoss::default(), sgd(), config.clone()).unwrap();
        let by_hand = |model: &mut Sequential<f32>| {
            hand_loop(model, &train, &config, sgd(), |a, target, da| match target {
                BatchTarget::Values(y) => MseLoss::default().backward(a, &y, da).unwrap(),
                BatchTarget::Classes(_) => f32::NAN,
            });
        };
        compare("W1", 10 * 1024, &model, by_hand, |model| {
            trainer.fit(model, &train, None).unwrap();
        });
    }
    if is_wanted("W6") {
        let train = classes(60_000, 784, 10);
        let model = Mlp::new(&[784, 256, 128, 10]).seed(1).build().unwrap();
        let config = TrainerConfig { epochs: 1, batch_size: 128, ..TrainerConfig::default() };
        let adam = || Adam::new(AdamConfig::default()).unwrap();
        let trainer = Trainer::new(CrossEntropyLoss::default(), adam(), config.clone()).unwrap();
        let by_hand = |model: &mut Sequential<f32>| {
            hand_loop(model, &train, &config, adam(), |a, target, da| match target {
                BatchTarget::Classes(labels) => {
                    let labels = Targets::Classes(labels);
                    CrossEntropyLoss::default().backward(a, labels, da).unwrap()
                }
                BatchTarget::Values(_) => f32::NAN,
            });
        };
        compare("W6", 469, &model, by_hand, |model| {
            trainer.fit(model, &train, None).unwrap();
        });
    }
}

const TURNS: usize = 21;

/// The loop that a user would write.
fn hand_loop(
    model: &mut Sequential<f32>,
    train: &Dataset<f32>,
    config: &TrainerConfig,
    mut optimizer: impl Optimizer<f32>,
    loss: impl Fn(&ndarray::ArrayRef2<f32>, BatchTarget<'_, f32>, &mut ndarray::ArrayRef2<f32>) -> f32,
) {
    let mut ws = model.workspace(config.batch_size).unwrap();
    let mut batches = train.batches(config.batch_size, config.seed).unwrap();
    for epoch in 0..config.epochs {
        let mut sum = 0.0;
        batches.start(epoch);
        while let Some(batch) = batches.next_batch() {
            model.forward(&batch.features, &mut ws, Mode::Train).unwrap();
            let (a, mut da) = ws.output_and_gradient().unwrap();
            let loss = loss(&a, batch.target, &mut da);
            model.backward(&mut ws).unwrap();
            optimizer.step(model, &mut ws).unwrap();
            sum += f64::from(loss) * batch.n_rows() as f64;
        }
        assert!(sum.is_finite());
    }
}

/// Times both in turns.
fn compare(
    name: &str,
    n_steps: u32,
    model: &Sequential<f32>,
    by_hand: impl Fn(&mut Sequential<f32>),
    trainer: impl Fn(&mut Sequential<f32>),
) {
    let time = |run: &dyn Fn(&mut Sequential<f32>)| {
        let mut model = model.clone();
        let start = Instant::now();
        run(&mut model);
        (start.elapsed().as_secs_f64() / f64::from(n_steps), Weights::of(&model))
    };
    let (mut times, mut ratios) = ([f64::INFINITY; 2], Vec::new());
    for turn in 0..TURNS {
        // The first one of a turn is now this one, now the other.
        let (ours, hand) = if turn % 2 == 0 {
            let ours = time(&trainer);
            (ours, time(&by_hand))
        } else {
            let hand = time(&by_hand);
            (time(&trainer), hand)
        };
        assert_eq!(ours.1, hand.1, "the same weights");
        ratios.push(ours.0 / hand.0);
        times = [times[0].min(ours.0), times[1].min(hand.0)];
    }
    ratios.sort_by(f64::total_cmp);
    let [ours, hand] = times;
    println!(
        "{name:9} {:9.3} µs {:9.3} µs   {:.3}   {:.3}",
        ours * 1e6,
        hand * 1e6,
        ours / hand,
        ratios[TURNS / 2]
    );
}

fn values(n: usize, n_features: usize, n_outputs: usize) -> Dataset<f32> {
    let mut rng = Rng::new(1);
    let mut array = |c| Array2::from_shape_simple_fn((n, c), || rng.normal() as f32);
    let (x, y) = (array(n_features), array(n_outputs));
    Dataset::new(x, Target::Values(y)).unwrap()
}

fn classes(n: usize, n_features: usize, n_classes: usize) -> Dataset<f32> {
    let mut rng = Rng::new(1);
    let x = Array2::from_shape_simple_fn((n, n_features), || rng.uniform() as f32);
    let labels = (0..n).map(|_| rng.below(n_classes)).collect();
    let names = (0..n_classes).map(|class| class.to_string());
    Dataset::new(x, Target::classes(labels, names).unwrap()).unwrap()
}
