//! The choices of a preprocessor.

use std::collections::HashMap;

use crate::feature_column::FeatureColumn;
use crate::target_column::{TargetChoice, TargetColumn, with_targets};
use crate::{
    Column, Error, NumberTreatment, Preprocessor, Table, TextTreatment, Treatment, Values,
};

/// What a [`Preprocessor`] does, before it has learned from a table.
///
/// # Examples
/// ```
/// use data::{NumberTreatment, Preprocessor, Scaling, Table, TextTreatment, Treatment};
///
/// let csv = "id,city,rooms,rent,counted\n1,Bern,2,1000,3\n2,Rome,3,,1\n3,Oslo,4,3000,1\n";
/// let table = Table::read_csv_from(csv.as_bytes(), "flats.csv")?;
/// let learned = Preprocessor::builder()
///     .target("rent")
///     .scale_target()
///     .drop_missing_targets()
///     .weights("counted")
///     .numbers(NumberTreatment { scaling: Scaling::MinMax, ..NumberTreatment::default() })
///     .text(TextTreatment::Hashed(2))
///     .column("id", Treatment::Drop)
///     .fit(&table)?;
/// assert_eq!(learned.feature_names(), ["city#0", "city#1", "rooms"]);
/// let dataset = learned.transform::<f64>(&table)?;
/// assert_eq!(dataset.values()?, ndarray::array![[-1.0], [1.0]]);
/// assert_eq!(dataset.weights(), Some(&[3.0, 1.0][..]));
/// let mut predicted = ndarray::array![[0.5]];
/// learned.inverse_target(&mut predicted)?;
/// assert_eq!(predicted, ndarray::array![[2500.0]]);
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PreprocessorBuilder {
    target: TargetChoice,
    weights: Option<String>,
    drop_missing_targets: bool,
    scale_target: bool,
    numbers: NumberTreatment,
    text: TextTreatment,
    columns: Vec<(String, Treatment)>,
    max_categories: usize,
}

const TARGET: &str = "the target";
const WEIGHTS: &str = "the weights";
const FEATURE: &str = "a feature";

impl Preprocessor {
    /// Learns from training rows, with the default treatment of every column but the target, which
    /// is to be predicted: as classes if it is text, as values if it is numbers.
    ///
    /// # Errors
    /// As for [`PreprocessorBuilder::fit`].
    pub fn fit(table: &Table, target: &str) -> Result<Self, Error> {
        Self::builder().target(target).fit(table)
    }

    /// Every choice. Without any, there is no target, and all columns are features.
    pub fn builder() -> PreprocessorBuilder {
        PreprocessorBuilder {
            target: TargetChoice::None,
            weights: None,
            drop_missing_targets: false,
            scale_target: false,
            numbers: NumberTreatment::default(),
            text: TextTreatment::default(),
            columns: Vec::new(),
            max_categories: 100,
        }
    }
}

impl PreprocessorBuilder {
    /// The column that is to be predicted: as classes if it is text, as values if it is numbers.
    ///
    /// Of the three calls that say what the target is, the last one counts.
    #[must_use]
    pub fn target(self, column: &str) -> Self {
        Self { target: TargetChoice::ByType(column.to_owned()), ..self }
    }

    /// The column that is to be predicted, as classes: text sorted by name, numbers by size.
    #[must_use]
    pub fn class_target(self, column: &str) -> Self {
        Self { target: TargetChoice::Classes(column.to_owned()), ..self }
    }

    /// The columns of numbers that are to be predicted.
    #[must_use]
    pub fn value_targets<S: Into<String>>(self, columns: impl IntoIterator<Item = S>) -> Self {
        let columns = columns.into_iter().map(Into::into).collect();
        Self { target: TargetChoice::Values(columns), ..self }
    }

    /// Values are scaled to mean 0 and standard deviation 1, each target by itself;
    /// [`Preprocessor::inverse_target`] takes predictions back.
    ///
    /// A network starts with outputs near 0, and a learning rate that fits targets of size 1 does
    /// not fit 1000.
    #[must_use]
    pub fn scale_target(self) -> Self {
        Self { scale_target: true, ..self }
    }

