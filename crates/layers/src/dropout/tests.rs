//! Masks, and the passes that multiply by them.

use ndarray::{Array2, array};
use tensor_core::{Path, Rng};

use super::{Dropout, DropoutCache, Position};
use crate::{Layer, Mode, Saved};

fn train(dropout: &Dropout, cache: &mut DropoutCache<f64>, x: &Array2<f64>) -> Array2<f64> {
    let mut y = Array2::from_elem(x.dim(), f64::NAN);
    dropout.forward(x, &mut y, cache, Mode::Train).unwrap();
    y
}

// Plainly: word number row·4 + column of stream 2⁶³ + step, for three columns rounded up to
// four.
#[test]
fn the_mask_is_a_function_of_seed_step_row_and_column() {
    let mut stream = Rng::with_stream(7, (1 << 63) + 2);
    let words: Vec<u32> =
        (0..10).map(|_| stream.next_u64()).flat_map(|w| [w as u32, (w >> 32) as u32]).collect();
    let expected = Array2::from_shape_fn((5, 3), |(n, c)| {
        if f64::from(words[n * 4 + c]) < 0.25 * 4_294_967_296.0 { 0.0 } else { 1.0 / 0.75 }
    });
    assert!(expected.iter().any(|&m| m == 0.0) && expected.iter().any(|&m| m > 0.0));
    let dropout = Dropout::new(0.25, 7).unwrap().with_step(2);
    let x = Array2::ones((5, 3));
    assert_eq!(train(&dropout, &mut dropout.cache(5, 3).unwrap(), &x), expected);
}

// Weights of the same seed are drawn from stream 0: a mask from there would not be independent
// of them.
#[test]
fn no_step_draws_from_the_stream_of_the_weights() {
    let mut weights = Rng::new(7);
    let words: Vec<u32> =
        (0..32).map(|_| weights.next_u64()).flat_map(|w| [w as u32, (w >> 32) as u32]).collect();
    let x = Array2::ones((1, 64));
    let dropped: Vec<bool> = words.iter().map(|w| *w < 1 << 31).collect();
    for step in [0, 1 << 63] {
        let dropout = Dropout::new(0.5, 7).unwrap().with_step(step);
        let mask = train(&dropout, &mut dropout.cache(1, 64).unwrap(), &x);
        assert!(mask.iter().map(|m| *m == 0.0).ne(dropped.iter().copied()), "step {step}");
    }
}

#[test]
fn backward_applies_the_mask_of_forward() {
    let dropout = Dropout::new(0.5, 1).unwrap();
    let (x, dy) =
        (Array2::ones((3, 50)), Array2::from_shape_fn((3, 50), |(n, c)| (n * 50 + c + 1) as f64));
    let mut cache = dropout.cache(4, 50).unwrap();
    let mask = train(&dropout, &mut cache, &x);
    let mut dx = Array2::from_elem(x.dim(), f64::NAN);
    let saved = Saved { x: &x, y: &mask, cache: &mut cache };
    dropout.backward(saved, &dy, Some(&mut dx), &mut dropout.clone()).unwrap();
    assert_eq!(dx, &mask * &dy);
    assert!((40..110).contains(&mask.iter().filter(|&&m| m == 0.0).count()));

    // After evaluation the identity, whatever the mask before it.
    let mut y = Array2::zeros(x.dim());
    dropout.forward(&x, &mut y, &mut cache, Mode::Eval).unwrap();
    let saved = Saved { x: &x, y: &y, cache: &mut cache };
    dropout.backward(saved, &dy, Some(&mut dx), &mut dropout.clone()).unwrap();
    assert_eq!((y, dx), (x, dy));
}

#[test]
fn only_a_settled_training_pass_changes_the_mask() {
    let mut dropout = Dropout::new(0.5, 3).unwrap();
    let x = Array2::ones((2, 64));
    let mut cache = dropout.cache(2, 64).unwrap();
    let first = train(&dropout, &mut cache, &x);
    assert_eq!(train(&dropout, &mut cache, &x), first);
    Layer::<f64>::settle(&mut dropout, &mut cache, Path::root(), &|_| true);
    Layer::<f64>::settle(&mut dropout, &mut cache, Path::root(), &|_| true);
    assert_eq!(dropout.step(), 1, "settled twice after one pass");
    let second = train(&dropout, &mut cache, &x);
    assert_ne!(second, first);
    dropout.forward(&x, &mut Array2::zeros((2, 64)), &mut cache, Mode::Eval).unwrap();
    dropout.settle(&mut cache, Path::root(), &|_| true);
    assert_eq!(dropout.step(), 1, "evaluation leaves nothing to settle");
    let resumed = Dropout::new(0.5, 3).unwrap().with_step(1);
    assert_eq!(train(&resumed, &mut cache, &x), second);
    let other = Dropout::new(0.5, 4).unwrap();
    assert_ne!(train(&other, &mut cache, &x), first);
}

