//! A layer and a loss of one's own in the trainer: two formulas each, and they stand beside the
//! built-in ones.
//!
//! ```text
//! cargo run --release -p training --example own_parts
//! ```
//!
//! The layer is `a = sin z`, with `da/dz = cos z`: a network that is made of waves, for a curve of
//! waves. The loss is `ℓ = ln cosh(a − y)`, with `ℓ' = tanh(a − y)`: a square near 0, a distance
//! far from it. A layer with weights is in the example `own_layer` of `models`.

use data::{Dataset, Target};
use layers::Linear;
use models::Sequential;
use ndarray::Array2;
use optim::{Adam, AdamConfig};
use tensor_core::Rng;
use training::{ElementwiseLayer, ElementwiseLoss, Error, Trainer, TrainerConfig, predict, r2};

fn main() -> Result<(), Error> {
    let sine = ElementwiseLayer::new("Sine", f64::sin, f64::cos);
    let log_cosh =
        ElementwiseLoss::new("log-cosh", |a, y| (a - y).cosh().ln(), |a, y| (a - y).tanh());

    let x = Array2::from_shape_fn((256, 1), |(i, _)| i as f32 / 32.0 - 4.0);
    let y = x.mapv(|x| (2.0 * x).sin() + x.cos());
    let train = Dataset::new(x, Target::Values(y))?;

    let mut rng = Rng::new(1);
    let mut model = Sequential::builder(1)
        .push(Linear::new(1, 32, &mut rng)?)
        .push(sine)
        .push(Linear::new(32, 1, &mut rng)?)
        .build()?;
    let adam = Adam::new(AdamConfig { lr: 0.01, ..AdamConfig::default() })?;
    let trainer = Trainer::new(log_cosh, adam, TrainerConfig::default())?;
    trainer.fit(&mut model, &train, None)?;
    println!("R² {:.4}", r2(&predict(&model, train.features())?, &train)?);
    Ok(())
}
