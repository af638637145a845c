//! Random shapes and values for proptest, which shrink well.

use std::ops::RangeInclusive;

use ndarray::{ArrayD, IxDyn};
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::arrays::multi_index;
use crate::random::rng::{Rng, mix};

/// A proptest strategy: a few lengths, and tensors whose axes have those lengths.
///
/// Element `i` (a multi-index) of tensor `k` is a pure function `x_k[i] = h(seed, k, i)`, so that a
/// shorter axis keeps the elements that remain. Shrinking tries, in this order: each length halved
/// and then one less, keeping the first or the last elements; a whole tensor of ones; single
/// elements set to 0, to ±1, and to the nearest multiple of ⅛.
///
/// `prop_flat_map` would draw all values anew for each shape, hence a value tree of its own.
///
/// # Examples
/// ```
/// use gradcheck::{Cases, Config, Tensor, Values, check_vjp};
/// use proptest::prelude::*;
///
/// proptest!(ProptestConfig { cases: 8, failure_persistence: None, ..Default::default() }, |(
///     case in Cases::new([1..=4, 1..=5]).tensor([0, 1], Values::Mixed),
/// )| {
///     let x = Tensor::new("x", case.tensors[0].clone());
///     let cube = |x: &[ndarray::ArrayD<f64>]| vec![x[0].mapv(|x| x * x * x)];
///     let report = check_vjp("cube", &[x], cube,
///         |x, v| vec![&v[0] * &x[0].mapv(|x| 3.0 * x * x)],
///         &Config { seed: case.seed, ..Config::default() });
///     prop_assert!(!report.verdict().is_fail(), "{}", report);
/// });
/// ```
#[derive(Debug, Clone)]
pub struct Cases {
    lengths: Vec<RangeInclusive<usize>>,
    tensors: Vec<(Vec<usize>, Values)>,
}

/// How the elements of a tensor are distributed: an argument of [`Cases::tensor`], see [`Cases`].
///
/// # Examples
/// ```
/// use gradcheck::{Cases, Values};
/// use proptest::strategy::{Strategy, ValueTree};
/// use proptest::test_runner::TestRunner;
/// let cases = Cases::new([10..=10]).tensor([0], Values::Probability);
/// let case = cases.new_tree(&mut TestRunner::deterministic()).unwrap().current();
/// assert!(case.tensors[0].iter().all(|p| (0.0625..=0.9375).contains(p)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// 50 % multiples of ⅛ in `[−4, 4]`, 30 % normal with standard deviations from 0.01 to 10,
    /// 10 % of 0, ½ and 1, which make ties, and 10 % of magnitude 30 to 90, which saturate.
    Mixed,
    /// Normal with standard deviation 1.
    Normal,
    /// Between 1/16 and 15/16.
    Probability,
    /// Multiples of ⅛ from ½ to 4: none near a kink at 0.
    Positive,
}

/// One drawn or shrunk case: the value of the strategy [`Cases`].
///
/// # Examples
/// ```
/// use gradcheck::{Cases, Values};
/// use proptest::strategy::{Strategy, ValueTree};
/// use proptest::test_runner::TestRunner;
/// let cases = Cases::new([2..=2, 3..=3]).tensor([1, 0], Values::Normal);
/// let case = cases.new_tree(&mut TestRunner::deterministic()).unwrap().current();
/// assert_eq!(case.lengths, [2, 3]);
/// assert_eq!(case.tensors[0].shape(), [3, 2]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The lengths, in the order of [`Cases::new`].
    pub lengths: Vec<usize>,
    /// The tensors, in the order of [`Cases::tensor`].
    pub tensors: Vec<ArrayD<f64>>,
    /// Seed for whatever else the case needs.
    pub seed: u64,
}

impl Cases {
    /// Lengths that are drawn each from its range, with 1 and small primes more often.
    pub fn new(lengths: impl IntoIterator<Item = RangeInclusive<usize>>) -> Self {
        Self { lengths: lengths.into_iter().collect(), tensors: Vec::new() }
    }

    /// Adds a tensor whose axes are the lengths with these positions.
    #[must_use]
    pub fn tensor(mut self, axes: impl IntoIterator<Item = usize>, values: Values) -> Self {
        self.tensors.push((axes.into_iter().collect(), values));
        self
    }
}

