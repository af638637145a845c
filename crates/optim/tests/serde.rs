//! States through JSON and back: what is read is what was written, and nothing else is taken.

#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::fmt::Debug;

use optim::{
    AdamW, AdamWConfig, EarlyStopping, EarlyStoppingConfig, EarlyStoppingState, Goal, LbfgsState,
    LinearLrConfig, OneCycleLrConfig, Optimizer, PlateauState, ReduceLrOnPlateau,
    ReduceLrOnPlateauConfig, SgdConfig, State, Threshold,
};
use serde::{Serialize, de::DeserializeOwned};
use tensor_core::{Error, Parameter, Path, Role, Trainable};

struct Weights([f32; 2]);

impl Trainable<f32> for Weights {
    type Workspace = [f32; 2];

    fn parameters(
        &mut self,
        grad: &mut [f32; 2],
        visit: &mut dyn FnMut(Parameter<'_, f32>),
    ) -> Result<(), Error> {
        visit(Parameter::new(Path::of("weight"), Role::Weight, &mut self.0, grad));
        Ok(())
    }
}

fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value, "{json}");
}

#[test]
fn a_step_after_a_state_that_was_read_is_the_same_step() {
    let mut whole = AdamW::<f32>::new(AdamWConfig::default()).unwrap();
    let mut weights = Weights([0.1, -3.7e-5]);
    for gradient in [[1e-20, 3.3], [-7.7e30, 1e-3]] {
        whole.step(&mut weights, &mut gradient.clone()).unwrap();
    }
    let json = serde_json::to_string(whole.state()).unwrap();
    let mut resumed = AdamW::<f32>::new(AdamWConfig::default()).unwrap();
    resumed.restore(serde_json::from_str(&json).unwrap()).unwrap();
    let mut copy = Weights(weights.0);
    whole.step(&mut weights, &mut [0.3, 0.4]).unwrap();
    resumed.step(&mut copy, &mut [0.3, 0.4]).unwrap();
    assert_eq!(weights.0.map(f32::to_bits), copy.0.map(f32::to_bits));
    assert_eq!(whole.state(), resumed.state());
    let cut = json.replacen("\"steps\":2,", "", 1);
    assert!(serde_json::from_str::<State<f32>>(&cut).is_err(), "a field is missing");
}

#[test]
fn configurations_and_states_come_back() {
    round_trip(&AdamWConfig { lr: 0.1 + 0.2, ..AdamWConfig::default() });
    round_trip(&SgdConfig { momentum: 0.9, nesterov: true, ..SgdConfig::default() });
    round_trip(&LinearLrConfig::default());
    round_trip(&OneCycleLrConfig::default());
    let stopping = EarlyStoppingConfig {
        goal: Goal::Max,
        threshold: Threshold::Relative(1e-3),
        baseline: Some(f64::MIN_POSITIVE),
        ..EarlyStoppingConfig::default()
    };
    round_trip(&stopping);
    for goal in [Goal::Min, Goal::Max] {
        // The best metric is ∞ or −∞ at first.
        let config = EarlyStoppingConfig { goal, ..EarlyStoppingConfig::default() };
        let mut stopping = EarlyStopping::new(config).unwrap();
        round_trip(&stopping.state());
        let _ = stopping.step(1e300);
        round_trip(&stopping.state());
        let config = ReduceLrOnPlateauConfig { goal, ..ReduceLrOnPlateauConfig::default() };
        round_trip(&ReduceLrOnPlateau::new(0.1, config).unwrap().state());
    }
    let state = LbfgsState { lengths: vec![2], gradient: vec![1.5, -0.0], ..lbfgs() };
    round_trip(&state);
    let wrong = r#"{"steps":0,"best":"far","best_step":0,"n_bad":0}"#;
    let message = serde_json::from_str::<EarlyStoppingState>(wrong).unwrap_err().to_string();
    let expected = "invalid value: string \"far\", expected a number, \"inf\", \"-inf\" or \"nan\"";
    assert!(message.starts_with(expected), "{message}");
    let whole = r#"{"lr":1,"steps":3,"best":2,"best_step":1,"n_bad":2,"cooldown_left":0}"#;
    assert_eq!(serde_json::from_str::<PlateauState>(whole).unwrap().best, 2.0);
}

fn lbfgs() -> LbfgsState<f64> {
    let lbfgs = optim::Lbfgs::new(optim::LbfgsConfig::default()).unwrap();
    lbfgs.state().clone()
}
