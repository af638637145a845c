//! Tensors found by their names.

use ndarray::ArrayViewD;
use tensor_core::{Error, Path, Tensor};

/// The tensors that `each` shows, with their names.
pub(crate) fn collect<'a, F>(
    each: impl FnOnce(&mut dyn FnMut(Path<'_>, Tensor<'a, F>)),
) -> Vec<(String, Tensor<'a, F>)> {
    let mut list = Vec::new();
    each(&mut |path, tensor| list.push((path.to_string(), tensor)));
    list
}

pub(crate) fn find_tensor<'a, F>(
    place: &'static str,
    name: &str,
    tensors: impl Iterator<Item = (String, Tensor<'a, F>)>,
) -> Result<ArrayViewD<'a, F>, Error> {
    let mut known = Vec::new();
    for (path, tensor) in tensors {
        if path == name {
            return Ok(tensor.value);
        }
        known.push(path);
    }
    Err(Error::UnknownTensor { place: place.into(), found: name.to_owned(), known })
}
