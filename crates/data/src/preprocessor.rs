//! From a table to what a network is trained on.

use std::collections::HashMap;

use ndarray::{Array2, ArrayRef2, Axis, Slice};
use tensor_core::{Float, memory};

use crate::entries::{entry, narrowed, numbers_as_learned};
use crate::feature_column::FeatureColumn;
#[cfg(feature = "serde")]
use crate::table::check_names;
use crate::target_column::{TargetColumn, with_targets};
use crate::{Column, Dataset, Error, Table};

/// Which column goes through what, and what was learned of each from training rows: makes a
/// [`Dataset`] of every table with these columns.
///
/// [`fit`](Self::fit) with nothing but the target's name does the usual; the
/// [`builder`](Self::builder) has every choice.
///
/// | column | becomes, by default |
/// |---|---|
/// | numbers | missing ones the median; then mean 0, standard deviation 1 |
/// | | beside it a feature that says what is missing, if anything was in training |
/// | text | a feature of 0 and 1 for each category; in all of them 0 for an unknown one |
/// | | a missing value is a category, if there were any in training |
/// | target of text | classes, sorted by name |
/// | target of numbers | values, as they are |
///
/// [`NumberTreatment`](crate::NumberTreatment) and [`TextTreatment`](crate::TextTreatment) say what
/// else they may become.
///
/// **From training rows alone.** `fit` reads nothing but its table, and nothing changes what it has
/// learned. A table that has been transformed is a [`Dataset`], which it does not take. Split
/// first, then fit on the training rows.
///
/// **Columns are found by name**, in any order; others are left alone. Those that are missing are
/// an error that lists them all. One of another type than in training is an error that names the
/// first value that tells it; a column without any value is of both types. The features of a column
/// stand together, in the order of the table that was learned from.
///
/// **Rows that lack a target** are refused, and the first few named; or
/// [left out](crate::PreprocessorBuilder::drop_missing_targets).
///
/// | corner | |
/// |---|---|
/// | constant column of numbers | 0, and for other numbers the difference to it, not scaled |
/// | column without any value | a constant column, and 1 in "is missing"; as text, that alone |
/// | missing after training alone | filled, and no feature says so; text: an unknown category |
/// | class that was not learned | an error that names it and those there are |
/// | one class only | a class like others |
/// | a number beyond the range of `F` after scaling | an error: no ∞ |
/// | more than [`max_categories`](crate::PreprocessorBuilder::max_categories) | an error that says what can be done |
///
/// scikit-learn's `ColumnTransformer` of `SimpleImputer`, `StandardScaler` and `OneHotEncoder`.
///
/// # Examples
/// ```
/// use data::{Preprocessor, Table, Target};
/// use ndarray::array;
///
/// let csv = "species,island,mass\nAdelie,Dream,3000\nGentoo,Biscoe,5000\nAdelie,Dream,\n";
/// let train = Table::read_csv_from(csv.as_bytes(), "train.csv")?;
/// let learned = Preprocessor::fit(&train, "species")?;
/// let names = ["island=Biscoe", "island=Dream", "mass", "mass is missing"];
/// assert_eq!(learned.feature_names(), names);
/// assert_eq!(learned.class_names(), ["Adelie", "Gentoo"]);
///
/// let csv = "mass,species,island,year\n4000,Gentoo,Torgersen,2009\n";
/// let test = Table::read_csv_from(csv.as_bytes(), "test.csv")?;
/// let dataset = learned.transform::<f32>(&test)?;
/// assert_eq!(dataset.features(), array![[0.0, 0.0, 0.0, 0.0]]); // the median, and a new island
/// assert!(matches!(dataset.target(), Target::Classes { labels, .. } if labels == &[1]));
///
/// let error = learned.features::<f32>(&test.without(&["mass", "island"])?).unwrap_err();
/// let missing = "expected the columns \"island\", \"mass\" as well";
/// assert_eq!(error.to_string(), format!("test.csv: {missing}, found \"species\", \"year\""));
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Parts"))]
pub struct Preprocessor {
    columns: Vec<FeatureColumn>,
    target: TargetColumn,
    weights: Option<String>,
    drop_missing_targets: bool,
    /// Of all columns, which say them.
    #[cfg_attr(feature = "serde", serde(skip_serializing))]
    feature_names: Vec<String>,
}

const NAME: &str = "Preprocessor";

impl Preprocessor {
    /// # Errors
    /// If there are no features.
    pub(crate) fn new(
        columns: Vec<FeatureColumn>,
        target: TargetColumn,
        weights: Option<String>,
        drop_missing_targets: bool,
    ) -> Result<Self, Error> {
        let n_features: usize = columns.iter().map(FeatureColumn::n_features).sum();
        if n_features == 0 {
            let expected = "at least 1 column that is a feature".into();
            return Err(Error::TooFew { place: NAME, expected, found: 0 });
        }
        memory::check_room::<String>("feature names", &[n_features])
            .map_err(|_| Error::TooLarge { place: "features", found: n_features.to_string() })?;
        let feature_names = columns.iter().flat_map(FeatureColumn::names).collect();
        Ok(Self { columns, target, weights, drop_missing_targets, feature_names })
    }

