//! Losses whose batches are of a kind of their own.

use losses::{FocalConfig, FocalLoss, GaussianNllConfig, GaussianNllLoss, Labels, Reduction};
use tensor_core::Float;

use super::batch::{Classes, Drawn, of_rows, predictions, reduction};
use super::plain::Samples;
use super::{drive, more_plain};
use crate::case::Case;
use crate::laid::Laid;
use crate::num::Num;

pub(crate) fn focal<F: Float>(case: &mut Case) -> Option<()> {
    let (classes, reduction) = (Classes::draw(case), reduction(case));
    let gamma = case.draw.setting(&[2.0, 0.0, 1.0, 0.5]);
    let config = FocalConfig {
        gamma,
        class_weights: classes.weights.clone(),
        ignore_index: classes.ignore,
        reduction,
    };
    let loss = case.attempt("FocalLoss::new", || FocalLoss::new(config))?;
    let a = predictions::<F>(case);
    let (rows, columns) = a.view().dim();
    let drawn = Drawn::draw(case, rows, columns);
    let target = Labels::Signed(&drawn.signed);
    case.note(|| format!("{loss:?} A {:?} {target:?}", a.view()));
    let samples = || {
        let target = |n: usize| classes.of_class(drawn.signed[n].into(), columns);
        of_rows(&a, reduction, &|a, t| more_plain::focal(a, t, gamma), target)
    };
    if drive::whole(case, &loss, &a, target, samples) {
        drive::each(case, &loss, &a, target, &samples());
    }
    Some(())
}

pub(crate) fn gaussian<F: Float>(case: &mut Case) -> Option<()> {
    let config = GaussianNllConfig {
        log_variance: case.draw.once_in(2),
        full: case.draw.once_in(2),
        eps: case.draw.setting(&[1e-6, 1e-3]),
        reduction: reduction(case),
    };
    let loss = case.attempt("GaussianNllLoss::new", || GaussianNllLoss::new(config))?;
    let (rows, columns) = (case.draw.size(), case.draw.size());
    let y = Laid::<F>::draw(&mut case.draw, [rows, columns]);
    let drawn = Laid::<F>::draw(&mut case.draw, [rows, 2 * columns]);
    let positive = case.draw.once_in(2);
    let mut values = drawn.view().iter().copied().collect::<Vec<_>>().into_iter();
    let a = Laid::new(drawn.layout(), [rows, 2 * columns], || {
        let value = values.next().unwrap_or_default();
        if positive { value.abs() } else { value }
    });
    case.note(|| format!("{config:?} A {:?} Y {:?}", a.view(), y.view()));
    let samples = || of_gaussians(&a, &y, config);
    drive::whole(case, &loss, &a, &*y.view(), samples);
    Some(())
}

fn of_gaussians<F: Float>(a: &Laid<F>, y: &Laid<F>, config: GaussianNllConfig) -> Samples {
    let (rows, columns) = y.view().dim();
    let mut losses = Vec::new();
    let mut gradients = vec![Num::zero(); rows * 2 * columns];
    for (n, (a, y)) in a.view().rows().into_iter().zip(y.view().rows()).enumerate() {
        for c in 0..columns {
            let numbers = [a[c], a[columns + c], y[c]].map(Num::from);
            let (loss, [mean, variance]) = more_plain::gaussian(numbers, config);
            losses.push(loss);
            gradients[n * 2 * columns + c] = mean;
            gradients[n * 2 * columns + columns + c] = variance;
        }
    }
    Samples {
        losses,
        gradients,
        counts: vec![Num::of(columns as f64); rows],
        columns: 2 * columns,
        reduction: config.reduction,
        ignored: vec![false; rows],
        sparse: false,
        root: false,
    }
}

/// What a mean over rows counts for each, and not over elements.
pub(crate) fn by_rows(samples: Samples, reduction: Reduction) -> Samples {
    let counts = vec![Num::of(1.0); samples.counts.len()];
    Samples { counts, reduction, ..samples }
}
