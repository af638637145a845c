//! The memory that packed blocks live in.

use std::cell::RefCell;
use std::thread::LocalKey;

/// One buffer a thread and type, kept for the next product: after the first one nothing is allocated.
pub(crate) type Buffer<F> = LocalKey<RefCell<Vec<F>>>;

/// Bytes that a buffer has at least, enough for every block of [`blocked`](super::blocked): which part of a product a thread
/// happens to take must not decide whether it allocates.
const AT_LEAST: usize = 5 * 256 * 1024;

/// Bytes of a cache line, at which both blocks begin.
const LINE: usize = 64;

/// Calls `work` with room for `a` and `b` scalars, each beginning at a cache line.
pub(crate) fn with_buffer<F: Copy + Default, R>(
    buffer: &'static Buffer<F>,
    a: usize,
    b: usize,
    work: impl FnOnce(&mut [F], &mut [F]) -> R,
) -> R {
    let line = LINE / size_of::<F>();
    let a_room = a.next_multiple_of(line);
    buffer.with_borrow_mut(|buffer| {
        let needed = a_room + b + line;
        if buffer.len() < needed {
            buffer.resize(needed.max(AT_LEAST / size_of::<F>()), F::default());
        }
        let offset = buffer.as_ptr().align_offset(LINE).min(line);
        let (a_pack, b_pack) = buffer[offset..].split_at_mut(a_room);
        work(a_pack, b_pack)
    })
}
