//! What splits, folds and transformers promise for every input, and what they refuse.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use data::{
    Distribution, Error, Fill, KFold, LabelEncoder, MinMaxScaler, OneHotEncoder, OrdinalEncoder,
    QuantileConfig, QuantileTransformer, RobustConfig, RobustScaler, Scaler, Shares, SimpleImputer,
    Split, StandardScaler, Unknown,
};
use ndarray::{Array2, array};
use proptest::prelude::*;

const NAN: f64 = f64::NAN;

fn count(rows: &[usize], classes: &[usize], class: usize) -> usize {
    rows.iter().filter(|&&row| classes[row] == class).count()
}

fn all_rows(parts: &[&[usize]]) -> Vec<usize> {
    let mut rows = parts.concat();
    rows.sort_unstable();
    rows
}

proptest! {
    #[test]
    fn every_row_is_in_one_part(
        n in 1_usize..200, test in 0.0..0.6_f64, validation in 0.0..0.5_f64, seed: u64,
    ) {
        let shares = Shares { validation, test };
        let sizes = [test, validation].map(|share| (n as f64 * share).ceil() as usize);
        match Split::random(n, shares, seed) {
            Ok(split) => {
                prop_assert_eq!([split.test.len(), split.validation.len()], sizes);
                let rows = all_rows(&[&split.train, &split.validation, &split.test]);
                prop_assert_eq!(rows, Vec::from_iter(0..n));
                prop_assert_eq!(Split::random(n, shares, seed), Ok(split));
            }
            Err(error) => {
                prop_assert!(sizes[0] + sizes[1] >= n, "{error}");
            }
        }
    }

    // Of each class, the parts hold its share within one row: two for the last part, which gets
    // what both roundings before it have left.
    #[test]
    fn each_class_has_its_share(
        classes in prop::collection::vec(0_usize..4, 30..200), test in 0.1..0.4_f64, seed: u64,
    ) {
        let shares = Shares { validation: 0.2, test };
        if let Ok(split) = Split::stratified(&classes, shares, seed) {
            let n = classes.len();
            let parts = [(&split.test, 1.0), (&split.validation, 2.0), (&split.train, 2.0)];
            for (part, bound) in parts {
                for class in 0..4 {
                    let all = count(&Vec::from_iter(0..n), &classes, class) as f64;
                    let share = part.len() as f64 / n as f64 * all;
                    let off = (count(part, &classes, class) as f64 - share).abs();
                    prop_assert!(off < bound, "class {class} of {all} rows is off by {off}");
                }
            }
            let rows = all_rows(&[&split.train, &split.validation, &split.test]);
            prop_assert_eq!(rows, Vec::from_iter(0..n));
        }
    }

    #[test]
    fn groups_stay_together(
        groups in prop::collection::vec(0_usize..12, 12..100), k in 2_usize..5, seed: u64,
    ) {
        let in_parts = |parts: &[&[usize]]| {
            for group in 0..12 {
                let n = parts.iter().filter(|part| count(part, &groups, group) > 0).count();
                assert!(n <= 1, "group {group} is in {n} parts");
            }
            assert_eq!(all_rows(parts), Vec::from_iter(0..groups.len()));
        };
        if let Ok(split) = Split::grouped(&groups, Shares { validation: 0.2, test: 0.2 }, seed) {
            in_parts(&[&split.train, &split.validation, &split.test]);
        }
        for folds in [KFold::new(k).unwrap(), KFold::new(k).unwrap().shuffled(seed)] {
            if let Ok(folds) = folds.grouped(&groups) {
                let tests: Vec<&[usize]> = folds.iter().map(|fold| &fold.test[..]).collect();
                in_parts(&tests);
            }
        }
    }

    #[test]
    fn shuffled_folds_hold_every_row_once_and_each_class_alike(
        classes in prop::collection::vec(0_usize..3, 20..120), k in 2_usize..6, seed: u64,
    ) {
        let shuffled = KFold::new(k).unwrap().shuffled(seed);
        let n = classes.len();
        for (folds, by_class) in
            [(shuffled.folds(n), false), (shuffled.stratified(&classes), true)]
        {
            let Ok(folds) = folds else { continue };
            let tests: Vec<&[usize]> = folds.iter().map(|fold| &fold.test[..]).collect();
            prop_assert_eq!(all_rows(&tests), Vec::from_iter(0..n));
            for fold in &folds {
                prop_assert_eq!(all_rows(&[&fold.train, &fold.test]), Vec::from_iter(0..n));
                prop_assert!(fold.test.len().abs_diff(n / k) <= 1);
                for class in 0..3 {
                    let all = count(&Vec::from_iter(0..n), &classes, class);
                    let here = count(&fold.test, &classes, class);
                    prop_assert!(!by_class || here.abs_diff(all / k) <= 1);
                }
            }
        }
    }

    // In powers of two nothing is rounded: the unit of a column changes no bit of what it becomes.
    #[test]
    fn the_unit_of_a_column_does_not_matter(
        numbers in prop::collection::vec(-1000_i32..1000, 2..20), exponent in -990..=990_i32,
    ) {
        let unit = 2.0_f64.powi(exponent);
        let column = |unit: f64| {
            Array2::from_shape_fn((numbers.len(), 1), |(row, _)| f64::from(numbers[row]) * unit)
        };
        fn both<S: Scaler>(fit: impl Fn(&Array2<f64>) -> S, x: [Array2<f64>; 2]) -> [Array2<f64>; 2] {
            x.map(|mut x| {
                let scaler = fit(&x);
                scaler.transform(&mut x).unwrap();
                x
            })
        }
        let x = || [column(1.0), column(unit)];
        let [one, other] = both(|x| StandardScaler::fit(x).unwrap(), x());
        prop_assert_eq!(one, other);
        let [one, other] = both(|x| MinMaxScaler::fit(x, 0.0..=1.0).unwrap(), x());
        prop_assert_eq!(one, other);
        let [one, other] =
            both(|x| RobustScaler::fit(x, RobustConfig::default()).unwrap(), x());
        prop_assert_eq!(one, other);
        let config = QuantileConfig { output: Distribution::Normal, ..QuantileConfig::default() };
        let [one, other] = both(|x| QuantileTransformer::fit(x, config).unwrap(), x());
        prop_assert_eq!(one, other);
    }

    // There and back, for rows that were learned from and others.
    #[test]
    fn scalers_are_undone(
        numbers in prop::collection::vec(-1e6..1e6_f64, 4..40), x in -1e7..1e7_f64,
    ) {
        let table = Array2::from_shape_vec((numbers.len(), 1), numbers.clone()).unwrap();
        let size = numbers.iter().fold(x.abs(), |size, x| size.max(x.abs()));
            let back = |y: f64| (y - x).abs() <= 1e-10 * size;
        let standard = StandardScaler::fit(&table).unwrap();
        prop_assert!(back(standard.inverse_value(0, standard.value(0, x))));
        let min_max = MinMaxScaler::fit(&table, -1.0..=3.0).unwrap();
        prop_assert!(back(min_max.inverse_value(0, min_max.value(0, x))));
        let robust = RobustScaler::fit(&table, RobustConfig::default()).unwrap();
        let scale = robust.scale()[0];
        prop_assume!(scale > 1e-3 * size);
        prop_assert!(back(robust.inverse_value(0, robust.value(0, x))));
    }

    #[test]
    fn quantiles_are_undone_and_keep_the_order(
        numbers in prop::collection::vec(-50_i32..50, 2..60), normal: bool,
    ) {
        let table = Array2::from_shape_fn((numbers.len(), 1), |(row, _)| f64::from(numbers[row]));
        let output = if normal { Distribution::Normal } else { Distribution::Uniform };
        let config = QuantileConfig { output, ..QuantileConfig::default() };
        let transformer = QuantileTransformer::fit(&table, config).unwrap();
        let mut previous = f64::NEG_INFINITY;
        for tenth in -510..=510 {
            let x = f64::from(tenth) / 10.0;
            let y = transformer.value(0, x);
            prop_assert!(y >= previous && y.is_finite(), "{x} ↦ {y}, after {previous}");
            previous = y;
        }
        for &x in &numbers {
            let back = transformer.inverse_value(0, transformer.value(0, f64::from(x)));
            prop_assert!((back - f64::from(x)).abs() < 1e-6, "{x} came back as {back}");
        }
    }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Error>, message: &str) {
    assert_eq!(result.unwrap_err().to_string(), message);
}

