//! What is learned from training rows does not depend on other rows: changing those changes
//! nothing, for every transformer and the preprocessor.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use std::fmt::Debug;

use data::{
    Column, Distribution, Fill, LabelEncoder, MinMaxScaler, NumberTreatment, OneHotEncoder,
    OrdinalEncoder, Preprocessor, QuantileConfig, QuantileTransformer, RobustConfig, RobustScaler,
    Scaling, Shares, SimpleImputer, Split, StandardScaler, Table, TextTreatment, Unknown,
};
use ndarray::{Array2, Axis};
use tensor_core::Rng;

const ROWS: usize = 60;

fn split(seed: u64) -> Split {
    Split::random(ROWS, Shares { validation: 0.3, test: 0.3 }, seed).unwrap()
}

/// Numbers, some of them missing, in which the rows that are not for training are drawn by `other`.
fn numbers(split: &Split, seed: u64, other: u64) -> Array2<f64> {
    let x = |seed: u64, scale: f64| {
        let mut rng = Rng::new(seed);
        let mut number = || if rng.uniform() < 0.2 { f64::NAN } else { scale * rng.normal() };
        Array2::from_shape_simple_fn((ROWS, 3), &mut number)
    };
    let (mut of_training, others) = (x(seed, 1.0), x(other, 1e9));
    for &row in split.validation.iter().chain(&split.test) {
        of_training.row_mut(row).assign(&others.row(row));
    }
    of_training
}

/// Words in the same way; those of other rows come up nowhere else, and first.
fn words(split: &Split, seed: u64, other: u64) -> Vec<Option<String>> {
    let (mut rng, mut others) = (Rng::new(seed), Rng::new(other));
    let mut words: Vec<_> = (0..ROWS)
        .map(|_| (rng.uniform() > 0.2).then(|| format!("word {}", (rng.uniform() * 5.0) as usize)))
        .collect();
    for &row in split.validation.iter().chain(&split.test) {
        words[row] = (others.uniform() > 0.5).then(|| format!("other {row} {other}"));
    }
    words
}

/// Fits twice, with other validation and test rows the second time.
fn check<T, L: PartialEq + Debug>(
    data: impl Fn(&Split, u64, u64) -> T,
    fit: impl Fn(&T, &[usize]) -> L,
) {
    for seed in 0..20 {
        let split = split(seed);
        let [one, two] = [1000, 2000].map(|other| data(&split, seed, other + seed));
        assert_eq!(fit(&one, &split.train), fit(&two, &split.train), "seed {seed}");
        // The test sees what leaks: all rows give something else.
        let all: Vec<usize> = (0..ROWS).collect();
        assert_ne!(fit(&one, &all), fit(&two, &all), "seed {seed}");
    }
}

fn rows(x: &Array2<f64>, rows: &[usize]) -> Array2<f64> {
    x.select(Axis(0), rows)
}

fn quantiles(output: Distribution) -> QuantileConfig {
    QuantileConfig { n_quantiles: 7, output, subsample: 20, seed: 77 }
}

#[test]
fn scalers_learn_from_training_rows_alone() {
    check(numbers, |x, train| StandardScaler::fit(&rows(x, train)).unwrap());
    check(numbers, |x, train| MinMaxScaler::fit(&rows(x, train), 0.0..=1.0).unwrap());
    check(numbers, |x, train| RobustScaler::fit(&rows(x, train), RobustConfig::default()).unwrap());
    check(numbers, |x, train| {
        QuantileTransformer::fit(&rows(x, train), quantiles(Distribution::Normal)).unwrap()
    });
    check(numbers, |x, train| SimpleImputer::fit(&rows(x, train), Fill::Mean).unwrap());
    check(numbers, |x, train| SimpleImputer::fit(&rows(x, train), Fill::Median).unwrap());
    check(numbers, |x, train| SimpleImputer::fit(&rows(x, train), Fill::MostFrequent).unwrap());
}

#[test]
fn encoders_learn_from_training_rows_alone() {
    let of = |words: &[Option<String>], rows: &[usize]| -> Vec<Option<String>> {
        rows.iter().map(|&row| words[row].clone()).collect()
    };
    check(words, |x, train| OneHotEncoder::fit(&of(x, train)).unwrap());
    check(words, |x, train| OrdinalEncoder::fit(&of(x, train)).unwrap());
    check(words, |x, train| {
        let classes: Vec<String> =
            of(x, train).into_iter().map(Option::unwrap_or_default).collect();
        LabelEncoder::fit(&classes).unwrap()
    });
}

fn table(split: &Split, seed: u64, other: u64) -> Table {
    let x = numbers(split, seed, other);
    let column = |words: &[Option<String>], name: &str| {
        Column::text_of(name, words.iter().map(Option::as_deref))
    };
    let mut columns = vec![
        column(&words(split, seed, other), "word"),
        column(&words(split, seed + 50, other + 50), "class"),
    ];
    for (i, x) in x.columns().into_iter().enumerate() {
        columns.push(Column::numbers_of(format!("x{i}"), x.to_vec()));
    }
    Table::new(columns).unwrap()
}

#[test]
fn preprocessors_learn_from_training_rows_alone() {
    let scalings = [
        Scaling::None,
        Scaling::Standard,
        Scaling::MinMax,
        Scaling::Robust,
        Scaling::Quantile(quantiles(Distribution::Uniform)),
    ];
    let texts = [
        TextTreatment::OneHot(Unknown::OwnColumn),
        TextTreatment::Ordinal(None),
        TextTreatment::Hashed(8),
    ];
    for scaling in scalings {
        for text in texts {
            let numbers = NumberTreatment { scaling, ..NumberTreatment::default() };
            let builder =
                Preprocessor::builder().numbers(numbers).text(text).drop_missing_targets();
            check(table, |table, train| {
                builder.clone().target("class").fit(&table.rows(train).unwrap()).unwrap()
            });
            check(table, |table, train| {
                let builder = builder.clone().value_targets(["x0", "x1"]).scale_target();
                let part = table.rows(train).unwrap();
                let learned = builder.fit(&part).unwrap();
                (learned.transform::<f32>(&part).unwrap(), learned)
            });
        }
    }
}
