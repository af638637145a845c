//! Configurations, tables and what was learned through JSON and back; what is changed on the way is
//! refused, or is as good as learned.

#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use std::fmt::Debug;

use data::{
    Column, ColumnType, CsvOptions, Distribution, Fill, KFold, LabelEncoder, MinMaxScaler,
    NumberTreatment, OneHotEncoder, OrdinalEncoder, Preprocessor, PreprocessorBuilder,
    QuantileConfig, QuantileTransformer, RobustConfig, RobustScaler, Scaler, Scaling, Shares,
    SimpleImputer, Split, StandardScaler, Table, TextTreatment, Treatment, Unknown,
};
use ndarray::{Array2, array};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

const NAN: f64 = f64::NAN;

fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value, "{json}");
}

fn numbers() -> Array2<f64> {
    array![
        [0.1, 1e300, NAN, 7.0],
        [0.2, -1e-300, NAN, 7.0],
        [NAN, 3.0, NAN, 7.0],
        [0.7, 0.1, NAN, 7.0]
    ]
}

fn table() -> Table {
    let csv = "y,w,island,x,z\na,1,Dream,0.1,3\n\nb,2,,0.2,\na,1,\"é\n, \",,7\nc,0,Dream,-1e-7,1\n";
    Table::read_csv_from(csv.as_bytes(), "t.csv").unwrap()
}

fn builders() -> Vec<PreprocessorBuilder> {
    let builder = || Preprocessor::builder().weights("w");
    let scaled = |scaling| NumberTreatment { scaling, ..NumberTreatment::default() };
    let words = Treatment::Text(TextTreatment::OneHot(Unknown::OwnColumn));
    let quantiles = QuantileConfig { output: Distribution::Normal, ..QuantileConfig::default() };
    vec![
        builder().target("y"),
        builder().target("y").text(TextTreatment::Hashed(3)).numbers(scaled(Scaling::MinMax)),
        builder().class_target("x").drop_missing_targets().numbers(scaled(Scaling::Robust)),
        builder().text(TextTreatment::Ordinal(Some(-1.0))).numbers(scaled(Scaling::None)),
        builder()
            .value_targets(["x", "z"])
            .drop_missing_targets()
            .scale_target()
            .column("y", words),
        builder()
            .target("y")
            .column("w", Treatment::Drop)
            .numbers(scaled(Scaling::Quantile(quantiles))),
    ]
}

/// All that can be learned of the table; the last builder asks for two things of one column.
fn learned() -> Vec<Preprocessor> {
    let fitted: Vec<_> = builders().iter().filter_map(|b| b.fit(&table()).ok()).collect();
    assert_eq!(fitted.len(), 5);
    let quantiles = NumberTreatment {
        scaling: Scaling::Quantile(QuantileConfig::default()),
        ..NumberTreatment::default()
    };
    let last = Preprocessor::builder().target("y").numbers(quantiles).fit(&table()).unwrap();
    fitted.into_iter().chain([last]).collect()
}

#[test]
fn configurations_come_back() {
    let types = vec![("a".into(), ColumnType::Text), ("b".into(), ColumnType::Numbers)];
    round_trip(&CsvOptions { types, delimiter: Some(b';'), ..CsvOptions::default() });
    round_trip(&Shares { validation: 0.1 + 0.2, test: 0.1 });
    round_trip(&Split::random(9, Shares::default(), 7).unwrap());
    round_trip(&KFold::new(5).unwrap().shuffled(u64::MAX));
    round_trip(&KFold::new(2).unwrap().folds(5).unwrap());
    round_trip(&RobustConfig::default());
    round_trip(&QuantileConfig::default());
    round_trip(&[Fill::Mean, Fill::Median, Fill::MostFrequent, Fill::Constant(0.1)]);
    round_trip(&[Unknown::Error, Unknown::Zeros, Unknown::OwnColumn]);
    round_trip(&builders());
}

#[test]
fn what_was_learned_comes_back() {
    let x = numbers();
    round_trip(&StandardScaler::fit(&x).unwrap());
    round_trip(&MinMaxScaler::fit(&x, -1.0..=1.0).unwrap().clipped());
    round_trip(&RobustScaler::fit(&x, RobustConfig::default()).unwrap());
    round_trip(&QuantileTransformer::fit(&x, QuantileConfig::default()).unwrap());
    round_trip(&SimpleImputer::fit(&x, Fill::Mean).unwrap().with_indicators());
    let words = [Some("b"), None, Some("a"), Some("é")];
    round_trip(&OneHotEncoder::fit(&words).unwrap().unknown(Unknown::Zeros));
    round_trip(&OrdinalEncoder::fit(&words).unwrap());
    round_trip(&OrdinalEncoder::fit(&words).unwrap().unknown_as(-0.5));
    round_trip(&LabelEncoder::fit(&["b", "a"]).unwrap());
    // Quartiles farther apart than the largest number: the scale is infinite.
    let wide = array![[-1.7e308], [-1.7e308], [1.7e308], [1.7e308]];
    let wide = RobustScaler::fit(&wide, RobustConfig::default()).unwrap();
    assert_eq!(wide.scale(), [f64::INFINITY]);
    round_trip(&wide);
    // An unknown category that counts as missing.
    let ordinal = OrdinalEncoder::fit(&words).unwrap().unknown_as(NAN);
    let json = serde_json::to_string(&ordinal).unwrap();
    let back: OrdinalEncoder = serde_json::from_str(&json).unwrap();
    assert!(back.transform(&[Some("new")]).unwrap()[0].is_nan(), "{json}");
}

