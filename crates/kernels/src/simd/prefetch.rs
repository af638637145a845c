//! Memory that is asked for before it is needed.

/// Bytes of a cache line.
const LINE: usize = 64;

/// Asks for all of `values`, so that they are on their way to the cache when they are read. Where the processor has no
/// instruction for that, nothing happens.
#[inline]
pub fn prefetch<F>(values: &[F]) {
    #[cfg(target_arch = "x86_64")]
    for first in (0..size_of_val(values)).step_by(LINE) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 has the instruction, it has no effect but on time, and the address lies within the slice.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(values.as_ptr().cast::<i8>().add(first)) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (values, LINE);
}
