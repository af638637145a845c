//! A rate that is set is the rate of the next step.

#![allow(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

mod support;

use optim::{
    Adagrad, AdagradConfig, Adam, AdamConfig, AdamW, AdamWConfig, EarlyStopping,
    EarlyStoppingConfig, Lion, LionConfig, NAdam, NAdamConfig, Optimizer, RAdam, RAdamConfig,
    RmsProp, RmsPropConfig, Sgd, SgdConfig,
};
use support::{Gradients, Vectors};

/// How far the first step goes, with the rate as configured and after it has been set to another.
fn first_steps<O: Optimizer<f64> + Clone>(optimizer: &O) -> [f64; 2] {
    [None, Some(4.0 * optimizer.lr())].map(|lr| {
        let mut optimizer = optimizer.clone();
        if let Some(lr) = lr {
            optimizer.set_lr(lr).unwrap();
            assert_eq!(optimizer.lr(), lr);
        }
        let mut model = Vectors::weight(&[0.0]);
        optimizer.step(&mut model, &mut Gradients::of(&[&[1.0]])).unwrap();
        model.values()[0]
    })
}

// From w = 0, so that decoupled decay does nothing, the first step of every rule is proportional to
// its rate; a rate of 2⁻⁴ and a factor of 4 change no rounding.
#[test]
fn a_rate_that_is_set_is_used() {
    let lr = 0.0625;
    let steps = [
        first_steps(&Sgd::new(SgdConfig { lr, ..SgdConfig::default() }).unwrap()),
        first_steps(&Adagrad::new(AdagradConfig { lr, ..AdagradConfig::default() }).unwrap()),
        first_steps(&RmsProp::new(RmsPropConfig { lr, ..RmsPropConfig::default() }).unwrap()),
        first_steps(&Adam::new(AdamConfig { lr, ..AdamConfig::default() }).unwrap()),
        first_steps(&AdamW::new(AdamWConfig { lr, ..AdamWConfig::default() }).unwrap()),
        first_steps(&NAdam::new(NAdamConfig { lr, ..NAdamConfig::default() }).unwrap()),
        first_steps(&RAdam::new(RAdamConfig { lr, ..RAdamConfig::default() }).unwrap()),
        first_steps(&Lion::new(LionConfig { lr, ..LionConfig::default() }).unwrap()),
    ];
    for [before, after] in steps {
        assert!(before < 0.0 && after == 4.0 * before, "{before} and {after}");
    }
}

#[test]
fn a_rate_that_is_set_leaves_the_configuration_as_it_was() {
    let config = SgdConfig { lr: 0.5, ..SgdConfig::default() };
    let mut sgd = Sgd::<f64>::new(config).unwrap();
    sgd.set_lr(0.25).unwrap();
    assert_eq!((sgd.lr(), sgd.config()), (0.25, config));
}

#[test]
fn early_stopping_goes_on_from_a_saved_state() {
    let config = EarlyStoppingConfig { patience: 2, ..EarlyStoppingConfig::default() };
    let mut first = EarlyStopping::new(config).unwrap();
    let _ = first.step(1.0);
    let _ = first.step(2.0);
    let mut second = EarlyStopping::new(config).unwrap();
    second.restore(first.state()).unwrap();
    assert_eq!(second.state(), first.state());
    assert_eq!(second.step(3.0), first.step(3.0));
}