impl Strategy for Cases {
    type Tree = CaseTree;
    type Value = Case;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let seed = proptest::num::u64::ANY.new_tree(runner)?.current();
        let mut rng = Rng::new(seed);
        let lengths = self.lengths.iter().map(|range| {
            let (lo, hi) = (*range.start(), *range.end());
            let liked = [1, 2, 3, 5, 7, 8][rng.below(6)];
            let any = lo + rng.below(hi.saturating_sub(lo) + 1);
            if range.contains(&liked) { liked } else { any }
        });
        let lengths: Vec<usize> = lengths.collect();
        let state = State { offsets: vec![0; lengths.len()], lengths, changes: Vec::new() };
        Ok(CaseTree { cases: self.clone(), seed, next: 0, last: state.clone(), state })
    }
}

#[derive(Debug, Clone, PartialEq)]
struct State {
    lengths: Vec<usize>,
    /// Elements left out at the front of each axis.
    offsets: Vec<usize>,
    /// Simplifications made: tensor, index (`None`: all elements), what.
    changes: Vec<(usize, Option<Vec<usize>>, Simple)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Simple {
    Zero,
    Sign,
    Eighth,
    One,
}

/// A [`Case`] and how far it is shrunk: the value tree of the strategy [`Cases`].
///
/// # Examples
/// ```
/// use gradcheck::{Cases, Values};
/// use proptest::strategy::{Strategy, ValueTree};
/// use proptest::test_runner::TestRunner;
/// let cases = Cases::new([1..=9]).tensor([0], Values::Positive);
/// let mut tree = cases.new_tree(&mut TestRunner::deterministic()).unwrap();
/// // As if every case failed: the simplest one is left.
/// while tree.simplify() {}
/// assert_eq!(tree.current().lengths, [1]);
/// assert_eq!(tree.current().tensors[0][[0]], 1.0);
/// ```
#[derive(Debug, Clone)]
pub struct CaseTree {
    cases: Cases,
    seed: u64,
    /// Position in the list of simplifications of the current state.
    next: usize,
    state: State,
    /// The state before the last simplification.
    last: State,
}

impl CaseTree {
    fn shape(&self, tensor: usize, lengths: &[usize]) -> Vec<usize> {
        self.cases.tensors[tensor].0.iter().map(|axis| lengths[*axis]).collect()
    }

    fn element(&self, tensor: usize, index: &[usize]) -> f64 {
        let (axes, values) = &self.cases.tensors[tensor];
        let drawn = index.iter().zip(axes).map(|(i, axis)| i + self.state.offsets[*axis]);
        let mut value = values.draw(self.seed, tensor, &drawn.collect::<Vec<usize>>());
        for (t, at, simple) in &self.state.changes {
            if *t == tensor && at.as_ref().is_none_or(|at| at == index) {
                value = match simple {
                    Simple::Zero => 0.0,
                    Simple::One => 1.0,
                    Simple::Sign if value == 0.0 => 0.0,
                    Simple::Sign => 1.0_f64.copysign(value),
                    Simple::Eighth => (value * 8.0).round() / 8.0,
                };
            }
        }
        value
    }

    /// The `k`-th simplification of the state; `None` past the last.
    fn candidate(&self, k: usize) -> Option<State> {
        let n_shorter = 4 * self.state.lengths.len();
        match k.checked_sub(n_shorter) {
            None => Some(self.shorter(k)),
            Some(k) => self.simpler(k),
        }
    }

    /// Four shorter forms of each axis: half of it and one less, the first part and the last.
    fn shorter(&self, k: usize) -> State {
        let mut state = self.state.clone();
        let (axis, lo) = (k / 4, *self.cases.lengths[k / 4].start());
        let length = state.lengths[axis];
        let shorter = if k % 4 < 2 { length / 2 } else { length.saturating_sub(1) }.max(lo);
        state.offsets[axis] += if k % 2 == 1 { length - shorter } else { 0 };
        state.lengths[axis] = shorter;
        state
    }

    /// The same shape with simpler values: a tensor of ones, then each element by itself.
    fn simpler(&self, mut k: usize) -> Option<State> {
        for (tensor, (_, values)) in self.cases.tensors.iter().enumerate() {
            let shape = self.shape(tensor, &self.state.lengths);
            let simple: &[Simple] = match values {
                Values::Mixed | Values::Normal => &[Simple::Zero, Simple::Sign, Simple::Eighth],
                Values::Probability | Values::Positive => &[Simple::Eighth],
            };
            let n: usize = shape.iter().product();
            let whole = usize::from(*values != Values::Probability);
            if k < whole + n * simple.len() {
                let mut state = self.state.clone();
                state.changes.push(match k.checked_sub(whole) {
                    None => (tensor, None, Simple::One),
                    Some(k) => {
                        let index = multi_index(k / simple.len(), &shape);
                        (tensor, Some(index), simple[k % simple.len()])
                    }
                });
                return Some(state);
            }
            k -= whole + n * simple.len();
        }
        None
    }
}

impl ValueTree for CaseTree {
    type Value = Case;

