//! Tables that nobody tuned for: wide, narrow, full of holes, with names of single rows, rare
//! classes, missing targets, numbers at the end of a type.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use data::{
    Column, Error, NumberTreatment, Preprocessor, Scaling, Table, TextTreatment, Treatment,
};
use ndarray::{Array2, array};
use tensor_core::Rng;

const NAN: f64 = f64::NAN;

fn table(csv: &str) -> Table {
    Table::read_csv_from(csv.as_bytes(), "t.csv").unwrap()
}

fn message<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().to_string()
}

fn raw() -> NumberTreatment {
    NumberTreatment { scaling: Scaling::None, ..NumberTreatment::default() }
}

#[test]
fn ten_thousand_columns() {
    let x = Array2::from_shape_fn((7, 10_000), |(row, column)| (row * (column % 5)) as f64);
    let names: Vec<String> = (0..10_000).map(|i| format!("column {i}")).collect();
    let wide = Table::from_array(names.clone(), &x).unwrap();
    let learned = Preprocessor::fit(&wide, "column 9999").unwrap();
    assert_eq!(learned.feature_names(), &names[..9999]);
    let dataset = learned.transform::<f32>(&wide).unwrap();
    assert_eq!(dataset.features().dim(), (7, 9999));
    // Columns 0, 5, … are constant; the others 0 … 6 in some unit, of standard deviation 2.
    assert!(dataset.features().column(5).iter().all(|x| *x == 0.0));
    assert_eq!(dataset.features().column(9998).to_vec(), [-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5]);
    assert_eq!(dataset.features()[[6, 1]], 1.5);
    let narrow = Table::from_array(["column 9998", "column 9999"], &array![[1.0, 2.0]]).unwrap();
    let Err(Error::MissingColumns { missing, .. }) = learned.transform::<f32>(&narrow) else {
        panic!("9998 columns are missing")
    };
    assert_eq!(missing, names[..9998]);
}

#[test]
fn one_column() {
    let learned = Preprocessor::builder().fit(&table("x\n1\n3\n")).unwrap();
    assert_eq!(learned.n_features(), 1);
    assert_eq!(learned.features::<f64>(&table("x\n1\n3\n")).unwrap(), array![[-1.0], [1.0]]);
    let one_row = Preprocessor::fit(&table("y,x\na,3\n"), "y").unwrap();
    let dataset = one_row.transform::<f64>(&table("y,x\na,3\n")).unwrap();
    assert_eq!(
        (dataset.features(), one_row.class_names()),
        (&array![[0.0]], &["a".to_owned()][..])
    );
}

#[test]
fn sixty_percent_missing() {
    let rng = &mut Rng::new(7);
    let holes = |x: f64, rng: &mut Rng| if rng.uniform() < 0.6 { NAN } else { x };
    let mut columns = Vec::new();
    for i in 0..20 {
        let numbers = (0..500).map(|row| holes(f64::from(row % (i + 2)), rng)).collect();
        columns.push(Column::numbers_of(format!("n{i}"), numbers));
        let words: Vec<_> = (0..500).map(|_| (rng.uniform() >= 0.6).then_some("w")).collect();
        columns.push(Column::text_of(format!("t{i}"), words));
    }
    let full_of_holes = Table::new(columns).unwrap();
    let learned = Preprocessor::builder().fit(&full_of_holes).unwrap();
    assert_eq!(learned.n_features(), 20 * (2 + 2));
    let x = learned.features::<f32>(&full_of_holes).unwrap();
    assert!(x.iter().all(|x| x.is_finite()));
    for (name, column) in learned.feature_names().iter().zip(x.columns()) {
        if name.ends_with("is missing") {
            let share = column.sum() / 500.0;
            assert!((0.5..0.7).contains(&share), "{name}: {share}"); // 0.6 ± 4.5 σ, σ = 0.022
        }
    }
}

#[test]
fn five_thousand_categories() {
    let words: Vec<String> = (0..5000).map(|i| format!("customer {i}")).collect();
    let columns = || {
        let names = Column::text_of("name", words.iter().map(|word| Some(word.as_str())));
        vec![names, Column::numbers_of("x", (0..5000).map(f64::from).collect())]
    };
    let many = Table::new(columns()).unwrap();
    let builder = Preprocessor::builder();
    assert_eq!(
        message(builder.clone().fit(&many)),
        "column \"name\": expected at most 100 categories, found 5000 (drop it: Treatment::Drop; \
         hash it: TextTreatment::Hashed; or raise the limit: max_categories)"
    );
    let n_features = |builder: data::PreprocessorBuilder| {
        let learned = builder.fit(&many).unwrap();
        let x = learned.features::<f32>(&many).unwrap();
        assert_eq!(x.dim(), (5000, learned.n_features()));
        learned.n_features()
    };
    assert_eq!(n_features(builder.clone().column("name", Treatment::Drop)), 1);
    assert_eq!(n_features(builder.clone().text(TextTreatment::Hashed(64))), 65);
    assert_eq!(n_features(builder.clone().max_categories(5000)), 5001);
    assert!(builder.clone().max_categories(4999).fit(&many).is_err());
    assert_eq!(n_features(builder.text(TextTreatment::Ordinal(None))), 2);
    // A part with few of them is not judged by the others.
    let part = many.rows(&[0, 1]).unwrap();
    assert_eq!(Preprocessor::builder().fit(&part).unwrap().n_features(), 3);
}

#[test]
fn a_class_with_one_row_and_one_class_only() {
    let csv = format!("y,x\n{}rare,1\n", "common,0\n".repeat(99));
    let learned = Preprocessor::fit(&table(&csv), "y").unwrap();
    let dataset = learned.transform::<f64>(&table(&csv)).unwrap();
    let (labels, names) = dataset.classes().unwrap();
    assert_eq!((labels.iter().sum::<usize>(), names.len()), (1, 2));
    let one = table("y,x\na,0\na,1\n");
    assert_eq!(Preprocessor::fit(&one, "y").unwrap().class_names(), ["a"]);
}

