//! The course's models with given weights, every intermediate value against numbers worked out by
//! hand.
//!
//! All values are short binary fractions, so that the comparisons are exact.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use layers::Mode;
use models::{Mlp0, Mlp1, Mlp4};
use ndarray::{Array2, array};
use tensor_core::Error;

// A0 = [1 2; −1 1], W = [1 −1; 2 0; ½ 1], b = [0, −1, 1]
//   Z0[0] = [1 − 2, 2 − 1, ½ + 2 + 1] = [−1, 1, 7/2]       A1[0] = [0, 1, 7/2]
//   Z0[1] = [−1 − 1, −2 − 1, −½ + 1 + 1] = [−2, −3, 3/2]   A1[1] = [0, 0, 3/2]
// dLdA1 = [1 2 3; 4 5 6]
//   dLdZ0 = [0 2 3; 0 0 6]
//   dLdA0[0] = 2·[2 0] + 3·[½ 1] = [11/2, 3]               dLdA0[1] = 6·[½ 1] = [3, 6]
//   dLdW = [0 0; 2·[1 2]; 3·[1 2] + 6·[−1 1]] = [0 0; 2 4; −3 12]
//   dLdb = [0, 2, 9]
#[test]
fn mlp0_by_hand() -> Result<(), Error> {
    let mut mlp = Mlp0::<f64>::new(0)?;
    mlp.set_tensor("0.weight", &array![[1.0, -1.0], [2.0, 0.0], [0.5, 1.0]])?;
    mlp.set_tensor("0.bias", &array![0.0, -1.0, 1.0])?;
    let mut ws = mlp.workspace(2)?;

    let a1 = array![[0.0, 1.0, 3.5], [0.0, 0.0, 1.5]];
    assert_eq!(mlp.forward(&array![[1.0, 2.0], [-1.0, 1.0]], &mut ws, Mode::Train)?, a1);
    let d_a0 = array![[5.5, 3.0], [3.0, 6.0]];
    assert_eq!(mlp.backward_from(&array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], &mut ws)?, d_a0);

    let trace = mlp.trace(&ws)?;
    assert_eq!(trace.A0, array![[1.0, 2.0], [-1.0, 1.0]]);
    assert_eq!(trace.Z0, array![[-1.0, 1.0, 3.5], [-2.0, -3.0, 1.5]]);
    assert_eq!(trace.A1, a1);
    assert_eq!(trace.dLdA1, array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    assert_eq!(trace.dLdZ0, array![[0.0, 2.0, 3.0], [0.0, 0.0, 6.0]]);
    assert_eq!(trace.dLdA0, d_a0);
    assert_eq!(
        ws.parameter_gradient("0.weight")?,
        array![[0.0, 0.0], [2.0, 4.0], [-3.0, 12.0]].into_dyn()
    );
    assert_eq!(ws.parameter_gradient("0.bias")?, array![0.0, 2.0, 9.0].into_dyn());
    Ok(())
}

