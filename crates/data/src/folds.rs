//! Folds for cross-validation.

use tensor_core::Rng;

use crate::Error;
use crate::strata::Strata;

/// One round of cross-validation: rows to train on, and the rows that are scored.
///
/// # Examples
/// ```
/// use data::{Fold, KFold};
///
/// let folds = KFold::new(2)?.folds(4)?;
/// assert_eq!(folds[0], Fold { train: vec![2, 3], test: vec![0, 1] });
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Fold {
    /// For training: all rows that are not in `test`.
    pub train: Vec<usize>,
    /// For the score.
    pub test: Vec<usize>,
}

/// Cross-validation in `k` folds: each row is scored once, by a model that has not seen it.
///
/// | | which rows are together | scikit-learn |
/// |---|---|---|
/// | [`folds`](Self::folds) | consecutive ones | `KFold` |
/// | [`stratified`](Self::stratified) | of each class the same share | `StratifiedKFold` |
/// | [`grouped`](Self::grouped) | all rows of a group | `GroupKFold` |
///
/// Without [`shuffled`](Self::shuffled) the rows are scikit-learn's exactly. Shuffled, they are a
/// function of the seed, the same on every platform.
///
/// Source: Stone, *Cross-validatory choice and assessment of statistical predictions*, Journal of
/// the Royal Statistical Society B 36, 1974, <https://doi.org/10.1111/j.2517-6161.1974.tb00994.x>.
///
/// # Shapes
/// `k` folds; row numbers from `0` to `N − 1` in rising order, each in one `test`.
///
/// # Examples
/// ```
/// use data::KFold;
///
/// let folds = KFold::new(3)?.folds(7)?;
/// let tests: Vec<_> = folds.iter().map(|fold| fold.test.clone()).collect();
/// assert_eq!(tests, [vec![0, 1, 2], vec![3, 4], vec![5, 6]]);
///
/// // Patients 10, 20 and 30 stay together.
/// let patients = [10, 20, 10, 30, 20, 10];
/// let folds = KFold::new(2)?.grouped(&patients)?;
/// assert_eq!(folds[0].test, [0, 2, 5]); // the largest group
/// assert_eq!(folds[1].test, [1, 3, 4]);
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Parts"))]
pub struct KFold {
    k: usize,
    seed: Option<u64>,
}

impl KFold {
    /// `k` folds of rows as they come.
    ///
    /// # Errors
    /// If `k` is below 2.
    pub fn new(k: usize) -> Result<Self, Error> {
        if k < 2 {
            let (name, expected) = ("k", "at least 2");
            return Err(Error::Choice { place: "KFold", name, expected, found: k as f64 });
        }
        Ok(Self { k, seed: None })
    }