#[test]
fn a_preprocessor_that_was_read_makes_the_same_of_a_table() {
    for learned in learned() {
        round_trip(&learned);
        let json = serde_json::to_string(&learned).unwrap();
        let back: Preprocessor = serde_json::from_str(&json).unwrap();
        assert_eq!(back.feature_names(), learned.feature_names());
        assert_eq!(back.features::<f32>(&table()), learned.features::<f32>(&table()));
        assert_eq!(back.transform::<f64>(&table()), learned.transform::<f64>(&table()));
    }
}

#[test]
fn tables_come_back() {
    let part = table().rows(&[3, 1]).unwrap();
    for table in [table(), part.clone(), part.without(&["x"]).unwrap()] {
        let json = serde_json::to_string(&table).unwrap();
        let back: Table = serde_json::from_str(&json).unwrap();
        assert_eq!(format!("{back:?}"), format!("{table:?}")); // NaN too
        assert_eq!(back.place(0), table.place(0));
    }
    let odd = vec![NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.1 + 0.2, f64::MIN_POSITIVE];
    let odd = Table::new(vec![Column::numbers_of("odd", odd)]).unwrap();
    let json = serde_json::to_string(&odd).unwrap();
    let back: Table = serde_json::from_str(&json).unwrap();
    let bits = |table: &Table| -> Vec<u64> {
        let x = table.columns()[0].numbers().unwrap();
        x.iter().map(|x| if x.is_nan() { 0 } else { x.to_bits() }).collect()
    };
    assert_eq!(bits(&back), bits(&odd), "{json}");
}

#[test]
fn what_cannot_have_been_learned_is_refused() {
    fn refused<T: DeserializeOwned + Debug>(json: Value, message: &str) {
        let error = serde_json::from_value::<T>(json.clone()).unwrap_err().to_string();
        assert!(error.contains(message), "{json}: {error}");
    }
    refused::<StandardScaler>(json!({"mean": [1.0], "scale": []}), "StandardScaler: expected");
    refused::<StandardScaler>(json!({"mean": [1.0], "scale": [0.0]}), "StandardScaler: expected");
    refused::<RobustScaler>(json!({"center": [1.0], "scale": ["nan"]}), "RobustScaler: expected");
    let ends =
        |min: f64, a: f64| json!({"min": [min], "max": [2.0], "range": [a, 1.0], "clip": true});
    refused::<MinMaxScaler>(ends(3.0, 0.0), "MinMaxScaler: expected");
    refused::<MinMaxScaler>(ends(1.0, 1.0), "MinMaxScaler: expected");
    for quantiles in [json!([[]]), json!([[2.0, 1.0]])] {
        let json = json!({"quantiles": quantiles, "output": "Uniform"});
        refused::<QuantileTransformer>(json, "QuantileTransformer: expected");
    }
    let imputer = json!({"values": [1.0], "missing": [1], "indicators": true});
    refused::<SimpleImputer>(imputer, "SimpleImputer: expected");
    refused::<KFold>(json!({"k": 1, "seed": null}), "KFold: expected k of at least 2");
    let unsorted = json!({"names": ["b", "a"], "missing": false});
    refused::<LabelEncoder>(json!({"categories": unsorted}), "categories: expected");
    let missing = json!({"names": ["a"], "missing": true});
    refused::<LabelEncoder>(json!({"categories": missing}), "LabelEncoder: expected");

    let columns =
        |a: Value| json!({"columns": a, "n_rows": 1, "source": {"file": "", "breaks": []}});
    let text =
        |codes: Value| json!([{"name": "a", "values": {"Text": {"words": ["x"], "codes": codes}}}]);
    assert!(serde_json::from_value::<Table>(columns(text(json!([0])))).is_ok());
    refused::<Table>(
        columns(text(json!([1]))),
        "text: expected different words, and codes of these",
    );
    refused::<Table>(columns(text(json!([0, 0]))), "table: expected 2 rows");
    refused::<Table>(columns(json!([])), "at least 1 column");
    let breaks = |breaks: Value| {
        let mut table = columns(text(json!([0])));
        table["source"]["breaks"] = breaks;
        table
    };
    refused::<Table>(breaks(json!([[0, u64::MAX]])), "lines of these in rising order");
    refused::<Table>(breaks(json!([[0, 3], [0, 4]])), "lines of these in rising order");
}

