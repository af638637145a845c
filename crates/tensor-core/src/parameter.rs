//! What a layer shows of its tensors, and what an optimizer needs of whatever it trains.

use ndarray::{ArrayRef, ArrayViewD, ArrayViewMutD, Dimension};

use crate::{Error, Float, Path};

/// What a trained tensor does: a [`Parameter`] says it, so that an optimizer can treat biases and
/// norms apart from weights. Weight decay of weights alone is the usual case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Multiplies features of the previous layer.
    Weight,
    /// Is added.
    Bias,
    /// Scales features one by one: the γ of a normalization, the slopes of a PReLU.
    Norm,
}

/// Whether a saved [`Tensor`] is trained or only carried along. A checkpoint has both kinds; an
/// optimizer is shown the parameters alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Has a gradient; an optimizer moves it.
    Parameter(Role),
    /// Has none: running statistics.
    Buffer,
}

/// A tensor of a layer, or its gradient, to be read: a view of any number of dimensions, such as
/// `(C_out, C_in)` for the weight of a linear layer. Its name stands beside it, not in it.
///
/// ```
/// use ndarray::array;
/// use tensor_core::{Kind, Role, Tensor};
///
/// let weight = array![[1.0, 2.0, 3.0]];
/// let tensor = Tensor { kind: Kind::Parameter(Role::Weight), value: weight.view().into_dyn() };
/// assert_eq!(tensor.value.shape(), [1, 3]);
/// assert_eq!(tensor.value.sum(), 6.0);
/// ```
#[derive(Debug, Clone)]
pub struct Tensor<'a, F> {
    /// Trained or carried along.
    pub kind: Kind,
    /// Shape and values.
    pub value: ArrayViewD<'a, F>,
}

/// A tensor of a layer, to be written: the same view as a [`Tensor`], but of values that may be
/// replaced, as when a checkpoint is loaded. The shape stays.
///
/// ```
/// use ndarray::{arr1, array};
/// use tensor_core::{Kind, TensorMut};
///
/// let mut running_mean = array![0.0, 0.0];
/// let mut tensor = TensorMut { kind: Kind::Buffer, value: running_mean.view_mut().into_dyn() };
/// tensor.value.assign(&arr1(&[0.5, -1.0]).into_dyn());
/// assert_eq!(running_mean, array![0.5, -1.0]);
/// ```
#[derive(Debug)]
pub struct TensorMut<'a, F> {
    /// Trained or carried along.
    pub kind: Kind,
    /// Shape and values.
    pub value: ArrayViewMutD<'a, F>,
}

/// A trained tensor beside its gradient, as flat slices of equal length: all that an update rule
/// needs. Both are in row-major order.
///
/// ```
/// use tensor_core::{Parameter, Path, Role};
///
/// let (mut value, mut grad) = ([1.0, 2.0], [10.0, -20.0]);
/// let parameter = Parameter::new(Path::of("bias"), Role::Bias, &mut value, &mut grad);
/// // w ← w − η dL/dw with η = 0.1
/// for (w, g) in parameter.value.iter_mut().zip(&*parameter.grad) {
///     *w -= 0.1 * g;
/// }
/// assert_eq!(value, [0.0, 4.0]);
/// ```
#[derive(Debug)]
pub struct Parameter<'a, F> {
    /// Its name within the model: `0.weight`.
    pub path: Path<'a>,
    /// What it does.
    pub role: Role,
    /// Whether it stays as it is: an optimizer neither moves it nor reads its gradient.
    pub frozen: bool,
    /// The values, to be moved.
    pub value: &'a mut [F],
    /// `dL/dvalue`; writable, because clipping rescales it in place.
    pub grad: &'a mut [F],
}

impl<'a, F> Parameter<'a, F> {
    /// A parameter that is trained.
    #[inline]
    pub fn new(path: Path<'a>, role: Role, value: &'a mut [F], grad: &'a mut [F]) -> Self {
        Self { path, role, frozen: false, value, grad }
    }

    /// A parameter that a layer holds as an array, beside its gradient.
    ///
    /// # Panics
    /// If an array is not contiguous in row-major order or the shapes differ: a layer allocates
    /// both itself.
    #[inline]
    #[track_caller]
    pub fn of_arrays<D: Dimension>(
        path: Path<'a>,
        role: Role,
        value: &'a mut ArrayRef<F, D>,
        grad: &'a mut ArrayRef<F, D>,
    ) -> Self {
        assert_eq!(value.raw_dim(), grad.raw_dim(), "{path}: value and gradient have one shape");
        match (value.as_slice_mut(), grad.as_slice_mut()) {
            (Some(value), Some(grad)) => Self::new(path, role, value, grad),
            _ => not_contiguous(path),
        }
    }
}

