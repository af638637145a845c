//! What the losses on classes have in common: the pass over the rows.
//!
//! Plainly, with `s_n` the sample weight of row `n` (1 if there are none), `count_n` what the loss
//! adds to the denominator of the mean (1, or the class weight `w[y[n]]`), and `ℓ_n` its loss:
//!
//! ```text
//! rows  ← those that are not ignored and whose s_n is not 0
//! total ← Σ_n s_n count_n, n in rows
//! for n in rows
//!     sum      ← sum + s_n ℓ_n
//!     dA[n, :] ← (s_n/total) ∂ℓ_n/∂A[n, :]
//! L ← sum/total
//! ```
//!
//! Other rows of `dA` are 0; with `Reduction::Sum`, nothing is divided. The code departs from this
//! for three reasons:
//!
//! 1. It runs inside [`vectorized`], compiled for the processor at hand; hence `#[inline(always)]`.
//! 2. `ℓ_n` is made of exponentials of row `n`, and a row of ten classes does not fill a vector
//!    register twice. So [`Exponentials`] computes them for many rows at once, when the first is
//!    asked for.
//! 3. Where the sum or the weights show that `f64` had no room, all of it is done once more in wide
//!    numbers: when that is, `element_wide.rs` says.

use ndarray::{ArrayRef1, ArrayRef2};
use tensor_core::functions::exponentials::Exponentials;
use tensor_core::simd::{Loop, vectorized};
use tensor_core::sums::Sum;
use tensor_core::{Error, Float, Wide};

use crate::check::{check_predictions, check_shape, is_counted};
use crate::labels::Labels;
use crate::range::{are_safe, is_gradient_safe, is_loss_safe, is_safe, largest, may_lose_digits};
use crate::reduction::Reduction;

/// A loss whose samples are rows.
pub(crate) trait RowLoss<F: Float> {
    const NAME: &'static str;
    type Target<'a>: Copy;

    fn reduction(&self) -> Reduction;

    /// Whether the targets and the configuration fit `C` and `N`, and the values of rows whose
    /// sample weight is not 0 are such that the loss has a meaning for them.
    fn check(
        &self,
        a: &ArrayRef2<F>,
        y: Self::Target<'_>,
        sample_weights: Option<&[F]>,
    ) -> Result<(), Error>;

    /// Weights of the classes, if there are any: where they are extreme, so may be what is made of
    /// them.
    fn class_weights(&self) -> Option<&[f64]> {
        None
    }

    /// Whether products with what the loss is told lose no digits.
    fn are_factors_safe(&self) -> bool {
        are_safe(self.class_weights())
    }

    /// Whether products with the targets of row `n` lose none.
    fn is_target_safe(&self, _y: Self::Target<'_>, _n: usize) -> bool {
        true
    }

    /// Whether a derivative may be beyond `f64` beside an ordinary loss.
    fn is_steep(&self) -> bool {
        false
    }

    /// What row `n` adds to the denominator of the mean; `None` if it is ignored.
    fn count(&self, y: Self::Target<'_>, n: usize) -> Option<f64>;

    /// `ℓ_n`, and `factor·∂ℓ_n/∂A[n, :]` into `da`, of a row that is not ignored.
    fn row(
        &self,
        n: usize,
        a: &mut Exponentials<'_, F>,
        y: Self::Target<'_>,
        gradient: Option<(f64, &mut ArrayRef1<F>)>,
    ) -> f64;

    /// The same where something has left the range of `f64`. Without this, [`row`](Self::row).
    fn wide_row(
        &self,
        n: usize,
        a: &mut Exponentials<'_, F>,
        y: Self::Target<'_>,
        gradient: Option<(Wide, &mut ArrayRef1<F>)>,
    ) -> Wide {
        self.row(n, a, y, gradient.map(|(factor, da)| (factor.value(), da))).into()
    }
}

pub(crate) fn check<F: Float, L: RowLoss<F>>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: L::Target<'_>,
    sample_weights: Option<&[F]>,
    da: Option<&ArrayRef2<F>>,
) -> Result<(), Error> {
    check_predictions(L::NAME, a, sample_weights, da)?;
    loss.check(a, y, sample_weights)
}

