//! Random shapes and values of one case, a function of its seed.

use ndarray::{Array2, ArrayD, IxDyn};
use tensor_core::{Float, Rng};

/// Draws what a case is made of. Two with the same seed and limit draw the same.
#[derive(Debug)]
pub struct Draw {
    rng: Rng,
    longest: usize,
}

impl Draw {
    /// Draws from `seed`, with no axis longer than `longest`: a failing case is looked for again
    /// under smaller limits.
    pub fn new(seed: u64, longest: usize) -> Self {
        Self { rng: Rng::new(seed), longest }
    }

    /// The generator, for initial weights and choices.
    pub fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    /// The length of an axis: 1, small primes, powers of two and their neighbors, more often than
    /// others.
    pub fn length(&mut self) -> usize {
        self.length_from(1)
    }

    /// The same, but at least `shortest`.
    pub fn length_from(&mut self, shortest: usize) -> usize {
        let liked = [1, 2, 3, 4, 5, 7, 8, 9, 11][self.rng.below(9)];
        liked.clamp(shortest, self.longest.max(shortest))
    }

    /// One of `choices`; they may not be empty.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.rng.below(choices.len())]
    }

    /// Normal values. Their scale is 1 in three cases of four, otherwise between 0.1 and 10. All
    /// are rounded to `f32`, so that both types start from the same numbers.
    pub fn normal(&mut self, shape: &[usize]) -> ArrayD<f64> {
        let scale = if self.rng.below(4) == 0 {
            10.0_f64.powf(2.0 * self.rng.uniform() - 1.0)
        } else {
            1.0
        };
        ArrayD::from_shape_simple_fn(IxDyn(shape), || f64::from((scale * self.rng.normal()) as f32))
    }

    /// The same as a matrix of the type under test.
    pub fn matrix<F: Float>(&mut self, rows: usize, cols: usize) -> Array2<F> {
        let values = self.normal(&[rows, cols]);
        Array2::from_shape_fn((rows, cols), |(i, j)| F::of(values[[i, j]]))
    }

    /// Values between `1/16` and `15/16`, rounded to `f32`.
    pub fn probabilities<F: Float>(&mut self, rows: usize, cols: usize) -> Array2<F> {
        Array2::from_shape_simple_fn((rows, cols), || {
            F::of(f64::from((0.0625 + 0.875 * self.rng.uniform()) as f32))
        })
    }

    /// A class below `n_classes` for each row.
    pub fn labels(&mut self, rows: usize, n_classes: usize) -> Vec<usize> {
        (0..rows).map(|_| self.rng.below(n_classes)).collect()
    }
}
