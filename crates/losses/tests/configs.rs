//! A loss keeps the configuration it was given.

use losses::{
    BceWithLogitsConfig, BceWithLogitsLoss, CrossEntropyConfig, CrossEntropyLoss, HuberConfig,
    HuberLoss, NllConfig, NllLoss, Reduction, SmoothL1Config, SmoothL1Loss,
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
    Ok(())
}
