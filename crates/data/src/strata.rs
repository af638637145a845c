//! Rows by class.

use std::collections::BTreeMap;

use tensor_core::Rng;

use crate::Error;

/// The rows of each class that comes up, in the order of the classes.
#[derive(Debug)]
pub(crate) struct Strata {
    /// Number of the class, and its rows.
    classes: Vec<(usize, Vec<usize>)>,
}

impl Strata {
    pub(crate) fn new(classes: &[usize]) -> Self {
        let mut rows = BTreeMap::<usize, Vec<usize>>::new();
        for (row, &class) in classes.iter().enumerate() {
            rows.entry(class).or_default().push(row);
        }
        Self { classes: rows.into_iter().collect() }
    }

    pub(crate) fn n_classes(&self) -> usize {
        self.classes.len()
    }

    pub(crate) fn counts(&self) -> Vec<usize> {
        self.classes.iter().map(|(_, rows)| rows.len()).collect()
    }

    /// # Errors
    /// If a class has fewer than `n` rows.
    pub(crate) fn check(&self, place: &'static str, n: usize) -> Result<(), Error> {
        match self.classes.iter().find(|(_, rows)| rows.len() < n) {
            None => Ok(()),
            Some((class, rows)) => {
                Err(Error::RareClass { place, class: *class, expected: n, found: rows.len() })
            }
        }
    }

    /// The rows of these classes, by their places in the order, one class after the other.
    pub(crate) fn rows_of(&self, classes: &[usize]) -> Vec<usize> {
        classes.iter().flat_map(|&i| &self.classes[i].1).copied().collect()
    }

    pub(crate) fn shuffle(&mut self, rng: &mut Rng) {
        self.classes.iter_mut().for_each(|(_, rows)| rng.shuffle(rows));
    }

    /// Removes `n` rows from the end of those of a class.
    pub(crate) fn take_from(&mut self, class: usize, n: usize) -> Vec<usize> {
        let rows = &mut self.classes[class].1;
        rows.split_off(rows.len().saturating_sub(n))
    }
}

/// `n` things shared out in proportion to `counts`, at most `counts[i]` each.
///
/// ```text
/// n_i = ⌊n c_i/Σc⌋, and one more for the largest remainders, of equal ones by lot
/// ```
///
/// In whole numbers: `n c_i` is divided with a remainder, and nothing is rounded.
pub(crate) fn proportional(counts: &[usize], n: usize, rng: &mut Rng) -> Vec<usize> {
    let all = counts.iter().sum::<usize>().max(1) as u128;
    let product = |count: usize| count as u128 * n as u128;
    let mut shares: Vec<usize> =
        counts.iter().map(|&count| (product(count) / all) as usize).collect();
    let mut order = rng.permutation(counts.len());
    order.sort_by_key(|&i| std::cmp::Reverse(product(counts[i]) % all));
    let missing = n.saturating_sub(shares.iter().sum());
    order.into_iter().take(missing).for_each(|i| shares[i] += 1);
    shares
}

#[cfg(test)]
mod tests {
    use super::proportional;
    use tensor_core::Rng;

    #[test]
    fn shares_are_those_of_the_largest_remainders() {
        // scikit-learn's examples of the same rule.
        assert_eq!(proportional(&[4, 2], 3, &mut Rng::new(0)), [2, 1]);
        assert_eq!(proportional(&[5, 2], 4, &mut Rng::new(0)), [3, 1]);
        // 2 of 7 are 4/7 of a row each, and 2/7 for the last: two of the first three by lot.
        let mut drawn = [0; 4];
        for seed in 0..300 {
            let shares = proportional(&[2, 2, 2, 1], 2, &mut Rng::new(seed));
            assert_eq!((shares.iter().sum::<usize>(), shares[3]), (2, 0));
            drawn.iter_mut().zip(&shares).for_each(|(n, share)| *n += share);
        }
        // 200 each if the lot is fair, with a standard deviation of √(300·2/3·1/3) = 8.
        assert!(drawn[..3].iter().all(|n| (160..=240).contains(n)), "{drawn:?}");
        let most = usize::MAX / 2;
        assert_eq!(proportional(&[most, most], most, &mut Rng::new(0)).iter().sum::<usize>(), most);
    }
}
