//! What handing parts to other threads allocates.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use allocation_counter::measure;
use kernels::gemm;
use ndarray::Array2;
use rayon::ThreadPoolBuilder;

// On the calling thread: a box for each part but the first, and at most one for a thread that is
// woken. The thread pool's own queues grow now and then, which is why it runs warm.
#[test]
fn a_product_allocates_once_for_each_part_it_hands_over() {
    const PRODUCTS: u64 = 100;
    for threads in 1..=4 {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let a = Array2::<f32>::ones((256, 256));
        let mut c = Array2::zeros((256, 256));
        let mut product = || gemm(1.0, &a, &a, 0.0, &mut c);
        let counted = pool.install(|| {
            (0..PRODUCTS).for_each(|_| product());
            measure(|| (0..PRODUCTS).for_each(|_| product())).count_total
        });
        let most = if threads == 1 { 0 } else { threads as u64 * PRODUCTS };
        assert!(counted <= most, "{threads} threads: {counted} for {PRODUCTS} products");
    }
}