#[test]
fn a_cut_batch_has_the_masks_of_the_whole() {
    for (n, c) in [(8, 1), (8, 3), (7, 16), (9, 65)] {
        let mut dropout = Dropout::new(0.3, 5).unwrap();
        let x = Array2::ones((n, c));
        let whole = train(&dropout, &mut dropout.cache(n, c).unwrap(), &x);
        for cut in 1..n {
            let parts = [0..cut, cut..n].map(|rows| {
                let mut cache = dropout.cache(n, c).unwrap();
                dropout.start_at(&mut cache, rows.start as u64);
                let part = train(&dropout, &mut cache, &Array2::ones((rows.len(), c)));
                (part, cache)
            });
            let [(top, mut first), (bottom, mut second)] = parts;
            let joined = ndarray::concatenate![ndarray::Axis(0), top, bottom];
            assert_eq!(joined, whole, "({n}, {c}) cut at {cut}");
            let before = dropout.step();
            dropout.settle(&mut first, Path::root(), &|_| true);
            dropout.settle(&mut second, Path::root(), &|_| true);
            assert_eq!(dropout.step(), before + 1, "two parts are one step");
            dropout = dropout.with_step(0);
        }
    }
}

#[test]
fn probabilities_are_checked_when_built() {
    for p in [-0.1, 1.0, 1.5, f64::NAN] {
        let message = format!("Dropout: expected p to be a number from 0 to below 1, found {p}");
        assert_eq!(Dropout::new(p, 0).unwrap_err().to_string(), message);
    }
    let dropout = Dropout::new(0.0, 0).unwrap();
    let x = array![[1.0, -0.0, f64::MIN_POSITIVE / 2.0, 1e300]];
    assert_eq!(train(&dropout, &mut dropout.cache(1, 4).unwrap(), &x), x);
}

// The first word of row 5 997 734 is the first one of seed 1 that is 0: 0 is not below 2³²·p =
// 0.
#[test]
fn without_a_probability_nothing_is_dropped() {
    let row = 5_997_734;
    let word = Rng::at(Position { seed: 1, stream: 1 << 63, word: 2 * row }).next_u64() as u32;
    assert_eq!(word, 0, "the case is not met");
    let dropout = Dropout::new(0.0, 1).unwrap();
    let mut cache = dropout.cache(1, 1).unwrap();
    dropout.start_at(&mut cache, row);
    assert_eq!(train(&dropout, &mut cache, &array![[3.0]]), array![[3.0]]);
}

#[test]
fn inference_is_the_identity() {
    let x = array![[1.0, -2.0], [0.5, 3.0]];
    let mut y = Array2::from_elem((2, 2), f64::NAN);
    Dropout::new(0.5, 1).unwrap().infer(&x, &mut y).unwrap();
    assert_eq!(y, x);
}

// Of n entries n·p are dropped, with a standard deviation of √(n·p·(1 − p)): five of them.
#[test]
fn the_fraction_of_dropped_entries_is_p() {
    let n = 200_000.0_f64;
    for p in [0.001, 0.1, 0.5, 0.9, 0.999] {
        let dropout = Dropout::new(p, 11).unwrap();
        let x = Array2::ones((1000, 200));
        let mask = train(&dropout, &mut dropout.cache(1000, 200).unwrap(), &x);
        let dropped = mask.iter().filter(|&&m| m == 0.0).count() as f64;
        assert!((dropped - n * p).abs() < 5.0 * (n * p * (1.0 - p)).sqrt(), "p = {p}: {dropped}");
        let kept = mask.iter().find(|&&m| m != 0.0).copied();
        assert_eq!(kept, Some(1.0 / (1.0 - p)));
    }
}
