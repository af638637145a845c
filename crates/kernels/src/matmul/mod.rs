//! Matrix products: [`gemm`], [`gemm_row`], and which loop computes which of them.

mod blocked;
mod blocks;
pub(crate) mod buffer;
#[cfg(test)]
mod layouts;
mod pack;
mod parts;
mod rows;
mod small;

use ndarray::{ArrayRef1, ArrayRef2, ArrayView2, ArrayViewMut2};

use parts::in_parts;

use crate::Float;
use crate::simd::Level;
use crate::simd::tile::Start;

/// The matrix product `C ← α A B + β C`, that is `C[i, j] ← α Σ_p A[i, p] B[p, j] + β C[i, j]`.
///
/// No other function of the project computes a matrix product, but for [`gemm_row`], which shares
/// its loops: there is one place to make fast, and one to look at when bits differ.
///
/// With `β = 0` the old content of `C` is overwritten, not multiplied, so that NaN in an unused
/// buffer does not spread. Where `K = 0` the product is 0, and so it is with `α = 0`, unless a
/// value of `A` or `B` is NaN or infinite.
///
/// Every element is one chain of multiply-adds over `p`, cut where `K` is long and nowhere else: on
/// one processor neither the strides, nor the number of rows, nor that of threads change a bit. On
/// processors with fused multiply-adds each step is rounded once, on others twice.
///
/// # Shapes
/// `A (M, K)`, `B (K, N)`, `C (M, N)`; any strides. A transpose is a view, `a.t()`, and nothing is
/// copied for it.
///
/// # Panics
/// If the shapes do not fit. Whoever calls has checked them.
///
/// # Examples
/// `Z = X Wᵀ`, a linear layer without its bias:
/// ```
/// use kernels::gemm;
/// use ndarray::{Array2, array};
///
/// let x = array![[1.0, 2.0]]; //                 (1, 2)
/// let w = array![[3.0, 4.0], [5.0, 6.0]]; //     (2, 2), rows are outputs
/// let mut z = Array2::zeros((1, 2));
/// gemm(1.0, &x, &w.t(), 0.0, &mut z);
/// assert_eq!(z, array![[11.0, 17.0]]); // 1·3 + 2·4, 1·5 + 2·6
/// ```
#[track_caller]
pub fn gemm<F: Float>(alpha: F, a: &ArrayRef2<F>, b: &ArrayRef2<F>, beta: F, c: &mut ArrayRef2<F>) {
    let start = Start::Scaled(beta);
    product(Order::Chain, Level::detect(), alpha, a.view(), b.view(), start, c.view_mut());
}

/// A matrix product with a row added to every row of it: `C[i, j] ← Σ_p A[i, p] B[p, j] + r[j]`.
///
/// One pass over `C`. A linear layer's bias is such a row.
///
/// It is made for `X Wᵀ`. Up to eight rows with a long `K` are scalar products, each with partial
/// sums side by side, because `W` is then read as it lies in memory. So is the transposed product
/// of up to eight columns. Only the shape decides, and no stride: equal values give equal bits
/// wherever they lie in memory. But a row may differ in its last bits with the number of rows it is
/// multiplied with, and from the same row by [`gemm`].
///
/// # Shapes
/// `A (M, K)`, `B (K, N)`, `r (N)`, `C (M, N)`; any strides.
///
/// # Panics
/// If the shapes do not fit. Whoever calls has checked them.
///
/// # Examples
/// `Z[n, i] = Σ_j X[n, j] W[i, j] + b[i]`:
/// ```
/// use kernels::gemm_row;
/// use ndarray::{Array2, array};
///
/// let x = array![[1.0, 2.0]];
/// let w = array![[3.0, 4.0], [5.0, 6.0]];
/// let mut z = Array2::zeros((1, 2));
/// gemm_row(&x, &w.t(), &array![10.0, 20.0], &mut z);
/// assert_eq!(z, array![[21.0, 37.0]]); // 1·3 + 2·4 + 10, 1·5 + 2·6 + 20
/// ```
#[track_caller]
pub fn gemm_row<F: Float>(
    a: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
    row: &ArrayRef1<F>,
    c: &mut ArrayRef2<F>,
) {
    assert_eq!(row.len(), c.ncols(), "gemm_row: a row of another length than C's");
    let start = match row.as_slice() {
        Some(row) => Start::Row(row),
        None => {
            c.rows_mut().into_iter().for_each(|mut c| c.assign(row));
            Start::Scaled(F::one())
        }
    };
    let order = Order::ByShape;
    product(order, Level::detect(), F::one(), a.view(), b.view(), start, c.view_mut());
}

