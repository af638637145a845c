//! What all scalers offer.

use ndarray::{ArrayRef1, ArrayRef2};

use crate::Error;

/// A transformer of numbers that treats each column by itself: learned from training rows, then
/// applied to any rows.
///
/// A scaler is made by its `fit`, so there is none that has learned nothing. NaN is a missing
/// value: `fit` leaves it out, and it stays NaN in both directions.
///
/// | scaler | what it does to a column |
/// |---|---|
/// | [`StandardScaler`](crate::StandardScaler) | mean 0, standard deviation 1 |
/// | [`MinMaxScaler`](crate::MinMaxScaler) | from 0 to 1 |
/// | [`RobustScaler`](crate::RobustScaler) | median 0, quartiles 1 apart |
/// | [`QuantileTransformer`](crate::QuantileTransformer) | uniform or normal, whatever it was |
///
/// # Shapes
/// `(N, C)`, with the `C` columns that `fit` has seen.
///
/// # Examples
///
/// A scaler of your own says what it does to a number, and how that is undone:
///
/// ```
/// use data::Scaler;
/// use ndarray::array;
///
/// /// ln(1 + x), for columns of counts.
/// struct LogScaler {
///     n_columns: usize,
/// }
///
/// impl Scaler for LogScaler {
///     const NAME: &'static str = "LogScaler";
///
///     fn n_columns(&self) -> usize {
///         self.n_columns
///     }
///     fn value(&self, _column: usize, x: f64) -> f64 {
///         x.ln_1p()
///     }
///     fn inverse_value(&self, _column: usize, y: f64) -> f64 {
///         y.exp_m1()
///     }
/// }
///
/// let scaler = LogScaler { n_columns: 2 };
/// let mut x = array![[0.0, 1.0], [f64::NAN, 3.0]];
/// scaler.transform(&mut x)?;
/// assert_eq!(x[[1, 1]], 4.0_f64.ln());
/// assert!(x[[1, 0]].is_nan());
/// scaler.inverse_transform(&mut x)?;
/// assert!((x[[1, 1]] - 3.0).abs() < 1e-15);
/// # Ok::<(), data::Error>(())
/// ```
pub trait Scaler {
    /// The name in messages.
    const NAME: &'static str;

    /// How many columns it has learned.
    fn n_columns(&self) -> usize;

    /// What becomes of `x` in a column. Never called with NaN.
    fn value(&self, column: usize, x: f64) -> f64;

    /// The number that became `y`. Never called with NaN.
    fn inverse_value(&self, column: usize, y: f64) -> f64;

    /// Transforms rows in place.
    ///
    /// # Errors
    /// If they have another number of columns. Nothing is changed then.
    fn transform(&self, x: &mut ArrayRef2<f64>) -> Result<(), Error> {
        check_columns(Self::NAME, self.n_columns(), x)?;
        each_number(x, |column, x| self.value(column, x));
        Ok(())
    }

    /// Takes transformed rows back, in place.
    ///
    /// # Errors
    /// If they have another number of columns. Nothing is changed then.
    fn inverse_transform(&self, x: &mut ArrayRef2<f64>) -> Result<(), Error> {
        check_columns(Self::NAME, self.n_columns(), x)?;
        each_number(x, |column, y| self.inverse_value(column, y));
        Ok(())
    }
}

fn each_number(x: &mut ArrayRef2<f64>, change: impl Fn(usize, f64) -> f64) {
    for mut row in x.rows_mut() {
        for (column, x) in row.iter_mut().enumerate() {
            if !x.is_nan() {
                *x = change(column, *x);
            }
        }
    }
}

/// # Errors
/// If `x` has another number of columns.
pub(crate) fn check_columns(
    place: &'static str,
    expected: usize,
    x: &ArrayRef2<f64>,
) -> Result<(), Error> {
    let found = x.ncols();
    if expected == found { Ok(()) } else { Err(Error::Columns { place, expected, found }) }
}

/// What is learned of each column: `learn` is given its numbers, without NaN, in the order of the
/// rows.
///
/// # Errors
/// If there are no rows, or a number is infinite.
pub(crate) fn of_columns<T>(
    place: &'static str,
    x: &ArrayRef2<f64>,
    learn: impl Fn(Vec<f64>) -> T,
) -> Result<Vec<T>, Error> {
    if x.nrows() == 0 {
        return Err(Error::TooFew {
            place,
            expected: "at least 1 row to learn from".into(),
            found: 0,
        });
    }
    if let Some(((row, column), &found)) = x.indexed_iter().find(|(_, x)| x.is_infinite()) {
        let expected = "a finite number or NaN";
        return Err(Error::Value { place, row, column, expected, found });
    }
    Ok(x.columns().into_iter().map(|column| learn(numbers(&column))).collect())
}

/// Whether numbers up to `largest` in size, which span so much, are equal but for rounding.
pub(crate) fn is_constant(span: f64, largest: f64) -> bool {
    span <= 10.0 * f64::EPSILON * largest
}

fn numbers(column: &ArrayRef1<f64>) -> Vec<f64> {
    column.iter().copied().filter(|x| !x.is_nan()).collect()
}
