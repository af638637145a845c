//! What every rule refuses: constants that its type cannot hold, and models that break their
//! promises. And ε = 0, which it does not refuse.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

mod support;

use optim::{
    AdagradConfig, AdamConfig, AdamWConfig, Descent, Group, LionConfig, NAdamConfig, Optimizer,
    Penalty, RAdamConfig, RmsPropConfig, Rule, Select, SgdConfig,
};
use support::{Gradients, Vectors};
use tensor_core::{Error, Float, Parameter, Path, Role, Trainable};

// w = 1, g = 0: whatever ε and λ, there is no step, and the value stays to the bit.
fn stays<F: Float, R: Rule>(config: R) {
    let mut optimizer = Descent::<F, R>::new(config).unwrap();
    let mut model = Vectors::weight(&[F::one()]);
    for _ in 0..3 {
        optimizer.step(&mut model, &mut Gradients::of(&[&[F::zero()]])).unwrap();
    }
    assert_eq!(model.values(), [F::one()], "{config:?} in {}", F::NAME);
}

#[test]
fn without_a_gradient_there_is_no_step_even_with_an_epsilon_of_zero() {
    for eps in [0.0, 1e-50, 5e-324, 1e-8] {
        for lr in [0.0, 1e-3, 1e30] {
            macro_rules! stay {
                ($($config:expr),*) => { $( stays::<f32, _>($config); stays::<f64, _>($config); )* };
            }
            stay!(
                AdagradConfig { lr, eps, ..Default::default() },
                RmsPropConfig { lr, eps, ..Default::default() },
                RmsPropConfig { lr, eps, centered: true, momentum: 0.9, ..Default::default() },
                AdamConfig { lr, eps, ..Default::default() },
                AdamConfig { lr, eps, amsgrad: true, ..Default::default() },
                AdamWConfig { lr, eps, weight_decay: 0.0, ..Default::default() },
                NAdamConfig { lr, eps, ..Default::default() },
                RAdamConfig { lr, eps, ..Default::default() },
                LionConfig { lr, ..Default::default() },
                SgdConfig { lr, momentum: 0.9, ..Default::default() }
            );
        }
    }
}

/// The message of a configuration that is refused in `f32`; in `f64` it is not.
fn refused_in_f32<R: Rule>(config: R, message: &str) {
    let error = Descent::<f32, R>::new(config).unwrap_err().to_string();
    assert_eq!(error, format!("{}: expected {message}", R::NAME));
    assert!(Descent::<f64, R>::new(config).is_ok(), "{config:?}");
}

