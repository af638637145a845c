//! What is learned of one column of a table, and the features that it becomes.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2, Axis};
use tensor_core::Float;

use crate::categories::Categories;
use crate::entries::{
    check_finite, entry, narrowed, numbers_as_learned, quoted, text_as_learned, written,
};
use crate::listed::Listed;
use crate::word_hash::word_hash;
use crate::{
    Column, Error, MinMaxScaler, NumberTreatment, OneHotEncoder, QuantileTransformer, RobustConfig,
    RobustScaler, Scaler, Scaling, SimpleImputer, StandardScaler, Table, Text, TextTreatment,
    Treatment, Values,
};

/// A column by its name, and what was learned of it.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Parts"))]
pub(crate) struct FeatureColumn {
    pub(crate) name: String,
    learned: Learned,
}

#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Learned {
    Numbers {
        /// What stands for a missing number.
        fill: f64,
        /// Whether a feature says that a number is missing.
        indicator: bool,
        scale: Scale,
    },
    /// Text, or numbers as they are written.
    Words { from: Type, encoding: Encoding },
}

/// Scalers of one column.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Scale {
    None,
    Standard(StandardScaler),
    MinMax(MinMaxScaler),
    Robust(RobustScaler),
    Quantile(QuantileTransformer),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Type {
    Numbers,
    Text,
}

#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Encoding {
    OneHot(OneHotEncoder),
    Ordinal { categories: Categories, unknown: Option<f64> },
    Hashed(usize),
}

const NAME: &str = "Preprocessor";

/// How many features hashes may be spread over.
const HASHED: RangeInclusive<usize> = 1..=1 << 20;

impl FeatureColumn {
    /// # Errors
    /// If the column cannot be treated so: see `Preprocessor`.
    pub(crate) fn fit(
        table: &Table,
        column: &Column,
        treatment: Treatment,
        max_categories: usize,
    ) -> Result<Option<Self>, Error> {
        let name = column.name();
        let learned = match treatment {
            Treatment::Drop => return Ok(None),
            Treatment::Numbers(treatment) => {
                check_finite(table, name, column.numbers()?)?;
                fit_numbers(column.numbers()?, treatment)?
            }
            Treatment::Text(treatment) => {
                if let Values::Numbers(numbers) = column.values() {
                    check_finite(table, name, numbers)?;
                }
                fit_words(column, treatment, max_categories)?
            }
        };
        Ok(Some(Self { name: name.to_owned(), learned }))
    }

    /// The names of the features that the column becomes.
    pub(crate) fn names(&self) -> Vec<String> {
        let name = &self.name;
        let missing = format!("{name} is missing");
        match &self.learned {
            Learned::Numbers { indicator: false, .. } => vec![name.clone()],
            Learned::Numbers { indicator: true, .. } => vec![name.clone(), missing],
            Learned::Words { encoding: Encoding::Ordinal { .. }, .. } => vec![name.clone()],
            Learned::Words { encoding: Encoding::Hashed(n), .. } => {
                (0..*n).map(|i| format!("{name}#{i}")).collect()
            }
            Learned::Words { encoding: Encoding::OneHot(encoder), .. } => {
                let known = encoder.names().iter().map(|word| format!("{name}={word}"));
                let missing = encoder.knows_missing().then_some(missing);
                let unknown = encoder.has_column_for_unknown();
                let unknown = unknown.then(|| format!("{name} is unknown"));
                known.chain(missing).chain(unknown).collect()
            }
        }
    }

    /// How many features it becomes.
    pub(crate) fn n_features(&self) -> usize {
        match &self.learned {
            Learned::Numbers { indicator, .. } => 1 + usize::from(*indicator),
            Learned::Words { encoding: Encoding::OneHot(encoder), .. } => encoder.n_columns(),
            Learned::Words { encoding: Encoding::Ordinal { .. }, .. } => 1,
            Learned::Words { encoding: Encoding::Hashed(n), .. } => *n,
        }
    }

