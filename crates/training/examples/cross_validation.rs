//! Five-fold cross-validation: how much a score depends on which rows it is of.
//!
//! ```text
//! cargo run --release -p training --example cross_validation
//! ```
//!
//! Each fifth of the penguins, with as many of each species, is scored by a classifier that was
//! fitted on the other four: medians, scales, weights and the best epoch are learned without it.

use data::{KFold, samples};
use training::{Classifier, Error, EstimatorConfig};

fn main() -> Result<(), Error> {
    let penguins = samples::penguins()?;
    let folds = KFold::new(5)?.shuffled(1);
    let config = EstimatorConfig::default();
    let scores = Classifier::cross_validate(&penguins, "species", &folds, &config)?;
    println!("accuracy of each fold: {:.4?}", scores.scores);
    println!("mean ± standard deviation: {scores}");
    Ok(())
}
