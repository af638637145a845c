//! What watches metrics, with random ones of either sign: restored at every step, and one goal
//! against the other.

use optim::{
    EarlyStopping, EarlyStoppingConfig, EarlyStoppingState, Goal, PlateauState, ReduceLrOnPlateau,
    ReduceLrOnPlateauConfig, Threshold,
};
use tensor_core::Rng;

use crate::draw::{count, rate, share};

fn metric(rng: &mut Rng) -> f64 {
    let sign = if rng.below(2) == 0 { 1.0 } else { -1.0 };
    sign * match rng.below(12) {
        0 => f64::NAN,
        1 => f64::INFINITY,
        2 => 0.0,
        3 => 5e-324,
        4 => f64::MAX,
        _ => 3.0 * rng.uniform(),
    }
}

fn threshold(rng: &mut Rng) -> Threshold {
    let theta = share(rng) * 0.9;
    if rng.below(2) == 0 { Threshold::Relative(theta) } else { Threshold::Absolute(theta) }
}

/// The state of the other goal: signs of metrics changed.
fn mirrored(state: PlateauState) -> PlateauState {
    PlateauState { best: -state.best, ..state }
}

#[test]
fn a_plateau_falls_goes_on_when_restored_and_has_no_preferred_sign() {
    for seed in 0..3000 {
        let rng = &mut Rng::with_stream(seed, 17);
        let config = ReduceLrOnPlateauConfig {
            goal: Goal::Min,
            factor: share(rng) * 0.99,
            patience: count(rng) % 4,
            threshold: threshold(rng),
            cooldown: count(rng) % 4,
            min_lr: rate(rng),
            eps: if rng.below(2) == 0 { 0.0 } else { rate(rng) },
        };
        let Ok(mut small) = ReduceLrOnPlateau::new(rate(rng), config) else { continue };
        let config = ReduceLrOnPlateauConfig { goal: Goal::Max, ..config };
        let mut large = ReduceLrOnPlateau::new(small.lr(), config).unwrap();
        for t in 0..40 {
            let before = small.lr();
            let metric = metric(rng);
            let mut resumed = large;
            resumed.restore(mirrored(small.state())).unwrap();
            let lr = small.step(metric);
            assert!((0.0..=before).contains(&lr), "seed {seed}, metric {t}: {before:e}, {lr:e}");
            assert_eq!(large.step(-metric), lr, "seed {seed}, metric {t}");
            assert_eq!(resumed.step(-metric), lr, "seed {seed}, metric {t}");
            assert_eq!(large.state(), mirrored(small.state()), "seed {seed}, metric {t}");
        }
    }
}

#[test]
fn early_stopping_goes_on_when_restored_and_has_no_preferred_sign() {
    for seed in 0..3000 {
        let rng = &mut Rng::with_stream(seed, 18);
        let baseline = (rng.below(2) == 0).then(|| 3.0 * rng.uniform() - 1.5);
        let config = EarlyStoppingConfig {
            goal: Goal::Min,
            patience: count(rng),
            threshold: threshold(rng),
            start_from: count(rng) % 5,
            baseline,
        };
        let mut small = EarlyStopping::new(config).unwrap();
        let baseline = baseline.map(|b| -b);
        let config = EarlyStoppingConfig { goal: Goal::Max, baseline, ..config };
        let mut large = EarlyStopping::new(config).unwrap();
        for t in 0..40 {
            let metric = metric(rng);
            let state = small.state();
            let mut resumed = large;
            resumed.restore(EarlyStoppingState { best: -state.best, ..state }).unwrap();
            let progress = small.step(metric);
            assert_eq!(large.step(-metric), progress, "seed {seed}, metric {t}");
            assert_eq!(resumed.step(-metric), progress, "seed {seed}, metric {t}");
        }
    }
}