#[test]
fn splits_that_cannot_be() {
    let split = |n, validation, test| Split::random(n, Shares { validation, test }, 0);
    refused(split(10, 0.0, 1.0), "split: expected test to be from 0 to below 1, found 1");
    refused(split(10, -0.1, 0.0), "split: expected validation to be from 0 to below 1, found -0.1");
    refused(split(10, NAN, 0.0), "split: expected validation to be from 0 to below 1, found NaN");
    refused(
        split(0, 0.0, 0.0),
        "split: expected a row for training beside 0 + 0 put aside, found 0",
    );
    refused(
        split(2, 0.5, 0.5),
        "split: expected a row for training beside 1 + 1 put aside, found 2",
    );
    refused(
        Split::stratified(&[0, 0, 0, 5], Shares::default(), 0),
        "split: expected at least 2 rows of class 5, found 1 (leave the class out, join it with \
         another, or split without regard to classes)",
    );
    refused(
        Split::stratified(&[0, 0, 1, 1, 2, 2], Shares { validation: 0.0, test: 0.3 }, 0),
        "split: expected at least a row for each of 3 classes, found 2",
    );
    refused(
        Split::grouped(&[4, 4, 4], Shares::default(), 0),
        "split: expected a row for training beside 1 + 0 put aside, found 1",
    );
    refused(KFold::new(1), "KFold: expected k to be at least 2, found 1");
    refused(
        KFold::new(3).unwrap().stratified(&[0, 0, 0, 7, 7]),
        "stratified KFold: expected at least 3 rows of class 7, found 2 (leave the class out, join \
         it with another, or split without regard to classes)",
    );
    refused(
        KFold::new(3).unwrap().grouped(&[1, 2, 1, 2]),
        "grouped KFold: expected at least 3 groups for 3 folds, found 2",
    );
}

