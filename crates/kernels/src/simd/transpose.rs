//! The transposition inside packing: rows that run along memory become the columns of a panel.
//!
//! ```text
//! for p in 0..k { for l in 0..LANES { out[ld p + l] = rows[l][p] } }
//! ```

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use super::level::Level;

/// Copies `k` scalars of a few rows, at these pointers, column by column to `out`, whose columns
/// are `ld` apart.
type Run<F> = unsafe fn(&[*const F], usize, *mut F, usize);

/// The loop for one type on one processor.
#[derive(Clone, Copy)]
pub(crate) struct Transpose<F> {
    /// Rows that one call takes.
    pub(crate) lanes: usize,
    run: Run<F>,
}

impl<F> Transpose<F> {
    /// `out[ld p + l] ← rows[l][p]`. Where there are fewer rows than [`lanes`](Self::lanes), the
    /// places of the missing ones hold values of no meaning.
    pub(crate) fn run(&self, rows: &[&[F]], k: usize, out: &mut [F], ld: usize) {
        let Some(first) = rows.first() else { return };
        assert!(rows.len() <= self.lanes && rows.iter().all(|row| row.len() >= k));
        assert!(self.lanes <= ld && (k == 0 || out.len() >= ld * (k - 1) + self.lanes));
        let mut pointers = [first.as_ptr(); MAX_LANES];
        for (pointer, row) in pointers.iter_mut().zip(rows) {
            *pointer = row.as_ptr();
        }
        // SAFETY: `lanes` pointers to `k` scalars each, `k` columns of `out` as asserted, and `run`
        // belongs to a processor that was asked.
        unsafe { (self.run)(&pointers[..self.lanes], k, out.as_mut_ptr(), ld) }
    }
}

/// Most rows that one call takes, over all levels.
pub(crate) const MAX_LANES: usize = 16;

/// The definition.
///
/// # Safety
/// `k` scalars behind each pointer, `rows.len()` places in each of the `k` columns of `out`.
unsafe fn portable<F: Copy>(rows: &[*const F], k: usize, out: *mut F, ld: usize) {
    // SAFETY: the caller's.
    unsafe { scalar(rows, 0, k, out, ld) }
}

/// The columns `p0..k`.
///
/// # Safety
/// That of [`portable`].
#[inline(always)]
unsafe fn scalar<F: Copy>(rows: &[*const F], p0: usize, k: usize, out: *mut F, ld: usize) {
    for p in p0..k {
        for (l, row) in rows.iter().enumerate() {
            // SAFETY: the caller's.
            unsafe { out.add(ld * p + l).write(row.add(p).read()) }
        }
    }
}

/// Eight rows, four columns at a time: a register holds the rows `l` and `l + 4`, and two rounds of
/// interleaving transpose.
///
/// # Safety
/// That of [`portable`], with eight pointers, on a processor with AVX.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx_f32(rows: &[*const f32], k: usize, out: *mut f32, ld: usize) {
    let &[r0, r1, r2, r3, r4, r5, r6, r7] = rows else { return };
    let whole = k - k % 4;
    // SAFETY: four scalars from `p` on lie below `k`; the stores are eight places of the columns
    // `p` to `p + 3`.
    unsafe {
        let pair = |low: *const f32, high: *const f32| {
            _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high))
        };
        for p in (0..whole).step_by(4) {
            let t0 = pair(r0.add(p), r4.add(p));
            let t1 = pair(r1.add(p), r5.add(p));
            let t2 = pair(r2.add(p), r6.add(p));
            let t3 = pair(r3.add(p), r7.add(p));
            let low01 = _mm256_castps_pd(_mm256_unpacklo_ps(t0, t1));
            let high01 = _mm256_castps_pd(_mm256_unpackhi_ps(t0, t1));
            let low23 = _mm256_castps_pd(_mm256_unpacklo_ps(t2, t3));
            let high23 = _mm256_castps_pd(_mm256_unpackhi_ps(t2, t3));
            let to = out.add(ld * p);
            _mm256_storeu_ps(to, _mm256_castpd_ps(_mm256_unpacklo_pd(low01, low23)));
            _mm256_storeu_ps(to.add(ld), _mm256_castpd_ps(_mm256_unpackhi_pd(low01, low23)));
            _mm256_storeu_ps(to.add(2 * ld), _mm256_castpd_ps(_mm256_unpacklo_pd(high01, high23)));
            _mm256_storeu_ps(to.add(3 * ld), _mm256_castpd_ps(_mm256_unpackhi_pd(high01, high23)));
        }
        scalar(rows, whole, k, out, ld);
    }
}

