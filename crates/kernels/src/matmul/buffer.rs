//! The memory for packed blocks: one buffer a thread and type.

use std::cell::RefCell;
use std::thread::LocalKey;

/// Kept for the next product: after the first one nothing is allocated.
type Buffer<F> = LocalKey<RefCell<Vec<F>>>;

/// The scalars that have such a buffer. A trait of the crate: what its buffers hold is nobody
/// else's.
pub(crate) trait Packing: Sized + Copy + Default + 'static {
    /// Calls `work` with the memory for packed blocks, which the thread keeps.
    fn with_packing<R>(a: usize, b: usize, work: impl FnOnce(&mut [Self], &mut [Self]) -> R) -> R;
}

macro_rules! packing {
    ($($F:ty)*) => {$(
        impl Packing for $F {
            fn with_packing<R>(
                a: usize,
                b: usize,
                work: impl FnOnce(&mut [Self], &mut [Self]) -> R,
            ) -> R {
                thread_local! {
                    static BUFFER: RefCell<Vec<$F>> = const { RefCell::new(Vec::new()) };
                }
                with_buffer(&BUFFER, a, b, work)
            }
        }
    )*};
}

packing!(f32 f64);

/// Bytes that a buffer has at least, enough for every block: which part of a product a thread
/// happens to take must not decide whether it allocates.
const AT_LEAST: usize = 6 * 256 * 1024;

/// Bytes of a cache line, at which both blocks begin.
const LINE: usize = 64;

/// Calls `work` with slices of `a` and of `b` scalars, each of which begins at a cache line. They
/// hold what the last product left.
fn with_buffer<F: Copy + Default, R>(
    buffer: &'static Buffer<F>,
    a: usize,
    b: usize,
    work: impl FnOnce(&mut [F], &mut [F]) -> R,
) -> R {
    let line = LINE / size_of::<F>();
    let a_whole = a.next_multiple_of(line);
    buffer.with_borrow_mut(|buffer| {
        let needed = a_whole + b + line;
        if buffer.len() < needed {
            buffer.resize(needed.max(AT_LEAST / size_of::<F>()), F::default());
        }
        let offset = buffer.as_ptr().align_offset(LINE).min(line);
        let (a_pack, b_pack) = buffer[offset..].split_at_mut(a_whole);
        work(&mut a_pack[..a], &mut b_pack[..b])
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use ndarray::{Array2, Axis};

    use super::{AT_LEAST, Buffer, LINE, with_buffer};
    use crate::Float;
    use crate::matmul::blocked;
    use crate::simd::Level;
    use crate::simd::tile::Start;

    // Below and above what a buffer has at least; and a buffer is not much longer than it has to
    // be.
    #[test]
    fn blocks_are_as_long_as_asked_and_begin_at_cache_lines() {
        fn check<F: Copy + Default>(buffer: &'static Buffer<F>) {
            let mut most = 0;
            for (a, b) in
                [(0, 0), (1, 1), (0, 7), (17, 3), (400_001, 400_003), (800_001, 5), (5, 9)]
            {
                with_buffer(buffer, a, b, |a_pack, b_pack| {
                    assert_eq!((a_pack.len(), b_pack.len()), (a, b));
                    assert_eq!(
                        [a_pack.as_ptr().addr() % LINE, b_pack.as_ptr().addr() % LINE],
                        [0; 2]
                    );
                });
                let line = LINE / size_of::<F>();
                most = most.max(AT_LEAST / size_of::<F>()).max(a + b + 2 * line);
                assert!(buffer.with_borrow(Vec::len) <= most, "{a} and {b}");
            }
        }
        thread_local! {
            static SINGLE: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
            static DOUBLE: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
        }
        check(&SINGLE);
        check(&DOUBLE);
    }

    // The largest blocks of A have as many bytes as a power of two or a few less; those of B depend
    // on K alone.
    #[test]
    fn a_new_buffer_is_enough_for_every_block() {
        fn check<F: Float>() {
            F::with_packing(0, 0, |_, _| ());
            for k in [1, 2, 3, 13, 100, 255, 256, 257, 400, 401, 511, 512, 513, 800, 801, 1024] {
                for bytes in [128, 256, 512, 1024].map(|kib| kib * 1024) {
                    let most = bytes / (k * size_of::<F>());
                    for m in [most - most.min(5), most, most + 1] {
                        // The last row first: such an A is copied.
                        let (mut a, b) = (Array2::zeros((m, k)), Array2::zeros((k, 2)));
                        a.invert_axis(Axis(0));
                        let mut c = Array2::zeros((m, 2));
                        let (a, b, mut c) = (a.view(), b.view(), c.view_mut());
                        for level in Level::available() {
                            let start = Start::Scaled(F::zero());
                            let counted = allocation_counter::measure(|| {
                                blocked::product(level, F::one(), a, b, start, &mut c);
                            });
                            let case = format!("{level:?}, {m} × {k}, {}", F::NAME);
                            assert_eq!(counted.count_total, 0, "{case}");
                        }
                    }
                }
            }
        }
        check::<f32>();
        check::<f64>();
    }
}
