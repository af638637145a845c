//! `T[n, :]`, what each class of one row counts.

use ndarray::ArrayView1;
use tensor_core::functions::exponentials::MAX_PART;
use tensor_core::{Float, Wide};

use crate::targets::Targets;

/// `Y[n, :]` of one row.
#[derive(Debug)]
pub(super) enum Y<'a, F> {
    /// The one-hot row of a class.
    Class(usize),
    /// A number for each class.
    Row(ArrayView1<'a, F>),
}

/// `T[n, c] = w[c] ((1 − ε) Y[n, c] + ε/C)` of one row.
#[derive(Debug)]
pub(super) struct RowTargets<'a, F> {
    pub(super) y: Y<'a, F>,
    /// `C`.
    pub(super) n_classes: usize,
    /// `ε`.
    pub(super) epsilon: f64,
    /// `w`.
    pub(super) class_weights: Option<&'a [f64]>,
}

impl<'a, F: Float> Y<'a, F> {
    /// Those of row `n`.
    #[inline(always)]
    pub(super) fn new(y: Targets<'a, F>, n: usize) -> Self {
        match y.labels() {
            Ok(labels) => Self::Class(labels.class(n)),
            Err(rows) => Self::Row(rows.row(n)),
        }
    }
}

impl<F: Float> RowTargets<'_, F> {
    /// `T[n, c]`, in numbers whose exponent does not run out.
    pub(super) fn wide(&self, c: usize) -> Wide {
        let y = match &self.y {
            Y::Class(class) => f64::from(u8::from(c == *class)),
            Y::Row(y) => y[c].as_f64(),
        };
        let spread = Wide::from(self.epsilon) / Wide::from(self.n_classes as f64);
        let smoothed = Wide::from(1.0 - self.epsilon) * Wide::from(y) + spread;
        smoothed * Wide::from(self.class_weights.map_or(1.0, |w| w[c]))
    }

    /// `T[n, c]` for as many classes as the buffer holds, from the class `start` on.
    #[inline(always)]
    pub(super) fn part<'t>(&self, start: usize, buffer: &'t mut [f64; MAX_PART]) -> &'t mut [f64] {
        let t = &mut buffer[..MAX_PART.min(self.n_classes - start)];
        let keep = 1.0 - self.epsilon; // 1 − ε
        let spread = self.epsilon / self.n_classes as f64; // ε/C
        match &self.y {
            Y::Class(class) => {
                // (1 − ε)·0 + ε/C, and (1 − ε)·1 + ε/C for the class
                t.fill(spread);
                if let Some(t) = class.checked_sub(start).and_then(|c| t.get_mut(c)) {
                    *t = keep + spread;
                }
            }
            Y::Row(y) => {
                // (1 − ε) Y[n, c] + ε/C
                let smoothed = |y: &F| keep * y.as_f64() + spread;
                match y.to_slice() {
                    Some(y) => t.iter_mut().zip(&y[start..]).for_each(|(t, y)| *t = smoothed(y)),
                    None => {
                        let places = t.iter_mut().zip(y.iter().skip(start));
                        places.for_each(|(t, y)| *t = smoothed(y));
                    }
                }
            }
        }
        if let Some(w) = self.class_weights {
            t.iter_mut().zip(&w[start..]).for_each(|(t, w)| *t *= w); // w[c] (…)
        }
        t
    }
}