/// Four rows, two columns at a time, in the same way.
///
/// # Safety
/// That of [`portable`], with four pointers, on a processor with AVX.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx_f64(rows: &[*const f64], k: usize, out: *mut f64, ld: usize) {
    let &[r0, r1, r2, r3] = rows else { return };
    let whole = k - k % 2;
    // SAFETY: two scalars from `p` on lie below `k`; the stores are four places of the columns `p`
    // and `p + 1`.
    unsafe {
        let pair = |low: *const f64, high: *const f64| {
            _mm256_insertf128_pd::<1>(_mm256_castpd128_pd256(_mm_loadu_pd(low)), _mm_loadu_pd(high))
        };
        for p in (0..whole).step_by(2) {
            let t0 = pair(r0.add(p), r2.add(p));
            let t1 = pair(r1.add(p), r3.add(p));
            let to = out.add(ld * p);
            _mm256_storeu_pd(to, _mm256_unpacklo_pd(t0, t1));
            _mm256_storeu_pd(to.add(ld), _mm256_unpackhi_pd(t0, t1));
        }
        scalar(rows, whole, k, out, ld);
    }
}

/// Sixteen rows, four columns at a time: a register holds the rows `l`, `l + 4`, `l + 8` and `l +
/// 12`, so that a column is a whole cache line when it is written.
///
/// # Safety
/// That of [`portable`], with sixteen pointers, on a processor with AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq")]
unsafe fn avx512_f32(rows: &[*const f32], k: usize, out: *mut f32, ld: usize) {
    let Ok(rows) = <&[*const f32; 16]>::try_from(rows) else { return };
    let whole = k - k % 4;
    // SAFETY: four scalars from `p` on lie below `k`; the stores are sixteen places of the columns
    // `p` to `p + 3`.
    unsafe {
        for p in (0..whole).step_by(4) {
            let four = |l: usize| {
                let row = |l: usize| _mm_loadu_ps(rows[l].add(p));
                let t = _mm512_castps128_ps512(row(l));
                let t = _mm512_insertf32x4::<1>(t, row(l + 4));
                let t = _mm512_insertf32x4::<2>(t, row(l + 8));
                _mm512_insertf32x4::<3>(t, row(l + 12))
            };
            let (t0, t1, t2, t3) = (four(0), four(1), four(2), four(3));
            let low01 = _mm512_castps_pd(_mm512_unpacklo_ps(t0, t1));
            let high01 = _mm512_castps_pd(_mm512_unpackhi_ps(t0, t1));
            let low23 = _mm512_castps_pd(_mm512_unpacklo_ps(t2, t3));
            let high23 = _mm512_castps_pd(_mm512_unpackhi_ps(t2, t3));
            let to = out.add(ld * p);
            _mm512_storeu_ps(to, _mm512_castpd_ps(_mm512_unpacklo_pd(low01, low23)));
            _mm512_storeu_ps(to.add(ld), _mm512_castpd_ps(_mm512_unpackhi_pd(low01, low23)));
            _mm512_storeu_ps(to.add(2 * ld), _mm512_castpd_ps(_mm512_unpacklo_pd(high01, high23)));
            _mm512_storeu_ps(to.add(3 * ld), _mm512_castpd_ps(_mm512_unpackhi_pd(high01, high23)));
        }
        scalar(rows, whole, k, out, ld);
    }
}

/// Eight rows, two columns at a time, in the same way.
///
/// # Safety
/// That of [`portable`], with eight pointers, on a processor with AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq")]
unsafe fn avx512_f64(rows: &[*const f64], k: usize, out: *mut f64, ld: usize) {
    let Ok(rows) = <&[*const f64; 8]>::try_from(rows) else { return };
    let whole = k - k % 2;
    // SAFETY: two scalars from `p` on lie below `k`; the stores are eight places of the columns `p`
    // and `p + 1`.
    unsafe {
        for p in (0..whole).step_by(2) {
            let four = |l: usize| {
                let row = |l: usize| _mm_loadu_pd(rows[l].add(p));
                let t = _mm512_castpd128_pd512(row(l));
                let t = _mm512_insertf64x2::<1>(t, row(l + 2));
                let t = _mm512_insertf64x2::<2>(t, row(l + 4));
                _mm512_insertf64x2::<3>(t, row(l + 6))
            };
            let (t0, t1) = (four(0), four(1));
            let to = out.add(ld * p);
            _mm512_storeu_pd(to, _mm512_unpacklo_pd(t0, t1));
            _mm512_storeu_pd(to.add(ld), _mm512_unpackhi_pd(t0, t1));
        }
        scalar(rows, whole, k, out, ld);
    }
}

/// The scalars that have a transposition.
pub(crate) trait Transposed: Sized + 'static {
    /// The loop for a level that the processor has been asked for.
    fn transpose(level: Level) -> Transpose<Self>;
}

impl Transposed for f32 {
    #[inline]
    fn transpose(level: Level) -> Transpose<Self> {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => Transpose { lanes: 16, run: avx512_f32 },
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => Transpose { lanes: 8, run: avx_f32 },
            _ => Transpose { lanes: 4, run: portable },
        }
    }
}

impl Transposed for f64 {
    #[inline]
    fn transpose(level: Level) -> Transpose<Self> {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => Transpose { lanes: 8, run: avx512_f64 },
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => Transpose { lanes: 4, run: avx_f64 },
            _ => Transpose { lanes: 4, run: portable },
        }
    }
}