    /// Features, target and weights of a table.
    ///
    /// # Errors
    /// If a column is missing or of another type, a row lacks a target, a class or category is
    /// unknown, a weight is missing or no finite number ≥ 0, a number is infinite or leaves the
    /// range of `F`, or there was no target to learn.
    pub fn transform<F: Float>(&self, table: &Table) -> Result<Dataset<F>, Error> {
        let targets = self.target.columns();
        let by_name = by_name(table);
        let others = targets.iter().chain(&self.weights);
        self.check_columns(table, &by_name, others)?;
        let table = &*with_targets(table, targets, self.drop_missing_targets)?;
        let dataset = Dataset::new(self.features(table)?, self.target.read(table)?)?;
        match &self.weights {
            Some(column) => dataset.with_weights(weights(table, table.column(column)?)?),
            None => Ok(dataset),
        }
    }

    /// The features of every row, `(N, n_features)`; target and weights may be missing.
    ///
    /// # Errors
    /// If a column is missing or of another type, a category is unknown and may not be, or a number
    /// is infinite or leaves the range of `F`.
    pub fn features<F: Float>(&self, table: &Table) -> Result<Array2<F>, Error> {
        let by_name = by_name(table);
        self.check_columns(table, &by_name, [])?;
        let shape = (table.n_rows(), self.n_features());
        let mut features = memory::zeros("features", shape).map_err(|_| {
            let found = format!("{shape:?} of {} bytes", size_of::<F>());
            Error::TooLarge { place: "features", found }
        })?;
        let mut first = 0;
        for learned in &self.columns {
            let Some(column) = by_name.get(learned.name.as_str()) else { continue };
            let next = first + learned.n_features();
            let part = features.slice_axis_mut(Axis(1), Slice::from(first..next));
            learned.write(table, column, part)?;
            first = next;
        }
        Ok(features)
    }

    /// Takes predicted values `(N, targets)` back to the target's unit, in place, if it was
    /// [scaled](crate::PreprocessorBuilder::scale_target). Scores of classes stay what they are.
    ///
    /// # Errors
    /// If there is another number of columns. Nothing is changed then.
    pub fn inverse_target(&self, values: &mut ArrayRef2<f64>) -> Result<(), Error> {
        self.target.inverse(values)
    }

    /// How many features a row has.
    pub fn n_features(&self) -> usize {
        self.feature_names.len()
    }

    /// What each feature is: `mass`, `mass is missing`, `island=Dream`, `city#3`.
    pub fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    /// The columns that are to be predicted: one for classes, none without a target.
    pub fn target_names(&self) -> &[String] {
        self.target.columns()
    }

    /// The names of the classes, sorted: class `i` is `class_names()[i]`. None if the target is
    /// values.
    pub fn class_names(&self) -> &[String] {
        self.target.class_names()
    }

    /// # Errors
    /// If the table lacks a column that a feature is made of, or one of the others.
    fn check_columns<'a>(
        &'a self,
        table: &Table,
        by_name: &HashMap<&str, &Column>,
        others: impl IntoIterator<Item = &'a String>,
    ) -> Result<(), Error> {
        let names = self.columns.iter().map(|column| &column.name).chain(others);
        let missing: Vec<String> =
            names.filter(|name| !by_name.contains_key(name.as_str())).cloned().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let known = table.columns().iter().map(|column| column.name().to_owned()).collect();
        Err(Error::MissingColumns { file: table.file().to_owned(), missing, known })
    }
}

/// One by one they would be found in as many steps as there are columns.
fn by_name(table: &Table) -> HashMap<&str, &Column> {
    table.columns().iter().map(|column| (column.name(), column)).collect()
}

/// # Errors
/// If a weight is missing, infinite or negative.
fn weights<F: Float>(table: &Table, column: &Column) -> Result<Vec<F>, Error> {
    let name = column.name();
    let weight = |(row, &x): (usize, &f64)| {
        if x >= 0.0 && x.is_finite() {
            return narrowed(table, row, name, x);
        }
        let found = if x.is_nan() { "a missing value".into() } else { x.to_string() };
        Err(entry(table, row, name, "a finite weight of at least 0", found))
    };
    numbers_as_learned(table, column)?.iter().enumerate().map(weight).collect()
}

/// What is read, before it is checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Parts {
    columns: Vec<FeatureColumn>,
    target: TargetColumn,
    weights: Option<String>,
    drop_missing_targets: bool,
}

#[cfg(feature = "serde")]
impl TryFrom<Parts> for Preprocessor {
    type Error = Error;

    fn try_from(parts: Parts) -> Result<Self, Error> {
        let Parts { columns, target, weights, drop_missing_targets } = parts;
        let features = columns.iter().map(|column| &column.name);
        let names = features.chain(target.columns()).chain(&weights);
        check_names("", names.map(String::as_str))?;
        Self::new(columns, target, weights, drop_missing_targets)
    }
}
