//! Learning curves in a file: a line of CSV for each epoch, for any program that draws them.
//!
//! ```text
//! cargo run --release -p training --example curves
//! ```
//!
//! Each line is in the file when its epoch ends: what is going on can be watched, `tail -f`.

use std::error::Error;
use std::fs::File;

use data::{Preprocessor, samples};
use losses::CrossEntropyLoss;
use models::Mlp;
use optim::{Adam, AdamConfig};
use training::{CsvLog, Trainer, TrainerConfig, accuracy};

fn main() -> Result<(), Box<dyn Error>> {
    let (train, validation) = samples::digits()?.train_test_split(0.25, 1)?;
    let preprocessor = Preprocessor::builder().class_target("digit").fit(&train)?;
    let train = preprocessor.transform::<f32>(&train)?;
    let validation = preprocessor.transform(&validation)?;

    let config = TrainerConfig { epochs: 20, ..TrainerConfig::default() };
    let adam = Adam::new(AdamConfig::default())?;
    let trainer =
        Trainer::new(CrossEntropyLoss::default(), adam, config)?.metric("accuracy", accuracy);
    let mut model = Mlp::new(&[train.n_features(), 64, 10]).seed(1).build()?;
    let path = std::env::temp_dir().join("curves.csv");
    let mut log = CsvLog::new(File::create(&path)?);
    trainer.fit_observed(&mut model, &train, Some(&validation), &mut log)?;
    println!("{}", std::fs::read_to_string(&path)?);
    println!("written to {}", path.display());
    Ok(())
}