#[test]
fn rows_that_cannot_be_learned_from() {
    let empty = Array2::zeros((0, 2));
    let infinite = array![[0.0, 1.0], [2.0, f64::NEG_INFINITY]];
    let few = "expected at least 1 row to learn from, found 0";
    let finite = "expected a finite number or NaN in row 1, column 1, found -inf";
    for (x, message) in [(&empty, few), (&infinite, finite)] {
        refused(StandardScaler::fit(x), &format!("StandardScaler: {message}"));
        refused(MinMaxScaler::fit(x, 0.0..=1.0), &format!("MinMaxScaler: {message}"));
        let robust = RobustScaler::fit(x, RobustConfig::default());
        refused(robust, &format!("RobustScaler: {message}"));
        let quantile = QuantileTransformer::fit(x, QuantileConfig::default());
        refused(quantile, &format!("QuantileTransformer: {message}"));
        refused(SimpleImputer::fit(x, Fill::Mean), &format!("SimpleImputer: {message}"));
    }
    let none: [Option<&str>; 0] = [];
    refused(OneHotEncoder::fit(&none), &format!("OneHotEncoder: {few}"));
    refused(OrdinalEncoder::fit(&none), &format!("OrdinalEncoder: {few}"));
    refused(LabelEncoder::fit::<&str>(&[]), &format!("LabelEncoder: {few}"));
}

