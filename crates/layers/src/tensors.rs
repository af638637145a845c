//! How a value shows its tensors once, for reading, for writing and beside their gradients.

use ndarray::{ArrayRef, Dimension};
use tensor_core::{Error, Float, Kind, Parameter, Path, Role, Tensor, TensorMut};

/// A value made of named tensors: a layer, a model, the γ and β of a normalization.
///
/// Tensors are wanted in three ways: to be read (`&T`), to be written (`&mut T`), and as parameters
/// beside their gradients, which stand in a second value of the same type (`&mut T, &mut T`). So
/// that a type names each of its tensors once, [`tensors`](Self::tensors) hands out no references
/// but says how to come from the value to the tensor, shared and mutable. The three walks follow
/// from it, without an allocation.
///
/// # Examples
/// ```
/// use layers::{Tensors, Visitor};
/// use ndarray::{Array1, array};
/// use tensor_core::{Float, Path, Role};
///
/// #[derive(Debug, Clone)]
/// struct Offset<F> {
///     bias: Array1<F>,
/// }
///
/// impl<F: Float> Tensors<F> for Offset<F> {
///     fn tensors<V: Visitor<Self, F>>(v: &mut V) {
///         v.parameter("bias", Role::Bias, |offset| &offset.bias, |offset| &mut offset.bias);
///     }
/// }
///
/// // Read: names and values.
/// let mut offset = Offset { bias: array![1.0, 2.0] };
/// let mut sum = 0.0;
/// offset.each_tensor(Path::root(), &mut |path, tensor| {
///     assert!(path == *"bias");
///     sum += tensor.value.sum();
/// });
/// assert_eq!(sum, 1.0 + 2.0);
///
/// // A step of gradient descent: each parameter beside its gradient.
/// let mut gradient = offset.gradient();
/// gradient.each_tensor_mut(Path::root(), &mut |_, mut tensor| tensor.value.fill(10.0));
/// offset.each_parameter(&mut gradient, Path::root(), &mut |p| {
///     p.value.iter_mut().zip(p.grad).for_each(|(w, g)| *w -= 0.1 * *g);
/// });
/// assert_eq!(offset.bias, array![0.0, 1.0]);
/// ```
pub trait Tensors<F: Float>: Clone + 'static {
    /// Names each tensor, parameters first, in PyTorch's order. None by default.
    #[inline(always)]
    fn tensors<V: Visitor<Self, F>>(v: &mut V) {
        let _ = v;
    }

    /// A value for the gradients: one of the same shapes in which every tensor is 0.
    fn gradient(&self) -> Self {
        let mut gradient = self.clone();
        gradient.each_tensor_mut(Path::root(), &mut |_, mut t| t.value.fill(F::zero()));
        gradient
    }

    /// Whether `other` has the same tensors of the same shapes, as a gradient must. `place` is the
    /// layer that asks.
    ///
    /// # Errors
    /// If not, with the first tensor that differs.
    fn check_shapes(&self, place: &'static str, other: &Self) -> Result<(), Error> {
        let mut compare = Compare { values: [self, other], place, result: Ok(()) };
        Self::tensors(&mut compare);
        compare.result
    }

    /// Shows every tensor, to be read. `path` is where the value itself stands.
    fn each_tensor<'a>(&'a self, path: Path<'_>, visit: &mut dyn FnMut(Path<'_>, Tensor<'a, F>)) {
        Self::tensors(&mut Read { from: self, path, visit });
    }

    /// Shows the same tensors in the same order, to be written.
    fn each_tensor_mut(
        &mut self,
        path: Path<'_>,
        visit: &mut dyn FnMut(Path<'_>, TensorMut<'_, F>),
    ) {
        Self::tensors(&mut Write { to: self, path, visit });
    }

    /// Shows every parameter beside the one that stands in its place in `grads`, to an optimizer.
    #[inline]
    fn each_parameter(
        &mut self,
        grads: &mut Self,
        path: Path<'_>,
        visit: &mut dyn FnMut(Parameter<'_, F>),
    ) {
        Self::tensors(&mut Pair { value: self, grads, path, visit });
    }
}

