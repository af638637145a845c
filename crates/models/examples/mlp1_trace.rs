//! Prints every intermediate value of one training step of the course's MLP1, under the names that
//! its figure uses.
//!
//! ```text
//! cargo run -p models --example mlp1_trace
//! ```
//!
//! Weights and inputs are small numbers, so that every line can be followed with pencil and paper.

use layers::Mode;
use losses::{Loss, MseLoss};
use models::{Mlp1, Mlp1Trace};
use ndarray::{ArrayView2, array};
use optim::{Optimizer, Sgd, SgdConfig};
use tensor_core::Error;

fn main() -> Result<(), Error> {
    let mut mlp = Mlp1::<f64>::new(0)?;
    mlp.set_tensor("0.weight", &array![[1.0, 2.0], [-1.0, 1.0], [0.5, -1.0]])?;
    mlp.set_tensor("0.bias", &array![0.0, 1.0, -0.5])?;
    mlp.set_tensor("2.weight", &array![[1.0, -1.0, 2.0], [0.5, 1.0, 1.0]])?;
    mlp.set_tensor("2.bias", &array![0.5, -1.0])?;
    let (x, y) = (array![[1.0, 2.0], [3.0, -1.0]], array![[2.0, 3.0], [1.0, 0.0]]);

    let mut ws = mlp.workspace(2)?;
    mlp.forward(&x, &mut ws, Mode::Train)?;
    let (a2, mut d_a2) = ws.output_and_gradient()?;
    let loss = MseLoss::default().backward(&a2, &y, &mut d_a2)?;
    mlp.backward_to_input(&mut ws)?;

    let trace = mlp.trace(&ws)?;
    let Mlp1Trace { A0, Z0, A1, Z1, A2, dLdA2, dLdZ1, dLdA1, dLdZ0, dLdA0, .. } = trace;
    println!("forward");
    [("A0", A0), ("Z0", Z0), ("A1", A1), ("Z1", Z1), ("A2", A2)].into_iter().for_each(print);
    println!("\nMSE loss = {loss}\n\nbackward");
    [("dLdA2", dLdA2), ("dLdZ1", dLdZ1), ("dLdA1", dLdA1), ("dLdZ0", dLdZ0), ("dLdA0", dLdA0)]
        .into_iter()
        .for_each(print);
    println!("\ngradients of the parameters");
    for (name, gradient) in ws.parameter_gradients()? {
        println!("{name:8} {}", one_line(&gradient.value));
    }

    Sgd::new(SgdConfig { lr: 0.1, ..SgdConfig::default() })?.step(&mut mlp, &mut ws)?;
    println!("\nparameters after one step of SGD with λ = 0.1");
    for (name, tensor) in mlp.tensors() {
        println!("{name:8} {}", one_line(&tensor.value));
    }
    Ok(())
}

fn print((name, value): (&str, ArrayView2<'_, f64>)) {
    println!("{name:8} {}", one_line(&value));
}

fn one_line(value: &impl ToString) -> String {
    value.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
