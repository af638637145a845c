//! What is refused when a layer is built: constants that round to 0 or ∞ in the layer's type, sets
//! of one value, and sizes for which there is no memory.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use layers::{
    BatchNorm1d, BatchNorm1dConfig, Dropout, Elu, GroupNorm, GroupNormConfig, InstanceNorm1d,
    InstanceNorm1dConfig, Layer, LayerNorm, LayerNormConfig, LeakyRelu, Linear, RmsNorm,
    RmsNormConfig, Softplus,
};
use tensor_core::{Error, Float, Rng};

/// Whether each normalization takes this ε.
fn takes<F: Float>(eps: f64) -> [Result<(), Error>; 5] {
    let batch = BatchNorm1dConfig { eps, ..Default::default() };
    let layer = LayerNormConfig { eps, ..Default::default() };
    let group = GroupNormConfig { eps, ..Default::default() };
    let instance = InstanceNorm1dConfig { eps, ..Default::default() };
    let rms = RmsNormConfig { eps: Some(eps), ..Default::default() };
    [
        BatchNorm1d::<F>::with_config(4, batch).map(drop),
        LayerNorm::<F>::with_config(4, layer).map(drop),
        GroupNorm::<F>::with_config(2, 4, group).map(drop),
        InstanceNorm1d::<F>::with_config(2, 2, instance).map(drop),
        RmsNorm::<F>::with_config(4, rms).map(drop),
    ]
}

// 1e-50 is 0 in f32 and 1e300 is ∞; 1e-40 and 1e-320 have lost digits.
#[test]
fn an_eps_that_does_not_protect_in_the_layers_type_is_refused() {
    fn check<F: Float>(bad: &[f64], good: &[f64]) {
        for &eps in bad {
            for result in takes::<F>(eps) {
                let message = result.unwrap_err().to_string();
                let end = format!(
                    "expected eps to be a normal number > 0 in the layer's type, found {eps}"
                );
                assert!(message.ends_with(&end), "{}: {message}", F::NAME);
            }
        }
        for &eps in good {
            assert!(takes::<F>(eps).iter().all(Result::is_ok), "{}: {eps:e}", F::NAME);
        }
    }
    let never = [0.0, -1e-5, f64::NAN, f64::INFINITY];
    check::<f32>(&[&never[..], &[1e-50, 1e-40, 1e300]].concat(), &[1.2e-38, 1e-5, 3e38]);
    check::<f64>(&[&never[..], &[5e-324, 1e-320]].concat(), &[f64::MIN_POSITIVE, 1e-50, 1e300]);
}

// A layer of both types has constants of both types.
#[test]
fn a_factor_that_f32_does_not_hold_is_refused() {
    for factor in [1e-50, 1e-40, -1e-50, 1e300, -1e300, f64::NAN, f64::INFINITY] {
        let results = [
            LeakyRelu::new(factor).map(drop),
            Elu::new(factor).map(drop),
            Softplus::new(factor).map(drop),
        ];
        for result in results {
            let error = result.unwrap_err();
            let found = |e: &Error| matches!(e, Error::Hyperparameter { found, .. } if found.to_bits() == factor.to_bits());
            assert!(found(&error), "{error}");
        }
    }
    for factor in [1.2e-38, 3e38, 0.01, 1.0] {
        assert!(LeakyRelu::new(-factor).is_ok() && Elu::new(factor).is_ok());
        assert!(Softplus::new(factor).is_ok() && Softplus::new(-factor).is_err());
    }
    assert!(LeakyRelu::new(0.0).is_ok() && Elu::new(0.0).is_ok() && Softplus::new(0.0).is_err());
}

// One value is its own mean: some normalizations refused it, others gave zeros.
#[test]
fn one_value_is_not_normalized() {
    let sets = GroupNormConfig { length: 1, ..Default::default() };
    let results = [
        ("LayerNorm", LayerNorm::<f64>::new(1).map(drop)),
        ("RmsNorm", RmsNorm::<f64>::new(1).map(drop)),
        ("GroupNorm", GroupNorm::<f64>::new(4, 4).map(drop)),
        ("GroupNorm", GroupNorm::<f64>::with_config(4, 4, sets).map(drop)),
        ("InstanceNorm1d", InstanceNorm1d::<f64>::new(4, 1).map(drop)),
    ];
    for (name, result) in results {
        let message =
            format!("{name}: expected at least 2 values in each set that is normalized, found 1");
        assert_eq!(result.unwrap_err().to_string(), message);
    }
}

#[test]
fn sizes_beyond_all_memory_are_refused() {
    let mut rng = Rng::new(1);
    let long = |length| GroupNormConfig { length, ..Default::default() };
    let results = [
        Linear::<f32>::new(1 << 40, 1 << 40, &mut rng).map(drop),
        Linear::<f64>::new(1, usize::MAX, &mut rng).map(drop),
        // 2³³·2³³ = 2⁶⁶ wraps to 4.
        GroupNorm::<f64>::with_config(1, 1 << 33, long(1 << 33)).map(drop),
        InstanceNorm1d::<f32>::new(1 << 33, 1 << 33).map(drop),
        BatchNorm1d::<f64>::new(1 << 60).map(drop),
        LayerNorm::<f64>::new(1 << 60).map(drop),
        RmsNorm::<f64>::new(usize::MAX).map(drop),
        Layer::<f64>::cache(&Dropout::new(0.5, 1).unwrap(), 1 << 62, 1 << 62).map(drop),
    ];
    for result in results {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    }
}