/// Whoever looks at the tensors of a `T`: [`Tensors::tensors`] tells it the name of each, and how
/// to come to it from a `&T` and from a `&mut T`.
///
/// The three walks of [`Tensors`] are visitors. There is hardly a reason to write another; this one
/// only lists names:
///
/// # Examples
/// ```
/// use layers::{Affine, Linear, Tensors, Visitor};
/// use ndarray::{ArrayRef, Dimension};
/// use tensor_core::{Float, Kind};
///
/// struct Names(Vec<&'static str>);
///
/// impl<T, F: Float> Visitor<T, F> for Names {
///     fn tensor<D: Dimension + 'static>(
///         &mut self,
///         name: &'static str,
///         _: Kind,
///         _: impl Fn(&T) -> Option<&ArrayRef<F, D>>,
///         _: impl Fn(&mut T) -> Option<&mut ArrayRef<F, D>>,
///     ) {
///         self.0.push(name);
///     }
///     fn child<C: Tensors<F>>(
///         &mut self,
///         _: Option<&'static str>,
///         _: impl Fn(&T) -> &C,
///         _: impl Fn(&mut T) -> &mut C,
///     ) {
///         C::tensors(self);
///     }
/// }
///
/// let mut names = Names(Vec::new());
/// <Linear<f32> as Tensors<f32>>::tensors(&mut names);
/// assert_eq!(names.0, ["weight", "bias"]);
/// ```
pub trait Visitor<T, F: Float> {
    /// A tensor that may be missing, of any kind: what the methods below are made of.
    fn tensor<D: Dimension + 'static>(
        &mut self,
        name: &'static str,
        kind: Kind,
        get: impl Fn(&T) -> Option<&ArrayRef<F, D>>,
        get_mut: impl Fn(&mut T) -> Option<&mut ArrayRef<F, D>>,
    );

    /// The tensors of a value that stands inside: under a name, as PyTorch's submodules do, or
    /// without one, as if they were the outer value's own.
    fn child<C: Tensors<F>>(
        &mut self,
        name: Option<&'static str>,
        get: impl Fn(&T) -> &C,
        get_mut: impl Fn(&mut T) -> &mut C,
    );

    /// A tensor with a gradient, that optimizers move.
    #[inline(always)]
    fn parameter<D: Dimension + 'static>(
        &mut self,
        name: &'static str,
        role: Role,
        get: impl Fn(&T) -> &ArrayRef<F, D>,
        get_mut: impl Fn(&mut T) -> &mut ArrayRef<F, D>,
    ) {
        self.tensor(name, Kind::Parameter(role), |t| Some(get(t)), |t| Some(get_mut(t)));
    }

    /// A tensor with a gradient that may be left out, as a bias.
    #[inline(always)]
    fn optional_parameter<D: Dimension + 'static>(
        &mut self,
        name: &'static str,
        role: Role,
        get: impl Fn(&T) -> Option<&ArrayRef<F, D>>,
        get_mut: impl Fn(&mut T) -> Option<&mut ArrayRef<F, D>>,
    ) {
        self.tensor(name, Kind::Parameter(role), get, get_mut);
    }

    /// A tensor without a gradient that is saved with the model: running statistics.
    #[inline(always)]
    fn buffer<D: Dimension + 'static>(
        &mut self,
        name: &'static str,
        get: impl Fn(&T) -> &ArrayRef<F, D>,
        get_mut: impl Fn(&mut T) -> &mut ArrayRef<F, D>,
    ) {
        self.tensor(name, Kind::Buffer, |t| Some(get(t)), |t| Some(get_mut(t)));
    }
}

/// Where a child stands: below `path`, or at `path` itself.
const fn below<'a>(path: &'a Path<'a>, name: Option<&'static str>) -> Path<'a> {
    match name {
        Some(name) => path.name(name),
        None => *path,
    }
}

/// Reads.
struct Read<'v, 'p, 'a, T, F> {
    from: &'a T,
    path: Path<'p>,
    visit: &'v mut dyn FnMut(Path<'_>, Tensor<'a, F>),
}

