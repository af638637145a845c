//! Safe loops, compiled once for every level of the processor.

use super::level::Level;

/// A loop that [`vectorized`] compiles for every [`Level`]: a struct that holds what the loop reads
/// and writes, with the loop as its method [`run`](Loop::run).
///
/// `run` must be `#[inline(always)]`, and so must all that it calls for every element, because only
/// what is inlined is compiled for the better processor. What it computes is the same on every
/// level: no level reorders sums, or fuses a product and a sum, which only [`f32::mul_add`] would.
///
/// It is a struct and not a closure, because a closure cannot be `#[inline(always)]`.
///
/// # Examples
/// A scalar product:
/// ```
/// use kernels::simd::{Loop, vectorized};
///
/// struct Dot<'a>(&'a [f64; 4], &'a [f64; 4]);
///
/// impl Loop for Dot<'_> {
///     type Output = f64;
///
///     #[inline(always)]
///     fn run(self) -> f64 {
///         self.0.iter().zip(self.1).map(|(x, y)| x * y).sum()
///     }
/// }
///
/// assert_eq!(vectorized(Dot(&[1.0, 2.0, 3.0, 4.0], &[1.0, 0.0, 0.0, 2.0])), 9.0);
/// ```
pub trait Loop {
    /// What the loop returns.
    type Output;

    /// The loop.
    fn run(self) -> Self::Output;
}

/// Runs a [`Loop`] with the best instructions of the processor: `work.run()`, compiled for
/// [`Level::detect`].
///
/// # Examples
/// ```
/// use kernels::simd::{Loop, vectorized};
///
/// struct Double<'a>(&'a mut [f32]);
///
/// impl Loop for Double<'_> {
///     type Output = ();
///
///     #[inline(always)]
///     fn run(self) {
///         self.0.iter_mut().for_each(|x| *x *= 2.0);
///     }
/// }
///
/// let mut x = [1.0, 2.0, 3.0];
/// vectorized(Double(&mut x));
/// assert_eq!(x, [2.0, 4.0, 6.0]);
/// ```
#[inline]
pub fn vectorized<L: Loop>(work: L) -> L::Output {
    match Level::detect() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor was asked for these instructions.
        Level::Avx512 => unsafe { avx512(work) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx2 => unsafe { avx2(work) },
        _ => work.run(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
fn avx512<L: Loop>(work: L) -> L::Output {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<L: Loop>(work: L) -> L::Output {
    work.run()
}