    /// Writes the features of a column `(N, names)`, of which all are 0 before.
    ///
    /// # Errors
    /// If the column is of another type than the one that was learned from, a number is infinite,
    /// becomes a feature beyond the range of `F`, or a category is unknown and may not be.
    pub(crate) fn write<F: Float>(
        &self,
        table: &Table,
        column: &Column,
        features: ArrayViewMut2<'_, F>,
    ) -> Result<(), Error> {
        match &self.learned {
            Learned::Numbers { fill, scale, .. } => {
                let numbers = numbers_as_learned(table, column)?;
                check_finite(table, &self.name, &numbers)?;
                let feature = |x: f64| scale.value(if x.is_nan() { *fill } else { x });
                self.write_numbers(table, &numbers, feature, features)
            }
            Learned::Words { from: Type::Numbers, encoding } => {
                let numbers = numbers_as_learned(table, column)?;
                check_finite(table, &self.name, &numbers)?;
                self.write_words(table, &written(&numbers), encoding, features)
            }
            Learned::Words { from: Type::Text, encoding } => {
                self.write_words(table, &*text_as_learned(table, column)?, encoding, features)
            }
        }
    }

    fn write_numbers<F: Float>(
        &self,
        table: &Table,
        numbers: &[f64],
        feature: impl Fn(f64) -> f64,
        mut features: ArrayViewMut2<'_, F>,
    ) -> Result<(), Error> {
        for (row, (to, &x)) in features.column_mut(0).iter_mut().zip(numbers).enumerate() {
            *to = narrowed(table, row, &self.name, feature(x))?;
        }
        if features.ncols() > 1 {
            for (to, x) in features.column_mut(1).iter_mut().zip(numbers) {
                *to = if x.is_nan() { F::one() } else { F::zero() };
            }
        }
        Ok(())
    }

    fn write_words<F: Float>(
        &self,
        table: &Table,
        text: &Text,
        encoding: &Encoding,
        mut features: ArrayViewMut2<'_, F>,
    ) -> Result<(), Error> {
        let missing = encoding.entry(None);
        let entries: Vec<_> = text.words().iter().map(|word| encoding.entry(Some(word))).collect();
        for (row, &code) in text.codes().iter().enumerate() {
            match entries.get(code as usize).unwrap_or(&missing) {
                Ok(None) => {}
                Ok(Some((to, value))) => {
                    features[[row, *to]] = narrowed(table, row, &self.name, *value)?;
                }
                Err(known) => {
                    let expected = format!("one of {}", Listed(&known.names));
                    let found = text.get(row).map_or("a missing value".into(), quoted);
                    return Err(entry(table, row, &self.name, expected, found));
                }
            }
        }
        Ok(())
    }
}

impl Scale {
    fn fit(x: &[f64], scaling: Scaling) -> Result<Self, Error> {
        let x = &as_column(x);
        Ok(match scaling {
            Scaling::None => Self::None,
            Scaling::Standard => Self::Standard(StandardScaler::fit(x)?),
            Scaling::MinMax => Self::MinMax(MinMaxScaler::fit(x, 0.0..=1.0)?),
            Scaling::Robust => Self::Robust(RobustScaler::fit(x, RobustConfig::default())?),
            Scaling::Quantile(config) => Self::Quantile(QuantileTransformer::fit(x, config)?),
        })
    }

    fn value(&self, x: f64) -> f64 {
        match self {
            Self::None => x,
            Self::Standard(scaler) => scaler.value(0, x),
            Self::MinMax(scaler) => scaler.value(0, x),
            Self::Robust(scaler) => scaler.value(0, x),
            Self::Quantile(scaler) => scaler.value(0, x),
        }
    }
}

#[cfg(feature = "serde")]
impl Scale {
    fn is_of_one_column(&self) -> bool {
        match self {
            Self::None => true,
            Self::Standard(scaler) => scaler.n_columns() == 1,
            Self::MinMax(scaler) => scaler.n_columns() == 1,
            Self::Robust(scaler) => scaler.n_columns() == 1,
            Self::Quantile(scaler) => scaler.n_columns() == 1,
        }
    }
}