/// [`gemm_row`] without a row: `C[i, j] ← Σ_p A[i, p] B[p, j]`, in the same order.
///
/// A linear layer without a bias is such a product.
///
/// # Shapes
/// `A (M, K)`, `B (K, N)`, `C (M, N)`; any strides.
///
/// # Panics
/// If the shapes do not fit. Whoever calls has checked them.
///
/// # Examples
/// `Z[n, i] = Σ_j X[n, j] W[i, j]`:
/// ```
/// use kernels::gemm_rows;
/// use ndarray::{Array2, array};
///
/// let x = array![[1.0, 2.0]];
/// let w = array![[3.0, 4.0], [5.0, 6.0]];
/// let mut z = Array2::zeros((1, 2));
/// gemm_rows(&x, &w.t(), &mut z);
/// assert_eq!(z, array![[11.0, 17.0]]); // 1·3 + 2·4, 1·5 + 2·6
/// ```
#[track_caller]
pub fn gemm_rows<F: Float>(a: &ArrayRef2<F>, b: &ArrayRef2<F>, c: &mut ArrayRef2<F>) {
    let start = Start::Scaled(F::zero());
    product(Order::ByShape, Level::detect(), F::one(), a.view(), b.view(), start, c.view_mut());
}

/// In which order sums run. Strides have no say in it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Order {
    /// One chain.
    Chain,
    /// Scalar products with partial sums for a few long rows or columns, otherwise one chain.
    ByShape,
}

/// Chooses the loop: tiny products are done at once, all others are looked at more closely.
#[track_caller]
fn product<F: Float>(
    order: Order,
    level: Level,
    alpha: F,
    a: ArrayView2<'_, F>,
    b: ArrayView2<'_, F>,
    start: Start<'_, F>,
    c: ArrayViewMut2<'_, F>,
) {
    let ((m, k), n) = (a.dim(), b.ncols());
    assert!(
        b.nrows() == k && c.dim() == (m, n),
        "gemm: A {:?}, B {:?} and C {:?} do not fit",
        a.dim(),
        b.dim(),
        c.dim()
    );
    let mut c = c;
    if alpha == F::zero() && [&a, &b].iter().all(|x| x.iter().all(|x| x.is_finite())) {
        // A sum may overflow, and 0·∞ would be NaN.
        return c.indexed_iter_mut().for_each(|(place, c)| start.add(F::zero(), c, place));
    }
    if !small::product(level, alpha, &a, &b, start, &mut c) {
        large(order, level, alpha, a, b, start, c);
    }
}

/// Every product that is not tiny. Not inlined, because a tiny product would then pay for the stack
/// that a large one needs.
#[inline(never)]
fn large<F: Float>(
    order: Order,
    level: Level,
    alpha: F,
    a: ArrayView2<'_, F>,
    b: ArrayView2<'_, F>,
    start: Start<'_, F>,
    c: ArrayViewMut2<'_, F>,
) {
    let ((m, k), n) = (a.dim(), c.ncols());
    // Chosen before C is cut into parts, because the number of threads must not change what is
    // computed, and by the shape alone, because where a matrix lies in memory must not either. Few
    // columns are few rows of the transposed product.
    let by_shape = order == Order::ByShape && !small::is_tiny(m, k, n); // tiny ones may have gaps
    let few_columns = by_shape && n < m && rows::fits(n, k);
    let rows = few_columns || (by_shape && rows::fits(m, k));
    let transposed = few_columns || (!rows && blocked::better_transposed(level, &a, &b, &c));
    let (a, b, start, c) = if transposed {
        (b.reversed_axes(), a.reversed_axes(), start.transposed(), c.reversed_axes())
    } else {
        (a, b, start, c)
    };
    if rows {
        in_parts(rows::PART, a, b, start, c, |a, b, start, c| {
            rows::product(level, alpha, a, b, start, c);
        });
    } else {
        in_parts(blocked::PART, a, b, start, c, |a, b, start, c| {
            blocked::product(level, alpha, a, b, start, c);
        });
    }
}

#[cfg(test)]
mod tests;
