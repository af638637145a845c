//! Classes of unequal size: which of three islands a penguin lives on.
//!
//! ```text
//! cargo run --release -p training --example imbalance
//! ```
//!
//! Half of the penguins are from Biscoe, one in seven is from Torgersen, and looks like its kin on
//! the two other islands. A classifier that never says "Torgersen" is right most of the time.
//! Balanced accuracy, the mean over the islands of how many of their penguins are found, tells; and
//! with balanced weights an error on a rare island costs as much more as it is rarer.

use data::samples;
use training::{Classifier, Error, EstimatorConfig};

fn main() -> Result<(), Error> {
    let (train, test) = samples::penguins()?.train_test_split(0.25, 1)?;

    for balanced in [false, true] {
        let config = EstimatorConfig { balanced, ..EstimatorConfig::default() };
        let classifier = Classifier::fit_with(&train, "island", &config)?;
        let score = classifier.confusion(&test)?.balanced_accuracy()?;
        println!("balanced weights: {balanced:5}   balanced accuracy: {score:.4}");
    }
    Ok(())
}
