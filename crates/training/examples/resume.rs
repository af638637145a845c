//! A run that is cut in the middle of an epoch, and goes on as if it had not been.
//!
//! ```text
//! cargo run --release -p training --features serde --example resume
//! ```
//!
//! An epoch of iris has 5 steps, so that step 73 is the third one of epoch 15. All that the run is
//! at that point (weights, the optimizer's moments, the step, the order of the rows) goes through
//! JSON. The run that goes on from there ends with the weights of a run without a break, bit for
//! bit.

use std::error::Error;

use data::{Preprocessor, samples};
use losses::CrossEntropyLoss;
use models::Mlp;
use optim::{Adam, AdamConfig, CosineAnnealingLr};
use training::{Every, Flow, Running, Trainer, TrainerConfig, TrainingState, Weights, every_step};

fn main() -> Result<(), Box<dyn Error>> {
    let iris = samples::iris()?;
    let train = Preprocessor::fit(&iris, "species")?.transform::<f32>(&iris)?;
    let config = TrainerConfig { epochs: 30, ..TrainerConfig::default() };
    let adam = Adam::new(AdamConfig::default())?;
    let trainer = Trainer::new(CrossEntropyLoss::default(), adam, config)?
        .schedule(Every::Step, CosineAnnealingLr::new(0.01, 150, 0.0)?);
    let model = Mlp::new(&[4, 16, 3]).dropout(0.1).seed(1).build()?;

    let mut cut = None;
    let mut power_fails = every_step(|step, run: &dyn Running<f32>| {
        cut = (step.step == 73).then(|| run.state());
        Ok(if cut.is_some() { Flow::Stop } else { Flow::Continue })
    });
    trainer.fit_observed(&mut model.clone(), &train, None, &mut power_fails)?;
    let path = std::env::temp_dir().join("iris-state.json");
    std::fs::write(&path, serde_json::to_string(&cut)?)?;

    let state: TrainingState<f32> = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
    let mut resumed = model.clone();
    trainer.resume(&state, &mut resumed, &train, None, &mut ())?;

    let mut whole = model;
    let history = trainer.fit(&mut whole, &train, None)?;
    let equal = Weights::of(&resumed) == Weights::of(&whole);
    println!("cut after step {} in epoch {}", state.step, state.epoch + 1);
    println!("loss at the end {:.4}", history.epochs[29].train_loss);
    println!("the weights are those of a run without a break: {equal}");
    Ok(())
}
