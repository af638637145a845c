//! Work in parts, on the threads of the pool that the caller has installed.
//!
//! With the feature `threads` (on by default) the parts run on [rayon](https://docs.rs/rayon)'s current pool: the global one, or
//! that of `ThreadPool::install`. Without it there is one part. A part never depends on how many others there are, so the number
//! of threads changes no bit of any result.
//!
//! The calling thread works on the first part itself, so that two parts need one other thread and not two. A thread that has
//! done a part looks out for the next one for a while before it goes to sleep, as OpenMP's do: the products of a training step
//! follow each other within microseconds. Work is handed to a sleeping thread only if it is much longer than waking one takes;
//! for less the calling thread does it all, and has a thread woken meanwhile, for what comes next.

/// How many parts to make of `work`, in the unit of `part`, the smallest that pays for handing it to a thread that is awake.
pub fn parts(work: usize, part: usize) -> usize {
    if work < 2 * part {
        return 1;
    }
    #[cfg(feature = "threads")]
    {
        let threads = rayon::current_num_threads();
        let awake = pool::awake();
        if awake < threads {
            pool::wake_one();
        }
        share(work, part, threads, awake)
    }
    #[cfg(not(feature = "threads"))]
    {
        1
    }
}

/// How much longer a part has to be for a thread that sleeps: 16 times 4 µs.
#[cfg(feature = "threads")]
const ASLEEP: usize = 16;

/// How many parts `work` is worth where `awake` of the threads are.
#[cfg(feature = "threads")]
fn share(work: usize, part: usize, threads: usize, awake: usize) -> usize {
    let among = |threads: usize, part: usize| threads.min(work / part.max(1)).max(1);
    among(threads, part.saturating_mul(ASLEEP)).max(among(threads.min(awake), part))
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
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

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

    /// How often a thread that was woken lets others go first.
    const YIELDS: usize = 32;

    /// Threads that would take a part at once: those that look for one, and the calling thread.
    pub(super) fn awake() -> usize {
        1 + LINGERING.load(Ordering::Relaxed)
    }

    /// Has a thread look for parts, if none is on its way already.
    pub(super) fn wake_one() {
        static CALLED: AtomicBool = AtomicBool::new(false);
        if !CALLED.swap(true, Ordering::Relaxed) {
            rayon::spawn(|| {
                CALLED.store(false, Ordering::Relaxed);
                // Some systems wake a thread on the processor of the one that called it, which is at work there.
                for _ in 0..YIELDS {
                    std::thread::yield_now();
                }
                linger();
            });
        }
    }

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
    use std::sync::{Barrier, mpsc};
    use std::time::Duration;

    use rayon::ThreadPoolBuilder;

    use super::{for_each, parts, share};

    // Parts of at least 10 for those who are awake, of at least 160 for the others; a part of 0 pays anyway.
    #[test]
    fn parts_are_large_enough_and_not_more_than_threads() {
        let table = [
            (0, [1, 1, 1]),
            (19, [1, 1, 1]),
            (20, [1, 2, 2]),
            (30, [1, 2, 3]),
            (40, [1, 2, 4]),
            (319, [1, 2, 4]),
            (320, [2, 2, 4]),
            (480, [3, 3, 4]),
            (9999, [4, 4, 4]),
        ];
        for (work, expected) in table {
            assert_eq!([1, 2, 4].map(|awake| share(work, 10, 4, awake)), expected, "{work}");
        }
        assert_eq!([share(9, 0, 4, 1), share(9, 0, 1, 1), share(999, 10, 4, 9)], [4, 1, 4]);
    }

    // Whoever is awake: so much work pays for waking everybody, so little never pays.
    #[test]
    fn all_threads_share_what_is_large() {
        for threads in [1, 3] {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                assert_eq!(parts(1 << 40, 1 << 10), threads);
                assert_eq!(parts((1 << 11) - 1, 1 << 10), 1);
            });
        }
    }

    // A thread that looked forever would never leave its pool. The barrier gives one of the two parts to another thread than the
    // calling one; the pool is larger than that of other tests, whose threads count where not all may look.
    #[test]
    fn a_thread_stops_looking() {
        let (left, leaving) = mpsc::channel();
        let threads = rayon::current_num_threads() + 2;
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .exit_handler(move |_| left.send(()).unwrap())
            .build()
            .unwrap();
        let both = Barrier::new(2);
        for _ in 0..100 {
            pool.install(|| {
                for_each(0..2, |_| {
                    both.wait();
                });
            });
        }
        drop(pool);
        for _ in 0..threads {
            assert!(leaving.recv_timeout(Duration::from_secs(60)).is_ok(), "still in its pool");
        }
    }
}
