//! Transformers, preprocessor and folds against scikit-learn: `fixtures/sklearn/transformers.json`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use std::collections::BTreeMap;

use data::{
    Column, Distribution, Fill, Fold, KFold, LabelEncoder, MinMaxScaler, OneHotEncoder,
    OrdinalEncoder, Preprocessor, QuantileConfig, QuantileTransformer, RobustConfig, RobustScaler,
    Scaler, SimpleImputer, StandardScaler, Table, Unknown,
};
use ndarray::Array2;
use serde_json::Value;

/// A file under `fixtures/`.
fn fixture(name: &str) -> Value {
    let path = format!("{}/../../fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

struct Fixtures {
    cases: Vec<Value>,
    relative: f64,
}

impl Fixtures {
    fn read() -> Self {
        let mut file = fixture("sklearn/transformers.json");
        let relative = fixture("manifest.json")["sklearn"]["f64"].as_f64().unwrap();
        let Value::Array(cases) = file["cases"].take() else { panic!("no cases") };
        Self { cases, relative }
    }

    fn of(&self, item: &str) -> impl Iterator<Item = &Value> {
        let cases = self.cases.iter().filter(move |case| case["item"] == item);
        assert!(cases.clone().count() >= 4, "cases of {item}");
        cases
    }

    /// Rows to learn from, and other rows.
    fn table(&self, case: &Value) -> [Array2<f64>; 2] {
        let table =
            self.of("table").find(|table| table["name"] == case["inputs"]["table"]).unwrap();
        [matrix(&table["inputs"]["x"]), matrix(&table["inputs"]["other"])]
    }
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Null => f64::NAN,
        Value::String(text) => text.parse().unwrap(),
        value => value.as_f64().unwrap(),
    }
}

fn vector(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn matrix(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = value.as_array().unwrap().iter().map(vector).collect();
    let shape = (rows.len(), rows[0].len());
    Array2::from_shape_vec(shape, rows.concat()).unwrap()
}

fn whole(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect()
}

/// What differs by more than `relative`, of the number itself or of what was added to it: `unit`.
fn compare<'a>(
    place: &str,
    relative: f64,
    ours: impl IntoIterator<Item = &'a f64>,
    theirs: &[f64],
    unit: impl Fn(usize) -> f64,
) -> Vec<String> {
    let ours: Vec<f64> = ours.into_iter().copied().collect();
    assert_eq!(ours.len(), theirs.len(), "{place}");
    let pairs = ours.into_iter().zip(theirs).enumerate();
    let differs = |&(i, (ours, theirs)): &(usize, (f64, &f64))| {
        let bound = relative * theirs.abs().max(unit(i));
        let same = ours == *theirs || (ours.is_nan() && theirs.is_nan());
        !(same || (ours - theirs).abs() <= bound)
    };
    let message = |(i, (ours, theirs))| format!("{place}[{i}]: {ours:e}, scikit-learn {theirs:e}");
    pairs.filter(differs).map(message).collect()
}

/// Compares transformed rows, other rows, and the way back.
fn compare_scaler<S: Scaler>(
    fixtures: &Fixtures,
    fit: impl Fn(&str, &Array2<f64>) -> S,
    learned: impl Fn(&S) -> Vec<(&'static str, Vec<f64>)>,
) {
    let mut differences = Vec::new();
    for case in fixtures.of(S::NAME) {
        let (name, expected) = (case["name"].as_str().unwrap(), &case["f64"]);
        let [mut x, mut other] = fixtures.table(case);
        let scaler = fit(case["inputs"]["choice"].as_str().unwrap(), &x);
        let relative = fixtures.relative;
        for (what, ours) in learned(&scaler) {
            let theirs: Vec<f64> = flat(&expected[what]);
            let place = format!("{name}: {what}");
            // A mean is a sum of numbers that may be as large as the largest.
            let unit = |i: usize| largest_of_column(&x, i * x.ncols() / ours.len().max(1));
            differences.extend(compare(&place, relative, &ours, &theirs, unit));
        }
        let n_columns = x.ncols();
        // What is subtracted from a number decides how many digits the difference has.
        let original = x.clone();
        let offset = move |i: usize| {
            let column = i % n_columns;
            largest_of_column(&original, column).max(1e-300) / spread(&original, column)
        };
        for (what, rows) in [("x", &mut x), ("other", &mut other)] {
            let before = rows.clone();
            scaler.transform(rows).unwrap();
            let theirs: Vec<f64> = flat(&expected[what]);
            let place = format!("{name}: {what}");
            differences.extend(compare(&place, relative, rows.iter(), &theirs, &offset));
            let missing = |x: &Array2<f64>| x.mapv(f64::is_nan);
            assert_eq!(missing(&before), missing(rows), "{name}: missing stays missing");
        }
        let learned_from = fixtures.table(case)[0].clone();
        scaler.inverse_transform(&mut x).unwrap();
        let unit = |i: usize| largest_of_column(&learned_from, i % n_columns);
        let place = format!("{name}: back");
        differences.extend(compare(&place, relative, x.iter(), &flat(&expected["back"]), unit));
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(flat).collect(),
        value => vec![number(value)],
    }
}

fn numbers_of_column(x: &Array2<f64>, column: usize) -> impl Iterator<Item = f64> {
    x.column(column).to_vec().into_iter().filter(|x| !x.is_nan())
}

fn largest_of_column(x: &Array2<f64>, column: usize) -> f64 {
    numbers_of_column(x, column).fold(0.0, |largest, x| largest.max(x.abs()))
}

/// How far the numbers of a column are apart; 1 if they are equal.
fn spread(x: &Array2<f64>, column: usize) -> f64 {
    let low = numbers_of_column(x, column).fold(f64::INFINITY, f64::min);
    let high = numbers_of_column(x, column).fold(f64::NEG_INFINITY, f64::max);
    if high - low > 1e-12 * high.abs() { high - low } else { 1.0 }
}

#[test]
fn standard_scaler() {
    compare_scaler(
        &Fixtures::read(),
        |_, x| StandardScaler::fit(x).unwrap(),
        |scaler| vec![("mean", scaler.mean().to_vec()), ("scale", scaler.scale().to_vec())],
    );
}

#[test]
fn min_max_scaler() {
    let fit = |choice: &str, x: &Array2<f64>| match choice {
        "" => MinMaxScaler::fit(x, 0.0..=1.0).unwrap(),
        "-1 to 1, clip" => MinMaxScaler::fit(x, -1.0..=1.0).unwrap().clipped(),
        other => panic!("{other}"),
    };
    compare_scaler(&Fixtures::read(), fit, |_| Vec::new());
}

#[test]
fn robust_scaler() {
    let fit = |choice: &str, x: &Array2<f64>| {
        let config = match choice {
            "" => RobustConfig::default(),
            "deciles, unit variance" => RobustConfig { quantiles: (0.1, 0.9), unit_variance: true },
            other => panic!("{other}"),
        };
        RobustScaler::fit(x, config).unwrap()
    };
    let learned = |scaler: &RobustScaler| {
        vec![("center", scaler.center().to_vec()), ("scale", scaler.scale().to_vec())]
    };
    compare_scaler(&Fixtures::read(), fit, learned);
}

#[test]
fn quantile_transformer() {
    let fit = |choice: &str, x: &Array2<f64>| {
        let (output, n_quantiles) = match choice {
            "" => (Distribution::Uniform, 1000),
            "5 quantiles" => (Distribution::Uniform, 5),
            "normal" => (Distribution::Normal, 1000),
            "normal, 17 quantiles" => (Distribution::Normal, 17),
            other => panic!("{other}"),
        };
        let config = QuantileConfig { n_quantiles, output, ..QuantileConfig::default() };
        QuantileTransformer::fit(x, config).unwrap()
    };
    let learned = |scaler: &QuantileTransformer| vec![("quantiles", scaler.quantiles().concat())];
    compare_scaler(&Fixtures::read(), fit, learned);
}

#[test]
fn simple_imputer() {
    let fixtures = Fixtures::read();
    let mut differences = Vec::new();
    for case in fixtures.of("SimpleImputer") {
        let (name, inputs, expected) = (&case["name"], &case["inputs"], &case["f64"]);
        let [x, other] = match inputs["table"].is_null() {
            true => [matrix(&inputs["x"]), matrix(&inputs["other"])],
            false => fixtures.table(case),
        };
        let fill = match inputs["choice"].as_str().unwrap() {
            "mean" => Fill::Mean,
            "median" => Fill::Median,
            "most_frequent" => Fill::MostFrequent,
            "constant" => Fill::Constant(-2.5),
            other => panic!("{other}"),
        };
        let imputer = SimpleImputer::fit(&x, fill).unwrap().with_indicators();
        let mut compare = |what: &str, ours: &[f64]| {
            let (place, theirs) = (format!("{name}: {what}"), flat(&expected[what]));
            // A mean of numbers whose sum cancels.
            let unit = |i: usize| {
                largest_of_column(&x, i % (ours.len() / other.nrows()).max(1) % x.ncols())
            };
            differences.extend(compare(&place, fixtures.relative, ours, &theirs, unit));
        };
        compare("values", imputer.values());
        compare("x", imputer.transform(&x).unwrap().as_slice().unwrap());
        compare("other", imputer.transform(&other).unwrap().as_slice().unwrap());
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

fn words(value: &Value) -> Vec<Option<&str>> {
    value.as_array().unwrap().iter().map(Value::as_str).collect()
}

#[test]
fn encoders() {
    for case in Fixtures::read().of("encoders") {
        let (name, inputs, expected) = (&case["name"], &case["inputs"], &case["f64"]);
        let (x, other) = (words(&inputs["x"]), words(&inputs["other"]));
        let names: Vec<&str> = words(&expected["names"]).into_iter().flatten().collect();

        let one_hot = OneHotEncoder::fit(&x).unwrap().unknown(Unknown::Zeros);
        assert_eq!(one_hot.names(), names, "{name}");
        let rows = one_hot.transform(&other).unwrap();
        assert_eq!(rows, matrix(&expected["one hot"]), "{name}");
        let back: Vec<_> = other.iter().map(|word| word.filter(|word| *word != "new")).collect();
        assert_eq!(one_hot.inverse_transform(&rows).unwrap(), back, "{name}");

        let ordinal = OrdinalEncoder::fit(&x).unwrap().unknown_as(-1.0);
        let (numbers, theirs) = (ordinal.transform(&other).unwrap(), vector(&expected["ordinal"]));
        let same = numbers.iter().zip(&theirs).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()));
        assert!(same && numbers.len() == theirs.len(), "{name}: {numbers:?}, {theirs:?}");
        let known = &numbers[..numbers.len() - 1]; // without "new"
        assert_eq!(ordinal.inverse_transform(known).unwrap(), back[..known.len()], "{name}");

        let labels: Vec<&str> = words(&inputs["labels"]).into_iter().flatten().collect();
        let label = LabelEncoder::fit(&labels).unwrap();
        let classes: Vec<&str> = words(&expected["classes"]).into_iter().flatten().collect();
        assert_eq!(label.names(), classes, "{name}");
        assert_eq!(label.transform(&labels).unwrap(), whole(&expected["labels"]), "{name}");
    }
}

/// The columns of a case, each of numbers if it has no word.
fn columns(value: &Value) -> Table {
    let column = |(name, values): (&String, &Value)| {
        let is_text = values.as_array().unwrap().iter().any(Value::is_string);
        match is_text || TEXT.contains(&name.as_str()) {
            true => Column::text_of(name, words(values)),
            false => Column::numbers_of(name, vector(values)),
        }
    };
    Table::new(value.as_object().unwrap().iter().map(column).collect()).unwrap()
}

/// Columns of text, even where every value is missing.
const TEXT: [&str; 3] = ["island", "script", "one"];

#[test]
fn preprocessor() {
    let fixtures = Fixtures::read();
    let mut differences = Vec::new();
    for case in fixtures.of("ColumnTransformer") {
        let learned_from = columns(&case["inputs"]["x"]);
        let learned = Preprocessor::builder().fit(&learned_from).unwrap();
        for part in ["x", "other"] {
            let expected = case["f64"][part].as_object().unwrap();
            let x: Array2<f64> = learned.features(&columns(&case["inputs"][part])).unwrap();
            assert_eq!(learned.n_features(), expected.len(), "{}", case["name"]);
            for (name, ours) in learned.feature_names().iter().zip(x.columns()) {
                let place = format!("{}: {part}: {name}", case["name"]);
                // What is subtracted from a number decides how many digits the difference has.
                let unit = learned_from.column(name).and_then(Column::numbers).map_or(1.0, |x| {
                    let x = Array2::from_shape_vec((x.len(), 1), x.to_vec()).unwrap();
                    largest_of_column(&x, 0) / spread(&x, 0)
                });
                let theirs = vector(&expected[name]);
                differences.extend(compare(&place, fixtures.relative, ours, &theirs, |_| unit));
            }
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn folds_hold_the_same_rows() {
    for case in Fixtures::read().of("folds") {
        let (inputs, name) = (&case["inputs"], &case["name"]);
        let k = KFold::new(inputs["k"].as_u64().unwrap() as usize).unwrap();
        let (classes, groups) = (whole(&inputs["classes"]), whole(&inputs["groups"]));
        let made = BTreeMap::from([
            ("folds", k.folds(classes.len()).unwrap()),
            ("stratified", k.stratified(&classes).unwrap()),
            ("grouped", k.grouped(&groups).unwrap()),
        ]);
        for (what, folds) in made {
            let theirs = case["f64"][what].as_array().unwrap().iter().map(whole);
            let rest =
                |test: &[usize]| (0..classes.len()).filter(|row| !test.contains(row)).collect();
            let theirs: Vec<Fold> = theirs.map(|test| Fold { train: rest(&test), test }).collect();
            assert_eq!(folds, theirs, "{name}: {what}");
        }
    }
}
