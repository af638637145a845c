//! Every activation and its derivative at z = −4, −3, …, 3, against numbers that were not computed
//! by this library.
//!
//! Piecewise linear ones are exact. For the others the formula stands beside the row; its values
//! were computed from that formula, and the derivatives from central differences of it, with 50
//! decimal digits (mpmath 1.3) and rounded to 17.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]
#![allow(
    clippy::excessive_precision,
    reason = "17 digits name every f64, whether or not fewer would do"
)]

mod evaluate;

use evaluate::{evaluate, worst};
use layers::{Elu, Gelu, Identity, Layer, LeakyRelu, Relu, Selu, Sigmoid, Silu, Softplus, Tanh};
use tensor_core::{Error, Float};

const Z: [f64; 8] = [-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0];

/// Both types against the table; `units` bounds the relative error in rounding errors of the type.
fn check<L: Layer<f64> + Layer<f32>>(layer: L, units: f64, value: [f64; 8], derivative: [f64; 8]) {
    fn one<F: Float, L: Layer<F>>(layer: &L, units: f64, table: [&[f64; 8]; 2]) {
        let (y, dx) = evaluate::<F, L>(layer, &Z);
        for (what, got, want) in [("value", y, table[0]), ("derivative", dx, table[1])] {
            let worst = worst::<F>(&got, want);
            assert!(
                worst <= units,
                "{} {layer:?}, {what}: {worst:.1} u\n{got:?}\n{want:?}",
                F::NAME
            );
        }
    }
    one::<f64, L>(&layer, units, [&value, &derivative]);
    one::<f32, L>(&layer, units, [&value, &derivative]);
}

#[test]
fn identity() {
    check(Identity, 0.0, Z, [1.0; 8]);
}

#[test]
fn relu_has_derivative_0_at_0() {
    check(
        Relu,
        0.0,
        [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0],
    );
}

#[test]
fn leaky_relu() -> Result<(), Error> {
    let quarter = [0.25, 0.25, 0.25, 0.25, 0.25, 1.0, 1.0, 1.0];
    check(LeakyRelu::new(0.25)?, 0.0, [-1.0, -0.75, -0.5, -0.25, 0.0, 1.0, 2.0, 3.0], quarter);
    // 0.01 is not a binary fraction: one rounding for it, one for the product.
    let hundredth = [0.01, 0.01, 0.01, 0.01, 0.01, 1.0, 1.0, 1.0];
    check(LeakyRelu::default(), 2.0, [-0.04, -0.03, -0.02, -0.01, 0.0, 1.0, 2.0, 3.0], hundredth);
    Ok(())
}

#[test]
fn elu() -> Result<(), Error> {
    // e^z − 1 and e^z for z ≤ 0
    let value = [
        -0.98168436111126582,
        -0.95021293163213606,
        -0.86466471676338731,
        -0.63212055882855768,
        0.0,
        1.0,
        2.0,
        3.0,
    ];
    let derivative = [
        0.01831563888873418,
        0.049787068367863943,
        0.13533528323661269,
        0.36787944117144232,
        1.0,
        1.0,
        1.0,
        1.0,
    ];
    check(Elu::default(), 4.0, value, derivative);
    let half = |v: [f64; 8]| std::array::from_fn(|i| if i <= 4 { v[i] / 2.0 } else { v[i] });
    check(Elu::new(0.5)?, 4.0, half(value), half(derivative));
    Ok(())
}

#[test]
fn selu() {
    // s·α(e^z − 1) and s·α·e^z for z ≤ 0, s·z and s above, with the constants to 32 digits
    check(
        Selu,
        4.0,
        [
            -1.7258986281898947,
            -1.670568728767112,
            -1.520166468595695,
            -1.1113307378125628,
            0.0,
            1.0507009873554805,
            2.101401974710961,
            3.1521029620664415,
        ],
        [
            0.032200712657482144,
            0.087530612080264885,
            0.23793287225168182,
            0.6467686030348141,
            1.7580993408473769,
            1.0507009873554805,
            1.0507009873554805,
            1.0507009873554805,
        ],
    );
}

