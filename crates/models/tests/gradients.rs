//! A whole model with its loss against central differences: the input and every parameter.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use gradcheck::{compare, numerical_gradient};
use layers::{Gelu, Mode, Sigmoid, Silu, Softplus, Tanh};
use losses::{CrossEntropyLoss, Loss, MseLoss, Targets};
use models::{Mlp, Sequential};
use ndarray::{Array2, ArrayRef2, ArrayViewMut2};
use proptest::prelude::*;
use tensor_core::{Error, Rng};

/// As for the layers on their own.
const RTOL: f64 = 1e-6;

/// `criterion` returns the loss of a model's output and fills the gradient for it.
fn check(
    model: &Sequential<f64>,
    x: &Array2<f64>,
    criterion: impl Fn(&ArrayRef2<f64>, &mut ArrayViewMut2<'_, f64>) -> Result<f64, Error>,
) -> Result<(), TestCaseError> {
    let mut ws = model.workspace(x.nrows()).unwrap();
    let loss = |model: &Sequential<f64>, x: &ArrayRef2<f64>| {
        let a = model.infer(x).unwrap();
        criterion(&a, &mut Array2::zeros(a.dim()).view_mut()).unwrap()
    };
    model.forward(x, &mut ws, Mode::Train).unwrap();
    let (a, mut da) = ws.output_and_gradient().unwrap();
    criterion(&a, &mut da).unwrap();
    model.backward(&mut ws).unwrap();

    let dx = ws.gradient(0).unwrap();
    let verdict = compare(&dx, &numerical_gradient(|x| loss(model, x), x), RTOL);
    prop_assert!(verdict.is_ok(), "input: {}", verdict.unwrap_err());
    for (name, analytic) in model.gradients(&ws).unwrap() {
        let numeric = numerical_gradient(
            |value| {
                let mut moved = model.clone();
                moved.set_tensor(&name, value).unwrap();
                loss(&moved, x)
            },
            &model.tensor(&name).unwrap(),
        );
        let verdict = compare(&analytic.value, &numeric, RTOL);
        prop_assert!(verdict.is_ok(), "{name}: {}", verdict.unwrap_err());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn perceptrons(
        widths in prop::collection::vec(1_usize..=9, 2..=4),
        n in 1_usize..=9,
        activation in 0..5,
        seed: u64,
    ) {
        let mlp = Mlp::new(&widths).seed(seed);
        let mlp = match activation {
            0 => mlp.activation(Tanh),
            1 => mlp.activation(Sigmoid),
            2 => mlp.activation(Silu),
            3 => mlp.activation(Gelu::Exact),
            _ => mlp.activation(Softplus::default()).without_bias(),
        };
        let model = mlp.build().unwrap();
        let mut rng = Rng::with_stream(seed, 1);
        let n_out = *widths.last().unwrap();
        let x = Array2::from_shape_simple_fn((n, widths[0]), || rng.normal());
        let y = Array2::from_shape_simple_fn((n, n_out), || rng.normal());
        let labels: Vec<_> = (0..n).map(|_| rng.below(n_out)).collect();
        check(&model, &x, |a, da| MseLoss::default().backward(a, &y, da))?;
        if n_out > 1 {
            check(&model, &x, |a, da| CrossEntropyLoss::default().backward(a, Targets::Classes(&labels), da))?;
        }
    }
}