/// [`Loss::forward`](crate::Loss::forward), `backward` and `sample_weighted` in one: `L`, and
/// `dLdA` into `da` if there is one.
///
/// In `f64`, rounded once at the end.
pub(crate) fn pass<F: Float, L: RowLoss<F>>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: L::Target<'_>,
    sample_weights: Option<&[F]>,
    mut da: Option<&mut ArrayRef2<F>>,
) -> Result<F, Error> {
    check(loss, a, y, sample_weights, da.as_deref())?;
    // total = Σ_n s_n count_n
    let rows = (0..a.nrows()).filter(|n| sample_weight(sample_weights, *n) != 0.0);
    let counts = rows.filter_map(|n| Some(sample_weight(sample_weights, n) * loss.count(y, n)?));
    let total = counts.fold(Sum::<F>::default(), Sum::plus).value();
    // Departure 1.
    let sum = vectorized(Pass { loss, a, y, sample_weights, da: da.as_deref_mut(), total });
    let (reduction, w) = (loss.reduction(), loss.class_weights());
    let are_targets_safe =
        || (0..a.nrows()).all(|n| !is_counted(sample_weights, n) || loss.is_target_safe(y, n));
    if !(is_safe(sum, sample_weights) && loss.are_factors_safe() && are_targets_safe()) {
        return Ok(F::of(pass_again(loss, a, y, sample_weights, da, sum))); // Departure 3.
    }
    let is_doubtful =
        || loss.is_steep() && !F::NARROW || may_lose_digits(reduction, total, sample_weights, w);
    if let Some(da) = da.filter(|_| is_doubtful()) {
        let denominator = Wide::from(if reduction == Reduction::Mean { total } else { 1.0 });
        gradients_again(loss, a, y, sample_weights, denominator, da);
    }
    Ok(F::of(reduction.reduce(sum, total))) // L = sum/total
}

/// `L`, and the rows of `da` that plain numbers got wrong, in numbers whose exponent does not run
/// out. `plain_sum` is what they gave for the sum.
fn pass_again<F: Float, L: RowLoss<F>>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: L::Target<'_>,
    sample_weights: Option<&[F]>,
    da: Option<&mut ArrayRef2<F>>,
    plain_sum: f64,
) -> f64 {
    let weight = |n: usize| Wide::from(sample_weight(sample_weights, n));
    let rows = || (0..a.nrows()).filter(|n| is_counted(sample_weights, *n));
    let total = Wide::sum(rows().filter_map(|n| Some(weight(n) * Wide::from(loss.count(y, n)?))));
    let denominator = match loss.reduction() {
        // `da` is 0 already, or NaN in a row that holds NaN.
        Reduction::Mean if total.is_zero() => {
            return if plain_sum.is_nan() { plain_sum } else { 0.0 };
        }
        Reduction::Mean => total,
        Reduction::Sum => Wide::from(1.0),
    };
    if let Some(da) = da {
        gradients_again(loss, a, y, sample_weights, denominator, da);
    }
    let (mut exponentials, mut sum) = (Exponentials::new(a), Wide::ZERO);
    for n in rows().filter(|&n| loss.count(y, n).is_some()) {
        sum = sum + weight(n) * loss.wide_row(n, &mut exponentials, y, None);
    }
    (sum / denominator).value()
}

/// The rows of `da` that plain numbers got wrong.
fn gradients_again<F: Float, L: RowLoss<F>>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: L::Target<'_>,
    sample_weights: Option<&[F]>,
    denominator: Wide,
    da: &mut ArrayRef2<F>,
) {
    let weights_are_safe = are_safe(sample_weights) && loss.are_factors_safe();
    let mut exponentials = Exponentials::new(a);
    for (n, mut da) in da.rows_mut().into_iter().enumerate() {
        if !is_counted(sample_weights, n) || loss.count(y, n).is_none() {
            continue;
        }
        let factor = Wide::from(sample_weight(sample_weights, n)) / denominator;
        if !(weights_are_safe && loss.is_target_safe(y, n) && is_right(loss, &da, factor.value())) {
            loss.wide_row(n, &mut exponentials, y, Some((factor, &mut da)));
        }
    }
}

