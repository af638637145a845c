//! A layer and a loss of one's own in the trainer: two formulas each, and they stand beside the
//! built-in ones.
//!
//! ```text
//! cargo run --release -p training --example own_parts
//! ```
//!
//! `Sine` is `a = sin z`, with `da/dz = cos z`: a network that is made of waves, for a curve that
//! goes on beyond what was seen. `LogCosh` is `ℓ = ln cosh(a − y)`, with `ℓ' = tanh(a − y)`: a
//! square near 0, a distance far from it. A layer with weights is in the example `own_layer` of
//! `models`.

use data::{Dataset, Target};
use layers::{Activation, Linear};
use losses::{ElementLoss, Reduction};
use models::Sequential;
use ndarray::{Array2, ArrayRef2};
use optim::{Adam, AdamConfig};
use tensor_core::elementwise::{map, map2};
use tensor_core::{Float, Rng};
use training::{Error, Trainer, TrainerConfig, predict, r2};

#[derive(Debug, Clone)]
struct Sine;

impl Activation for Sine {
    const NAME: &'static str = "Sine";
    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        map(z, a, |z| z.sin());
    }
    fn chain<F: Float>(&self, [z, _a, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        map2(z, da, dz, |z, da| da * z.cos());
    }
}

#[derive(Debug)]
struct LogCosh;

impl ElementLoss for LogCosh {
    const NAME: &'static str = "log-cosh";
    fn reduction(&self) -> Reduction {
        Reduction::Mean
    }
    fn loss<F: Float>(&self, a: f64, y: f64) -> f64 {
        (a - y).cosh().ln()
    }
    fn derivative<F: Float>(&self, a: f64, y: f64) -> f64 {
        (a - y).tanh()
    }
}

fn main() -> Result<(), Error> {
    let x = Array2::from_shape_fn((256, 1), |(i, _)| i as f32 / 32.0 - 4.0);
    let y = x.mapv(|x| (2.0 * x).sin() + x.cos());
    let train = Dataset::new(x, Target::Values(y))?;

    let mut rng = Rng::new(1);
    let mut model = Sequential::builder(1)
        .push(Linear::new(1, 32, &mut rng)?)
        .push(Sine)
        .push(Linear::new(32, 1, &mut rng)?)
        .build()?;
    let adam = Adam::new(AdamConfig { lr: 0.01, ..AdamConfig::default() })?;
    let trainer = Trainer::new(LogCosh, adam, TrainerConfig::default())?;
    trainer.fit(&mut model, &train, None)?;
    println!("R² {:.4}", r2(&predict(&model, train.features())?, &train)?);
    Ok(())
}