    /// Rows that lack a target are left out, in training and in every table that is transformed.
    #[must_use]
    pub fn drop_missing_targets(self) -> Self {
        Self { drop_missing_targets: true, ..self }
    }

    /// The column that says how much each row counts. What is learned of other columns does not
    /// depend on it.
    #[must_use]
    pub fn weights(self, column: &str) -> Self {
        Self { weights: Some(column.to_owned()), ..self }
    }

    /// What is done to columns of numbers.
    #[must_use]
    pub fn numbers(self, treatment: NumberTreatment) -> Self {
        Self { numbers: treatment, ..self }
    }

    /// What is done to columns of text.
    #[must_use]
    pub fn text(self, treatment: TextTreatment) -> Self {
        Self { text: treatment, ..self }
    }

    /// What is done to one column. The last word on a column counts.
    #[must_use]
    pub fn column(mut self, name: &str, treatment: Treatment) -> Self {
        self.columns.push((name.to_owned(), treatment));
        self
    }

    /// How many categories may become a feature each, 100 by default. Columns that have more are
    /// mostly names or numbers of single rows, which say nothing about others.
    #[must_use]
    pub fn max_categories(self, n: usize) -> Self {
        Self { max_categories: n, ..self }
    }

    /// Learns from training rows.
    ///
    /// # Errors
    /// If there are no rows or no features, a column that was named is not there or is asked to be
    /// two things, a row lacks a target and may not be left out, values or columns to be treated as
    /// numbers are text, a number is infinite, a column has too many categories, or a choice is out
    /// of its range.
    pub fn fit(&self, table: &Table) -> Result<Preprocessor, Error> {
        self.check_roles(table)?;
        let targets = self.target.columns();
        let table = &*with_targets(table, targets, self.drop_missing_targets)?;
        if table.n_rows() == 0 {
            let expected = "at least 1 row to learn from".into();
            return Err(Error::TooFew { place: "Preprocessor", expected, found: 0 });
        }
        let target = TargetColumn::fit(table, &self.target, self.scale_target)?;
        let others: Vec<&String> = targets.iter().chain(&self.weights).collect();
        let own: HashMap<&str, Treatment> =
            self.columns.iter().map(|(name, own)| (name.as_str(), *own)).collect();
        let mut columns = Vec::new();
        for column in table.columns() {
            if others.iter().all(|name| *name != column.name()) {
                let treatment = own.get(column.name()).copied();
                let treatment = treatment.unwrap_or_else(|| self.treatment(column));
                let learned = FeatureColumn::fit(table, column, treatment, self.max_categories)?;
                columns.extend(learned);
            }
        }
        Preprocessor::new(columns, target, self.weights.clone(), self.drop_missing_targets)
    }

    /// What is done to a column of its type.
    fn treatment(&self, column: &Column) -> Treatment {
        match column.values() {
            Values::Numbers(_) => Treatment::Numbers(self.numbers),
            Values::Text(_) => Treatment::Text(self.text),
        }
    }

    /// # Errors
    /// If a column that was named is not there, or was named as two things.
    fn check_roles(&self, table: &Table) -> Result<(), Error> {
        let targets = self.target.columns();
        if matches!(self.target, TargetChoice::Values(_)) && targets.is_empty() {
            let expected = "at least 1 column of values".into();
            return Err(Error::TooFew { place: "value_targets", expected, found: 0 });
        }
        let named = targets.iter().map(|name| (name, TARGET));
        let named = named.chain(self.weights.iter().map(|name| (name, WEIGHTS)));
        let features: HashMap<&String, &str> =
            self.columns.iter().map(|(name, _)| (name, FEATURE)).collect();
        let mut roles = HashMap::new();
        for (name, role) in named.chain(features) {
            table.column(name)?;
            if let Some(expected) = roles.insert(name, role) {
                return Err(Error::Role { column: name.clone(), expected, found: role });
            }
        }
        match &self.weights {
            Some(weights) => table.column(weights)?.numbers().map(drop),
            None => Ok(()),
        }
    }
}
