//! From a CSV file to a scored classifier: which of three species a penguin is of.
//!
//! ```text
//! cargo run --release -p training --example penguins
//! ```
//!
//! The table has text, numbers and missing values. A classifier learns what its columns go through
//! (medians for missing numbers, mean 0 and deviation 1, a feature for each island), trains a
//! network of two hidden layers, and goes back to the weights of the best epoch. All of it is
//! learned from the training rows alone.

use data::Table;
use training::{Classifier, Error};

fn main() -> Result<(), Error> {
    // Seen from the root of the repository; a file of your own goes here.
    let penguins = Table::read_csv("crates/data/samples/penguins.csv")?;
    let (train, test) = penguins.train_test_split(0.25, 1)?;

    let classifier = Classifier::fit(&train, "species")?;
    println!("{}", classifier.report(&test)?);
    println!("test accuracy {:.4}", classifier.score(&test)?);
    Ok(())
}
