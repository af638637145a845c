//! A loss keeps the configuration it was given.

use losses::{
    BceWithLogitsConfig, BceWithLogitsLoss, BinaryFocalConfig, BinaryFocalLoss, CrossEntropyConfig,
    CrossEntropyLoss, FocalConfig, FocalLoss, GaussianNllConfig, GaussianNllLoss, HingeConfig,
    HingeLoss, HuberConfig, HuberLoss, KlDivConfig, KlDivLoss, NllConfig, NllLoss, PinballConfig,
    PinballLoss, PoissonNllConfig, PoissonNllLoss, Reduction, SmoothL1Config, SmoothL1Loss,
};
use tensor_core::Error;

#[test]
fn configurations_are_kept() -> Result<(), Error> {
    let (class_weights, reduction) = (Some(vec![0.5, 2.0]), Reduction::Sum);
    let cross_entropy = CrossEntropyConfig {
        class_weights: class_weights.clone(),
        ignore_index: Some(2),
        label_smoothing: 0.25,
        reduction,
    };
    assert_eq!(CrossEntropyLoss::new(cross_entropy.clone())?.config(), &cross_entropy);
    let nll = NllConfig { class_weights: class_weights.clone(), ignore_index: Some(2), reduction };
    assert_eq!(NllLoss::new(nll.clone())?.config(), &nll);
    let bce = BceWithLogitsConfig { pos_weight: class_weights, reduction };
    assert_eq!(BceWithLogitsLoss::new(bce.clone())?.config(), &bce);
    let huber = HuberConfig { delta: 0.5, reduction };
    assert_eq!(HuberLoss::new(huber)?.config(), huber);
    let smooth = SmoothL1Config { beta: 0.5, reduction };
    assert_eq!(SmoothL1Loss::new(smooth)?.config(), smooth);
    let pinball = PinballConfig { quantiles: vec![0.25], reduction };
    assert_eq!(PinballLoss::new(pinball.clone())?.config(), &pinball);
    let hinge = HingeConfig { squared: true, reduction };
    assert_eq!(HingeLoss::new(hinge).config(), hinge);
    let kl = KlDivConfig { log_target: true, reduction };
    assert_eq!(KlDivLoss::new(kl).config(), kl);
    let poisson = PoissonNllConfig { log_input: false, full: true, eps: 1e-3, reduction };
    assert_eq!(PoissonNllLoss::new(poisson)?.config(), poisson);
    let gaussian = GaussianNllConfig { log_variance: true, full: true, eps: 1e-3, reduction };
    assert_eq!(GaussianNllLoss::new(gaussian)?.config(), gaussian);
    let focal = BinaryFocalConfig { alpha: None, gamma: 1.0, reduction };
    assert_eq!(BinaryFocalLoss::new(focal)?.config(), focal);
    let (gamma, ignore_index) = (1.0, Some(2));
    let class_weights = Some(vec![0.5, 2.0]);
    let focal = FocalConfig { gamma, class_weights, ignore_index, reduction };
    assert_eq!(FocalLoss::new(focal.clone())?.config(), &focal);
    Ok(())
}