    fn current(&self) -> Case {
        let tensors = (0..self.cases.tensors.len()).map(|tensor| {
            let shape = self.shape(tensor, &self.state.lengths);
            let n: usize = shape.iter().product();
            let values = (0..n).map(|flat| self.element(tensor, &multi_index(flat, &shape)));
            ArrayD::from_shape_vec(IxDyn(&shape), values.collect()).unwrap_or_default()
        });
        let tensors = tensors.collect();
        Case { lengths: self.state.lengths.clone(), tensors, seed: self.seed }
    }

    fn simplify(&mut self) -> bool {
        let before = self.current();
        // The last candidate still fails. Start again with lengths if it was one.
        if self.last.lengths != self.state.lengths {
            self.next = 0;
        }
        self.last = self.state.clone();
        while let Some(state) = self.candidate(self.next) {
            self.next += 1;
            self.state = state;
            if self.current() != before {
                return true;
            }
            self.state = self.last.clone();
        }
        false
    }

    fn complicate(&mut self) -> bool {
        // The candidate did not fail: back to the state before it, and on to the next one.
        if self.state == self.last {
            return false;
        }
        self.state = self.last.clone();
        self.simplify()
    }
}

impl Values {
    /// The element at a multi-index, a pure function of all arguments.
    fn draw(self, seed: u64, tensor: usize, index: &[usize]) -> f64 {
        let mut hash = mix(seed ^ mix(tensor as u64 + 1));
        for i in index {
            hash = mix(hash ^ (*i as u64 + 0x9e37));
        }
        let mut rng = Rng::new(hash);
        match self {
            Self::Normal => rng.normal(),
            Self::Probability => 0.0625 + 0.875 * rng.uniform(),
            Self::Positive => (4 + rng.below(29)) as f64 / 8.0,
            Self::Mixed => match rng.below(10) {
                0..5 => rng.below(65) as f64 / 8.0 - 4.0,
                5..8 => rng.normal() * 10.0_f64.powf(3.0 * rng.uniform() - 2.0),
                8 => [0.0, 1.0, 1.0, 0.5][rng.below(4)],
                _ => rng.cotangent() * 60.0,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::test_runner::TestRunner;

    /// Shrinks as proptest does, and returns the last case that still fails.
    fn shrink(tree: &mut CaseTree, fails: impl Fn(&Case) -> bool) -> Case {
        let mut smallest = tree.current();
        let mut more = tree.simplify();
        while more {
            let case = tree.current();
            if fails(&case) {
                smallest = case;
                more = tree.simplify();
            } else {
                more = tree.complicate();
            }
        }
        smallest
    }

    #[test]
    fn shape_first_then_few_readable_numbers() {
        let cases = Cases::new([1..=9, 1..=9]).tensor([0, 1], Values::Mixed);
        let mut runner = TestRunner::deterministic();
        let mut tried = 0;
        while tried < 20 {
            let mut tree = cases.new_tree(&mut runner).unwrap();
            let fails =
                |case: &Case| case.lengths[1] >= 3 && case.tensors[0].iter().any(|x| *x > 1.5);
            if fails(&tree.current()) {
                tried += 1;
                let case = shrink(&mut tree, fails);
                assert_eq!(case.lengths, [1, 3], "seed {:#x}", case.seed);
                let zeros = case.tensors[0].iter().filter(|x| **x == 0.0).count();
                assert_eq!(zeros, 2, "seed {:#x}: {}", case.seed, case.tensors[0]);
            }
        }
    }

    #[test]
    fn a_shorter_axis_keeps_the_elements_that_remain() {
        let cases = Cases::new([4..=4, 6..=6]).tensor([0, 1], Values::Normal);
        let mut tree = cases.new_tree(&mut TestRunner::deterministic()).unwrap();
        let full = tree.current().tensors[0].clone();
        tree.state.lengths = vec![2, 3];
        tree.state.offsets = vec![0, 0];
        let part = tree.current().tensors[0].clone();
        assert!(part.indexed_iter().all(|(index, x)| full[index] == *x));
    }
}