/// Every constant of every rule, beyond what `f32` can tell apart from 0, 1 or ∞.
#[test]
fn constants_are_checked_in_the_type_that_computes() {
    let holds =
        |name: &str| format!("{name} to be a number that the parameters' type holds, found");
    let big = format!("1{}", "0".repeat(39));
    let normal = "lr to be 0 or a normal number of the parameters' type, found";
    let tiny = format!("0.{}1", "0".repeat(41));
    macro_rules! every_rule {
        ($($Config:ident)*) => { $(
            let config = |lr, weight_decay| $Config { lr, weight_decay, ..Default::default() };
            refused_in_f32(config(1e39, 0.0), &format!("{normal} {big}"));
            refused_in_f32(config(1e-42, 0.0), &format!("{normal} {tiny}"));
            refused_in_f32(config(0.5, 1e39), &format!("{} {big}", holds("weight_decay")));
            let product = format!("{} 1{}", holds("lr · weight_decay"), "0".repeat(40));
            refused_in_f32(config(1e20, 1e20), &product);
            let mut optimizer = Descent::<f32, _>::new(config(0.5, 0.0)).unwrap();
            assert!(optimizer.set_lr(1e39).is_err() && optimizer.lr() == 0.5);
            optimizer.set_lr(1e-60).unwrap(); // where a schedule ends
            optimizer.set_lr(0.5).unwrap();
            let group = Group::new(Select::all()).lr_factor(1e39);
            assert!(optimizer.clone().with_group(group).is_err());
            let group = Group::new(Select::all()).lr_factor(1e300);
            let mut grouped = optimizer.clone();
            grouped.set_lr(0.0).unwrap();
            let mut grouped = grouped.with_group(group).unwrap();
            assert!(grouped.set_lr(1.0).is_err() && grouped.lr() == 0.0);
        )* };
    }
    every_rule!(SgdConfig AdagradConfig RmsPropConfig AdamConfig AdamWConfig NAdamConfig RAdamConfig LionConfig);

    let near = 1.0 - 1e-9;
    let below = |name: &str| format!("{name} to be below 1 in the parameters' type, found {near}");
    let (first, second) = ((near, 0.5), (0.5, near));
    refused_in_f32(AdamConfig { betas: first, ..Default::default() }, &below("beta 1"));
    refused_in_f32(AdamConfig { betas: second, ..Default::default() }, &below("beta 2"));
    refused_in_f32(AdamWConfig { betas: first, ..Default::default() }, &below("beta 1"));
    refused_in_f32(AdamWConfig { betas: second, ..Default::default() }, &below("beta 2"));
    refused_in_f32(NAdamConfig { betas: first, ..Default::default() }, &below("beta 1"));
    refused_in_f32(NAdamConfig { betas: second, ..Default::default() }, &below("beta 2"));
    refused_in_f32(RAdamConfig { betas: first, ..Default::default() }, &below("beta 1"));
    refused_in_f32(RAdamConfig { betas: second, ..Default::default() }, &below("beta 2"));
    refused_in_f32(LionConfig { betas: first, ..Default::default() }, &below("beta 1"));
    refused_in_f32(LionConfig { betas: second, ..Default::default() }, &below("beta 2"));
    refused_in_f32(RmsPropConfig { alpha: near, ..Default::default() }, &below("alpha"));
    let momentum = format!("momentum to be below 1 in the parameters' type as well, found {near}");
    refused_in_f32(SgdConfig { momentum: near, ..Default::default() }, &momentum);

    let eps = format!("{} {big}", holds("eps"));
    refused_in_f32(AdamConfig { eps: 1e39, ..Default::default() }, &eps);
    refused_in_f32(AdamWConfig { eps: 1e39, ..Default::default() }, &eps);
    refused_in_f32(NAdamConfig { eps: 1e39, ..Default::default() }, &eps);
    refused_in_f32(RAdamConfig { eps: 1e39, ..Default::default() }, &eps);
    refused_in_f32(RmsPropConfig { eps: 1e39, ..Default::default() }, &eps);
    refused_in_f32(AdagradConfig { eps: 1e39, ..Default::default() }, &eps);
    let large = format!("1{}", "0".repeat(32));
    let eps =
        format!("eps to be small beside the largest number of the parameters' type, found {large}");
    refused_in_f32(AdamConfig { eps: 1e32, ..Default::default() }, &eps);
    refused_in_f32(AdamWConfig { eps: 1e32, ..Default::default() }, &eps);
    refused_in_f32(NAdamConfig { eps: 1e32, ..Default::default() }, &eps);
    refused_in_f32(RAdamConfig { eps: 1e32, ..Default::default() }, &eps);
    refused_in_f32(RmsPropConfig { eps: 1e32, ..Default::default() }, &eps);
    refused_in_f32(AdagradConfig { eps: 1e32, ..Default::default() }, &eps);
    let momentum = format!("{} {big}", holds("momentum"));
    refused_in_f32(SgdConfig { momentum: 1e39, ..Default::default() }, &momentum);
    refused_in_f32(RmsPropConfig { momentum: 1e39, ..Default::default() }, &momentum);
    let dampening = format!("{} -{big}", holds("dampening"));
    let config = SgdConfig { momentum: 0.5, dampening: -1e39, ..Default::default() };
    refused_in_f32(config, &dampening);
    let initial = format!("{} {big}", holds("initial_accumulator_value"));
    let config = AdagradConfig { initial_accumulator_value: 1e39, ..Default::default() };
    refused_in_f32(config, &initial);
}

