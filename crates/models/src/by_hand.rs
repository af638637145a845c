//! `compute` of layers made of layers, when called by hand.

use layers::Layer;
use ndarray::ArrayRef2;
use tensor_core::Float;

/// [`Layer::compute`] by [`Layer::compute_with`], with memory made for this call.
///
/// # Panics
/// If there is no memory for what lies between the layers. A model's own calls say so as an error.
#[track_caller]
pub(crate) fn compute<F: Float, L: Layer<F>>(layer: &L, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
    match layer.scratch(x.nrows(), x.ncols()) {
        Ok(mut scratch) => layer.compute_with(x, y, &mut scratch),
        Err(error) => no_room(&error.to_string()),
    }
}

#[cold]
#[track_caller]
#[expect(
    clippy::panic,
    reason = "`compute` returns nothing; whoever calls it by hand and minds calls `scratch` before"
)]
fn no_room(error: &str) -> ! {
    panic!("{error}")
}
