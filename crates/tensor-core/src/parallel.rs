//! Work in parts, on the threads of the pool that the caller has installed.
//!
//! With the feature `threads` (on by default) the parts run on [rayon](https://docs.rs/rayon)'s current pool: the global one, or
//! that of `ThreadPool::install`. Without it there is one part. A part never depends on how many others there are, so the number
//! of threads changes no bit of any result.
//!
//! The calling thread works on the first part itself, so that two parts wake one other thread and not two. A thread that has
//! done a part looks out for the next one for a while before it goes to sleep, as OpenMP's do: the products of a training step
//! follow each other within microseconds, and waking a thread takes tens of them.

/// How many parts are worth making of `work`, in the unit of `part`, the smallest that pays for handing it to another thread.
pub fn parts(work: usize, part: usize) -> usize {
    #[cfg(feature = "threads")]
    {
        if work < 2 * part {
            return 1;
        }
        rayon::current_num_threads().min(work / part.max(1)).max(1)
    }
    #[cfg(not(feature = "threads"))]
    {
        let _ = (work, part);
        1
    }
}

/// Runs `work` on every element of `parts`, each on its own thread where there is one.
pub fn for_each<T: Send>(parts: impl Iterator<Item = T>, work: impl Fn(T) + Sync) {
    let mut parts = parts;
    let Some(first) = parts.next() else { return };
    let Some(second) = parts.next() else { return work(first) };
    let parts = std::iter::once(second).chain(parts);
    #[cfg(feature = "threads")]
    pool::for_each(first, parts, work);
    #[cfg(not(feature = "threads"))]
    {
        work(first);
        parts.for_each(work);
    }
}

#[cfg(feature = "threads")]
mod pool {
    use std::cell::Cell;
    use std::hint::spin_loop;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rayon::Yield;

    thread_local! {
        /// Whether this thread is in the middle of [`for_each`] or [`linger`].
        static BUSY: Cell<bool> = const { Cell::new(false) };
    }

    /// Sets [`BUSY`] as long as it lives.
    struct Busy {
        before: bool,
    }

    impl Busy {
        fn new() -> Self {
            Self { before: BUSY.replace(true) }
        }
    }

    impl Drop for Busy {
        fn drop(&mut self) {
            BUSY.set(self.before);
        }
    }

    /// How often the calling thread looks whether the others are done before the operating system puts it to sleep. On a
    /// processor that others use, too, it may stand in the way of the very thread that it waits for; hence not longer.
    const WAIT: usize = 1 << 11;

    /// How often a thread that has done a part looks for another one: longer than the passes between two products take.
    const LINGER: usize = 1 << 12;

    /// Threads that are in [`linger`].
    static LINGERING: AtomicUsize = AtomicUsize::new(0);

    pub(super) fn for_each<T: Send>(
        first: T,
        others: impl Iterator<Item = T>,
        work: impl Fn(T) + Sync,
    ) {
        let _busy = Busy::new();
        let (work, done, mut spawned) = (&work, &AtomicUsize::new(0), 0);
        rayon::in_place_scope(|scope| {
            for part in others {
                spawned += 1;
                scope.spawn(move |_| {
                    work(part);
                    done.fetch_add(1, Ordering::Release);
                    if !BUSY.get() {
                        rayon::spawn(linger);
                    }
                });
            }
            work(first);
            // The scope waits, too, but goes to sleep at once on a thread that is none of the pool's.
            for _ in 0..WAIT {
                if done.load(Ordering::Acquire) == spawned {
                    break;
                }
                look();
            }
        });
    }

    /// Looks for parts until there have been none for a while.
    fn linger() {
        // Stolen by a thread that only waits for its own parts: that one must not be kept.
        if BUSY.get() {
            return;
        }
        let _busy = Busy::new();
        // The calling thread works, too: when all threads of the pool look, one of them is in another's way.
        if LINGERING.fetch_add(1, Ordering::Relaxed) + 1 < rayon::current_num_threads() {
            let mut looks = 0;
            while looks < LINGER {
                looks = if look() { 0 } else { looks + 1 };
            }
        }
        LINGERING.fetch_sub(1, Ordering::Relaxed);
    }

    /// Runs a part if one waits. Says whether it did.
    fn look() -> bool {
        let executed = rayon::yield_now() == Some(Yield::Executed);
        if !executed {
            spin_loop();
        }
        executed
    }
}

#[cfg(all(test, feature = "threads"))]
mod tests {
    use rayon::ThreadPoolBuilder;

    use super::parts;

    // Two parts where each has enough to do, and never more than threads; a part of 0 pays anyway.
    #[test]
    fn parts_are_large_enough_and_not_more_than_threads() {
        let pool = ThreadPoolBuilder::new().num_threads(4).build().unwrap();
        let parts_of = |work, part| pool.install(|| parts(work, part));
        for (work, expected) in
            [(0, 1), (19, 1), (20, 2), (29, 2), (30, 3), (39, 3), (40, 4), (999, 4)]
        {
            assert_eq!(parts_of(work, 10), expected, "{work}");
        }
        assert_eq!([parts_of(0, 0), parts_of(9, 0)], [1, 4]);
    }
}
