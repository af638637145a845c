//! Regression with early stopping, a cosine schedule and weight decay: what a penguin weighs.
//!
//! ```text
//! cargo run --release -p training --example regression
//! ```
//!
//! The parts one by one, as a [`Regressor`](training::Regressor) puts them together: three sets of
//! rows, a preprocessor that learns from the first, a network, a trainer. The target is scaled for
//! training.

use data::{Preprocessor, Shares, Split, samples};
use losses::MseLoss;
use models::Mlp;
use optim::{AdamW, AdamWConfig, CosineAnnealingLr};
use training::{Error, Every, Stopping, Trainer, TrainerConfig, predict, r2};

fn main() -> Result<(), Error> {
    let penguins = samples::penguins()?;
    let shares = Shares { validation: 0.15, test: 0.25 };
    let split = Split::random(penguins.n_rows(), shares, 1)?;
    let train = penguins.rows(&split.train)?;
    let preprocessor = Preprocessor::builder()
        .target("body_mass_g")
        .scale_target()
        .drop_missing_targets()
        .fit(&train)?;
    let train = preprocessor.transform::<f32>(&train)?;
    let validation = preprocessor.transform(&penguins.rows(&split.validation)?)?;
    let test = preprocessor.transform(&penguins.rows(&split.test)?)?;

    let config =
        TrainerConfig { epochs: 200, stopping: Some(Stopping::default()), ..Default::default() };
    let adamw = AdamW::new(AdamWConfig { weight_decay: 0.1, ..AdamWConfig::default() })?;
    let trainer = Trainer::new(MseLoss::default(), adamw, config)?
        .schedule(Every::Epoch, CosineAnnealingLr::new(0.003, 200, 0.0)?);
    let mut model = Mlp::new(&[train.n_features(), 64, 64, 1]).seed(1).build()?;
    let history = trainer.fit(&mut model, &train, Some(&validation))?;
    println!("{history}");

    let outputs = predict(&model, test.features())?;
    println!("test R² {:.4}", r2(&outputs, &test)?);
    Ok(())
}