#[test]
fn targets_with_missing_values() {
    let csv = "y,x\na,1\n,2\nb,300\n,4\n";
    assert_eq!(
        message(Preprocessor::fit(&table(csv), "y")),
        "target \"y\": expected a value in every row, found 2 without: t.csv, line 3; t.csv, line 5 \
         (fill them in, or leave these rows out: drop_missing_targets)"
    );
    let dropped = Preprocessor::builder().target("y").drop_missing_targets();
    let learned = dropped.clone().fit(&table(csv)).unwrap();
    // What was left out has taught nothing.
    assert_eq!(learned, dropped.clone().fit(&table("y,x\na,1\nb,300\n")).unwrap());
    let dataset = learned.transform::<f64>(&table(csv)).unwrap();
    assert_eq!((dataset.n_rows(), dataset.classes().unwrap().0), (2, &[0, 1][..]));
    assert_eq!(learned.features::<f64>(&table(csv)).unwrap().nrows(), 4);
    let none = "y,x\n,1\n,2\n";
    assert_eq!(
        message(dropped.fit(&table(none))),
        "Preprocessor: expected at least 1 row with a target, found 0"
    );
    assert_eq!(
        message(learned.transform::<f64>(&table(none))),
        "Preprocessor: expected at least 1 row with a target, found 0"
    );
    let many = Column::numbers_of("y", vec![NAN; 1000]);
    let many = Table::new(vec![many, Column::numbers_of("x", vec![1.0; 1000])]).unwrap();
    let error = message(Preprocessor::fit(&many, "y"));
    let places = "found 1000 without: row 0; row 1; row 2; row 3; row 4; … (";
    assert!(error.contains(places), "{error}");
    // One of two values is enough to be without.
    let half = table("a,b,x\n1,,1\n1,2,1\n");
    assert!(Preprocessor::builder().value_targets(["a", "b"]).fit(&half).is_err());
}

#[test]
fn constant_columns_and_columns_without_any_value() {
    let csv = "c,none,x\n7,,1\n7,,2\n";
    let learned = Preprocessor::builder().fit(&table(csv)).unwrap();
    assert_eq!(learned.feature_names(), ["c", "none", "none is missing", "x"]);
    let x = learned.features::<f64>(&table("c,none,x\n7,,1\n9,,2\n,5,\n")).unwrap();
    let hand = array![[0.0, 0.0, 1.0, -1.0], [2.0, 0.0, 1.0, 1.0], [0.0, 5.0, 0.0, 0.0]];
    assert_eq!(x, hand);
    let columns = vec![Column::text_of("t", [None, None]), Column::numbers_of("x", vec![1.0, 2.0])];
    let silent = Table::new(columns).unwrap();
    let learned = Preprocessor::builder().fit(&silent).unwrap();
    assert_eq!(learned.feature_names(), ["t is missing", "x"]);
    let x = learned.features::<f64>(&table("t,x\n,1\nword,1\n")).unwrap();
    assert_eq!(x.column(0).to_vec(), [1.0, 0.0]);
}

#[test]
fn numbers_beyond_the_type() {
    let large = table("y,x\n1,1e300\n2,-1e300\n");
    let learned = Preprocessor::builder().target("y").numbers(raw()).fit(&large).unwrap();
    assert_eq!(learned.features::<f64>(&large).unwrap(), array![[1e300], [-1e300]]);
    assert_eq!(
        message(learned.features::<f32>(&large)),
        "t.csv, line 2, column \"x\": expected a number within ±3.4e38, the range of f32, found \
         1e300 to compute with"
    );
    // Scaled it fits.
    let scaled = Preprocessor::fit(&large, "y").unwrap();
    assert_eq!(scaled.features::<f32>(&large).unwrap(), array![[1.0], [-1.0]]);
    let target = Preprocessor::fit(&table("y,x\n1,1\n-1e39,2\n"), "y").unwrap();
    assert_eq!(
        message(target.transform::<f32>(&table("y,x\n1,1\n-1e39,2\n"))),
        "t.csv, line 3, column \"y\": expected a number within ±3.4e38, the range of f32, found \
         -1e39 to compute with"
    );
    // A scale learned from tiny numbers takes a large one beyond the range of f64.
    let tiny = Preprocessor::builder().fit(&table("x\n1e-300\n-1e-300\n")).unwrap();
    let error = message(tiny.features::<f64>(&table("x\n1e300\n")));
    assert!(error.contains("within ±1.8e308, the range of f64, found inf"), "{error}");
    // ∞ is no value, neither to learn from nor later, as feature, target or weight.
    let infinite = |name: &str| {
        let numbers =
            |own: &str| if own == name { vec![1.0, f64::INFINITY] } else { vec![1.0, 2.0] };
        let column = |own: &str| Column::numbers_of(own, numbers(own));
        Table::new(["y", "x", "w"].map(column).to_vec()).unwrap()
    };
    let builder = Preprocessor::builder().target("y").weights("w");
    let learned = builder.clone().fit(&infinite("none")).unwrap();
    for name in ["x", "y"] {
        let expected = format!("row 1, column \"{name}\": expected a finite number, found inf");
        assert_eq!(message(builder.clone().fit(&infinite(name))), expected);
        assert_eq!(message(learned.transform::<f64>(&infinite(name))), expected);
    }
    assert!(message(learned.transform::<f64>(&infinite("w"))).ends_with("at least 0, found inf"));
    let classes = Preprocessor::builder().class_target("y");
    assert!(classes.fit(&infinite("y")).is_err());
}
