//! Two kinds of columns, two branches: numbers and a one-hot category, joined by a small MLP.
//!
//! ```text
//! cargo run -p models --example two_branches
//! ```
//!
//! Columns 0–2 are numbers, columns 3–6 say which of four categories a row has. The second branch
//! is a Linear without bias: of a one-hot row it picks one column of its weight, so it is an
//! embedding of the category in two dimensions. The target is `y = slope[category]·x₀ + sin(2x₁)`
//! with noise of standard deviation 0.1; `x₂` plays no part. In the trained embedding the
//! categories lie in the order of their slopes. The tensors of the branches have the names that
//! PyTorch gives them in an `nn.ModuleList`: `0.0.0.weight`, `0.1.weight`.

use layers::{Linear, LinearConfig, Mode, Tanh};
use losses::{Loss, MseLoss};
use models::{Branches, Sequential};
use ndarray::Array2;
use optim::{Adam, AdamConfig, Optimizer};
use tensor_core::{Error, Rng};

const NUMBERS: usize = 3;
const SLOPES: [f64; 4] = [-1.0, 0.0, 1.0, 2.0];
const COLUMNS: usize = NUMBERS + SLOPES.len();

/// `n` rows: `x (n, 7)` and `y (n, 1)`.
fn rows(n: usize, rng: &mut Rng) -> (Array2<f64>, Array2<f64>) {
    let (mut x, mut y) = (Array2::zeros((n, COLUMNS)), Array2::zeros((n, 1)));
    for (mut x, y) in x.rows_mut().into_iter().zip(&mut y) {
        for j in 0..NUMBERS {
            x[j] = rng.normal();
        }
        let category = rng.below(SLOPES.len());
        x[NUMBERS + category] = 1.0;
        *y = SLOPES[category] * x[0] + (2.0 * x[1]).sin() + 0.1 * rng.normal();
    }
    (x, y)
}

fn build(rng: &mut Rng) -> Result<Sequential<f64>, Error> {
    let numbers = Sequential::builder(NUMBERS).push(Linear::new(NUMBERS, 16, rng)?).push(Tanh);
    let without_bias = LinearConfig { bias: false, ..LinearConfig::default() };
    let embedding = Linear::with_config(SLOPES.len(), 2, without_bias, rng)?;
    let branches = Branches::builder(COLUMNS)
        .branch(0..NUMBERS, numbers.build()?)
        .branch(NUMBERS..COLUMNS, embedding)
        .build()?;
    // The outputs stand side by side: 16 features of the numbers, 2 of the category.
    Sequential::builder(COLUMNS)
        .push(branches)
        .push(Linear::new(16 + 2, 32, rng)?)
        .push(Tanh)
        .push(Linear::new(32, 1, rng)?)
        .build()
}

fn main() -> Result<(), Error> {
    let mut rng = Rng::new(0);
    let (x, y) = rows(500, &mut rng);
    let (x_test, y_test) = rows(500, &mut rng);
    let mut model = build(&mut rng)?;
    let mut ws = model.workspace(x.nrows())?;
    let mut adam = Adam::new(AdamConfig { lr: 0.01, ..AdamConfig::default() })?;
    for step in 0..=500 {
        model.forward(&x, &mut ws, Mode::Train)?;
        let (a, mut da) = ws.output_and_gradient()?;
        let loss = MseLoss::default().backward(&a, &y, &mut da)?;
        model.backward(&mut ws)?;
        adam.step(&mut model, &mut ws)?;
        if step % 100 == 0 {
            println!("step {step:3}  loss {loss:.4}");
        }
    }
    let loss = MseLoss::default().forward(&model.infer(&x_test)?, &y_test)?;
    println!("loss on new rows: {loss:.4}, of which the noise is 0.01\n");
    for (name, tensor) in model.tensors() {
        println!("{name:14} {:?}", tensor.value.shape());
    }
    println!("\nembedding, one column a category:\n{:.2}", model.tensor("0.1.weight")?);
    Ok(())
}
