//! Memory that is fetched before it is needed.

/// Bytes of a cache line.
const LINE: usize = 64;

/// Has the processor fetch `values` into its cache, so that they are near when they are read.
///
/// It changes no value. Where the target has no instruction for it, nothing happens.
///
/// # Examples
/// While one row of a large table is summed, the row after the next is fetched:
/// ```
/// use kernels::simd::prefetch;
///
/// let rows = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
/// let mut sum = 0.0;
/// for (i, row) in rows.iter().enumerate() {
///     if let Some(next) = rows.get(i + 2) {
///         prefetch(next);
///     }
///     sum += row.iter().sum::<f64>();
/// }
/// assert_eq!(sum, 21.0);
/// ```
#[inline]
pub fn prefetch<F>(values: &[F]) {
    #[cfg(target_arch = "x86_64")]
    for first in (0..size_of_val(values)).step_by(LINE) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 has the instruction, it has no effect but on time, and the address
        // lies within the slice.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(values.as_ptr().cast::<i8>().add(first)) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (values, LINE);
}