// A0 = [1 2; 3 −1], W0 = [1 2; −1 1; ½ −1], b0 = [0, 1, −½], W1 = [1 −1 2; ½ 1 1], b1 = [½, −1]
// Z0[0] = [1 + 4, −1 + 2 + 1, ½ − 2 − ½] = [5, 2, −2] A1[0] = [5, 2, 0] Z0[1] = [3 − 2, −3 − 1 + 1,
// 3/2 + 1 − ½] = [1, −3, 2] A1[1] = [1, 0, 2] Z1[0] = [5 − 2 + ½, 5/2 + 2 − 1] = [7/2, 7/2] A2[0] =
// the same Z1[1] = [1 + 4 + ½, ½ + 2 − 1] = [11/2, 3/2] A2[1] = the same dLdA2 = [¾ ¼; 9/4 −1], and
// all of Z1 is positive, so dLdZ1 is the same. dLdA1[0] = ¾·[1 −1 2] + ¼·[½ 1 1] = [7/8, −½, 7/4]
// dLdA1[1] = 9/4·[1 −1 2] − [½ 1 1] = [7/4, −13/4, 7/2] dLdZ0 = [7/8 −½ 0; 7/4 0 7/2] dLdA0[0] =
// 7/8·[1 2] − ½·[−1 1] = [11/8, 5/4] dLdA0[1] = 7/4·[1 2] + 7/2·[½ −1] = [7/2, 0] dLdW1 = [¾·[5 2
// 0] + 9/4·[1 0 2]; ¼·[5 2 0] − [1 0 2]] = [6 3/2 9/2; ¼ ½ −2], dLdb1 = [3, −¾] dLdW0 = [7/8·[1 2]
// + 7/4·[3 −1]; −½·[1 2]; 7/2·[3 −1]] = [49/8 0; −½ −1; 21/2 −7/2], dLdb0 = [21/8, −½, 7/2]
#[test]
fn mlp1_by_hand() -> Result<(), Error> {
    let mut mlp = Mlp1::<f64>::new(0)?;
    mlp.set_tensor("0.weight", &array![[1.0, 2.0], [-1.0, 1.0], [0.5, -1.0]])?;
    mlp.set_tensor("0.bias", &array![0.0, 1.0, -0.5])?;
    mlp.set_tensor("2.weight", &array![[1.0, -1.0, 2.0], [0.5, 1.0, 1.0]])?;
    mlp.set_tensor("2.bias", &array![0.5, -1.0])?;
    let mut ws = mlp.workspace(2)?;
    mlp.forward(&array![[1.0, 2.0], [3.0, -1.0]], &mut ws, Mode::Train)?;
    let d_a2 = array![[0.75, 0.25], [2.25, -1.0]];
    mlp.backward_from(&d_a2, &mut ws)?;

    let trace = mlp.trace(&ws)?;
    assert_eq!(trace.Z0, array![[5.0, 2.0, -2.0], [1.0, -3.0, 2.0]]);
    assert_eq!(trace.A1, array![[5.0, 2.0, 0.0], [1.0, 0.0, 2.0]]);
    assert_eq!(trace.Z1, array![[3.5, 3.5], [5.5, 1.5]]);
    assert_eq!(trace.A2, array![[3.5, 3.5], [5.5, 1.5]]);
    assert_eq!(trace.dLdA2, d_a2);
    assert_eq!(trace.dLdZ1, d_a2);
    assert_eq!(trace.dLdA1, array![[0.875, -0.5, 1.75], [1.75, -3.25, 3.5]]);
    assert_eq!(trace.dLdZ0, array![[0.875, -0.5, 0.0], [1.75, 0.0, 3.5]]);
    assert_eq!(trace.dLdA0, array![[1.375, 1.25], [3.5, 0.0]]);

    let gradients = [
        ("0.weight", array![[6.125, 0.0], [-0.5, -1.0], [10.5, -3.5]].into_dyn()),
        ("0.bias", array![2.625, -0.5, 3.5].into_dyn()),
        ("2.weight", array![[6.0, 1.5, 4.5], [0.25, 0.5, -2.0]].into_dyn()),
        ("2.bias", array![3.0, -0.75].into_dyn()),
    ];
    let found: Vec<_> =
        ws.parameter_gradients()?.map(|(name, t)| (name, t.value.to_owned())).collect();
    assert_eq!(found, gradients.map(|(name, g)| (name.to_owned(), g)));
    Ok(())
}