    /// The same of rows in random order: for tables whose order means something.
    #[must_use]
    pub fn shuffled(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Folds of `n_rows` rows that differ in size by at most one row, the larger ones first.
    ///
    /// # Errors
    /// If there are fewer rows than folds.
    pub fn folds(&self, n_rows: usize) -> Result<Vec<Fold>, Error> {
        self.check("KFold", "rows", n_rows)?;
        let mut rows: Vec<usize> = (0..n_rows).collect();
        if let Some(seed) = self.seed {
            Rng::new(seed).shuffle(&mut rows);
        }
        let mut fold_of = vec![0; n_rows];
        for (place, row) in rows.into_iter().enumerate() {
            // The first `n mod k` folds have one row more.
            let (size, larger) = (n_rows / self.k, n_rows % self.k);
            let in_larger = larger * (size + 1);
            fold_of[row] = match place.checked_sub(in_larger) {
                None => place / (size + 1),
                Some(after) => larger + after / size,
            };
        }
        Ok(self.collect(&fold_of))
    }

    /// Folds in which each class has the same share, to a row: `classes` holds the class of each
    /// row.
    ///
    /// Sorted by class, in the order in which the classes first come up, row `i` belongs to fold
    /// `i mod k`: that says how many rows of each class a fold has. Which ones is then their order
    /// in the table.
    ///
    /// # Errors
    /// If a class has fewer rows than there are folds; scikit-learn warns, and leaves classes out
    /// of folds.
    pub fn stratified(&self, classes: &[usize]) -> Result<Vec<Fold>, Error> {
        let place = "stratified KFold";
        self.check(place, "rows", classes.len())?;
        Strata::new(classes).check(place, self.k)?;
        let mut fold_of = vec![0; classes.len()];
        let mut sorted = 0;
        let mut rng = self.seed.map(Rng::new);
        for rows in in_order_of_appearance(classes) {
            let mut n_of_fold = vec![0; self.k];
            (sorted..sorted + rows.len()).for_each(|place| n_of_fold[place % self.k] += 1);
            sorted += rows.len();
            let repeat = |(fold, &n): (usize, &usize)| std::iter::repeat_n(fold, n);
            let mut folds: Vec<usize> = n_of_fold.iter().enumerate().flat_map(repeat).collect();
            if let Some(rng) = &mut rng {
                rng.shuffle(&mut folds);
            }
            rows.into_iter().zip(folds).for_each(|(row, fold)| fold_of[row] = fold);
        }
        Ok(self.collect(&fold_of))
    }

    /// Folds in which all rows of a group are together: `groups` holds the group of each row.
    ///
    /// The largest group goes first, each into the fold that has the fewest rows so far. Shuffled,
    /// groups in random order are cut into `k` parts of as many groups each, to one.
    ///
    /// # Errors
    /// If there are fewer groups than folds.
    pub fn grouped(&self, groups: &[usize]) -> Result<Vec<Fold>, Error> {
        let strata = Strata::new(groups);
        let n_groups = strata.n_classes();
        self.check("grouped KFold", "groups", n_groups)?;
        let mut fold_of = vec![0; groups.len()];
        if self.seed.is_some() {
            for (fold, part) in self.folds(n_groups)?.into_iter().enumerate() {
                strata.rows_of(&part.test).into_iter().for_each(|row| fold_of[row] = fold);
            }
            return Ok(self.collect(&fold_of));
        }
        let counts = strata.counts();
        let mut order: Vec<usize> = (0..n_groups).collect();
        order.sort_by_key(|&group| counts[group]);
        let mut n_of_fold = vec![0; self.k];
        for group in order.into_iter().rev() {
            let lightest = (0..self.k).min_by_key(|&fold| n_of_fold[fold]).unwrap_or_default();
            n_of_fold[lightest] += counts[group];
            strata.rows_of(&[group]).into_iter().for_each(|row| fold_of[row] = lightest);
        }
        Ok(self.collect(&fold_of))
    }

    fn check(&self, place: &'static str, what: &str, n: usize) -> Result<(), Error> {
        if n < self.k {
            let expected = format!("at least {} {what} for {} folds", self.k, self.k);
            return Err(Error::TooFew { place, expected, found: n });
        }
        Ok(())
    }

    fn collect(&self, fold_of: &[usize]) -> Vec<Fold> {
        let rows = |chosen: &dyn Fn(usize) -> bool| {
            let chosen = fold_of.iter().enumerate().filter(|&(_, &fold)| chosen(fold));
            chosen.map(|(row, _)| row).collect()
        };
        let fold = |i| Fold { train: rows(&|fold| fold != i), test: rows(&|fold| fold == i) };
        (0..self.k).map(fold).collect()
    }
}

/// The rows of each class, that of the first row first.
fn in_order_of_appearance(classes: &[usize]) -> Vec<Vec<usize>> {
    let strata = Strata::new(classes);
    let mut rows: Vec<Vec<usize>> = (0..strata.n_classes()).map(|i| strata.rows_of(&[i])).collect();
    rows.sort_by_key(|rows| rows.first().copied());
    rows
}

/// What is read, before it is checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Parts {
    k: usize,
    seed: Option<u64>,
}

#[cfg(feature = "serde")]
impl TryFrom<Parts> for KFold {
    type Error = &'static str;

    fn try_from(Parts { k, seed }: Parts) -> Result<Self, &'static str> {
        let right = k >= 2;
        let message = "KFold: expected k of at least 2";
        if right { Ok(Self { k, seed }) } else { Err(message) }
    }
}
