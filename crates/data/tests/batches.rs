//! Batches: every row once, in an order of seed and epoch alone, without allocations.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use data::{BatchTarget, Batches, Dataset, Shares, Split, Target};
use ndarray::{Array2, array};

/// Row `i` holds `i` and `−i`, is of class `i mod 3` and has the weight `i`.
fn dataset(n: usize) -> Dataset<f64> {
    let x = Array2::from_shape_fn((n, 2), |(i, j)| if j == 0 { i as f64 } else { -(i as f64) });
    let target = Target::classes((0..n).map(|i| i % 3).collect(), ["a", "b", "c"]).unwrap();
    let dataset = Dataset::new(x, target).unwrap();
    dataset.with_weights((0..n).map(|i| i as f64).collect()).unwrap()
}

/// The rows of what is left of an epoch, batch by batch.
fn rows(batches: &mut Batches<'_, f64>) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    while let Some(batch) = batches.next_batch() {
        let rows: Vec<usize> = batch.features.column(0).iter().map(|&x| x as usize).collect();
        assert_eq!(batch.n_rows(), rows.len());
        assert_eq!(batch.features.column(1), batch.features.column(0).mapv(|x| -x));
        let BatchTarget::Classes(labels) = batch.target else { panic!("classes") };
        assert_eq!(labels, rows.iter().map(|row| row % 3).collect::<Vec<_>>());
        let weights = batch.weights.unwrap();
        assert_eq!(weights, rows.iter().map(|&row| row as f64).collect::<Vec<_>>());
        all.push(rows);
    }
    all
}

#[test]
fn each_row_once_an_epoch_in_an_order_of_seed_and_epoch_alone() {
    for (n, batch_size) in [(1, 1), (7, 3), (9, 3), (10, 4), (5, 99)] {
        let dataset = dataset(n);
        let mut batches = dataset.batches(batch_size, 7).unwrap();
        assert_eq!(batches.n_batches(), n.div_ceil(batch_size));
        let epochs: Vec<_> = (0..4)
            .map(|epoch| {
                batches.start(epoch);
                rows(&mut batches)
            })
            .collect();
        for (epoch, batches) in epochs.iter().enumerate() {
            let mut sorted = batches.concat();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..n).collect::<Vec<_>>());
            assert!(batches.iter().rev().skip(1).all(|batch| batch.len() == batch_size));
            // Asked for alone, after another one, and from any batch on.
            for skipped in 0..=batches.len() {
                let mut alone = dataset.batches(batch_size, 7).unwrap();
                alone.start(99);
                alone.next_batch();
                alone.start(epoch as u64);
                alone.skip(skipped);
                assert_eq!(rows(&mut alone), batches[skipped..], "epoch {epoch}, {skipped}");
            }
        }
        let other_seed = rows(&mut dataset.batches(batch_size, 8).unwrap());
        assert_eq!(n < 5, epochs[0] == epochs[1] || epochs[0] == other_seed);
    }
}

#[test]
fn a_smaller_last_batch_is_left_out_on_request_and_never_the_only_one() {
    let sizes = |n, batch_size| {
        let dataset = dataset(n);
        let mut batches = dataset.batches(batch_size, 1).unwrap().drop_last(true);
        let sizes: Vec<usize> = rows(&mut batches).iter().map(Vec::len).collect();
        assert_eq!((sizes.len(), sizes.iter().sum()), (batches.n_batches(), batches.n_rows()));
        sizes
    };
    assert_eq!(sizes(7, 3), [3, 3]);
    assert_eq!(sizes(6, 3), [3, 3]);
    assert_eq!(sizes(2, 3), [2]);
    let dataset = dataset(7);
    let mut in_order = dataset.batches(3, 1).unwrap().in_order();
    in_order.start(5);
    assert_eq!(rows(&mut in_order), [vec![0, 1, 2], vec![3, 4, 5], vec![6]]);
    in_order.skip(usize::MAX);
    assert!(in_order.next_batch().is_none());
}

