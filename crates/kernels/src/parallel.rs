//! Work in parts, on the threads of the pool that the caller has installed: [`parts`] says into how
//! many parts to cut, [`for_each`] runs them.
//!
//! With the feature `threads` (on by default) the parts run on [rayon](https://docs.rs/rayon)'s
//! current pool: the global one, or that of `ThreadPool::install`. Without it there is one part.
//! Every part but the first is boxed when it is handed over, an allocation each; a thread that is
//! woken to look for parts, or goes on looking after one, is another. So a work that is cut for `T`
//! threads costs `T − 1` allocations and at most `2 T`, and one that is not cut none: 0, 1.06, 2.4
//! and 3.7 a product on 1, 2, 3 and 4 threads of a machine with two processors.
//!
//! Nothing that is computed within a part may depend on how many parts there are, so that the
//! number of threads changes no bit of any result.
//!
//! Plainly, rayon's `par_iter().for_each(work)`. Here:
//!
//! 1. The calling thread works on the first part itself, because two parts then need one other
//!    thread and not two.
//! 2. A thread that has done a part looks for the next one for a while before it goes to sleep, as
//!    OpenMP's threads do, because the products of a training step follow each other within
//!    microseconds.
//! 3. Work is handed to a sleeping thread only if it takes much longer than waking one. The calling
//!    thread does all of a shorter work itself, and has a thread woken meanwhile, for what comes
//!    next.

/// Into how many parts to cut `work`, where `part` is the smallest amount that pays for handing it
/// to a thread that is awake.
///
/// At least 1, at most the threads of the current pool, and never more than `work / part`. Sleeping
/// threads count only where `work` is long enough to wake them. The unit is the caller's: scalars,
/// multiply-adds.
///
/// # Examples
/// ```
/// use kernels::parallel::parts;
///
/// assert_eq!(parts(1999, 1000), 1); // two parts would be too short
/// assert!(parts(1 << 40, 1000) >= 1); // as many as the pool has threads
/// ```
#[inline]
pub fn parts(work: usize, part: usize) -> usize {
    if work / 2 < part { 1 } else { among_threads(work, part) }
}

/// [`parts`] of a work that two threads could divide.
fn among_threads(work: usize, part: usize) -> usize {
    #[cfg(feature = "threads")]
    {
        let threads = rayon::current_num_threads();
        let awake = pool::awake();
        if awake < threads {
            pool::wake_one(); // 3
        }
        worthwhile(work, part, threads, awake)
    }
    #[cfg(not(feature = "threads"))]
    {
        let _ = (work, part);
        1
    }
}

/// How many times as long a part has to be for a thread that sleeps: waking one takes so much
/// longer.
#[cfg(feature = "threads")]
const ASLEEP: usize = 16;

/// How many parts `work` is worth where that many of the threads are awake.
#[cfg(feature = "threads")]
fn worthwhile(work: usize, part: usize, threads: usize, awake: usize) -> usize {
    let among = |threads: usize, part: usize| threads.min(work / part.max(1)).max(1);
    among(threads, part.saturating_mul(ASLEEP)).max(among(threads.min(awake), part))
}

/// Runs `work` on every element of `parts`, each on its own thread where there is one, and returns
/// when all have been done.
///
/// A panic in a part reaches the caller.
///
/// # Examples
/// The squares of many numbers, a part of them at a time:
/// ```
/// use kernels::parallel::{for_each, parts};
///
/// let mut x: Vec<f64> = (0..10_000).map(f64::from).collect();
/// let length = x.len().div_ceil(parts(x.len(), 1000));
/// for_each(x.chunks_mut(length), |part| part.iter_mut().for_each(|x| *x *= *x));
/// assert_eq!(x[99], 9801.0);
/// ```
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
        /// Whether this thread runs [`for_each`] or [`linger`].
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

    /// How often the calling thread looks whether the others are done before it is put to sleep.
    /// Not longer, because on a busy processor it may keep the very thread that it waits for from
    /// running.
    const WAIT: usize = 1 << 11;

    /// How often a thread that has done a part looks for another one: longer than what lies between
    /// two products of a training step takes.
    const LINGER: usize = 1 << 12;

    /// Threads that are in [`linger`].
    static LINGERING: AtomicUsize = AtomicUsize::new(0);

    /// How often a thread that was woken lets others go first.
    const YIELDS: usize = 32;

    /// Threads that would take a part at once: those that look for one, and the calling thread.
    pub(super) fn awake() -> usize {
        1 + LINGERING.load(Ordering::Relaxed)
    }

    /// Wakes a thread to look for parts, if none has been woken already.
    pub(super) fn wake_one() {
        static CALLED: AtomicBool = AtomicBool::new(false);
        if !CALLED.swap(true, Ordering::Relaxed) {
            rayon::spawn(|| {
                CALLED.store(false, Ordering::Relaxed);
                // Some systems wake a thread on the processor of the one that called it, which is
                // at work there.
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
                        // 2
                        rayon::spawn(linger);
                    }
                });
            }
            work(first); // 1
            // The scope waits as well, but a thread outside the pool would go to sleep at once.
            for _ in 0..WAIT {
                if done.load(Ordering::Acquire) == spawned {
                    break;
                }
                look();
            }
        });
    }

    /// Looks for parts until none has come for a while.
    fn linger() {
        // A thread that only waits for its own parts may have taken this: it must not be kept.
        if BUSY.get() {
            return;
        }
        let _busy = Busy::new();
        // The calling thread works as well: if all threads of the pool looked for parts, one of
        // them would take its processor.
        if LINGERING.fetch_add(1, Ordering::Relaxed) + 1 < rayon::current_num_threads() {
            let mut looks = 0;
            while looks < LINGER {
                looks = if look() { 0 } else { looks + 1 };
            }
        }
        LINGERING.fetch_sub(1, Ordering::Relaxed);
    }

    /// Runs a part if there is one. Says whether it did.
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

    use super::{for_each, parts, worthwhile};

    // Parts of at least 10 for those who are awake, of at least 160 for the others; a part of 0
    // pays anyway.
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
            assert_eq!([1, 2, 4].map(|awake| worthwhile(work, 10, 4, awake)), expected, "{work}");
        }
        assert_eq!(
            [worthwhile(9, 0, 4, 1), worthwhile(9, 0, 1, 1), worthwhile(999, 10, 4, 9)],
            [4, 1, 4]
        );
    }

    // Whichever threads are awake: so much work pays for waking all, so little never pays.
    #[test]
    fn large_work_is_cut_for_all_threads() {
        for threads in [1, 3] {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                assert_eq!(parts(1 << 40, 1 << 10), threads);
                assert_eq!(parts((1 << 11) - 1, 1 << 10), 1);
                assert_eq!([parts(usize::MAX, usize::MAX), parts(0, 1)], [1, 1]);
            });
        }
    }

    // A thread that looked forever would never leave its pool. The barrier gives one of the two
    // parts to another thread than the calling one. The pool is larger than that of other tests,
    // because threads of all pools are counted where not all may look.
    #[test]
    fn a_thread_stops_looking_for_parts() {
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
