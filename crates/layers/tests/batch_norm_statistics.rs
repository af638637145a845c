//! BatchNorm1d's running statistics: once a step, by every pass that counts, and by none that is
//! refused.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use layers::{BatchNorm1d, BatchNorm1dConfig, Layer, Mode, Part};
use ndarray::{Array2, array};
use tensor_core::Path;

// Z = [1, 3]: μ = 2, σ² = 1 biased, 2 unbiased. From mean 0 and variance 1 with momentum ¼:
//   mean ¾·0 + ¼·2 = ½; variance ¾ + ¼·1 = 1, or ¾ + ¼·2 = 5/4
#[test]
fn running_statistics_move_once_for_each_training_pass() {
    for (unbiased_running_var, variance) in [(false, 1.0), (true, 1.25)] {
        let config =
            BatchNorm1dConfig { momentum: 0.25, unbiased_running_var, ..Default::default() };
        let mut norm = BatchNorm1d::<f64>::with_config(1, config).unwrap();
        let (x, mut y, mut cache) =
            (array![[1.0], [3.0]], Array2::zeros((2, 1)), norm.cache(2, 1).unwrap());
        norm.settle(&mut cache, Path::root(), &|_| true);
        norm.forward(&x, &mut y, &mut cache, Mode::Train).unwrap();
        norm.forward(&x, &mut y, &mut cache, Mode::Train).unwrap();
        assert_eq!((norm.running_mean()[0], norm.running_var()[0]), (0.0, 1.0));
        for _ in 0..2 {
            norm.settle(&mut cache, Path::root(), &|_| true);
            assert_eq!((norm.running_mean()[0], norm.running_var()[0]), (0.5, variance));
        }
        norm.forward(&x, &mut y, &mut cache, Mode::Train).unwrap();
        norm.forward(&x, &mut y, &mut cache, Mode::Eval).unwrap();
        norm.settle(&mut cache, Path::root(), &|_| true);
        assert_eq!((norm.running_mean()[0], norm.running_var()[0]), (0.5, variance));
    }
}

// Z = [0, 0, 6, 6]: μ = 3, σ² = 9 biased, 9·4/3 = 12 unbiased. From mean 0 and variance 1 with
// momentum ¼, twice:
//   mean ¾, then 9/16 + ¾ = 21/16
//   variance ¾ + 9/4 = 3, then 9/4 + 9/4 = 9/2; unbiased ¾ + 3 = 15/4, then 45/16 + 3 = 93/16
#[test]
fn running_statistics_fade() {
    for (unbiased_running_var, variances) in [(false, [3.0, 4.5]), (true, [3.75, 5.8125])] {
        let config =
            BatchNorm1dConfig { momentum: 0.25, unbiased_running_var, ..Default::default() };
        let mut norm = BatchNorm1d::<f64>::with_config(1, config).unwrap();
        let x = array![[0.0], [0.0], [6.0], [6.0]];
        let (mut y, mut cache) = (Array2::zeros((4, 1)), norm.cache(4, 1).unwrap());
        for (mean, variance) in [0.75, 1.3125].into_iter().zip(variances) {
            norm.forward(&x, &mut y, &mut cache, Mode::Train).unwrap();
            norm.settle(&mut cache, Path::root(), &|_| true);
            let found = [norm.running_mean()[0] / mean, norm.running_var()[0] / variance];
            assert!(found.iter().all(|f| (f - 1.0).abs() <= 4.0 * f64::EPSILON), "{norm:?}");
        }
    }
}

// An error changes nothing: what the pass before has kept is there to be read and settled.
#[test]
fn a_refused_batch_changes_nothing() {
    let config = BatchNorm1dConfig { momentum: 0.5, ..Default::default() };
    let mut norm = BatchNorm1d::<f64>::with_config(1, config).unwrap();
    let (x, mut y, mut cache) =
        (array![[1.0], [3.0]], Array2::zeros((2, 1)), norm.cache(2, 1).unwrap());
    norm.forward(&x, &mut y, &mut cache, Mode::Train).unwrap();
    let (one, mut out) = (array![[5.0]], array![[7.0]]);
    let result = norm.forward(&one, &mut out, &mut cache, Mode::Train);
    let message = "BatchNorm1d: expected at least 2 rows in training, found 1";
    assert_eq!(result.unwrap_err().to_string(), message);
    assert_eq!((cache.mean(0), cache.variance(0), out), (2.0, 1.0, array![[7.0]]));
    norm.settle(&mut cache, Path::root(), &|_| true);
    assert_eq!(norm.running_mean()[0], 0.5 * 2.0);
    // In evaluation one row is as good as any number.
    norm.forward(&one, &mut Array2::zeros((1, 1)), &mut cache, Mode::Eval).unwrap();
}

// With α = ¾ and parts of μ = 2, σ² = 1 and of μ = 7, σ² = 4 the running mean is ¼·2 = ½, then ¾·½
// + ¼·7 = 2.125, and the running variance ¾ + ¼·1 = 1, then ¾·1 + ¼·4 = 1.75; unbiased, with
// variances 2 and 8, ¾ + ½ = 1.25, then ¾·1.25 + 2 = 2.9375. A pass that is not counted is
// replaced.
#[test]
fn running_statistics_move_by_every_pass_that_counts() {
    for (unbiased_running_var, [one, two]) in [(false, [1.0, 1.75]), (true, [1.25, 2.9375])] {
        let config =
            BatchNorm1dConfig { momentum: 0.25, unbiased_running_var, ..Default::default() };
        let new = BatchNorm1d::<f64>::with_config(1, config).unwrap();
        let (parts, mut y) = ([array![[1.0], [3.0]], array![[5.0], [9.0]]], Array2::zeros((2, 1)));
        // How the first and the second pass count, and what is expected of both.
        let table = [
            ([None, None], (1.75, if unbiased_running_var { 2.75 } else { 1.75 })),
            ([Some(Part::Whole), Some(Part::Further)], (2.125, two)),
            ([Some(Part::Further), Some(Part::Further)], (2.125, two)),
            ([Some(Part::Further), None], (2.125, two)),
            (
                [Some(Part::Whole), Some(Part::Whole)],
                (1.75, one + if unbiased_running_var { 1.5 } else { 0.75 }),
            ),
        ];
        for (counts, expected) in table {
            let (mut norm, mut cache) = (new.clone(), new.cache(2, 1).unwrap());
            for (x, part) in parts.iter().zip(counts) {
                norm.forward(x, &mut y, &mut cache, Mode::Train).unwrap();
                if let Some(part) = part {
                    norm.count(&mut cache, part);
                }
            }
            for _ in 0..2 {
                norm.settle(&mut cache, Path::root(), &|_| true);
                let found = (norm.running_mean()[0], norm.running_var()[0]);
                assert_eq!(found, expected, "{counts:?}, unbiased {unbiased_running_var}");
            }
        }
    }
}