#[test]
fn choices_outside_their_range() {
    let x = array![[0.0], [1.0]];
    for (range, found) in [(1.0..=1.0, "1"), (0.0..=NAN, "NaN"), (0.0..=f64::INFINITY, "inf")] {
        let message = "the end of the range to be finite and above its start";
        refused(
            MinMaxScaler::fit(&x, range),
            &format!("MinMaxScaler: expected {message}, found {found}"),
        );
    }
    let robust =
        |quantiles, unit_variance| RobustScaler::fit(&x, RobustConfig { quantiles, unit_variance });
    refused(
        robust((0.5, 0.5), false),
        "RobustScaler: expected the lower quantile to be from 0 to below the upper one, found 0.5",
    );
    refused(
        robust((0.5, 1.5), false),
        "RobustScaler: expected the upper quantile to be at most 1, found 1.5",
    );
    refused(
        robust((0.0, 0.5), true),
        "RobustScaler: expected a quantile for unit variance to be between 0 and 1, found 0",
    );
    let config = QuantileConfig { n_quantiles: 0, ..QuantileConfig::default() };
    refused(
        QuantileTransformer::fit(&x, config),
        "QuantileTransformer: expected n_quantiles to be at least 1, found 0",
    );
    refused(
        SimpleImputer::fit(&x, Fill::Constant(NAN)),
        "SimpleImputer: expected the constant to be finite, found NaN",
    );
}

#[test]
fn other_columns_than_were_learned_change_nothing() {
    let scaler = StandardScaler::fit(&array![[0.0], [1.0]]).unwrap();
    let mut wide = array![[1.0, 2.0]];
    refused(scaler.transform(&mut wide), "StandardScaler: expected 1 columns, found 2");
    refused(scaler.inverse_transform(&mut wide), "StandardScaler: expected 1 columns, found 2");
    assert_eq!(wide, array![[1.0, 2.0]]);
    let imputer = SimpleImputer::fit(&array![[0.0], [1.0]], Fill::Mean).unwrap();
    refused(imputer.transform(&wide), "SimpleImputer: expected 1 columns, found 2");
    let encoder = OneHotEncoder::fit(&[Some("a")]).unwrap();
    refused(encoder.inverse_transform(&wide), "OneHotEncoder: expected 1 columns, found 2");
}