#[test]
fn a_preprocessor_whose_parts_do_not_fit_is_refused() {
    let targets = Preprocessor::builder().value_targets(["x", "z"]).drop_missing_targets();
    let learned = targets.scale_target().fit(&table()).unwrap();
    let refused = |path: &str, value: Value, message: &str| {
        let mut json = serde_json::to_value(&learned).unwrap();
        *json.pointer_mut(path).unwrap() = value;
        let error = serde_json::from_value::<Preprocessor>(json).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    };
    let scales = "target: expected columns with different names, and as many scales";
    refused("/target/Values/columns", json!(["x", "z", "new"]), scales);
    refused("/target/Values/columns", json!(["x", "x"]), scales);
    refused("/columns/0/name", json!("z"), "expected every column to have a name of its own");
    refused("/weights", json!("island"), "expected every column to have a name of its own");
    refused("/columns", json!([]), "expected at least 1 column that is a feature");
}

/// What a value in JSON may be changed to.
fn changes(value: &Value) -> Vec<Value> {
    let mut changed = vec![json!(null), json!(0), json!(-1.5), json!(1e308), json!(4294967295_u32)];
    changed.extend([
        json!(u64::MAX),
        json!(true),
        json!(""),
        json!("y"),
        json!([]),
        json!([0]),
        json!({}),
    ]);
    if let Value::Array(items) = value {
        changed.push(Value::Array(items.iter().skip(1).cloned().collect()));
        changed.push(Value::Array(items.iter().rev().cloned().collect()));
        changed.push(Value::Array(items.iter().chain(items.last()).cloned().collect()));
    }
    changed
}

/// Paths to every value inside.
fn paths(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, x)| paths(x, &format!("{path}/{i}"), found));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, x)| paths(x, &format!("{path}/{name}"), found));
        }
        _ => {}
    }
}

/// Changes every value in every way; what is accepted nevertheless is used.
fn mutate<T: Serialize + DeserializeOwned>(value: &T, use_it: impl Fn(T)) -> (usize, usize) {
    let json = serde_json::to_value(value).unwrap();
    let mut all = Vec::new();
    paths(&json, "", &mut all);
    let (mut accepted, mut refused) = (0, 0);
    for path in all {
        for change in changes(json.pointer(&path).unwrap()) {
            let mut changed = json.clone();
            *changed.pointer_mut(&path).unwrap() = change;
            match serde_json::from_value::<T>(changed) {
                Ok(value) => {
                    accepted += 1;
                    use_it(value);
                }
                Err(error) => {
                    refused += 1;
                    assert!(!error.to_string().is_empty());
                }
            }
        }
    }
    (accepted, refused)
}

// No panic is the assertion: what is accepted is used.
#[test]
fn nothing_that_is_accepted_panics() {
    let x = numbers();
    let scale = |scaler: &dyn Fn(&mut Array2<f64>)| scaler(&mut numbers());
    fn both<S: Scaler>(scaler: &S, x: &mut Array2<f64>) {
        let _ = scaler.transform(x);
        let _ = scaler.inverse_transform(x);
    }
    let mut counts = vec![
        mutate(&StandardScaler::fit(&x).unwrap(), |s| scale(&|x| both(&s, x))),
        mutate(&MinMaxScaler::fit(&x, 0.0..=1.0).unwrap().clipped(), |s| scale(&|x| both(&s, x))),
        mutate(&RobustScaler::fit(&x, RobustConfig::default()).unwrap(), |s| {
            scale(&|x| both(&s, x))
        }),
        mutate(&QuantileTransformer::fit(&x, QuantileConfig::default()).unwrap(), |s| {
            scale(&|x| both(&s, x));
        }),
        mutate(&SimpleImputer::fit(&x, Fill::Mean).unwrap().with_indicators(), |imputer| {
            let _ = imputer.transform(&numbers());
        }),
        mutate(&OneHotEncoder::fit(&[Some("b"), None, Some("a")]).unwrap(), |encoder| {
            let _ = encoder.transform(&[Some("a"), None, Some("new")]);
            let _ = encoder.inverse_transform(&array![[0.0, 1.0, 0.0]]);
        }),
        mutate(&KFold::new(3).unwrap(), |folds| drop(folds.folds(7))),
        mutate(&table(), |table| {
            let _ = table.rows(&[3, 0, 1]);
            let _ = (table.place(0), table.place(usize::MAX));
            let _ = Preprocessor::fit(&table, "y").map(|learned| learned.transform::<f32>(&table));
        }),
    ];
    for learned in learned() {
        counts.push(mutate(&learned, |changed| {
            let _ = changed.features::<f32>(&table());
            let _ = changed.transform::<f64>(&table());
            let _ = changed.inverse_target(&mut array![[1.0, 2.0], [3.0, 4.0]]);
            let _ = (changed.n_features(), changed.class_names(), changed.target_names());
        }));
    }
    for (accepted, refused) in counts {
        assert!(refused > accepted / 4 && accepted + refused > 30, "{accepted}, {refused}");
    }
}
