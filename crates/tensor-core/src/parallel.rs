//! Work in parts, on the threads of the pool that the caller has installed.
//!
//! With the feature `threads` (on by default) the parts run on [rayon](https://docs.rs/rayon)'s current pool: the global one, or
//! that of `ThreadPool::install`. Without it there is one part. A part never depends on how many others there are, so the number
//! of threads changes no bit of any result.
//!
//! The calling thread works on the first part itself, so that two parts wake one other thread and not two.

/// How many parts are worth making of `work`, in the unit of `part`, the smallest that pays for waking a thread.
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
    {
        let work = &work;
        rayon::in_place_scope(|scope| {
            for part in parts {
                scope.spawn(move |_| work(part));
            }
            work(first);
        });
    }
    #[cfg(not(feature = "threads"))]
    {
        work(first);
        parts.for_each(work);
    }
}