/// Whether a plain row of the gradient, derivatives times `factor`, is what it should be.
fn is_right<F: Float, L: RowLoss<F>>(loss: &L, da: &ArrayRef1<F>, factor: f64) -> bool {
    let factor = factor * largest(loss.class_weights()).max(1.0);
    da.iter().all(|da| is_gradient_safe::<F>(da.as_f64(), factor))
}

struct Pass<'a, 'y, F: Float, L: RowLoss<F>> {
    loss: &'a L,
    a: &'a ArrayRef2<F>,
    y: L::Target<'y>,
    sample_weights: Option<&'a [F]>,
    da: Option<&'a mut ArrayRef2<F>>,
    /// What the mean is divided by.
    total: f64,
}

impl<F: Float, L: RowLoss<F>> Loop for Pass<'_, '_, F, L> {
    type Output = f64;

    /// `Σ_n s_n ℓ_n`
    #[inline(always)]
    fn run(self) -> f64 {
        let Self { loss, a, y, sample_weights, mut da, total } = self;
        // Departure 2.
        let (mut exponentials, mut sum) = (Exponentials::new(a), Sum::<F>::default());
        for n in 0..a.nrows() {
            let mut da = da.as_deref_mut().map(|da| da.row_mut(n));
            let weight = sample_weight(sample_weights, n);
            if weight == 0.0 || loss.count(y, n).is_none() {
                if let Some(da) = &mut da {
                    da.fill(F::zero());
                }
                continue;
            }
            let factor = loss.reduction().reduce(weight, total); // s_n/total
            let gradient = da.as_deref_mut().map(|da| (factor, da));
            sum = sum.plus(weight * loss.row(n, &mut exponentials, y, gradient)); // sum + s_n ℓ_n
        }
        sum.value()
    }
}

/// `s_n`.
#[inline(always)]
fn sample_weight<F: Float>(sample_weights: Option<&[F]>, n: usize) -> f64 {
    sample_weights.map_or(1.0, |s| s[n].as_f64())
}

/// [`EachLoss::forward_each`](crate::EachLoss::forward_each): 0 for an ignored row, as in PyTorch.
pub(crate) fn forward_each<F: Float, L: RowLoss<F>>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: L::Target<'_>,
    each: &mut ArrayRef1<F>,
) -> Result<(), Error> {
    check(loss, a, y, None, None)?;
    check_shape(L::NAME, "losses of the samples", &[a.nrows()], each.shape())?;
    let (are_factors_safe, mut exponentials) = (loss.are_factors_safe(), Exponentials::new(a));
    for (n, each) in each.iter_mut().enumerate() {
        let plain = loss.count(y, n).map_or(0.0, |_| loss.row(n, &mut exponentials, y, None));
        let are_safe = are_factors_safe && loss.is_target_safe(y, n);
        let is_right = is_loss_safe::<F>(plain) && are_safe || loss.count(y, n).is_none();
        let mut wide = || loss.wide_row(n, &mut exponentials, y, None).value();
        *each = F::of(if is_right { plain } else { wide() });
    }
    Ok(())
}

/// [`EachLoss::backward_each`](crate::EachLoss::backward_each).
pub(crate) fn backward_each<F: Float, L: RowLoss<F>>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: L::Target<'_>,
    d_each: &ArrayRef1<F>,
    da: &mut ArrayRef2<F>,
) -> Result<(), Error> {
    check(loss, a, y, None, Some(da))?;
    check_shape(L::NAME, "gradient of the samples", &[a.nrows()], d_each.shape())?;
    let (are_factors_safe, mut exponentials) = (loss.are_factors_safe(), Exponentials::new(a));
    for (n, mut da) in da.rows_mut().into_iter().enumerate() {
        if loss.count(y, n).is_some() {
            // dLdA[n, :] = d_each[n] ∂ℓ_n/∂A[n, :]
            let d = d_each[n].as_f64();
            loss.row(n, &mut exponentials, y, Some((d, &mut da)));
            if !(are_factors_safe && loss.is_target_safe(y, n) && is_right(loss, &da, d)) {
                loss.wide_row(n, &mut exponentials, y, Some((d.into(), &mut da)));
            }
        } else {
            da.fill(F::zero());
        }
    }
    Ok(())
}

