//! Memory for inference through layers that are made of layers.

/// Memory for [`Layer::compute_with`](crate::Layer::compute_with): the outputs of the layers that stand
/// inside a layer, and the memory of each of them. Empty for a layer that has none inside.
///
/// Made by [`Layer::scratch`](crate::Layer::scratch) for batches up to a size, one a thread.
#[derive(Debug, Clone)]
pub struct Scratch<F> {
    /// Outputs of the layers inside.
    pub buffers: Vec<Vec<F>>,
    /// One for each layer inside.
    pub layers: Vec<Scratch<F>>,
}

impl<F> Default for Scratch<F> {
    fn default() -> Self {
        Self { buffers: Vec::new(), layers: Vec::new() }
    }
}