impl<T, F: Float> Visitor<T, F> for Read<'_, '_, '_, T, F> {
    fn tensor<D: Dimension + 'static>(
        &mut self,
        name: &'static str,
        kind: Kind,
        get: impl Fn(&T) -> Option<&ArrayRef<F, D>>,
        _: impl Fn(&mut T) -> Option<&mut ArrayRef<F, D>>,
    ) {
        if let Some(value) = get(self.from) {
            (self.visit)(self.path.name(name), Tensor { kind, value: value.view().into_dyn() });
        }
    }

    fn child<C: Tensors<F>>(
        &mut self,
        name: Option<&'static str>,
        get: impl Fn(&T) -> &C,
        _: impl Fn(&mut T) -> &mut C,
    ) {
        get(self.from).each_tensor(below(&self.path, name), self.visit);
    }
}

/// Writes.
struct Write<'v, 'p, 'a, T, F> {
    to: &'a mut T,
    path: Path<'p>,
    visit: &'v mut dyn FnMut(Path<'_>, TensorMut<'_, F>),
}

impl<T, F: Float> Visitor<T, F> for Write<'_, '_, '_, T, F> {
    fn tensor<D: Dimension + 'static>(
        &mut self,
        name: &'static str,
        kind: Kind,
        _: impl Fn(&T) -> Option<&ArrayRef<F, D>>,
        get_mut: impl Fn(&mut T) -> Option<&mut ArrayRef<F, D>>,
    ) {
        if let Some(value) = get_mut(self.to) {
            let value = value.view_mut().into_dyn();
            (self.visit)(self.path.name(name), TensorMut { kind, value });
        }
    }

    fn child<C: Tensors<F>>(
        &mut self,
        name: Option<&'static str>,
        _: impl Fn(&T) -> &C,
        get_mut: impl Fn(&mut T) -> &mut C,
    ) {
        get_mut(self.to).each_tensor_mut(below(&self.path, name), self.visit);
    }
}

/// Shows each parameter of `value` beside the one of `grads`.
struct Pair<'v, 'p, 'a, T, F> {
    value: &'a mut T,
    grads: &'a mut T,
    path: Path<'p>,
    visit: &'v mut dyn FnMut(Parameter<'_, F>),
}

impl<T, F: Float> Visitor<T, F> for Pair<'_, '_, '_, T, F> {
    #[inline(always)]
    fn tensor<D: Dimension + 'static>(
        &mut self,
        name: &'static str,
        kind: Kind,
        _: impl Fn(&T) -> Option<&ArrayRef<F, D>>,
        get_mut: impl Fn(&mut T) -> Option<&mut ArrayRef<F, D>>,
    ) {
        let Kind::Parameter(role) = kind else { return };
        if let (Some(value), Some(grad)) = (get_mut(self.value), get_mut(self.grads)) {
            (self.visit)(Parameter::of_arrays(self.path.name(name), role, value, grad));
        }
    }

    #[inline(always)]
    fn child<C: Tensors<F>>(
        &mut self,
        name: Option<&'static str>,
        _: impl Fn(&T) -> &C,
        get_mut: impl Fn(&mut T) -> &mut C,
    ) {
        let (value, grads) = (get_mut(self.value), get_mut(self.grads));
        value.each_parameter(grads, below(&self.path, name), self.visit);
    }
}

/// Compares the shapes of two values' tensors.
struct Compare<'a, T> {
    values: [&'a T; 2],
    place: &'static str,
    result: Result<(), Error>,
}

impl<T, F: Float> Visitor<T, F> for Compare<'_, T> {
    fn tensor<D: Dimension + 'static>(
        &mut self,
        name: &'static str,
        _: Kind,
        get: impl Fn(&T) -> Option<&ArrayRef<F, D>>,
        _: impl Fn(&mut T) -> Option<&mut ArrayRef<F, D>>,
    ) {
        // A tensor that is missing counts as one of no axes.
        let [expected, found] = self.values.map(|value| get(value).map_or(&[][..], |t| t.shape()));
        if expected != found && self.result.is_ok() {
            let place = format!("{}: gradient of {name}", self.place);
            self.result = Err(Error::shape(place, expected, found));
        }
    }

    fn child<C: Tensors<F>>(
        &mut self,
        _: Option<&'static str>,
        get: impl Fn(&T) -> &C,
        _: impl Fn(&mut T) -> &mut C,
    ) {
        if self.result.is_ok() {
            let [value, other] = self.values.map(get);
            self.result = value.check_shapes(self.place, other);
        }
    }
}
