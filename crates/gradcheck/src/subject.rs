//! `y = F(x, θ)` and `g = Jᵀ v`: what a thing must offer to be checked.

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD};

use crate::Domain;

/// Something with named tensors, a forward and a backward pass: a layer with its parameters and
/// its input, a loss, or a whole model.
///
/// The checker perturbs the tensors in place and restores their exact bits. Every forward pass is
/// preceded by [`Checkable::restore`]; every backward pass directly follows a forward pass.
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
/// check("scale", &mut scale, &Config::default()).assert_pass();
/// ```
pub trait Checkable {
    /// Name and domain of every tensor whose gradient is checked: inputs and parameters.
    fn tensors(&self) -> Vec<(String, Domain)>;

    /// The tensor at `index` of [`Checkable::tensors`].
    fn tensor(&self, index: usize) -> ArrayViewD<'_, f64>;

    /// The same, to be written to.
    fn tensor_mut(&mut self, index: usize) -> ArrayViewMutD<'_, f64>;

    /// All outputs at the present tensors.
    fn forward(&mut self) -> Vec<ArrayD<f64>>;

    /// For each tensor the gradient of `Σ ⟨cotangent, output⟩`, after a forward pass.
    fn backward(&mut self, cotangents: &[ArrayD<f64>]) -> Vec<ArrayD<f64>>;

    /// Like `backward`, into buffers that hold rubbish; returns whether it is implemented. With
    /// it, a check sees elements that are never written, or added to instead of overwritten.
    fn backward_into(&mut self, cotangents: &[ArrayD<f64>], gradients: &mut [ArrayD<f64>]) -> bool {
        let _ = (cotangents, gradients);
        false
    }

    /// Remembers hidden state: running statistics, generators. Called once, at the start.
    fn snapshot(&mut self) {}

    /// Puts hidden state back to what it was at [`Checkable::snapshot`].
    fn restore(&mut self) {}
}

/// A named argument of a function under test.
///
/// # Examples
/// ```
/// use gradcheck::{Domain, Tensor};
/// use ndarray::arr1;
/// let p = Tensor::new("p", arr1(&[0.2, 0.8])).within(Domain::new(0.0, 1.0));
/// assert_eq!(p.value.len(), 2);
/// ```
#[derive(Debug, Clone)]
pub struct Tensor {
    /// The name that reports use.
    pub name: String,
    /// The point at which to check.
    pub value: ArrayD<f64>,
    /// Where the function may be evaluated.
    pub domain: Domain,
}

impl Tensor {
    /// A tensor that may take any value.
    pub fn new<D: ndarray::Dimension>(
        name: impl Into<String>,
        value: ndarray::Array<f64, D>,
    ) -> Self {
        Self { name: name.into(), value: value.into_dyn(), domain: Domain::REAL }
    }

    /// The same, with a domain.
    #[must_use]
    pub fn within(mut self, domain: Domain) -> Self {
        self.domain = domain;
        self
    }
}

/// Two closures and their arguments as a [`Checkable`].
pub(crate) struct Closures<F, B> {
    names: Vec<(String, Domain)>,
    values: Vec<ArrayD<f64>>,
    forward: F,
    backward: B,
}

impl<F, B> Closures<F, B>
where
    F: FnMut(&[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
    B: FnMut(&[ArrayD<f64>], &[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
{
    pub(crate) fn new(inputs: &[Tensor], forward: F, backward: B) -> Self {
        Self {
            names: inputs.iter().map(|tensor| (tensor.name.clone(), tensor.domain)).collect(),
            values: inputs.iter().map(|tensor| tensor.value.clone()).collect(),
            forward,
            backward,
        }
    }
}

impl<F, B> Checkable for Closures<F, B>
where
    F: FnMut(&[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
    B: FnMut(&[ArrayD<f64>], &[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
{
    fn tensors(&self) -> Vec<(String, Domain)> {
        self.names.clone()
    }

    fn tensor(&self, index: usize) -> ArrayViewD<'_, f64> {
        self.values[index].view()
    }

    fn tensor_mut(&mut self, index: usize) -> ArrayViewMutD<'_, f64> {
        self.values[index].view_mut()
    }

    fn forward(&mut self) -> Vec<ArrayD<f64>> {
        (self.forward)(&self.values)
    }

    fn backward(&mut self, cotangents: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
        (self.backward)(&self.values, cotangents)
    }
}