/// A model of the user's own: paths, and lengths of values and gradients.
struct Own(Vec<(&'static str, usize, usize)>);

impl Trainable<f32> for Own {
    type Workspace = Vec<f32>;

    fn parameters(
        &mut self,
        written: &mut Vec<f32>,
        visit: &mut dyn FnMut(Parameter<'_, f32>),
    ) -> Result<(), Error> {
        for &(name, value, grad) in &self.0 {
            let (mut value, mut grad) = (vec![1.0; value], vec![0.5; grad]);
            visit(Parameter::new(Path::of(name), Role::Weight, &mut value, &mut grad));
            written.extend(value.iter().filter(|&&w| w != 1.0));
            written.extend(grad.iter().filter(|&&g| g != 0.5));
        }
        Ok(())
    }
}

/// A gradient that is too short or too long is a typed error, and nothing has moved.
#[test]
fn a_gradient_of_another_length_is_refused() {
    for (value, grad) in [(3, 2), (2, 3), (1, 0), (0, 1), (100, 99)] {
        let (mut model, mut written) = (Own(vec![("a", 2, 2), ("b", value, grad)]), Vec::new());
        let mut sgd = Descent::<f32, _>::new(SgdConfig::default()).unwrap();
        let penalty = Penalty::l1(1.0, Select::all()).unwrap();
        let (m, w) = (&mut model, &mut written);
        let found = [
            ("sgd", sgd.step(m, w).unwrap_err()),
            ("clip_grad_norm", sgd.clip_grad_norm(m, w, 1e-3).unwrap_err()),
            ("clip_grad_value", sgd.clip_grad_value(m, w, 1e-3).unwrap_err()),
            ("l1 penalty", sgd.penalty(&penalty, m, w).unwrap_err()),
            ("l1 penalty", sgd.add_penalty(&penalty, m, w).unwrap_err()),
        ];
        for (place, error) in found {
            let shapes = format!("expected shape ({value}), found ({grad})");
            assert_eq!(error.to_string(), format!("{place}: gradient of b: {shapes}"));
        }
        assert!(written.is_empty() && sgd.state().parameters.is_empty());
        // The same after steps that were all right.
        (model.0[1], written) = (("b", value, value), Vec::new());
        sgd.step(&mut model, &mut written).unwrap();
        (model.0[1], written) = (("b", value, grad), Vec::new());
        assert!(sgd.step(&mut model, &mut written).is_err() && written.is_empty());
    }
}

#[test]
fn two_parameters_of_one_name_are_refused() {
    let (mut model, mut written) = (Own(vec![("a", 2, 2), ("a", 2, 2)]), Vec::new());
    let mut sgd = Descent::<f32, _>::new(SgdConfig::default()).unwrap();
    let error = sgd.step(&mut model, &mut written).unwrap_err().to_string();
    let message = "sgd: expected every tensor to have a name of its own, found two \"a\"";
    assert_eq!((&error[..], &written[..]), (message, &[][..]));
}

#[test]
fn a_parameter_of_no_elements_is_stepped_over() {
    let (mut model, mut written) = (Own(vec![("a", 0, 0), ("b", 2, 2)]), Vec::new());
    let mut adam = Descent::<f32, _>::new(AdamConfig::default()).unwrap();
    for _ in 0..2 {
        adam.clip_grad_norm(&mut model, &mut written, 100.0).unwrap();
        adam.step(&mut model, &mut written).unwrap();
    }
    assert_eq!(written.len(), 4);
    let lengths: Vec<_> =
        adam.state().parameters.iter().map(|p| (p.length, p.buffers.len(), p.steps)).collect();
    assert_eq!(lengths, [(0, 0, 2), (2, 4, 2)]);
    adam.restore(adam.state().clone()).unwrap();
    assert_eq!(adam.state().buffer("a", "exp_avg").unwrap(), []);
}
