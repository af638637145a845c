//! One element of a direction, and how its values are written into a tensor.

use ndarray::ArrayViewMutD;

/// One element of a direction `d`: tensor, flat index, component.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Entry {
    pub(crate) tensor: usize,
    pub(crate) flat: usize,
    pub(crate) d: f64,
}

impl Entry {
    /// Whether both name the same element, whatever their components.
    pub(crate) fn is_same_element(&self, other: &Self) -> bool {
        (self.tensor, self.flat) == (other.tensor, other.flat)
    }
}

/// Writes one value for each entry into the tensor. Entries are in the order of their indices.
pub(crate) fn scatter(mut view: ArrayViewMutD<'_, f64>, entries: &[Entry], values: &[f64]) {
    if let Some(slice) = view.as_slice_mut() {
        entries.iter().zip(values).for_each(|(entry, value)| slice[entry.flat] = *value);
        return;
    }
    let mut wanted = entries.iter().zip(values).peekable();
    for (flat, element) in view.iter_mut().enumerate() {
        if let Some((_, value)) = wanted.next_if(|(entry, _)| entry.flat == flat) {
            *element = *value;
        }
    }
}