impl Encoding {
    /// The feature that a category sets, and to what; none if all of its features are 0.
    ///
    /// # Errors
    /// What is known, if the category is not.
    fn entry(&self, word: Option<&str>) -> Result<Option<(usize, f64)>, &Categories> {
        match self {
            Self::OneHot(encoder) => Ok(encoder.column_of(word)?.map(|column| (column, 1.0))),
            Self::Ordinal { categories, unknown } => {
                let code = categories.code(word).map(|code| code as f64);
                code.or(*unknown).map(|code| Some((0, code))).ok_or(categories)
            }
            Self::Hashed(n) => Ok(word.map(|word| {
                let hash = word_hash(word);
                let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
                ((hash % *n as u64) as usize, sign)
            })),
        }
    }
}

fn fit_numbers(numbers: &[f64], treatment: NumberTreatment) -> Result<Learned, Error> {
    let fill = SimpleImputer::fit(&as_column(numbers), treatment.fill)?.values()[0];
    let filled: Vec<f64> = numbers.iter().map(|&x| if x.is_nan() { fill } else { x }).collect();
    let some_missing = numbers.iter().any(|x| x.is_nan());
    let scale = Scale::fit(&filled, treatment.scaling)?;
    Ok(Learned::Numbers { fill, indicator: treatment.indicators && some_missing, scale })
}

fn fit_words(
    column: &Column,
    treatment: TextTreatment,
    max_categories: usize,
) -> Result<Learned, Error> {
    let (from, text) = match column.values() {
        Values::Numbers(numbers) => (Type::Numbers, Cow::Owned(written(numbers))),
        Values::Text(text) => (Type::Text, Cow::Borrowed(text)),
    };
    let refused = |name, expected, found| Err(Error::Choice { place: NAME, name, expected, found });
    let encoding = match treatment {
        TextTreatment::OneHot(unknown) => {
            let encoder = OneHotEncoder::fit(&text.occurring())?.unknown(unknown);
            let (column, found) = (column.name().to_owned(), encoder.names().len());
            if found > max_categories {
                return Err(Error::Categories { column, expected: max_categories, found });
            }
            Encoding::OneHot(encoder)
        }
        TextTreatment::Ordinal(Some(found)) if !found.is_finite() => {
            return refused("the number of unknown categories", "finite", found);
        }
        TextTreatment::Ordinal(unknown) => {
            let categories = Categories::fit(NAME, &text.occurring())?;
            Encoding::Ordinal { categories, unknown }
        }
        TextTreatment::Hashed(n) if !HASHED.contains(&n) => {
            return refused("the number of hashed features", "from 1 to 1048576", n as f64);
        }
        TextTreatment::Hashed(n) => Encoding::Hashed(n),
    };
    Ok(Learned::Words { from, encoding })
}

fn as_column(x: &[f64]) -> ArrayView2<'_, f64> {
    ArrayView1::from(x).insert_axis(Axis(1))
}

/// What is read, before it is checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Parts {
    name: String,
    learned: Learned,
}

#[cfg(feature = "serde")]
impl TryFrom<Parts> for FeatureColumn {
    type Error = &'static str;

    fn try_from(Parts { name, learned }: Parts) -> Result<Self, &'static str> {
        let right = match &learned {
            Learned::Numbers { fill, scale, .. } => fill.is_finite() && scale.is_of_one_column(),
            Learned::Words { encoding: Encoding::Hashed(n), .. } => HASHED.contains(n),
            Learned::Words { encoding: Encoding::Ordinal { unknown, .. }, .. } => {
                unknown.is_none_or(f64::is_finite)
            }
            Learned::Words { encoding: Encoding::OneHot(_), .. } => true,
        };
        let message = "a column: expected a scale of one column, from 1 to 1048576 hashed features, \
                       and numbers that are finite";
        if right { Ok(Self { name, learned }) } else { Err(message) }
    }
}
