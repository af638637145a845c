//! Frozen is frozen, by the model or by a group whose rate has the factor 0.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

mod support;

use optim::{
    AdagradConfig, AdamConfig, AdamWConfig, Descent, Group, Optimizer, Penalty, RmsPropConfig,
    Rule, Select, SgdConfig,
};
use support::{Gradients, Vectors};
use tensor_core::{Float, Role};

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
        };
    }
    every_rule!(f32);
    every_rule!(f64);
}
