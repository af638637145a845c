//! Mish and CELU: tables, every exponent, and far out. Values of the formulas, and derivatives from
//! central differences of them, with 50 decimal digits or more (mpmath 1.3), rounded to 17.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]
#![allow(
    clippy::excessive_precision,
    reason = "17 digits name every f64, whether or not fewer would do"
)]

mod evaluate;
mod limits;
mod table;

use evaluate::{evaluate, worst};
use layers::{Celu, Layer, Mish};
use limits::check_extremes;
use table::check;

// z tanh(ln(1 + e^z)). Its derivative subtracts: at −1 the sizes of t and z·t′ sum to 11 times what
// is left, and its zero is nowhere nearer.
#[test]
fn mish() {
    check(
        Mish,
        4.0 * 11.0,
        [
            -0.072591740792025358,
            -0.14564746127562459,
            -0.25250148269570886,
            -0.30340146137410892,
            0.0,
            0.86509838826731035,
            1.9439589595339945,
            2.9865350049679573,
        ],
        [
            -0.053773209793480324,
            -0.093393114532320836,
            -0.10835509242039394,
            0.059216755877394948,
            0.6,
            1.0490362200997922,
            1.0693179342794897,
            1.0211069109294438,
        ],
    );
    // f(z) tends to z t(0) = 3/5 z near 0, which of 8 q is 5 q to the nearest.
    check_extremes(Mish, |max, q| {
        [[0.0, 0.0, -5.0 * q, 5.0 * q, max, f64::INFINITY], [0.0, 0.0, 0.6, 0.6, 1.0, 1.0]]
    });
}

/// `z`, value and derivative over all exponents. In the tail on the left both are subnormal, and
/// right to the last of the bits that are left.
const MISH: [(f64, f64, f64); 29] = [
    (-746.5, -4.7010954736723258e-322, -4.6947979579674734e-322),
    (-745.0, -2.1026512942015931e-321, -2.0998289434711212e-321),
    (-740.25, -2.4148390334859098e-319, -2.4115768395872459e-319),
    (-715.0, -2.1565100229054778e-308, -2.1534939249713443e-308),
    (-708.5, -1.4213447383272302e-305, -1.4193386060218989e-305),
    (-708.0, -2.3417475265759929e-305, -2.3384399735723545e-305),
    (-700.0, -6.9017735806318396e-302, -6.8919139040880798e-302),
    (-300.0, -1.5444600667236041e-128, -1.5393118665011921e-128),
    (-100.0, -3.720075976020836e-42, -3.6828752162606276e-42),
    (-40.0, -1.6993417021166356e-16, -1.6568581595637197e-16),
    (-18.0, -2.7413963331725676e-7, -2.5890965160094973e-7),
    (-7.0, -0.0063802634095736681, -0.0054658868613147877),
    (-3.0, -0.14564746127562459, -0.093393114532320836),
    (-0.5, -0.22074377465173, 0.28951067791351219),
    (-0.015625, -0.0092968166982488529, 0.58998898096492915),
    (-1e-8, -5.9999999680000001e-9, 0.5999999936),
    (-1e-100, -6.0000000000000001e-101, 0.6),
    (-8.095e-320, -4.85686292487779e-320, 0.6),
    (8.095e-320, 4.85686292487779e-320, 0.6),
    (1e-100, 6.0000000000000001e-101, 0.6),
    (1e-8, 6.0000000320000001e-9, 0.6000000064),
    (0.015625, 0.0094530612307436497, 0.60998758131272161),
    (0.5, 0.3752452113048951, 0.88642437535772726),
    (3.0, 2.9865350049679573, 1.0211069109294438),
    (7.0, 6.9999883798097415, 1.0000215591608886),
    (18.0, 17.999999999999992, 1.0000000000000162),
    (40.0, 40.0, 1.0),
    (745.0, 745.0, 1.0),
    (1e300, 1e300, 1.0),
];

/// Distance in steps of the type at the wanted value: what an ulp is for subnormals too.
fn steps(got: f64, want: f64) -> f64 {
    if got == want { 0.0 } else { (got - want).abs() / (want.abs().next_up() - want.abs()) }
}

#[test]
fn mish_over_all_exponents_of_f64() {
    let (y, dx) = evaluate::<f64, _>(&Mish, &MISH.map(|(z, ..)| z));
    for ((y, dx), (z, value, derivative)) in y.into_iter().zip(dx).zip(MISH) {
        let errors = [steps(y, value), steps(dx, derivative)];
        // Of the points with a difference in the derivative, −½ loses most: |t| + |z t′| is 2.1 of
        // it.
        assert!(errors[0] <= 4.0 && errors[1] <= 8.0, "{z}: {errors:?} ulp");
    }
}

/// The unit in the last place of an `f32`, of an exact value.
fn ulp32(want: f64) -> f64 {
    let binade = f64::from_bits(want.to_bits() & f64::INFINITY.to_bits());
    binade.max(f32::MIN_POSITIVE.into()) * f64::from(f32::EPSILON)
}

/// The worst error of values, and of derivatives outside `zeros`, in ulps of `f32`: over a prime
/// step through the bit patterns, which meets every exponent and both signs.
fn worst_f32<L: Layer<f32>>(
    layer: &L,
    exact: [fn(f64) -> f64; 2],
    zeros: std::ops::Range<f64>,
) -> [f64; 2] {
    let floats = (0..=u32::MAX).step_by(6007).map(f32::from_bits).filter(|z| z.is_finite());
    let z: Vec<f64> = floats.map(f64::from).collect();
    let (y, dx) = evaluate::<f32, L>(layer, &z);
    let mut worst = [0.0_f64; 2];
    for ((y, dx), z) in y.into_iter().zip(dx).zip(z) {
        for (i, got) in [y, dx].into_iter().enumerate() {
            let want = exact[i](z);
            let nearest = f64::from(want as f32);
            let error = if got == nearest { 0.5 } else { (got - want).abs() / ulp32(want) };
            if i == 0 || !zeros.contains(&z) {
                worst[i] = worst[i].max(error);
            }
            assert!(!error.is_nan(), "{layer:?} at {z}: {got}, {want}");
        }
    }
    worst
}