#[test]
fn a_warm_epoch_allocates_nothing() {
    let classes = dataset(100);
    let values =
        Dataset::new(classes.features().clone(), Target::Values(classes.features() * 2.0)).unwrap();
    for dataset in [&classes, &values] {
        let mut batches = dataset.batches(32, 7).unwrap();
        let epoch = |batches: &mut Batches<'_, f64>| {
            batches.start(3);
            while let Some(batch) = batches.next_batch() {
                std::hint::black_box(batch.features[[0, 0]]);
            }
        };
        epoch(&mut batches);
        assert_eq!(allocation_counter::measure(|| epoch(&mut batches)).count_total, 0);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let x = array![[1.0], [2.0]];
    let new = |target| Dataset::new(x.clone(), target).unwrap_err().to_string();
    assert_eq!(
        new(Target::Values(array![[1.0]])),
        "dataset: target: expected 2 rows, as the features have, found 1"
    );
    assert_eq!(
        new(Target::Classes { labels: vec![0, 1], names: vec!["only".into()] }),
        "target: expected a code from 0 to 0 in row 1, found 1"
    );
    let none = Dataset::new(Array2::<f64>::zeros((0, 1)), Target::Values(Array2::zeros((0, 1))));
    assert_eq!(none.unwrap_err().to_string(), "dataset: expected at least 1 row, found 0");
    let none = Dataset::new(Array2::<f64>::zeros((2, 0)), Target::Values(Array2::zeros((2, 1))));
    assert_eq!(none.unwrap_err().to_string(), "dataset: expected at least 1 column, found 0");

    let dataset = Dataset::new(x.clone(), Target::Values(x.clone())).unwrap();
    let error = dataset.batches(0, 1).unwrap_err().to_string();
    assert_eq!(error, "batches: expected batch_size to be at least 1, found 0");
    assert_eq!(
        dataset.rows(&[0, 2]).unwrap_err().to_string(),
        "dataset: expected a row below 2, found 2"
    );
    for (weights, found) in [(vec![1.0, f64::NAN], "NaN"), (vec![1.0, -1.0], "-1")] {
        let error = dataset.clone().with_weights(weights).unwrap_err().to_string();
        let expected = "dataset: expected a finite weight ≥ 0 in row 1, column 0";
        assert_eq!(error, format!("{expected}, found {found}"));
    }
    assert!(dataset.clone().with_weights(vec![1.0]).is_err());
    assert_eq!(
        dataset.balanced_class_weights().unwrap_err().to_string(),
        "target: expected classes, found values"
    );
}

// 3 rows of class 0, 1 of class 1, none of class 2: w = 4/(2·3), 4/(2·1) and 1.
#[test]
fn balanced_weights_by_hand() {
    let target = Target::classes(vec![0, 1, 0, 0], ["a", "b", "c"]).unwrap();
    let dataset = Dataset::new(Array2::<f32>::zeros((4, 1)), target).unwrap();
    assert_eq!(dataset.balanced_class_weights().unwrap(), [2.0 / 3.0, 2.0, 1.0]);
    let weighted = dataset.with_weights(vec![1.0, 3.0, 0.0, 1.0]).unwrap();
    let weighted = weighted.with_balanced_weights().unwrap();
    assert_eq!(weighted.weights().unwrap(), [2.0 / 3.0, 6.0, 0.0, 2.0 / 3.0_f32]);
}

#[test]
fn parts_keep_target_and_weights_of_their_rows() {
    let dataset = dataset(10);
    let split = Split::random(10, Shares { validation: 0.2, test: 0.2 }, 3).unwrap();
    let (train, validation) = dataset.split(&split).unwrap();
    for (part, part_rows) in [(train, &split.train), (validation.unwrap(), &split.validation)] {
        let mut batches = part.batches(4, 1).unwrap().in_order();
        assert_eq!(rows(&mut batches).concat(), *part_rows);
        assert_eq!(part.classes().unwrap().1, ["a", "b", "c"]);
    }
    let split = Split { validation: vec![], ..split };
    assert!(dataset.split(&split).unwrap().1.is_none());
}
