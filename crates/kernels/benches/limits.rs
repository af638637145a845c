//! What the machine can do at most: multiply-adds a second, by themselves and where products run
//! between them, and bytes a second by the size of what is read and written.
//!
//! Every other figure is compared with these. All threads of rayon's pool work at once
//! (`RAYON_NUM_THREADS`), each on its own part of the bytes. `cargo xtask bench` reads what is
//! printed.

#[path = "support/data.rs"]
mod data;

use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;

use data::uniform;
use kernels::gemm;
use kernels::simd::{Loop, vectorized};
use ndarray::Array2;
use rayon::ThreadPoolBuilder;

/// Sizes of what is read and written together, in KiB: from the first-level cache to memory.
const SIZES: [usize; 8] = [16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144];

/// Trials of each measurement, of which the best counts.
const TRIALS: usize = 7;

/// Seconds that a trial takes at least.
const SECONDS: f64 = 0.01;

fn main() {
    let threads = rayon::current_num_threads();
    println!("threads {threads}");
    println!("GFLOP/s {:.1}", multiply_adds(threads) / 1e9);
    println!("after-products {:.1}", after_products(threads) / 1e9);
    println!("{:>8} {:>8} {:>8} {:>8}", "KiB", "read", "copy", "triad");
    for kib in SIZES {
        let bytes = 1024 * kib;
        let [read, copy, triad] =
            [read(threads, bytes), copy(threads, bytes), triad(threads, bytes)];
        println!("{kib:>8} {:>8.1} {:>8.1} {:>8.1}", read / 1e9, copy / 1e9, triad / 1e9);
    }
}

/// What all threads together do in a second, where `work(thread)` makes a closure that does
/// `amount` on one of them.
fn rate<W: FnMut()>(threads: usize, amount: f64, work: impl Fn(usize) -> W + Sync) -> f64 {
    let barrier = Barrier::new(threads);
    let (barrier, work) = (&barrier, &work);
    let one_thread = |thread: usize| {
        let mut work = work(thread);
        let mut repeats = 1;
        // All threads double together, so that they stay busy at the same time.
        let seconds = |repeats: usize, work: &mut W| {
            barrier.wait();
            let start = Instant::now();
            (0..repeats).for_each(|_| work());
            start.elapsed().as_secs_f64()
        };
        let mut best = f64::INFINITY;
        let mut trials = 0;
        while trials < TRIALS {
            let taken = seconds(repeats, &mut work);
            best = best.min(taken / repeats as f64);
            // The number of trials is the same on all threads: a slow one would otherwise wait for
            // ever.
            trials += 1;
            if trials == 1 {
                repeats = REPEATS_AT_FIRST.min((SECONDS / taken).ceil() as usize).max(1);
            }
        }
        best
    };
    std::thread::scope(|scope| {
        let handles: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || one_thread(thread))).collect();
        let seconds = handles.into_iter().map(|handle| handle.join().unwrap_or(f64::NAN));
        seconds.map(|seconds| amount / seconds).sum()
    })
}

/// A bound on the repeats that a first, disturbed trial may ask for.
const REPEATS_AT_FIRST: usize = 1 << 20;

/// Operations a second, two for each multiply-add.
fn multiply_adds(threads: usize) -> f64 {
    fn of<const LANES: usize>(threads: usize) -> f64 {
        let flop = 2 * ROUNDS * CHAINS * LANES;
        let fused = rate(threads, flop as f64, |_| || _ = black_box(vectorized(Fused::<LANES>)));
        let apart = rate(threads, flop as f64, |_| || _ = black_box(vectorized(Apart::<LANES>)));
        fused.max(apart)
    }
    // A vector of 4, 8 or 16 scalars in a register: which one is best depends on the processor.
    [of::<4>(threads), of::<8>(threads), of::<16>(threads)].into_iter().fold(0.0, f64::max)
}

/// The same on threads that have just computed products: a processor at work on operands from its
/// caches lowers its clock.
fn after_products(threads: usize) -> f64 {
    let pools = (0..threads).map(|_| ThreadPoolBuilder::new().num_threads(1).build());
    let pools: Vec<_> = pools.filter_map(Result::ok).collect();
    std::thread::scope(|scope| {
        let one_thread = |thread, pool: &rayon::ThreadPool| {
            pool.install(|| [after::<4>(thread), after::<8>(thread), after::<16>(thread)])
        };
        let handles: Vec<_> = pools
            .iter()
            .enumerate()
            .map(|(thread, pool)| scope.spawn(move || one_thread(thread, pool)))
            .collect();
        let best = |rates: [f64; 3]| rates.into_iter().fold(0.0, f64::max);
        handles.into_iter().map(|handle| handle.join().map_or(f64::NAN, best)).sum()
    })
}