// One row, [1, 2]. I is the 4 × 4 identity, J the 8 × 8 matrix that reverses the order. W0 = [1 0;
// 0 1; 1 1; 1 −1], b0 = 0 Z0 = [1, 2, 3, −1] A1 = [1, 2, 3, 0] W1 = [I; 2I], b1 = 0 Z1 = [1, 2, 3,
// 0, 2, 4, 6, 0] A2 = the same W2 = J, b2 = −1 Z2 = [0, 6, 4, 2, 0, 3, 2, 1] − 1 A3 = [0, 5, 3, 1,
// 0, 2, 1, 0] W3 = [I I], b3 = [1, 0, 0, −2] Z3 = [0, 7, 4, 1] + b3 = [1, 7, 4, −1] A4 = [1, 7, 4,
// 0] W4 = [1 −1 2 5; −1 0 0 1], b4 = ½ Z4 = [1 − 7 + 8, −1] + ½ = [5/2, −½] A5 = [5/2, 0] Back from
// dLdA5 = [1, 1]. A mask keeps what stands over a positive output; where Z is exactly 0 it keeps
// nothing. dLdZ4 = [1, 0] dLdA4 = row 0 of W4 = [1, −1, 2, 5] dLdZ3 = [1, −1, 2, 0] dLdA3 = the
// same twice = [1, −1, 2, 0, 1, −1, 2, 0] dLdZ2 = [0, −1, 2, 0, 0, −1, 2, 0] dLdA2 = reversed = [0,
// 2, −1, 0, 0, 2, −1, 0] dLdZ1 = the same, as A2 > 0 there dLdA1 = first half + 2·second = [0, 6,
// −3, 0] dLdZ0 = [0, 6, −3, 0] dLdA0 = 6·[0 1] − 3·[1 1] = [−3, 3]
#[test]
fn mlp4_by_hand() -> Result<(), Error> {
    let identity = Array2::<f64>::eye(4);
    let stacked = ndarray::concatenate![ndarray::Axis(0), identity, &identity * 2.0];
    let side_by_side = ndarray::concatenate![ndarray::Axis(1), identity, identity];
    let reversal = Array2::from_shape_fn((8, 8), |(i, j)| f64::from(u8::from(i + j == 7)));
    let mut mlp = Mlp4::<f64>::new(0)?;
    mlp.set_tensor("0.weight", &array![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]])?;
    mlp.set_tensor("0.bias", &array![0.0, 0.0, 0.0, 0.0])?;
    mlp.set_tensor("2.weight", &stacked)?;
    mlp.set_tensor("2.bias", &ndarray::Array1::zeros(8))?;
    mlp.set_tensor("4.weight", &reversal)?;
    mlp.set_tensor("4.bias", &ndarray::Array1::from_elem(8, -1.0))?;
    mlp.set_tensor("6.weight", &side_by_side)?;
    mlp.set_tensor("6.bias", &array![1.0, 0.0, 0.0, -2.0])?;
    mlp.set_tensor("8.weight", &array![[1.0, -1.0, 2.0, 5.0], [-1.0, 0.0, 0.0, 1.0]])?;
    mlp.set_tensor("8.bias", &array![0.5, 0.5])?;

    let mut ws = mlp.workspace(1)?;
    mlp.forward(&array![[1.0, 2.0]], &mut ws, Mode::Train)?;
    mlp.backward_from(&array![[1.0, 1.0]], &mut ws)?;

    let trace = mlp.trace(&ws)?;
    let rows = |list: [ndarray::ArrayView2<'_, f64>; 11]| {
        list.iter().map(|a| a.row(0).to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(
        rows([
            trace.A0, trace.Z0, trace.A1, trace.Z1, trace.A2, trace.Z2, trace.A3, trace.Z3,
            trace.A4, trace.Z4, trace.A5,
        ]),
        [
            vec![1.0, 2.0],
            vec![1.0, 2.0, 3.0, -1.0],
            vec![1.0, 2.0, 3.0, 0.0],
            vec![1.0, 2.0, 3.0, 0.0, 2.0, 4.0, 6.0, 0.0],
            vec![1.0, 2.0, 3.0, 0.0, 2.0, 4.0, 6.0, 0.0],
            vec![-1.0, 5.0, 3.0, 1.0, -1.0, 2.0, 1.0, 0.0],
            vec![0.0, 5.0, 3.0, 1.0, 0.0, 2.0, 1.0, 0.0],
            vec![1.0, 7.0, 4.0, -1.0],
            vec![1.0, 7.0, 4.0, 0.0],
            vec![2.5, -0.5],
            vec![2.5, 0.0],
        ]
    );
    assert_eq!(
        rows([
            trace.dLdA0,
            trace.dLdZ0,
            trace.dLdA1,
            trace.dLdZ1,
            trace.dLdA2,
            trace.dLdZ2,
            trace.dLdA3,
            trace.dLdZ3,
            trace.dLdA4,
            trace.dLdZ4,
            trace.dLdA5,
        ]),
        [
            vec![-3.0, 3.0],
            vec![0.0, 6.0, -3.0, 0.0],
            vec![0.0, 6.0, -3.0, 0.0],
            vec![0.0, 2.0, -1.0, 0.0, 0.0, 2.0, -1.0, 0.0],
            vec![0.0, 2.0, -1.0, 0.0, 0.0, 2.0, -1.0, 0.0],
            vec![0.0, -1.0, 2.0, 0.0, 0.0, -1.0, 2.0, 0.0],
            vec![1.0, -1.0, 2.0, 0.0, 1.0, -1.0, 2.0, 0.0],
            vec![1.0, -1.0, 2.0, 0.0],
            vec![1.0, -1.0, 2.0, 5.0],
            vec![1.0, 0.0],
            vec![1.0, 1.0],
        ]
    );
    // One row: dLdb is dLdZ, and dLdW[i,j] = dLdZ[i]·A[j].
    assert_eq!(trace.dLdb4, array![1.0, 0.0]);
    assert_eq!(trace.dLdW4, array![[1.0, 7.0, 4.0, 0.0], [0.0, 0.0, 0.0, 0.0]]);
    assert_eq!(trace.dLdb0, array![0.0, 6.0, -3.0, 0.0]);
    assert_eq!(trace.dLdW0, array![[0.0, 0.0], [6.0, 12.0], [-3.0, -6.0], [0.0, 0.0]]);
    for (i, (weight, bias)) in
        [(trace.dLdW1, trace.dLdb1), (trace.dLdW2, trace.dLdb2), (trace.dLdW3, trace.dLdb3)]
            .into_iter()
            .enumerate()
    {
        let name = |leaf| format!("{}.{leaf}", 2 * (i + 1));
        assert_eq!(ws.parameter_gradient(&name("weight"))?, weight.into_dyn());
        assert_eq!(ws.parameter_gradient(&name("bias"))?, bias.into_dyn());
    }
    Ok(())
}

#[test]
fn widths_are_the_courses() -> Result<(), Error> {
    assert_eq!(Mlp0::<f32>::new(0)?.widths(), [2, 3, 3]);
    assert_eq!(Mlp1::<f32>::new(0)?.widths(), [2, 3, 3, 2, 2]);
    assert_eq!(Mlp4::<f32>::new(0)?.widths(), [2, 4, 4, 8, 8, 8, 8, 4, 4, 2, 2]);
    let names: Vec<_> =
        Mlp1::<f32>::new(0)?.tensors().map(|(name, t)| (name, t.value.shape().to_vec())).collect();
    let expected = [
        ("0.weight", vec![3, 2]),
        ("0.bias", vec![3]),
        ("2.weight", vec![2, 3]),
        ("2.bias", vec![2]),
    ];
    assert_eq!(names, expected.map(|(name, shape)| (name.to_owned(), shape)));
    Ok(())
}
