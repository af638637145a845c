//! The tables that the feature `samples` brings.

#![cfg(feature = "samples")]
#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use data::{Preprocessor, Table, samples};

fn sum(table: &Table, column: &str) -> f64 {
    table.column(column).unwrap().numbers().unwrap().iter().filter(|x| !x.is_nan()).sum()
}

// Sums by awk over the files.
#[test]
fn tables_are_those_of_their_authors() {
    let penguins = samples::penguins().unwrap();
    assert_eq!((penguins.n_rows(), penguins.n_columns()), (344, 8));
    assert_eq!(sum(&penguins, "body_mass_g"), 1_437_000.0);
    assert_eq!(penguins.column("body_mass_g").unwrap().n_missing(), 2);
    let iris = samples::iris().unwrap();
    assert!((sum(&iris, "sepal length") - 876.5).abs() < 1e-9);
    assert!((sum(&iris, "petal width") - 179.9).abs() < 1e-9);
    let species = iris.column("species").unwrap().text().unwrap();
    assert_eq!(species.iter().filter(|name| *name == Some("virginica")).count(), 50);
    let digits = samples::digits().unwrap();
    assert_eq!(digits.n_columns(), 65);
    let pixels: f64 = (0..64).map(|i| sum(&digits, &format!("pixel {i}"))).sum();
    assert_eq!((pixels, sum(&digits, "digit")), (561_718.0, 8070.0));
    assert!(Preprocessor::fit(&iris, "species").is_ok());
}
