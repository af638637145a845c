//! Ranges of columns for several threads, and what their results are handed to.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use kernels::parallel;

use super::strip::STRIP;

/// Values that pay for handing them to another thread.
pub(super) const PART: usize = 1 << 14;

/// Runs `work` on all columns, or on several ranges of whole strips, one a thread; `work` hands its
/// results to `finish`.
pub(crate) fn in_strips<E: Send>(
    n_rows: usize,
    n_columns: usize,
    finish: &mut E,
    work: impl Fn(Range<usize>, &mut Finish<'_, E>) + Sync,
) {
    let parts = parallel::parts(n_rows * n_columns, PART);
    if parts == 1 {
        return work(0..n_columns, &mut Finish::Own(finish));
    }
    let step = n_columns.div_ceil(parts).next_multiple_of(STRIP);
    let finish = Mutex::new(finish);
    let ranges = (0..n_columns).step_by(step).map(|first| first..n_columns.min(first + step));
    parallel::for_each(ranges, |range| work(range, &mut Finish::Shared(&finish)));
}

/// What the results of a strip are handed to, by one thread or by several that take turns.
pub(crate) enum Finish<'a, E> {
    Own(&'a mut E),
    Shared(&'a Mutex<&'a mut E>),
}

impl<E> Finish<'_, E> {
    #[inline(always)]
    pub(crate) fn with(&mut self, work: impl FnOnce(&mut E)) {
        match self {
            Self::Own(finish) => work(finish),
            Self::Shared(finish) => {
                work(&mut finish.lock().unwrap_or_else(PoisonError::into_inner))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PART, STRIP, in_strips};

    #[test]
    fn small_matrices_are_one_part_and_parts_are_whole_strips() {
        let ranges = |n_rows: usize, n_columns: usize| {
            let mut ranges = Vec::new();
            in_strips(n_rows, n_columns, &mut ranges, |range, finish| {
                finish.with(|ranges| ranges.push((range.start, range.end)));
            });
            ranges.sort_unstable();
            ranges
        };
        for n_rows in [0, 1, 2 * PART / 100 - 1] {
            assert_eq!(ranges(n_rows, 100), [(0, 100)]);
        }
        let many = ranges(PART, 100);
        assert_eq!((many[0].0, many[many.len() - 1].1), (0, 100));
        assert!(many.windows(2).all(|pair| pair[0].1 == pair[1].0 && pair[1].0 % STRIP == 0));
    }
}
