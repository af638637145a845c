//! Every rule's update of a million parameters in `f32`, and what stands between backward and step.
//!
//! The bytes of an item are those that it has to touch: the gradient to read, the parameter and
//! each buffer to read and to write.

#![expect(clippy::unwrap_used, reason = "a refused call measures nothing")]

#[path = "../../kernels/benches/support/data.rs"]
mod data;
#[path = "../../kernels/benches/support/suite.rs"]
mod suite;

use std::iter::repeat_with;

use criterion::Criterion;
use data::uniform;
use optim::{
    AdagradConfig, AdamConfig, AdamWConfig, Descent, Lbfgs, LbfgsConfig, LionConfig, NAdamConfig,
    Optimizer, RAdamConfig, RmsPropConfig, Rule, SgdConfig,
};
use suite::{Item, measure};
use tensor_core::{Error, Parameter, Path, Role, Trainable};

const PARAMETERS: usize = 1_000_000;

/// So small that a parameter stays what it is, however often it is updated.
const LR: f64 = 1e-12;

fn main() {
    let mut criterion = suite::criterion();
    let c = &mut criterion;
    rule(c, "Sgd", SgdConfig { lr: LR, ..Default::default() });
    rule(c, "Sgd, momentum", SgdConfig { lr: LR, momentum: 0.9, ..Default::default() });
    rule(c, "Adagrad", AdagradConfig { lr: LR, ..Default::default() });
    rule(c, "RmsProp", RmsPropConfig { lr: LR, ..Default::default() });
    rule(c, "Adam", AdamConfig { lr: LR, ..Default::default() });
    rule(c, "AdamW", AdamWConfig { lr: LR, ..Default::default() });
    rule(c, "NAdam", NAdamConfig { lr: LR, ..Default::default() });
    rule(c, "RAdam", RAdamConfig { lr: LR, ..Default::default() });
    rule(c, "Lion", LionConfig { lr: LR, ..Default::default() });
    lbfgs(c);
    let sgd = Descent::<f32, _>::new(SgdConfig::default()).unwrap();
    clip(c, "clip_grad_norm", |model, grad| _ = sgd.clip_grad_norm(model, grad, 1e9).unwrap());
    clip(c, "clip_grad_value", |model, grad| sgd.clip_grad_value(model, grad, 0.5).unwrap());
    criterion.final_summary();
}

fn rule<R: Rule>(criterion: &mut Criterion, name: &str, config: R) {
    measure(
        criterion,
        item("update", name, 3 + 2 * config.buffers().len()),
        || (Vector::new(), gradient(), Descent::new(config).unwrap()),
        |(model, grad, descent)| descent.step(model, grad).unwrap(),
    );
}

/// One iteration with one evaluation on `½ Σ w²`, whose gradient is `w`, with ten pairs.
fn lbfgs(criterion: &mut Criterion) {
    let config = LbfgsConfig {
        lr: LR,
        max_iter: 1,
        max_eval: Some(2),
        tolerance_grad: 0.0,
        tolerance_change: 0.0,
        history_size: 10,
    };
    measure(
        criterion,
        item("update", "Lbfgs, ten pairs", 4 * 10),
        || (Vector::new(), gradient(), Lbfgs::new(config).unwrap()),
        |(model, grad, lbfgs)| {
            let step = lbfgs.step(model, grad, |model, grad| {
                grad.copy_from_slice(&model.0);
                Ok(model.0.iter().map(|w| 0.5 * w * w).sum())
            });
            let _ = step.unwrap();
        },
    );
}

fn clip(criterion: &mut Criterion, name: &str, mut clip: impl FnMut(&mut Vector, &mut Vec<f32>)) {
    measure(
        criterion,
        item("clip", name, 1),
        || (Vector::new(), gradient()),
        |(model, grad)| clip(model, grad),
    );
}

fn item(group: &str, name: &str, n_arrays: usize) -> Item {
    Item {
        group: group.into(),
        name: format!("{name}, 1 M parameters"),
        flop: 0,
        bytes: (n_arrays * size_of::<f32>() * PARAMETERS) as u64,
    }
}

fn gradient() -> Vec<f32> {
    repeat_with(uniform(2)).take(PARAMETERS).collect()
}

/// A model of one parameter, a long one. Its workspace is the gradient.
struct Vector(Vec<f32>);

impl Vector {
    fn new() -> Self {
        Self(repeat_with(uniform(1)).take(PARAMETERS).collect())
    }
}

impl Trainable<f32> for Vector {
    type Workspace = Vec<f32>;

    fn parameters(
        &mut self,
        grad: &mut Vec<f32>,
        visit: &mut dyn FnMut(Parameter<'_, f32>),
    ) -> Result<(), Error> {
        visit(Parameter::new(Path::of("weight"), Role::Weight, &mut self.0, grad));
        Ok(())
    }
}
