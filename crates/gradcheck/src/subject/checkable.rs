//! What a thing must offer to be checked.

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD};

use crate::subject::domain::Domain;

/// Something with named tensors, a forward and a backward pass: a layer with its parameters and
/// its input, a loss, or a whole model.
///
/// `F` maps the tensors `x` (inputs and parameters alike) to outputs `y_j`. For cotangents `v_j`,
/// one for each element of the outputs, the backward pass returns the vector–Jacobian product
///
/// ```text
/// g_i = ∂/∂x_i Σ_j v_j F_j(x)
/// ```
///
/// [`check`](crate::check) compares each `g_i` with a numeric derivative. It perturbs the tensors
/// in place and restores their exact bits. Every forward pass is preceded by
/// [`Checkable::restore`]; every backward pass directly follows a forward pass.
///
/// # Examples
/// ```
/// use gradcheck::{Checkable, Config, Domain, check};
/// use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, arr1};
///
/// /// y = w ⊙ x
/// struct Scale { x: ArrayD<f64>, w: ArrayD<f64> }
///
/// impl Checkable for Scale {
///     fn tensors(&self) -> Vec<(String, Domain)> {
///         ["x", "w"].map(|name| (name.to_string(), Domain::REAL)).to_vec()
///     }
///     fn tensor(&self, index: usize) -> ArrayViewD<'_, f64> {
///         [&self.x, &self.w][index].view()
///     }
///     fn tensor_mut(&mut self, index: usize) -> ArrayViewMutD<'_, f64> {
///         if index == 0 { self.x.view_mut() } else { self.w.view_mut() }
///     }
///     fn forward(&mut self) -> Vec<ArrayD<f64>> { vec![&self.x * &self.w] }
///     fn backward(&mut self, dy: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
///         vec![&dy[0] * &self.w, &dy[0] * &self.x]
///     }
/// }
///
/// let mut scale = Scale { x: arr1(&[1.5, -0.3]).into_dyn(), w: arr1(&[0.7, 2.0]).into_dyn() };
/// let report = check("scale", &mut scale, &Config::default());
/// report.assert_pass();
/// assert_eq!(report.counts().pass, 4);
/// ```
pub trait Checkable {
    /// Name and domain of every tensor whose gradient is checked: inputs and parameters.
    fn tensors(&self) -> Vec<(String, Domain)>;

    /// The tensor at `index` of [`Checkable::tensors`].
    fn tensor(&self, index: usize) -> ArrayViewD<'_, f64>;

    /// The same tensor, to be written to.
    fn tensor_mut(&mut self, index: usize) -> ArrayViewMutD<'_, f64>;

    /// All outputs at the current tensors.
    fn forward(&mut self) -> Vec<ArrayD<f64>>;

    /// For each tensor the gradient of `Σ_j v_j y_j`, with the cotangents `v`, one array of the
    /// output's shape for each output. Called directly after a forward pass.
    fn backward(&mut self, cotangents: &[ArrayD<f64>]) -> Vec<ArrayD<f64>>;

    /// Like `backward`, into buffers whose values are arbitrary; returns whether it is
    /// implemented. With it, a check sees elements that are never written, or added to instead of
    /// overwritten.
    fn backward_into(&mut self, cotangents: &[ArrayD<f64>], gradients: &mut [ArrayD<f64>]) -> bool {
        let _ = (cotangents, gradients);
        false
    }

    /// Saves hidden state: running statistics, generators. Called once, at the start.
    fn snapshot(&mut self) {}

    /// Sets hidden state to what it was at [`Checkable::snapshot`].
    fn restore(&mut self) {}
}