#[test]
fn sigmoid() {
    // 1/(1 + e^(−z))
    check(
        Sigmoid,
        4.0,
        [
            0.017986209962091558,
            0.047425873177566781,
            0.11920292202211756,
            0.26894142136999512,
            0.5,
            0.73105857863000488,
            0.88079707797788244,
            0.95257412682243322,
        ],
        [
            0.017662706213291116,
            0.045176659730912133,
            0.10499358540350652,
            0.19661193324148185,
            0.25,
            0.19661193324148185,
            0.10499358540350652,
            0.045176659730912133,
        ],
    );
}

#[test]
fn tanh() {
    // (e^z − e^(−z))/(e^z + e^(−z))
    check(
        Tanh,
        4.0,
        [
            -0.99932929973906704,
            -0.99505475368673045,
            -0.96402758007581688,
            -0.76159415595576489,
            0.0,
            0.76159415595576489,
            0.96402758007581688,
            0.99505475368673045,
        ],
        [
            0.0013409506830258969,
            0.0098660371654401913,
            0.070650824853164466,
            0.41997434161402607,
            1.0,
            0.41997434161402607,
            0.070650824853164466,
            0.0098660371654401913,
        ],
    );
}

#[test]
fn softplus() -> Result<(), Error> {
    // ln(1 + e^z), then ln(1 + e^(2z))/2
    check(
        Softplus::default(),
        4.0,
        [
            0.01814992791780974,
            0.048587351573742059,
            0.1269280110429725,
            0.31326168751822283,
            std::f64::consts::LN_2,
            1.3132616875182228,
            2.1269280110429725,
            3.0485873515737421,
        ],
        [
            0.017986209962091558,
            0.047425873177566781,
            0.11920292202211756,
            0.26894142136999512,
            0.5,
            0.73105857863000488,
            0.88079707797788244,
            0.95257412682243322,
        ],
    );
    check(
        Softplus::new(2.0)?,
        4.0,
        [
            0.00016770318644788442,
            0.0012378425688652248,
            0.0090749639589048702,
            0.063464005521486248,
            0.34657359027997265,
            1.0634640055214862,
            2.0090749639589049,
            3.0012378425688652,
        ],
        [
            0.0003353501304664781,
            0.0024726231566347743,
            0.017986209962091558,
            0.11920292202211756,
            0.5,
            0.88079707797788244,
            0.98201379003790844,
            0.99752737684336523,
        ],
    );
    Ok(())
}

#[test]
fn silu() {
    // z/(1 + e^(−z)). Its derivative subtracts: at −1 the sizes of σ and z·σ′ sum to 6.4 times what
    // is left.
    check(
        Silu,
        4.0 * 6.4,
        [
            -0.071944839848366232,
            -0.14227761953270034,
            -0.23840584404423511,
            -0.26894142136999512,
            0.0,
            0.73105857863000488,
            1.7615941559557649,
            2.8577223804672997,
        ],
        [
            -0.052664614891072908,
            -0.088104106015169617,
            -0.090784248784895479,
            0.072329488128513268,
            0.5,
            0.92767051187148673,
            1.0907842487848955,
            1.0881041060151696,
        ],
    );
}

#[test]
fn gelu_exact() {
    // z·½ erfc(−z/√2). The rounding of the argument is multiplied by |z·Φ′/Φ| ≤ z² + 1 = 17 in the
    // tail.
    check(
        Gelu::Exact,
        20.0,
        [
            -0.00012668496733247969,
            -0.0040496940948902836,
            -0.045500263896358414,
            -0.15865525393145705,
            0.0,
            0.84134474606854295,
            1.9544997361036416,
            2.9959503059051097,
        ],
        [
            -0.00050364966122642149,
            -0.011945647204183927,
            -0.085231801078196897,
            -0.083315470587686298,
            0.5,
            1.0833154705876863,
            1.0852318010781969,
            1.0119456472041839,
        ],
    );
}

#[test]
fn gelu_tanh() {
    // z/2·(1 + tanh(√(2/π)(z + 0.044715 z³))). In the tail the rounding of 2u is multiplied by
    // |2u| ≤ 11.
    check(
        Gelu::Tanh,
        40.0,
        [
            -7.024594819237269e-5,
            -0.0036373920817730188,
            -0.045402305912224981,
            -0.1588080093917233,
            0.0,
            0.8411919906082767,
            1.954597694087775,
            2.996362607918227,
        ],
        [
            -0.00033512319712267076,
            -0.011584166630969726,
            -0.086099256623618382,
            -0.082964083845782555,
            0.5,
            1.0829640838457826,
            1.0860992566236184,
            1.0115841666309697,
        ],
    );
}
