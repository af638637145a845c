//! Every rule, with a configuration drawn: a line each.

use optim::{
    AdagradConfig, AdamConfig, AdamWConfig, LionConfig, NAdamConfig, RAdamConfig, RmsPropConfig,
    SgdConfig,
};
use tensor_core::Float;

use super::drive;
use crate::case::Case;

macro_rules! table {
    ($($name:ident: |$case:ident| $config:expr;)*) => {
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// Calls the rule of that name.
        pub(crate) fn call<F: Float>(name: &str, case: &mut Case) {
            case.about(format!("{name}<{}>", F::NAME));
            $(if name == stringify!($name) {
                let $case = case;
                let config = $config;
                return drive::run::<F, _>($case, config);
            })*
        }
    };
}

table! {
    Sgd: |case| SgdConfig {
        lr: lr(case),
        momentum: case.draw.setting(&[0.9, 0.0, 0.5]),
        dampening: case.draw.setting(&[0.0, 0.0, 0.5]),
        weight_decay: decay(case),
        nesterov: case.draw.once_in(2),
    };
    Adagrad: |case| AdagradConfig {
        lr: lr(case),
        lr_decay: case.draw.setting(&[0.0, 0.1]),
        weight_decay: decay(case),
        initial_accumulator_value: case.draw.setting(&[0.0, 0.1]),
        eps: eps(case),
    };
    RmsProp: |case| RmsPropConfig {
        lr: lr(case),
        alpha: case.draw.setting(&[0.99, 0.5, 0.0]),
        eps: eps(case),
        weight_decay: decay(case),
        momentum: case.draw.setting(&[0.9, 0.0]),
        centered: case.draw.once_in(2),
    };
    Adam: |case| AdamConfig {
        lr: lr(case),
        betas: betas(case),
        eps: eps(case),
        weight_decay: decay(case),
        amsgrad: case.draw.once_in(2),
    };
    AdamW: |case| AdamWConfig {
        lr: lr(case),
        betas: betas(case),
        eps: eps(case),
        weight_decay: decay(case),
        amsgrad: case.draw.once_in(2),
    };
    NAdam: |case| NAdamConfig {
        lr: lr(case),
        betas: betas(case),
        eps: eps(case),
        weight_decay: decay(case),
        momentum_decay: mostly(case, &[4e-3, 0.0, 1.0]),
        decoupled_weight_decay: case.draw.once_in(2),
    };
    RAdam: |case| RAdamConfig {
        lr: lr(case),
        betas: betas(case),
        eps: eps(case),
        weight_decay: decay(case),
        decoupled_weight_decay: case.draw.once_in(2),
    };
    Lion: |case| LionConfig {
        lr: lr(case),
        betas: betas(case),
        weight_decay: decay(case),
    };
}

/// One hostile value in five configurations, so that most are accepted.
fn mostly(case: &mut Case, usual: &[f64]) -> f64 {
    if case.draw.once_in(12) { case.draw.number() } else { case.draw.one_of(usual) }
}

fn lr(case: &mut Case) -> f64 {
    mostly(case, &[0.1, 1e-3, 1.0, 0.0, 1e-30, 1e10])
}

fn decay(case: &mut Case) -> f64 {
    mostly(case, &[0.0, 0.0, 0.01, 1.0])
}

fn eps(case: &mut Case) -> f64 {
    mostly(case, &[1e-8, 1e-8, 0.0, 1e-10, 1e-50, 1.0])
}

fn betas(case: &mut Case) -> (f64, f64) {
    (mostly(case, &[0.9, 0.0, 0.5]), mostly(case, &[0.999, 0.0, 0.5, 0.9]))
}
