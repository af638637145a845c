//! What a preprocessor makes of tables, and what it refuses.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use data::{
    Column, Distribution, Error, Fill, NumberTreatment, Preprocessor, PreprocessorBuilder,
    QuantileConfig, Scaling, Table, Target, TextTreatment, Treatment, Unknown,
};
use ndarray::{Array2, array};

const NAN: f64 = f64::NAN;

fn table(csv: &str) -> Table {
    Table::read_csv_from(csv.as_bytes(), "t.csv").unwrap()
}

fn builder() -> PreprocessorBuilder {
    Preprocessor::builder()
}

fn numbers(scaling: Scaling) -> NumberTreatment {
    NumberTreatment { scaling, ..NumberTreatment::default() }
}

/// Features of the rows that were learned from.
fn of_own(builder: PreprocessorBuilder, table: &Table) -> (Vec<String>, Array2<f64>) {
    let learned = builder.fit(table).unwrap();
    (learned.feature_names().to_vec(), learned.features(table).unwrap())
}

fn message<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().to_string()
}

const ANIMALS: &str = "kind,home,mass,age\ncat,house,3,1\ndog,,5,\ncat,barn,4,3\ncow,barn,,5\n";

#[test]
fn defaults_by_hand() {
    let (names, x) = of_own(builder().target("kind"), &table(ANIMALS));
    let expected = [
        "home=barn",
        "home=house",
        "home is missing",
        "mass",
        "mass is missing",
        "age",
        "age is missing",
    ];
    assert_eq!(names, expected);
    // mass: 3 5 4 and their median 4, of mean 4 and variance (1 + 1)/4 = 1/2.
    // age: 1 3 5 and their median 3, of mean 3 and variance (4 + 4)/4 = 2.
    let (m, a) = (2_f64.sqrt(), 2_f64.sqrt());
    let hand = array![
        [0.0, 1.0, 0.0, -m, 0.0, -a, 0.0],
        [0.0, 0.0, 1.0, m, 0.0, 0.0, 1.0],
        [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [1.0, 0.0, 0.0, 0.0, 1.0, a, 0.0],
    ];
    assert!((&x - &hand).iter().all(|d| d.abs() < 1e-15), "{x}");

    let learned = Preprocessor::fit(&table(ANIMALS), "kind").unwrap();
    assert_eq!(learned.class_names(), ["cat", "cow", "dog"]);
    assert_eq!(learned.target_names(), ["kind"]);
    let dataset = learned.transform::<f32>(&table(ANIMALS)).unwrap();
    assert_eq!(dataset.classes().unwrap().0, [0, 2, 0, 1]);
    assert_eq!(dataset.features(), x.mapv(|x| x as f32));
    assert_eq!(dataset.weights(), None);
}

#[test]
fn every_scaling_by_hand() {
    let x = table("x\n0\n1\n4\n3\n2\n");
    let scaled = |scaling| of_own(builder().numbers(numbers(scaling)), &x).1.column(0).to_vec();
    let s = 2_f64.sqrt(); // the variance of 0 … 4 is (4 + 1 + 0 + 1 + 4)/5
    assert_eq!(scaled(Scaling::None), [0.0, 1.0, 4.0, 3.0, 2.0]);
    assert_eq!(scaled(Scaling::Standard), [-2.0, -1.0, 2.0, 1.0, 0.0].map(|x| x / s));
    assert_eq!(scaled(Scaling::MinMax), [0.0, 0.25, 1.0, 0.75, 0.5]);
    assert_eq!(scaled(Scaling::Robust), [-1.0, -0.5, 1.0, 0.5, 0.0]); // quartiles 1 and 3
    let config = QuantileConfig { output: Distribution::Uniform, ..QuantileConfig::default() };
    assert_eq!(scaled(Scaling::Quantile(config)), [0.0, 0.25, 1.0, 0.75, 0.5]);
}

#[test]
fn what_was_missing_in_training_has_a_feature() {
    let none =
        NumberTreatment { fill: Fill::Constant(-1.0), indicators: true, scaling: Scaling::None };
    let learned = builder().numbers(none).fit(&table("a,b\n1,\n3,2\n")).unwrap();
    assert_eq!(learned.feature_names(), ["a", "b", "b is missing"]);
    let x: Array2<f64> = learned.features(&table("a,b\n,\n5,6\n")).unwrap();
    assert_eq!(x, array![[-1.0, -1.0, 1.0], [5.0, 6.0, 0.0]]);
    let without = NumberTreatment { indicators: false, ..none };
    assert_eq!(of_own(builder().numbers(without), &table("a\n1\n\n3\n")).0, ["a"]);
}

#[test]
fn unknown_and_missing_categories() {
    let train = table("w,x\nb,1\na,1\n");
    let new = table("w,x\nc,1\na,1\n,1\n");
    let features = |treatment| {
        let learned = builder().text(treatment).column("x", Treatment::Drop).fit(&train).unwrap();
        let x: Result<Array2<f64>, Error> = learned.features(&new);
        (learned.feature_names().join(", "), x)
    };
    let (names, x) = features(TextTreatment::OneHot(Unknown::Zeros));
    assert_eq!(
        (names.as_str(), x.unwrap()),
        ("w=a, w=b", array![[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    );
    let (names, x) = features(TextTreatment::OneHot(Unknown::OwnColumn));
    assert_eq!(names, "w=a, w=b, w is unknown");
    assert_eq!(x.unwrap(), array![[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]);
    let refused = "t.csv, line 2, column \"w\": expected one of \"a\", \"b\", found \"c\"";
    assert_eq!(message(features(TextTreatment::OneHot(Unknown::Error)).1), refused);
    assert_eq!(message(features(TextTreatment::Ordinal(None)).1), refused);
    let (names, x) = features(TextTreatment::Ordinal(Some(-1.0)));
    assert_eq!((names.as_str(), x.unwrap()), ("w", array![[-1.0], [0.0], [-1.0]]));
    // Missing in training: a category of its own, the last one.
    let gap = table("w\nb\n\"\"\na\n");
    let ordinal = builder().text(TextTreatment::Ordinal(None));
    assert_eq!(of_own(ordinal, &gap).1, array![[1.0], [2.0], [0.0]]);
}

// Hashes by Python's whole numbers: Bern 0x022f59d1e2220069, Oslo 0xdc68eec548e3bfdd, Rome
// 0x96680ca1a2494cfe, é 0x9d55ccb9ba86763b, Ulm 0x658c0b4b56c00b8a. Their rest by 4, and their
// highest bit.
#[test]
fn hashed_text_is_the_same_everywhere() {
    let x = of_own(
        builder().text(TextTreatment::Hashed(4)),
        &table("w\nBern\nOslo\nRome\né\nUlm\nNA\n"),
    );
    assert_eq!(x.0, ["w#0", "w#1", "w#2", "w#3"]);
    let hand = array![
        [0.0, 1.0, 0.0, 0.0],
        [0.0, -1.0, 0.0, 0.0],
        [0.0, 0.0, -1.0, 0.0],
        [0.0, 0.0, 0.0, -1.0],
        [0.0, 0.0, 1.0, 0.0],
        [0.0, 0.0, 0.0, 0.0],
    ];
    assert_eq!(x.1, hand);
}

#[test]
fn numbers_as_categories() {
    let floors = table("floor\n2\n-0.0\n0\n10\n2.5\n\"\"\n");
    let treatment = Treatment::Text(TextTreatment::default());
    let learned = builder().column("floor", treatment).fit(&floors).unwrap();
    let names = ["floor=0", "floor=10", "floor=2", "floor=2.5", "floor is missing"];
    assert_eq!(learned.feature_names(), names);
    let x: Array2<f64> = learned.features(&table("floor\n0\n2\n7\n")).unwrap();
    assert_eq!(x.sum_axis(ndarray::Axis(1)), array![1.0, 1.0, 0.0]);
    assert_eq!(
        message(learned.features::<f64>(&table("floor\nground\n"))),
        "t.csv, line 2, column \"floor\": expected a number, as in training, found \"ground\""
    );
}

#[test]
fn columns_are_found_by_name() {
    let learned = Preprocessor::fit(&table("y,a,b\n1,1,x\n2,3,z\n"), "y").unwrap();
    let (one, other) = (table("y,a,b\n5,2,z\n"), table("b,extra,y,a\nz,word,5,2\n"));
    let expected = learned.transform::<f64>(&one).unwrap();
    assert_eq!(learned.transform::<f64>(&other).unwrap(), expected);
    assert_eq!(expected.features(), array![[0.0, 0.0, 1.0]]);
    assert_eq!(
        message(learned.transform::<f64>(&table("c\n1\n"))),
        "t.csv: expected the columns \"a\", \"b\", \"y\" as well, found \"c\""
    );
    // What was dropped may be missing.
    let dropped = builder().target("y").column("a", Treatment::Drop);
    let dropped = dropped.fit(&table("y,a,b\n1,1,x\n2,3,z\n")).unwrap();
    let without = dropped.transform::<f64>(&table("b,y\nz,5\n")).unwrap();
    assert_eq!(without.features(), array![[0.0, 1.0]]);
    // Without a target there are the features.
    let x: Array2<f64> = learned.features(&table("b,a\nz,2\n")).unwrap();
    assert_eq!(x, expected.features());
    let untaught = builder().fit(&table("a\n1\n")).unwrap();
    assert!(untaught.target_names().is_empty() && untaught.class_names().is_empty());
    assert_eq!(
        message(untaught.transform::<f64>(&table("a\n1\n"))),
        "Preprocessor: expected a target for a dataset (of rows without one there are the \
         features), found 0"
    );
}

#[test]
fn columns_of_another_type() {
    let learned = Preprocessor::fit(&table("y,a,b\nu,1,x\nv,3,z\n"), "y").unwrap();
    let cases = [
        (
            "y,a,b\nu,,x\nu,heavy,x\n",
            "line 3, column \"a\": expected a number, as in training, found \"heavy\"",
        ),
        (
            "y,a,b\nu,1,\nv,1,7\n",
            "line 3, column \"b\": expected text, as in training (CsvOptions::types says so where \
             all words look like numbers), found 7",
        ),
        (
            "y,a,b\n1,1,x\n",
            "line 2, column \"y\": expected text, as in training (CsvOptions::types says so where \
             all words look like numbers), found 1",
        ),
        (
            "y,a,b\nu,1,x\nw,1,x\n",
            "line 3, column \"y\": expected one of the classes \"u\", \"v\", found \"w\"",
        ),
    ];
    for (csv, expected) in cases {
        assert_eq!(message(learned.transform::<f64>(&table(csv))), format!("t.csv, {expected}"));
    }
    // Rows keep their lines in parts; a table that was not read has none.
    let part = table("y,a,b\nu,1,x\nw,1,x\nw,1,x\n").rows(&[2]).unwrap();
    assert!(message(learned.transform::<f64>(&part)).starts_with("t.csv, line 4, column \"y\""));
    let own = |b: Column| {
        let y = Column::text_of("y", [Some("u")]);
        Table::new(vec![y, Column::numbers_of("a", vec![1.0]), b]).unwrap()
    };
    let made = own(Column::numbers_of("b", vec![7.0]));
    assert!(message(learned.transform::<f64>(&made)).starts_with("row 0, column \"b\""));
    // A column without any value is of both types.
    let empty = own(Column::numbers_of("b", vec![NAN]));
    assert_eq!(learned.transform::<f64>(&empty).unwrap().features(), array![[-1.0, 0.0, 0.0]]);
}

#[test]
fn targets() {
    let csv = "n,v,w,x\n10,1.5,a,0\n9,-2,b,0\n-1,4,a,0\n9,,c,0\n";
    let classes = builder().class_target("n").fit(&table(csv)).unwrap();
    assert_eq!(classes.class_names(), ["-1", "9", "10"]);
    assert_eq!(classes.transform::<f64>(&table(csv)).unwrap().classes().unwrap().0, [2, 1, 0, 1]);
    let words = builder().class_target("w").fit(&table(csv)).unwrap();
    assert_eq!(words.class_names(), ["a", "b", "c"]);

    let values = builder().value_targets(["v", "n"]).drop_missing_targets();
    let learned = values.clone().fit(&table(csv)).unwrap();
    assert_eq!(learned.target_names(), ["v", "n"]);
    let plain = learned.transform::<f32>(&table(csv)).unwrap();
    assert_eq!(plain.values().unwrap(), array![[1.5, 10.0], [-2.0, 9.0], [4.0, -1.0]]);
    let mut same = array![[1.0, 2.0]];
    learned.inverse_target(&mut same).unwrap();
    assert_eq!(same, array![[1.0, 2.0]]);

    let scaled = values.scale_target().fit(&table(csv)).unwrap();
    let dataset = scaled.transform::<f64>(&table(csv)).unwrap();
    let mut y = dataset.values().unwrap().clone();
    for column in y.columns() {
        assert!(column.sum().abs() < 1e-14 && (column.dot(&column) / 3.0 - 1.0).abs() < 1e-14);
    }
    scaled.inverse_target(&mut y).unwrap();
    let back = array![[1.5, 10.0], [-2.0, 9.0], [4.0, -1.0]];
    assert!((&y - &back).iter().all(|d: &f64| d.abs() < 1e-14), "{y}");
    let mut one = array![[1.0]];
    assert_eq!(
        message(scaled.inverse_target(&mut one)),
        "Preprocessor: expected 2 columns, found 1"
    );
    // Scores of classes have no unit.
    let mut scores = array![[0.5, 0.25, 0.25]];
    classes.inverse_target(&mut scores).unwrap();
    assert_eq!(scores, array![[0.5, 0.25, 0.25]]);
}

#[test]
fn choices_that_are_refused() {
    let t = table("a,b,c\n1,x,2\n3,y,4\n");
    let hashed = |n| builder().text(TextTreatment::Hashed(n));
    let cases: [(PreprocessorBuilder, &str); 15] = [
        (
            builder().target("d"),
            "t.csv: expected one of the columns \"a\", \"b\", \"c\", found \"d\"",
        ),
        (
            builder().weights("d"),
            "t.csv: expected one of the columns \"a\", \"b\", \"c\", found \"d\"",
        ),
        (
            builder().column("d", Treatment::Drop),
            "t.csv: expected one of the columns \"a\", \"b\", \"c\", found \"d\"",
        ),
        (
            builder().target("a").weights("a"),
            "column \"a\": expected to be the target alone, found as the weights too",
        ),
        (
            builder().target("a").column("a", Treatment::Drop),
            "column \"a\": expected to be the target alone, found as a feature too",
        ),
        (
            builder().value_targets(["a", "a"]),
            "column \"a\": expected to be the target alone, found as the target too",
        ),
        (builder().value_targets(["b"]), "column \"b\": expected numbers, found text"),
        (
            builder().value_targets([""; 0]),
            "value_targets: expected at least 1 column of values, found 0",
        ),
        (builder().weights("b"), "column \"b\": expected numbers, found text"),
        (
            builder().target("b").scale_target(),
            "column \"b\": expected values that can be scaled, found classes",
        ),
        (
            builder().column("b", Treatment::Numbers(NumberTreatment::default())),
            "column \"b\": expected numbers, found text",
        ),
        (
            hashed(0),
            "Preprocessor: expected the number of hashed features to be from 1 to 1048576, found 0",
        ),
        (
            hashed(usize::MAX),
            "Preprocessor: expected the number of hashed features to be from 1 to 1048576, found \
             18446744073709552000",
        ),
        (
            builder().text(TextTreatment::Ordinal(Some(NAN))),
            "Preprocessor: expected the number of unknown categories to be finite, found NaN",
        ),
        (
            builder()
                .numbers(NumberTreatment { fill: Fill::Constant(NAN), ..numbers(Scaling::None) }),
            "SimpleImputer: expected the constant to be finite, found NaN",
        ),
    ];
    for (builder, expected) in cases {
        assert_eq!(message(builder.fit(&t)), expected);
    }
    let none = builder().target("a").column("b", Treatment::Drop).column("c", Treatment::Drop);
    let no_feature = "Preprocessor: expected at least 1 column that is a feature, found 0";
    assert_eq!(message(none.fit(&t)), no_feature);
    assert_eq!(message(Preprocessor::fit(&table("a\n1\n"), "a")), no_feature);
    let no_rows = t.rows(&[]).unwrap();
    assert_eq!(
        message(builder().fit(&no_rows)),
        "Preprocessor: expected at least 1 row to learn from, found 0"
    );
}

#[test]
fn weights_count_rows() {
    let csv = "y,x,w\n1,1,2\n2,2,0\n3,3,0.5\n";
    let learned = builder().target("y").weights("w").fit(&table(csv)).unwrap();
    assert_eq!(learned.feature_names(), ["x"]);
    let dataset = learned.transform::<f32>(&table(csv)).unwrap();
    assert_eq!(dataset.weights(), Some(&[2.0, 0.0, 0.5][..]));
    assert!(matches!(dataset.target(), Target::Values(values) if values.dim() == (3, 1)));
    for (weight, found) in [("-1", "-1"), ("NA", "a missing value")] {
        let error =
            message(learned.transform::<f64>(&table(&format!("y,x,w\n1,1,1\n1,1,{weight}\n"))));
        let expected =
            "t.csv, line 3, column \"w\": expected a finite weight of at least 0, found ";
        assert_eq!(error, format!("{expected}{found}"));
    }
    let missing = message(learned.transform::<f64>(&table("y,x\n1,1\n")));
    assert_eq!(missing, "t.csv: expected the columns \"w\" as well, found \"y\", \"x\"");
    assert!(learned.features::<f64>(&table("x\n1\n")).is_ok());
}