#[cold]
#[track_caller]
#[expect(
    clippy::panic,
    reason = "a layer that hands out its own array in another layout is broken, whatever the input"
)]
fn not_contiguous(path: Path<'_>) -> ! {
    panic!("{path}: a parameter and its gradient are contiguous in row-major order")
}

/// Whatever has parameters, gradients and perhaps running statistics: all that an optimizer knows
/// of a model.
///
/// `models::Sequential` implements it. A model of your own does so in a few lines:
///
/// ```
/// use tensor_core::{Error, Parameter, Path, Role, Trainable};
///
/// /// y = slope · x
/// struct Line {
///     slope: f64,
/// }
///
/// /// The gradient stands in the companion that a pass writes, here a single number.
/// impl Trainable<f64> for Line {
///     type Workspace = f64;
///
///     fn parameters(
///         &mut self,
///         d_slope: &mut f64,
///         visit: &mut dyn FnMut(Parameter<'_, f64>),
///     ) -> Result<(), Error> {
///         let value = std::slice::from_mut(&mut self.slope);
///         let grad = std::slice::from_mut(d_slope);
///         visit(Parameter::new(Path::of("slope"), Role::Weight, value, grad));
///         Ok(())
///     }
/// }
///
/// let mut line = Line { slope: 1.0 };
/// line.parameters(&mut 0.5, &mut |p| p.value[0] -= 0.1 * p.grad[0])?;
/// assert_eq!(line.slope, 0.95);
/// # Ok::<(), Error>(())
/// ```
pub trait Trainable<F: Float> {
    /// What a pass writes: the gradients are in there.
    type Workspace;

    /// Calls `visit` once for each parameter, always in the same order.
    ///
    /// # Errors
    /// If the workspace belongs to another model or holds no gradients of this pass.
    fn parameters(
        &mut self,
        workspace: &mut Self::Workspace,
        visit: &mut dyn FnMut(Parameter<'_, F>),
    ) -> Result<(), Error>;

    /// As [`parameters`](Self::parameters), whatever the workspace holds, for whoever takes a model
    /// back to where it was after a pass has failed: the gradients are not to be read.
    ///
    /// # Errors
    /// If the workspace belongs to another model.
    fn parameters_at_any_stage(
        &mut self,
        workspace: &mut Self::Workspace,
        visit: &mut dyn FnMut(Parameter<'_, F>),
    ) -> Result<(), Error> {
        self.parameters(workspace, visit)
    }

    /// Moves buffers by what the last forward pass left pending, once: running statistics by the
    /// batch's. An optimizer's step calls it after the parameters have moved, so a training loop
    /// cannot forget it. A buffer for whose path `moves` is false rests: its layer is frozen.
    fn settle(&mut self, workspace: &mut Self::Workspace, moves: &dyn Fn(Path<'_>) -> bool) {
        let _ = (workspace, moves);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::{Parameter, Role};
    use crate::Path;

    const WEIGHT: Path<'static> = Path::of("weight");

    #[test]
    fn arrays_are_seen_row_by_row_and_written_through() {
        let (mut value, mut grad) =
            (array![[1.0, 2.0], [3.0, 4.0]], array![[5.0, 6.0], [7.0, 8.0]]);
        let parameter = Parameter::of_arrays(WEIGHT, Role::Weight, &mut value, &mut grad);
        assert_eq!((parameter.path, parameter.role), (WEIGHT, Role::Weight));
        assert!(!parameter.frozen);
        assert_eq!(
            (&*parameter.value, &*parameter.grad),
            (&[1.0, 2.0, 3.0, 4.0][..], &[5.0, 6.0, 7.0, 8.0][..])
        );
        parameter.value[2] = -3.0;
        parameter.grad[1] = -6.0;
        assert_eq!((value[[1, 0]], grad[[0, 1]]), (-3.0, -6.0));
    }

    #[test]
    #[should_panic(
        expected = "weight: a parameter and its gradient are contiguous in row-major order"
    )]
    fn another_layout_is_a_broken_contract() {
        let (mut value, mut grad) =
            (Array2::<f32>::zeros((3, 2)).reversed_axes(), Array2::zeros((2, 3)));
        Parameter::of_arrays(WEIGHT, Role::Weight, &mut value, &mut grad);
    }
}