/// Implements [`Loss`](crate::Loss) and [`SampleWeightedLoss`](crate::SampleWeightedLoss) of a
/// [`RowLoss`].
macro_rules! row_passes {
    ($L:ty, $Target:ty, $Elided:ty) => {
        impl<F: Float> Loss<F> for $L {
            type Target<'a> = $Target;

            fn forward(&self, a: &ArrayRef2<F>, y: $Elided) -> Result<F, Error> {
                $crate::row::pass(self, a, y, None, None)
            }

            fn backward(
                &self,
                a: &ArrayRef2<F>,
                y: $Elided,
                da: &mut ArrayRef2<F>,
            ) -> Result<F, Error> {
                $crate::row::pass(self, a, y, None, Some(da))
            }
        }

        impl<F: Float> SampleWeightedLoss<F> for $L {
            fn sample_weighted(
                &self,
                a: &ArrayRef2<F>,
                y: $Elided,
                sample_weights: &[F],
                da: Option<&mut ArrayRef2<F>>,
            ) -> Result<F, Error> {
                $crate::row::pass(self, a, y, Some(sample_weights), da)
            }
        }
    };
}

/// The same, and [`EachLoss`](crate::EachLoss) of samples that are rows.
macro_rules! row_loss {
    ($L:ty, $Target:ty, $Elided:ty) => {
        $crate::row::row_passes!($L, $Target, $Elided);

        impl<F: Float> EachLoss<F> for $L {
            type Samples = Ix1;

            fn forward_each(
                &self,
                a: &ArrayRef2<F>,
                y: $Elided,
                each: &mut ArrayRef1<F>,
            ) -> Result<(), Error> {
                $crate::row::forward_each(self, a, y, each)
            }

            fn backward_each(
                &self,
                a: &ArrayRef2<F>,
                y: $Elided,
                d_each: &ArrayRef1<F>,
                da: &mut ArrayRef2<F>,
            ) -> Result<(), Error> {
                $crate::row::backward_each(self, a, y, d_each, da)
            }
        }
    };
}
pub(crate) use {row_loss, row_passes};

/// What a loss on classes is told of them.
#[derive(Clone, Copy)]
pub(crate) struct Classes<'a> {
    /// `w (C)`.
    pub(crate) weights: Option<&'a [f64]>,
    /// The label of rows that are left out.
    pub(crate) ignore_index: Option<i64>,
}

impl Classes<'_> {
    /// `Ok` if there is one weight for each class, or none at all.
    pub(crate) fn check_weights<F: Float>(
        self,
        place: &'static str,
        a: &ArrayRef2<F>,
    ) -> Result<(), Error> {
        let Some(w) = self.weights else { return Ok(()) };
        check_shape(place, "class_weights", &[a.ncols()], &[w.len()])
    }

    /// `Ok` if weights and labels fit `a`.
    pub(crate) fn check<F: Float>(
        self,
        place: &'static str,
        a: &ArrayRef2<F>,
        y: Labels<'_>,
        sample_weights: Option<&[F]>,
    ) -> Result<(), Error> {
        self.check_weights(place, a)?;
        y.check(place, a, self.ignore_index, sample_weights)
    }

    /// `w[class]`; 1 if there are no weights.
    #[inline(always)]
    pub(crate) fn weight(self, class: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[class])
    }

    /// `w[y[n]]`; `None` if row `n` is left out.
    #[inline(always)]
    pub(crate) fn count(self, y: Labels<'_>, n: usize) -> Option<f64> {
        (!y.is_ignored(n, self.ignore_index)).then(|| self.weight(y.class(n)))
    }
}
