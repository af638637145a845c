//! Rows for training, for validation and for the test.

use tensor_core::Rng;

use crate::strata::{Strata, proportional};
use crate::{Error, Table};

/// How large a share of the rows [`Split`] puts aside. What is left is for training: `1 −
/// validation − test`.
///
/// # Examples
/// ```
/// use data::Shares;
///
/// // Three parts: 60 % for training, 20 % each for the choice of the epoch and for the score.
/// let shares = Shares { validation: 0.2, test: 0.2 };
/// assert_eq!(Shares::default(), Shares { validation: 0.0, test: 0.25 });
/// # let _ = shares;
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Shares {
    /// Share of the rows for choices during training: when to stop, which model.
    pub validation: f64,
    /// Share of the rows for the score at the end.
    pub test: f64,
}

/// A quarter for the test, nothing for validation: scikit-learn's `train_test_split`.
impl Default for Shares {
    fn default() -> Self {
        Self { validation: 0.0, test: 0.25 }
    }
}

/// The rows of a table in two or three parts that share no row: their numbers, in random order.
///
/// Of `N` rows `⌈N·test⌉` are for the test and `⌈N·validation⌉` for validation; the others are for
/// training. Which ones is a function of the seed, of `N` and of the shares: the same on every
/// platform. scikit-learn's `train_test_split`, with validation rows taken in the same call.
///
/// What is learned from the test rows, be it the mean of a column, makes their score too good.
/// Split first; fit every transformer on the training rows alone.
///
/// # Shapes
/// `train`, `validation` and `test` are row numbers from `0` to `N − 1`, each once in all.
///
/// # Examples
/// ```
/// use data::{Shares, Split};
///
/// let split = Split::random(8, Shares { validation: 0.25, test: 0.25 }, 7)?;
/// assert_eq!((split.train.len(), split.validation.len(), split.test.len()), (4, 2, 2));
/// let mut rows = [split.train, split.validation, split.test].concat();
/// rows.sort();
/// assert_eq!(rows, [0, 1, 2, 3, 4, 5, 6, 7]);
///
/// // 8 rows of class 0, 4 of class 1: a quarter of each.
/// let classes = [0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1];
/// let split = Split::stratified(&classes, Shares::default(), 7)?;
/// let of_class_1 = split.test.iter().filter(|&&row| classes[row] == 1).count();
/// assert_eq!((split.test.len(), of_class_1), (3, 1));
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Split {
    /// For training.
    pub train: Vec<usize>,
    /// For choices during training; empty without a share.
    pub validation: Vec<usize>,
    /// For the score at the end; empty without a share.
    pub test: Vec<usize>,
}

const PLACE: &str = "split";

impl Table {
    /// The rows for training and those for the test, a share of all of them, at random:
    /// [`Split::random`] and [`Table::rows`] in one call. For classes in equal shares there is
    /// [`Split::stratified`].
    ///
    /// # Errors
    /// As for [`Split::random`], and if no row is for the test.
    ///
    /// # Examples
    /// ```
    /// use data::samples;
    ///
    /// let (train, test) = samples::iris()?.train_test_split(0.2, 7)?;
    /// assert_eq!((train.n_rows(), test.n_rows()), (120, 30));
    /// # Ok::<(), data::Error>(())
    /// ```
    pub fn train_test_split(&self, test: f64, seed: u64) -> Result<(Self, Self), Error> {
        let split = Split::random(self.n_rows(), Shares { validation: 0.0, test }, seed)?;
        if split.test.is_empty() {
            let expected = "at least a row for the test".into();
            return Err(Error::TooFew { place: PLACE, expected, found: 0 });
        }
        Ok((self.rows(&split.train)?, self.rows(&split.test)?))
    }
}

impl Split {
    /// Splits `n_rows` rows at random.
    ///
    /// # Errors
    /// If a share is not from 0 to below 1, or no row is left for training.
    pub fn random(n_rows: usize, shares: Shares, seed: u64) -> Result<Self, Error> {
        let sizes = sizes(n_rows, shares)?;
        let mut train = Rng::new(seed).permutation(n_rows);
        let test = train.split_off(n_rows - sizes.test);
        let validation = train.split_off(sizes.train);
        Ok(Self { train, validation, test })
    }

    /// Splits rows so that each class has the same share in each part, to a row: `classes` holds
    /// the class of each row.
    ///
    /// The rows of a part that whole shares leave over go to the classes with the largest
    /// remainders, of equal ones by lot. scikit-learn's `stratify`.
    ///
    /// # Errors
    /// As for [`random`](Self::random); also if a class has fewer rows than there are parts, or a
    /// part has fewer rows than there are classes.
    pub fn stratified(classes: &[usize], shares: Shares, seed: u64) -> Result<Self, Error> {
        let sizes = sizes(classes.len(), shares)?;
        let mut strata = Strata::new(classes);
        let parts = [sizes.test, sizes.validation].into_iter().filter(|&n| n > 0);
        strata.check(PLACE, parts.clone().count() + 1)?;
        for n in parts.chain([sizes.train]) {
            if n < strata.n_classes() {
                let expected = format!("at least a row for each of {} classes", strata.n_classes());
                return Err(Error::TooFew { place: PLACE, expected, found: n });
            }
        }
        let mut rng = Rng::new(seed);
        strata.shuffle(&mut rng);
        let test = strata.take(sizes.test, &mut rng);
        let validation = strata.take(sizes.validation, &mut rng);
        let train = strata.take(sizes.train, &mut rng);
        Ok(Self { train, validation, test })
    }

    /// Splits rows so that all rows of a group are in one part: `groups` holds the group of each
    /// row, a patient or a day for instance. The shares are of the groups.
    ///
    /// Rows of one group are more alike than others: with some of them in training, the score of
    /// the rest says little about a group that is new. scikit-learn's `GroupShuffleSplit`.
    ///
    /// # Errors
    /// As for [`random`](Self::random), of groups instead of rows.
    pub fn grouped(groups: &[usize], shares: Shares, seed: u64) -> Result<Self, Error> {
        let strata = Strata::new(groups);
        let split = Self::random(strata.n_classes(), shares, seed)?;
        let rows = |part: Vec<usize>| strata.rows_of(&part);
        Ok(Self {
            train: rows(split.train),
            validation: rows(split.validation),
            test: rows(split.test),
        })
    }
}

struct Sizes {
    train: usize,
    validation: usize,
    test: usize,
}

fn sizes(n_rows: usize, shares: Shares) -> Result<Sizes, Error> {
    let part = |name, share: f64| {
        if (0.0..1.0).contains(&share) {
            return Ok((n_rows as f64 * share).ceil() as usize);
        }
        Err(Error::Choice { place: PLACE, name, expected: "from 0 to below 1", found: share })
    };
    let (test, validation) = (part("test", shares.test)?, part("validation", shares.validation)?);
    match n_rows.checked_sub(test.saturating_add(validation)) {
        Some(train) if train > 0 => Ok(Sizes { train, validation, test }),
        _ => {
            let expected = format!("a row for training beside {test} + {validation} put aside");
            Err(Error::TooFew { place: PLACE, expected, found: n_rows })
        }
    }
}

impl Strata {
    /// Takes `n` rows, of each class its share, and shuffles them.
    fn take(&mut self, n: usize, rng: &mut Rng) -> Vec<usize> {
        let counts = self.counts();
        let mut taken = Vec::with_capacity(n);
        for (class, n) in proportional(&counts, n, rng).into_iter().enumerate() {
            taken.append(&mut self.take_from(class, n));
        }
        rng.shuffle(&mut taken);
        taken
    }
}
