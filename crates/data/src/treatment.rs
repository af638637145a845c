//! What is done to the columns of a table before a network sees them.

use crate::{Fill, QuantileConfig, Unknown};

/// What a [`Preprocessor`](crate::Preprocessor) does to one column, where it is not what it does to
/// others of its type.
///
/// # Examples
/// ```
/// use data::{NumberTreatment, Preprocessor, Table, TextTreatment, Treatment, Unknown};
///
/// let csv = "id,floor,rent\n1,2,800\n2,0,650\n3,2,900\n";
/// let table = Table::read_csv_from(csv.as_bytes(), "flats.csv")?;
/// let learned = Preprocessor::builder()
///     .target("rent")
///     .column("id", Treatment::Drop)
///     .column("floor", Treatment::Text(TextTreatment::OneHot(Unknown::Zeros))) // no distance
///     .fit(&table)?;
/// assert_eq!(learned.feature_names(), ["floor=0", "floor=2"]);
/// # let _ = Treatment::Numbers(NumberTreatment::default());
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Treatment {
    /// As numbers. A column of text is refused.
    Numbers(NumberTreatment),
    /// As text. Numbers are categories by what is written for them: `2`, `2.5`.
    Text(TextTreatment),
    /// It is no feature, and may be missing from other tables.
    Drop,
}

/// What a [`Preprocessor`](crate::Preprocessor) does to columns of numbers: fill what is missing,
/// then scale.
///
/// | | by default | why |
/// |---|---|---|
/// | `fill` | median | a few wild values do not move it |
/// | `indicators` | yes | that a number is missing often says more than the number in its place |
/// | `scaling` | standard | one learning rate then fits all weights of the first layer |
///
/// The scale is learned from the column as it was filled; scikit-learn's `Pipeline` of
/// `SimpleImputer` and `StandardScaler` does the same.
///
/// # Examples
/// ```
/// use data::{Fill, NumberTreatment, Preprocessor, Scaling, Table};
///
/// let table = Table::read_csv_from("age,mass\n1,\n5,20\n3,40\n".as_bytes(), "animals.csv")?;
/// let fill = Fill::Constant(0.0);
/// let numbers = NumberTreatment { fill, indicators: false, scaling: Scaling::MinMax };
/// let learned = Preprocessor::builder().numbers(numbers).fit(&table)?;
/// let x = learned.features::<f64>(&table)?;
/// assert_eq!(x, ndarray::array![[0.0, 0.0], [1.0, 0.5], [0.5, 1.0]]);
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NumberTreatment {
    /// What stands for a missing number. A column without any is filled with 0, or the constant.
    pub fill: Fill,
    /// Whether a column in which numbers were missing in training gets a feature beside it, `mass
    /// is missing`: 1 where one is missing, 0 elsewhere.
    pub indicators: bool,
    /// How the numbers are scaled.
    pub scaling: Scaling,
}

impl Default for NumberTreatment {
    fn default() -> Self {
        Self { fill: Fill::Median, indicators: true, scaling: Scaling::Standard }
    }
}

/// How a [`Preprocessor`](crate::Preprocessor) scales columns of numbers; each by itself.
///
/// # Examples
/// ```
/// use data::{NumberTreatment, Scaling};
///
/// assert_eq!(NumberTreatment::default().scaling, Scaling::Standard);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Scaling {
    /// They stay what they are.
    None,
    /// [`StandardScaler`](crate::StandardScaler): mean 0, standard deviation 1.
    Standard,
    /// [`MinMaxScaler`](crate::MinMaxScaler): from 0 to 1.
    MinMax,
    /// [`RobustScaler`](crate::RobustScaler): median 0, quartiles 1 apart.
    Robust,
    /// [`QuantileTransformer`](crate::QuantileTransformer): uniform or normal, whatever it was.
    Quantile(QuantileConfig),
}

/// What a [`Preprocessor`](crate::Preprocessor) does to columns of text.
///
/// | | features | a missing value | a category that was not in training |
/// |---|---|---|---|
/// | `OneHot` | 0 or 1 for each category | a category | as [`Unknown`] says |
/// | `Ordinal` | the category's place, from 0 | the place behind all | a number, or an error |
/// | `Hashed` | 0, 1 or −1 in each of `n` | 0 in all | its own hash, like every other |
///
/// A missing value is a category if the training rows had any, and unknown otherwise.
///
/// **Hashed** features take any number of categories and learn nothing: category `w` has the sign
/// `s(w)` in feature `h(w) mod n`, and 0 in the others, where the hash `h` is FNV-1a of 64 bits
/// over the bytes of the word, mixed once more, and `s` is its highest bit. Two categories may
/// share a feature; with different signs in half of the cases, so that such pairs cancel on
/// average. Weinberger, Dasgupta, Langford, Smola and Attenberg, *Feature hashing for large scale
/// multitask learning*, ICML 2009, <https://arxiv.org/abs/0902.2206>. The same on every platform.
///
/// # Examples
/// ```
/// use data::{Preprocessor, Table, TextTreatment};
///
/// let table = Table::read_csv_from("city\nBern\nOslo\nRome\n".as_bytes(), "cities.csv")?;
/// let hashed = Preprocessor::builder().text(TextTreatment::Hashed(4)).fit(&table)?;
/// assert_eq!(hashed.feature_names(), ["city#0", "city#1", "city#2", "city#3"]);
/// let ordinal = Preprocessor::builder().text(TextTreatment::Ordinal(Some(-1.0))).fit(&table)?;
/// assert_eq!(ordinal.features::<f64>(&table)?, ndarray::array![[0.0], [1.0], [2.0]]);
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TextTreatment {
    /// A feature for each category, `island=Dream`, and `island is missing`, `island is unknown`
    /// where there is one for those.
    OneHot(Unknown),
    /// The category's place in sorted order, not scaled; for an unknown category this number, or an
    /// error. For categories whose order means something.
    Ordinal(Option<f64>),
    /// So many features, by the hash of the category: from 1 to 2²⁰.
    Hashed(usize),
}

/// One-hot, with 0 everywhere for unknown categories: new rows have some sooner or later.
impl Default for TextTreatment {
    fn default() -> Self {
        Self::OneHot(Unknown::Zeros)
    }
}