// The formulas as they stand, in f64 by the system's functions, whose error does not show in f32.
// Near the zero of the derivative f64 has no f32's last place either: it lies between −1.3 and
// −1.1.
#[test]
fn in_f32_both_round_once() {
    fn sigmoid(z: f64) -> f64 {
        1.0 / (1.0 + (-z).exp())
    }
    let value = |z: f64| z * z.exp().ln_1p().tanh();
    let slope = |z: f64| {
        let t = z.exp().ln_1p().tanh();
        t + if z > 200.0 { 0.0 } else { z * (1.0 - t * t) * sigmoid(z) }
    };
    let [y, dx] = worst_f32(&Mish, [value, slope], -1.3..-1.1);
    assert!(y <= 0.501 && dx <= 0.501, "Mish: {y} and {dx} ulp");

    let value = |z: f64| if z > 0.0 { z } else { 0.7 * (z / 0.7).exp_m1() };
    let slope = |z: f64| if z > 0.0 { 1.0 } else { (z / 0.7).exp() };
    let [y, dx] = worst_f32(&Celu::new(0.7).unwrap(), [value, slope], 0.0..0.0);
    assert!(y <= 0.501 && dx <= 0.501, "Celu: {y} and {dx} ulp");
}

// α (e^(z/α) − 1) and e^(z/α) for z ≤ 0
#[test]
fn celu() {
    let value = [
        -0.49983226868604874,
        -0.49876062391166682,
        -0.49084218055563291,
        -0.43233235838169365,
        0.0,
        1.0,
        2.0,
        3.0,
    ];
    let derivative = [
        0.00033546262790251184,
        0.0024787521766663584,
        0.01831563888873418,
        0.13533528323661269,
        1.0,
        1.0,
        1.0,
        1.0,
    ];
    check(Celu::new(0.5).unwrap(), 4.0, value, derivative);
    let value = [
        -1.7293294335267746,
        -1.5537396797031403,
        -1.2642411176571154,
        -0.78693868057473315,
        0.0,
        1.0,
        2.0,
        3.0,
    ];
    let derivative = [
        0.13533528323661269,
        0.22313016014842983,
        0.36787944117144232,
        0.60653065971263342,
        1.0,
        1.0,
        1.0,
        1.0,
    ];
    check(Celu::new(2.0).unwrap(), 4.0, value, derivative);
    check_extremes(Celu::new(2.0).unwrap(), |max, q| {
        [[-2.0, -2.0, -8.0 * q, 8.0 * q, max, f64::INFINITY], [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]]
    });
}

// The rounding of z/α counts up to 706 times in the exponential, if nothing is done about it.
#[test]
fn celu_keeps_its_digits_in_the_tail() {
    let z = [-5.0, -137.0, -709.0, -1200.0];
    let slopes = [
        0.052803570334300519,
        1.0022454779919722e-35,
        7.4757421266398782e-182,
        2.7490918148686079e-307,
    ];
    let (y, dx) = evaluate::<f64, _>(&Celu::new(1.7).unwrap(), &z);
    assert!(worst::<f64>(&y, &[-1.6102339304316891, -1.7, -1.7, -1.7]) <= 4.0);
    assert!(worst::<f64>(&dx, &slopes) <= 8.0, "{dx:?}");
    let (y, dx) = evaluate::<f64, _>(&Celu::new(0.3).unwrap(), &z[..2]);
    assert!(worst::<f64>(&y, &[-0.29999998266675443, -0.3]) <= 4.0);
    assert!(worst::<f64>(&dx, &[5.7777485194191362e-8, 4.700960451153613e-199]) <= 8.0, "{dx:?}");
}

// Where α is so large that z/α is subnormal or 0, the value is z; where it is so small that z/α
// overflows, it is −α.
#[test]
fn celu_with_an_alpha_at_the_ends_of_its_range() {
    let z = [-1e-300, -1e-5, -3.0, -0.0, 5.0];
    assert_eq!(evaluate::<f64, _>(&Celu::new(3e38).unwrap(), &z), (z.to_vec(), vec![1.0; 5]));
    let z = [-f64::MAX, -1e-5, 0.0, 5.0];
    let expected = (vec![-2e-38, -2e-38, 0.0, 5.0], vec![0.0, 0.0, 1.0, 1.0]);
    assert_eq!(evaluate::<f64, _>(&Celu::new(2e-38).unwrap(), &z), expected);
    let max = f64::from(f32::MAX);
    let (y, _) = evaluate::<f32, _>(&Celu::new(3e38).unwrap(), &[-1.0, -1e-40, -max]);
    assert_eq!(y[..2], [-1.0, f64::from(-1e-40_f32)]);
    // α (e^(−MAX/α) − 1) with MAX/α = 1.134…: −3e38·0.6783…
    assert!((y[2] / -2.0349e38 - 1.0).abs() < 1e-4, "{y:?}");
}

#[test]
fn an_alpha_that_is_no_positive_number_is_refused() {
    for alpha in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-40, 1e39] {
        let message = Celu::new(alpha).unwrap_err().to_string();
        assert!(message.starts_with("Celu: expected alpha to be a number from"), "{message}");
    }
    assert_eq!(Celu::default(), Celu::new(1.0).unwrap());
}
