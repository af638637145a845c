//! How the values of arrays lie in memory.

use kernels::Float;
use ndarray::{Array, ArrayRef2, Dimension};

/// The same values in row-major order: an optimizer then sees a tensor as one slice.
///
/// An array that is row-major already is returned as it is.
///
/// # Shapes
/// Any, and that of the result is the same.
///
/// # Examples
/// ```
/// use ndarray::array;
/// use tensor_core::row_major;
///
/// let transposed = array![[1.0, 2.0], [3.0, 4.0]].reversed_axes();
/// assert_eq!(transposed.as_slice(), None);
/// assert_eq!(row_major(transposed).as_slice(), Some(&[1.0, 3.0, 2.0, 4.0][..]));
/// ```
pub fn row_major<T: Clone, D: Dimension>(array: Array<T, D>) -> Array<T, D> {
    if array.is_standard_layout() { array } else { array.as_standard_layout().into_owned() }
}

/// The values of matrices that lie row after row without gaps.
pub(crate) fn contiguous<'a, F: Float, const M: usize>(
    inputs: &[&'a ArrayRef2<F>; M],
) -> Option<[&'a [F]; M]> {
    let all = inputs.iter().all(|input| input.is_standard_layout());
    all.then(|| inputs.map(|input| input.as_slice().unwrap_or_default()))
}