/// The median rate of one thread, with a product of W5b before each time.
fn after<const LANES: usize>(thread: usize) -> f64 {
    let x = Array2::from_shape_simple_fn((256, 784), uniform(thread as u64));
    let w = Array2::from_shape_simple_fn((784, 512), uniform(thread as u64 + 1));
    let mut y = Array2::zeros((256, 512));
    let seconds = |run: fn() -> [[f32; LANES]; CHAINS]| {
        let start = Instant::now();
        (0..REPEATS).for_each(|_| _ = black_box(run()));
        start.elapsed().as_secs_f64() / REPEATS as f64
    };
    let mut taken: Vec<f64> = (0..PRODUCTS)
        .map(|_| {
            gemm(1.0, &x, &w, 0.0, &mut y);
            seconds(|| vectorized(Fused)).min(seconds(|| vectorized(Apart)))
        })
        .collect();
    taken.sort_by(f64::total_cmp);
    (2 * ROUNDS * CHAINS * LANES) as f64 / taken[taken.len() / 2]
}

/// How many: a tenth of a second of them.
const PRODUCTS: usize = 100;

/// A third of a millisecond of multiply-adds: a processor takes some microseconds to switch wide
/// vectors on, and longer to raise its clock again.
const REPEATS: usize = 50;

/// Independent chains: more than a multiply-add's latency times the number of units, fewer than
/// there are registers.
const CHAINS: usize = 12;
/// Multiply-adds of a chain.
const ROUNDS: usize = 4096;

/// `x ← a x + b` in one instruction.
struct Fused<const LANES: usize>;

impl<const LANES: usize> Loop for Fused<LANES> {
    type Output = [[f32; LANES]; CHAINS];

    #[inline(always)]
    fn run(self) -> Self::Output {
        chains(|x, a, b| x.mul_add(a, b))
    }
}

/// The same in two, for processors that have no other.
struct Apart<const LANES: usize>;

impl<const LANES: usize> Loop for Apart<LANES> {
    type Output = [[f32; LANES]; CHAINS];

    #[inline(always)]
    fn run(self) -> Self::Output {
        chains(|x, a, b| x * a + b)
    }
}

#[inline(always)]
fn chains<const LANES: usize>(step: impl Fn(f32, f32, f32) -> f32) -> [[f32; LANES]; CHAINS] {
    let (a, b) = (black_box(0.5), black_box(0.25));
    let start = [black_box(1.0); LANES];
    // One variable each, and not one array of them: so they stay in registers.
    let [mut c0, mut c1, mut c2, mut c3, mut c4, mut c5] = [start; 6];
    let [mut c6, mut c7, mut c8, mut c9, mut c10, mut c11] = [start; 6];
    for _ in 0..ROUNDS {
        for i in 0..LANES {
            c0[i] = step(c0[i], a, b);
            c1[i] = step(c1[i], a, b);
            c2[i] = step(c2[i], a, b);
            c3[i] = step(c3[i], a, b);
            c4[i] = step(c4[i], a, b);
            c5[i] = step(c5[i], a, b);
            c6[i] = step(c6[i], a, b);
            c7[i] = step(c7[i], a, b);
            c8[i] = step(c8[i], a, b);
            c9[i] = step(c9[i], a, b);
            c10[i] = step(c10[i], a, b);
            c11[i] = step(c11[i], a, b);
        }
    }
    [c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11]
}

/// Bytes read in a second.
fn read(threads: usize, bytes: usize) -> f64 {
    let n = scalars(threads, bytes, 1);
    rate(threads, amount(n, 1), |thread| {
        let from = array(thread, n);
        move || _ = black_box(vectorized(Sum(black_box(&from))))
    })
}

/// Bytes read and written in a second by `to ← from`.
fn copy(threads: usize, bytes: usize) -> f64 {
    let n = scalars(threads, bytes, 2);
    rate(threads, amount(n, 2), |thread| {
        let (from, mut to) = (array(thread, n), array(thread, n));
        move || black_box(&mut to).copy_from_slice(black_box(&from))
    })
}

/// Bytes read and written in a second by `to ← a + s b`.
fn triad(threads: usize, bytes: usize) -> f64 {
    let n = scalars(threads, bytes, 3);
    rate(threads, amount(n, 3), |thread| {
        let (a, b, mut to) = (array(thread, n), array(thread, n), array(thread, n));
        move || vectorized(Triad(black_box(&a), black_box(&b), black_box(&mut to)))
    })
}

/// Scalars of each of `arrays` arrays on each thread.
fn scalars(threads: usize, bytes: usize, arrays: usize) -> usize {
    bytes / (arrays * threads * size_of::<f32>())
}

fn amount(n: usize, arrays: usize) -> f64 {
    (n * arrays * size_of::<f32>()) as f64
}

fn array(seed: usize, n: usize) -> Vec<f32> {
    // A few drawn numbers are enough: what they are changes no time.
    let numbers: Vec<f32> = std::iter::repeat_with(uniform(seed as u64)).take(1024).collect();
    numbers.into_iter().cycle().take(n).collect()
}

struct Sum<'a>(&'a [f32]);

impl Loop for Sum<'_> {
    type Output = [f32; 128];

    #[inline(always)]
    fn run(self) -> [f32; 128] {
        let mut sums = [0.0; 128];
        for chunk in self.0.as_chunks::<128>().0 {
            for (sum, x) in sums.iter_mut().zip(chunk) {
                *sum += x;
            }
        }
        sums
    }
}

struct Triad<'a>(&'a [f32], &'a [f32], &'a mut [f32]);

impl Loop for Triad<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((a, b), to) in self.0.iter().zip(self.1).zip(self.2) {
            *to = a + 0.5 * b;
        }
    }
}
