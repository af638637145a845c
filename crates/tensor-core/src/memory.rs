//! Memory for sizes that come from outside: asked for before it is taken.

use ndarray::{Array, Dimension, IntoDimension};

use crate::{Error, Float};

/// An array of zeros, or an error where there is no memory for it: sizes come from outside, and
/// `Array::zeros` would panic or end the program.
///
/// # Shapes
/// That of the result is `shape`.
///
/// # Errors
/// As for [`check_room`].
///
/// # Examples
/// ```
/// use ndarray::Array2;
/// use tensor_core::memory::zeros;
///
/// let weight: Array2<f64> = zeros("weight", (2, 3))?;
/// assert_eq!(weight, Array2::zeros((2, 3)));
/// let error = zeros::<f64, _>("weight", (1 << 62, 2)).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "weight: expected a size that fits into memory, found (4611686018427387904, 2) of 8 bytes"
/// );
/// # Ok::<(), tensor_core::Error>(())
/// ```
pub fn zeros<F: Float, S: IntoDimension>(
    place: &'static str,
    shape: S,
) -> Result<Array<F, S::Dim>, Error> {
    let shape = shape.into_dimension();
    check_room::<F>(place, shape.slice())?;
    Ok(Array::zeros(shape))
}

/// Whether there is memory for `shape` values of type `T`: their bytes are counted without
/// wrapping, and the allocator is asked for them and given them back untouched.
///
/// What fits is the allocator's word. A system that promises more than it has (Linux, for sizes
/// below its whole memory) may still end the program when the memory is written; what it promises
/// is not touched before. Between the question and the allocation another thread may take the room.
/// A size of 0 counts as 1, because `ndarray` refuses large sizes beside it as well.
///
/// # Errors
/// [`Error::TooLarge`] if the bytes are more than `isize::MAX`, or the allocator refuses them.
///
/// # Examples
/// ```
/// use tensor_core::memory::check_room;
///
/// assert!(check_room::<f32>("batch", &[32, 10]).is_ok());
/// assert!(check_room::<f32>("batch", &[usize::MAX, 2]).is_err());
/// ```
pub fn check_room<T>(place: &'static str, shape: &[usize]) -> Result<(), Error> {
    let bytes = shape.iter().try_fold(size_of::<T>(), |n, &len| n.checked_mul(len.max(1)));
    let mut room = Vec::<u8>::new();
    let has_room = bytes.is_some_and(|bytes| room.try_reserve_exact(bytes).is_ok());
    // Seen from outside, so that the compiler does not leave the question out.
    std::hint::black_box(&mut room);
    match has_room {
        true => Ok(()),
        false => Err(Error::TooLarge {
            place: place.into(),
            found: shape.to_vec(),
            size: size_of::<T>(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{check_room, zeros};
    use crate::Error;

    #[test]
    fn sizes_that_cannot_be_are_refused() {
        // 2⁶¹ · 8 = 2⁶⁴ wraps to 0; 2⁶⁰ · 8 = 2⁶³ is isize::MAX + 1; no machine has 2⁶² bytes.
        let large = [[1 << 61, 1], [1 << 60, 1], [1 << 59, 1], [1 << 31, 1 << 32]];
        for shape in large.into_iter().chain([[usize::MAX, 0], [0, usize::MAX]]) {
            let expected = Error::TooLarge { place: "x".into(), found: shape.to_vec(), size: 8 };
            assert_eq!(zeros::<f64, _>("x", shape), Err(expected), "{shape:?}");
        }
        assert_eq!(zeros::<f64, _>("x", [3, 0]).map(|x| x.len()), Ok(0));
        assert_eq!(
            check_room::<u8>("x", &[1 << 62]).unwrap_err().to_string(),
            "x: expected a size that fits into memory, found (4611686018427387904) of 1 byte"
        );
    }
}