#[test]
fn unknown_categories_are_named() {
    let encoder = OneHotEncoder::fit(&[Some("b"), Some("a")]).unwrap();
    refused(
        encoder.transform(&[Some("a"), Some("A")]),
        "OneHotEncoder: expected one of \"a\", \"b\" in row 1, found \"A\"",
    );
    refused(
        encoder.transform(&[None::<&str>]),
        "OneHotEncoder: expected one of \"a\", \"b\" in row 0, found a missing value",
    );
    // A missing value that was never seen has the column of the unknown, and no name on the way
    // back.
    let own = encoder.unknown(Unknown::OwnColumn);
    let rows = own.transform(&[None, Some("b")]).unwrap();
    assert_eq!(rows, array![[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]);
    assert_eq!(own.inverse_transform(&rows).unwrap(), [None, Some("b")]);

    let many: Vec<Option<String>> = (10..30).map(|i| Some(i.to_string())).collect();
    refused(
        OrdinalEncoder::fit(&many).unwrap().transform(&[Some("9")]),
        "OrdinalEncoder: expected one of \"10\", \"11\", \"12\", \"13\", \"14\", \"15\", \"16\", \
         \"17\", \"18\", \"19\" and 10 more in row 0, found \"9\"",
    );
    let ordinal = OrdinalEncoder::fit(&[Some("a"), Some("b")]).unwrap();
    for (code, found) in [(2.0, "2"), (0.5, "0.5"), (-1.0, "-1"), (1e300, &1e300.to_string())] {
        refused(
            ordinal.inverse_transform(&[0.0, code]),
            &format!("OrdinalEncoder: expected a code from 0 to 1 in row 1, found {found}"),
        );
    }
    let label = LabelEncoder::fit(&["a", "b"]).unwrap();
    refused(
        label.transform(&["a", "c"]),
        "LabelEncoder: expected one of \"a\", \"b\" in row 1, found \"c\"",
    );
    refused(
        label.inverse_transform(&[2]),
        "LabelEncoder: expected a code from 0 to 1 in row 0, found 2",
    );
}

#[test]
fn constant_and_empty_columns() {
    let x = array![[0.1, NAN, 5.0], [0.1, NAN, NAN], [0.1, NAN, NAN]];
    let mut y = x.clone();
    StandardScaler::fit(&x).unwrap().transform(&mut y).unwrap();
    assert_eq!((y[[0, 0]], y[[0, 2]]), (0.0, 0.0));
    assert!(y.column(1).iter().all(|y| y.is_nan()));
    let min_max = MinMaxScaler::fit(&x, 2.0..=4.0).unwrap();
    // A column without numbers is not scaled: 7 is 7·2 above the start.
    assert_eq!((min_max.value(0, 0.1), min_max.value(1, 7.0)), (2.0, 16.0));
    let robust = RobustScaler::fit(&x, RobustConfig::default()).unwrap();
    assert_eq!((robust.value(0, 1.1), robust.value(1, 7.0), robust.value(2, 7.0)), (1.0, 7.0, 2.0));
    let quantile = QuantileTransformer::fit(&x, QuantileConfig::default()).unwrap();
    for (value, share) in [(0.0, 0.0), (0.1, 0.0), (0.2, 1.0)] {
        assert_eq!(quantile.value(0, value), share, "{value}");
    }
    let imputer = SimpleImputer::fit(&x, Fill::MostFrequent).unwrap().with_indicators();
    assert_eq!(imputer.values(), [0.1, 0.0, 5.0]);
    assert_eq!(imputer.indicators(), [1, 2]);
}

// The sum of two such numbers is ∞, and so is the difference of the ends; the mean, the share and
// the middle are not.
#[test]
fn the_largest_numbers() {
    let max = f64::MAX;
    let x = array![[max], [max], [-max]];
    let imputer = SimpleImputer::fit(&x, Fill::Mean).unwrap();
    assert!((imputer.values()[0] / (max / 3.0) - 1.0).abs() < 1e-15);
    let min_max = MinMaxScaler::fit(&x, 0.0..=1.0).unwrap();
    assert_eq!([-max, 0.0, max].map(|x| min_max.value(0, x)), [0.0, 0.5, 1.0]);
    assert_eq!([0.0, 0.5, 1.0].map(|y| min_max.inverse_value(0, y)), [-max, 0.0, max]);
    // μ = max/3 and σ = max·√8/3.
    let standard = StandardScaler::fit(&array![[0.5 * max], [0.5 * max], [-0.5 * max]]).unwrap();
    assert!((standard.value(0, 0.5 * max) - 0.5_f64.sqrt()).abs() < 1e-15);
    let quantile = QuantileTransformer::fit(&x, QuantileConfig::default()).unwrap();
    assert_eq!([-max, 0.0, max].map(|x| quantile.value(0, x)), [0.0, 0.25, 1.0]);
}

#[test]
fn a_sample_of_the_rows_is_a_function_of_the_seed() {
    let x = Array2::from_shape_fn((500, 1), |(row, _)| (row * row) as f64);
    let fit = |seed| {
        let config = QuantileConfig { subsample: 50, seed, ..QuantileConfig::default() };
        QuantileTransformer::fit(&x, config).unwrap()
    };
    assert_eq!(fit(1), fit(1));
    assert_ne!(fit(1), fit(2));
}

#[test]
fn rows_come_in_an_order_of_the_seed() {
    let classes: Vec<usize> = (0..200).map(|row| row / 100).collect();
    let stratified = |seed| Split::stratified(&classes, Shares::default(), seed).unwrap();
    assert_ne!(stratified(1), stratified(2));
    // Not one class after the other: among the first half of 150 rows there are some of both.
    let first = &stratified(1).train[..75];
    let of_class_1 = count(first, &classes, 1);
    assert!((15..=60).contains(&of_class_1), "{of_class_1} of 75 rows");
    let folds = |seed| KFold::new(4).unwrap().shuffled(seed).stratified(&classes).unwrap();
    assert_ne!(folds(1), folds(2));
    assert_ne!(folds(1), KFold::new(4).unwrap().stratified(&classes).unwrap());
}
