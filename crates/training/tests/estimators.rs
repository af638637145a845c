//! Classifiers and regressors on tables, also on those nobody made them for.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use data::{Column, KFold, Preprocessor, Shares, Split, Table, samples};
use training::{Classifier, CrossValidation, EstimatorConfig, Regressor, TrainerConfig};

fn short(epochs: u64) -> EstimatorConfig {
    let defaults = EstimatorConfig::default();
    let training = TrainerConfig { epochs, ..defaults.training.clone() };
    EstimatorConfig { hidden: vec![8], training, ..defaults }
}

fn numbers(table: &Table, name: &str) -> Vec<f64> {
    table.column(name).unwrap().numbers().unwrap().to_vec()
}

#[test]
fn two_fits_are_one_and_another_seed_is_another() {
    let iris = samples::iris().unwrap();
    let fit = |seed| {
        let mut config = short(3);
        config.training.seed = seed;
        let classifier = Classifier::fit_with(&iris, "species", &config).unwrap();
        let bits = classifier.predict_proba(&iris).unwrap().mapv(f32::to_bits);
        (bits, classifier.history().clone())
    };
    assert_eq!(fit(1), fit(1));
    assert_ne!(fit(1), fit(2));
}

// The rows that are scored are scrambled: what was learned stays the same, bit for bit.
#[test]
fn rows_that_are_not_trained_on_change_nothing_that_is_learned() {
    let iris = samples::iris().unwrap();
    let split = Split::random(iris.n_rows(), Shares::default(), 3).unwrap();
    let fitted = |table: &Table| {
        let train = table.rows(&split.train).unwrap();
        let classifier = Classifier::fit_with(&train, "species", &short(3)).unwrap();
        let bits = classifier.predict_proba(&iris).unwrap().mapv(f32::to_bits);
        (classifier.preprocessor().clone(), bits)
    };
    let is_test: Vec<bool> = (0..iris.n_rows()).map(|row| split.test.contains(&row)).collect();
    let scrambled = |column: &Column| match column.numbers() {
        Ok(x) => {
            let x = x.iter().zip(&is_test).map(|(&x, &is_test)| if is_test { 1e6 * x } else { x });
            Column::numbers_of(column.name(), x.collect())
        }
        Err(_) => column.clone(),
    };
    let scrambled = Table::new(iris.columns().iter().map(scrambled).collect()).unwrap();
    assert_ne!(scrambled, iris);
    assert_eq!(fitted(&scrambled), fitted(&iris));
}

// Neither are means learned from the validation rows that fit puts aside itself: with all rows, the
// scale would be another one.
#[test]
fn validation_rows_are_put_aside_before_anything_is_learned() {
    let iris = samples::iris().unwrap();
    let classifier = Classifier::fit_with(&iris, "species", &short(1)).unwrap();
    let of_all_rows = Preprocessor::fit(&iris, "species").unwrap();
    assert_ne!(*classifier.preprocessor(), of_all_rows);
    let mut config = short(1);
    config.training.validation_share = 0.0;
    let classifier = Classifier::fit_with(&iris, "species", &config).unwrap();
    assert_eq!(*classifier.preprocessor(), of_all_rows);
    assert_eq!(classifier.history().last().unwrap().validation_loss, None);
}

#[test]
fn a_class_with_one_row_is_learned_from() {
    let species = |row: usize| Some(["a", "b", "rare"][if row == 7 { 2 } else { row % 2 }]);
    let x =
        Column::numbers_of("x", (0..40).map(|i| f64::from(i) + f64::from(i % 2) * 50.0).collect());
    let y = Column::text_of("y", (0..40).map(species));
    let table = Table::new(vec![x, y]).unwrap();
    for balanced in [false, true] {
        let config = EstimatorConfig { balanced, ..short(20) };
        let classifier = Classifier::fit_with(&table, "y", &config).unwrap();
        assert_eq!(classifier.class_names(), ["a", "b", "rare"]);
        assert_eq!(classifier.predict(&table).unwrap().len(), 40);
    }
    let error = Classifier::cross_validate(&table, "y", &KFold::new(3).unwrap(), &short(1));
    assert!(error.unwrap_err().to_string().contains("at least 3 rows of class"));
}

