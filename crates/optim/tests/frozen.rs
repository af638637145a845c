//! Frozen is frozen, by the model or by a group whose rate has the factor 0.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing test panics, in helpers as well")]

mod support;

use optim::{
    AdagradConfig, AdamConfig, AdamWConfig, Descent, Group, LionConfig, NAdamConfig, Optimizer,
    Penalty, RAdamConfig, RmsPropConfig, Rule, Select, SgdConfig,
};
use support::{Gradients, Vectors};
use tensor_core::{Error, Float, Parameter, Role, Trainable};

/// Layer 0 with two weights and layer 1 with one.
fn model<F: Float>() -> Vectors<F> {
    Vectors(vec![
        (0, "weight", Role::Weight, vec![F::one(); 2]),
        (1, "weight", Role::Weight, vec![F::one()]),
    ])
}

fn first_layer_frozen<F: Float, R: Rule>(config: R) -> Descent<F, R> {
    let frozen = Group::new(Select::within("0")).lr_factor(0.0);
    Descent::new(config).unwrap().with_group(frozen).unwrap()
}

// ahrefs/ocannl#673: the norm of (30, 40, ½) is 50.0025, that of what is trained ½ < 1.
#[test]
fn a_frozen_layer_counts_in_no_norm() {
    let mut gradients = Gradients::of(&[&[30.0, 40.0], &[0.5]]);
    let sgd = first_layer_frozen::<f64, _>(SgdConfig::default());
    assert_eq!(sgd.clip_grad_norm(&mut model(), &mut gradients, 1.0).unwrap(), 0.5);
    assert_eq!(gradients.0.unwrap(), [vec![30.0, 40.0], vec![0.5]]);
}

/// Whatever is computed between backward pass and step, and the step itself, leave a frozen layer
/// as it is and do not see its gradients, ∞ and NaN included.
fn is_left_alone<F: Float, R: Rule>(config: R) {
    for bad in [1.0, 1e30, f64::INFINITY, f64::NEG_INFINITY, f64::NAN].map(F::of) {
        let (mut optimizer, mut model) = (first_layer_frozen::<F, R>(config), model::<F>());
        model.0[0].3[1] = F::infinity();
        let mut gradients = Gradients::of(&[&[bad, bad], &[F::of(0.5)]]);
        for _ in 0..3 {
            let (m, g) = (&mut model, &mut gradients);
            assert_eq!(optimizer.clip_grad_norm(m, g, 1.0).unwrap(), F::of(0.5), "{}", R::NAME);
            optimizer.clip_grad_value(m, g, 0.75).unwrap();
            for penalty in [Penalty::l1(0.0625, Select::all()), Penalty::l2(0.0625, Select::all())]
            {
                let penalty = penalty.unwrap();
                assert!(optimizer.penalty(&penalty, m, g).unwrap() <= F::of(0.0625));
                assert!(optimizer.add_penalty(&penalty, m, g).unwrap() <= F::of(0.0625));
            }
            optimizer.step(m, g).unwrap();
            g.0.as_mut().unwrap()[1] = vec![F::of(0.5)];
        }
        assert_eq!(model.0[0].3, [F::one(), F::infinity()], "{}", R::NAME);
        let left = &gradients.0.as_ref().unwrap()[0];
        assert!(left.iter().all(|&g| g == bad || (g.is_nan() && bad.is_nan())), "{}", R::NAME);
        assert!(model.0[1].3[0] < F::one(), "{}: what is trained moves", R::NAME);
        assert_eq!(gradients.1, [false, true], "{}: statistics of layer 0 rest", R::NAME);
        let [frozen, trained] = &optimizer.state().parameters[..] else { panic!("two parameters") };
        assert_eq!((frozen.steps, frozen.buffers.len(), trained.steps), (0, 0, 3), "{}", R::NAME);
    }
}

#[test]
fn every_rule_leaves_a_frozen_group_alone() {
    macro_rules! every_rule {
        ($F:ty) => {
            is_left_alone::<$F, _>(SgdConfig {
                momentum: 0.9,
                weight_decay: 0.1,
                ..Default::default()
            });
            is_left_alone::<$F, _>(AdagradConfig { weight_decay: 0.1, ..Default::default() });
            is_left_alone::<$F, _>(RmsPropConfig {
                centered: true,
                weight_decay: 0.1,
                ..Default::default()
            });
            is_left_alone::<$F, _>(AdamConfig { weight_decay: 0.1, ..Default::default() });
            is_left_alone::<$F, _>(AdamWConfig::default());
            is_left_alone::<$F, _>(NAdamConfig { weight_decay: 0.1, ..Default::default() });
            is_left_alone::<$F, _>(RAdamConfig { weight_decay: 0.1, ..Default::default() });
            is_left_alone::<$F, _>(LionConfig { weight_decay: 0.1, ..Default::default() });
        };
    }
    every_rule!(f32);
    every_rule!(f64);
}

/// A model that is frozen at some steps: what is trained again begins anew, with the step count
/// that corrects the bias of its buffers.
#[test]
fn what_is_trained_again_begins_anew() {
    struct Freezable(Vectors<f64>, bool);
    impl Trainable<f64> for Freezable {
        type Workspace = Gradients<f64>;
        fn parameters(
            &mut self,
            gradients: &mut Gradients<f64>,
            visit: &mut dyn FnMut(Parameter<'_, f64>),
        ) -> Result<(), Error> {
            let frozen = self.1;
            self.0.parameters(gradients, &mut |p| visit(Parameter { frozen, ..p }))
        }
    }
    let mut adam = Descent::new(AdamConfig::default()).unwrap();
    let mut model = Freezable(Vectors::weight(&[1.0]), false);
    let mut gradient = Gradients::of(&[&[2.0]]);
    adam.step(&mut model, &mut gradient).unwrap();
    let after_one = (model.0.values()[0], adam.state().parameters[0].clone());
    model.1 = true;
    adam.step(&mut model, &mut gradient).unwrap();
    let entry = &adam.state().parameters[0];
    assert_eq!((model.0.values()[0], entry.steps, &entry.buffers[..]), (after_one.0, 0, &[][..]));
    (model.0, model.1) = (Vectors::weight(&[1.0]), false);
    adam.step(&mut model, &mut gradient).unwrap();
    assert_eq!((model.0.values()[0], adam.state().parameters[0].clone()), after_one);
    assert_eq!(adam.state().steps, 3);
}

/// A group that chooses nothing is a slip of the pen: refused by the first step after it came,
/// with what it says of itself and the names there are.
#[test]
fn a_group_without_parameters_is_refused() {
    for (select, name) in [
        (Select::within("7"), "within 7"),
        (Select::biases_and_norms(), "biases and norms"),
        (Select::by(|_| false), "by a function"),
        (Select::by(|_| false).named("head"), "head"),
    ] {
        let sgd = Descent::new(SgdConfig::default()).unwrap();
        let mut sgd = sgd.with_group(Group::new(select).lr_factor(0.5)).unwrap();
        let (mut model, mut gradients) = (model::<f64>(), Gradients::of(&[&[1.0; 2], &[1.0]]));
        let message = format!("sgd: group: expected one of 0.weight, 1.weight, found \"{name}\"");
        for _ in 0..2 {
            let error = sgd.step(&mut model, &mut gradients).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        assert_eq!((model.0[0].3[0], sgd.state().steps), (1.0, 0));
    }
}