#[test]
fn classes_may_be_numbers_and_columns_stand_anywhere() {
    let digits = samples::digits().unwrap().rows(&(0..200).collect::<Vec<_>>()).unwrap();
    let classifier = Classifier::fit_with(&digits, "digit", &short(30)).unwrap();
    assert_eq!(classifier.class_names(), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    let reversed = Table::new(digits.columns().iter().rev().cloned().collect()).unwrap();
    let probabilities = classifier.predict_proba(&digits).unwrap();
    assert_eq!(classifier.predict_proba(&reversed).unwrap(), probabilities);
    for row in probabilities.rows() {
        assert!((row.sum() - 1.0).abs() < 1e-6);
    }
    let error = classifier.predict(&digits.without(&["pixel 3", "pixel 5"]).unwrap()).unwrap_err();
    let message = "expected the columns \"pixel 3\", \"pixel 5\" as well";
    assert!(error.to_string().contains(message), "{error}");
}

// y = 1000 + 100 x: predictions and R² are in the unit of y.
#[test]
fn a_regressor_speaks_the_unit_of_its_target() {
    let x: Vec<f64> = (0..60).map(|i| f64::from(i) / 30.0 - 1.0).collect();
    let y = Column::numbers_of("y", x.iter().map(|x| 1000.0 + 100.0 * x).collect());
    let table = Table::new(vec![Column::numbers_of("x", x), y]).unwrap();
    let mut config = short(200);
    config.optimizer.lr = 0.01;
    let regressor = Regressor::fit_with(&table, "y", &config).unwrap();
    let predicted = regressor.predict(&table.without(&["y"]).unwrap()).unwrap();
    let truth = numbers(&table, "y");
    assert!(predicted.iter().zip(&truth).all(|(p, y)| (p - y).abs() < 30.0), "{predicted:?}");
    let mean = truth.iter().sum::<f64>() / 60.0;
    let sum = |f: &dyn Fn(usize) -> f64| (0..60).map(|i| f(i).powi(2)).sum::<f64>();
    let r2 = 1.0 - sum(&|i| truth[i] - predicted[i]) / sum(&|i| truth[i] - mean);
    assert!((regressor.score(&table).unwrap() - r2).abs() < 1e-4, "the target went through f32");
    assert!(Regressor::fit(&samples::iris().unwrap(), "species").is_err(), "text");
}

#[test]
fn a_column_of_weights_counts_rows() {
    // Contradicting rows: those of weight 0 do not count, whichever class they are of.
    let x = Column::numbers_of("x", (0..80).map(|i| f64::from(i / 2 % 2)).collect());
    let y = Column::text_of("y", (0..80).map(|i| Some(if i % 2 == i / 2 % 2 { "a" } else { "b" })));
    let weight = |class: i32| {
        Column::numbers_of(
            "w",
            (0..80).map(|i| if (i % 2 == i / 2 % 2) == (class == 0) { 1.0 } else { 0.0 }).collect(),
        )
    };
    for (class, name) in [(0, "a"), (1, "b")] {
        let table = Table::new(vec![x.clone(), y.clone(), weight(class)]).unwrap();
        let preprocessing = Preprocessor::builder().weights("w");
        let mut config = EstimatorConfig { preprocessing, ..short(30) };
        config.optimizer.lr = 0.05;
        let classifier = Classifier::fit_with(&table, "y", &config).unwrap();
        assert_eq!(classifier.predict(&table).unwrap(), [name; 80]);
        assert_eq!(classifier.score(&table).unwrap(), 1.0, "of the rows that count");
    }
}

// √(((0.9 − 0.7)² + (0.5 − 0.7)²)/2) = 0.2.
#[test]
fn spread_by_hand() {
    let result = CrossValidation { scores: vec![0.9, 0.5] };
    assert!((result.mean() - 0.7).abs() < 1e-15 && (result.std() - 0.2).abs() < 1e-15);
}
