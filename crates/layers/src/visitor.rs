//! How a layer shows its tensors once, for reading, for writing and beside their gradients.

use ndarray::{ArrayRef, Dimension};
use tensor_core::{Float, Kind, Parameter, Path, Role, Tensor, TensorMut};

use crate::Layer;

/// Whoever looks at the tensors of a layer `L`: [`Layer::tensors`] tells it the name of each tensor and where it stands in the
/// layer.
///
/// A layer's tensors are wanted in three ways: to be read (`&L`), to be written (`&mut L`), and beside their gradients, which
/// stand in a second value of the same type (`&mut L, &mut L`). So that a layer names each tensor once, it does not hand out
/// references but says how to come from the layer to the tensor, shared and mutable:
///
/// ```
/// use layers::{Layer, Saved, Visitor};
/// use ndarray::{Array1, ArrayRef2, array};
/// use tensor_core::{Float, Path, Role};
///
/// /// `y[n,c] = x[n,c] + bias[c]`
/// #[derive(Debug, Clone)]
/// struct Offset<F> {
///     bias: Array1<F>,
/// }
///
/// impl<F: Float> Layer<F> for Offset<F> {
///     type Cache = ();
///     const NAME: &'static str = "Offset";
///
///     fn tensors<V: Visitor<Self, F>>(v: &mut V) {
///         v.parameter("bias", Role::Bias, |layer| &layer.bias, |layer| &mut layer.bias);
///     }
/// #   fn cache(&self, _max_batch: usize, _in_features: usize) {}
/// #   fn infer(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
/// #       y.assign(x);
/// #       *y += &*self.bias;
/// #   }
/// #   fn backward(&self, _: Saved<'_, F, ()>, dy: &ArrayRef2<F>, dx: Option<&mut ArrayRef2<F>>, grads: &mut Self) {
/// #       grads.bias.assign(&dy.sum_axis(ndarray::Axis(0)));
/// #       if let Some(dx) = dx {
/// #           dx.assign(dy);
/// #       }
/// #   }
///     // cache, infer, backward
/// }
///
/// let layer = Offset { bias: array![1.0, 2.0] };
/// let mut seen = Vec::new();
/// layer.each_tensor(Path::root(), &mut |path, tensor| seen.push((path.to_string(), tensor.value.len())));
/// assert_eq!(seen, [("bias".to_string(), 2)]);
/// ```
pub trait Visitor<L, F: Float> {
    /// A tensor that may be missing, of any kind: what the other methods are made of.
    fn tensor<D: Dimension + 'static>(
        &mut self,
        name: &'static str,
        kind: Kind,
        get: impl Fn(&L) -> Option<&ArrayRef<F, D>>,
        get_mut: impl Fn(&mut L) -> Option<&mut ArrayRef<F, D>>,
    );

    /// The tensors of a layer `C` that stands inside, under `name`: PyTorch's submodule.
    fn layer<C: Layer<F>>(
        &mut self,
        name: &'static str,
        get: impl Fn(&L) -> &C,
        get_mut: impl Fn(&mut L) -> &mut C,
    );

    /// A tensor with a gradient, that optimizers move.
    #[inline(always)]
    fn parameter<D: Dimension + 'static>(
        &mut self,
        name: &'static str,
        role: Role,
        get: impl Fn(&L) -> &ArrayRef<F, D>,
        get_mut: impl Fn(&mut L) -> &mut ArrayRef<F, D>,
    ) {
        self.tensor(name, Kind::Parameter(role), |l| Some(get(l)), |l| Some(get_mut(l)));
    }

    /// A tensor with a gradient that may be left out, as a bias.
    #[inline(always)]
    fn optional_parameter<D: Dimension + 'static>(
        &mut self,
        name: &'static str,
        role: Role,
        get: impl Fn(&L) -> Option<&ArrayRef<F, D>>,
        get_mut: impl Fn(&mut L) -> Option<&mut ArrayRef<F, D>>,
    ) {
        self.tensor(name, Kind::Parameter(role), get, get_mut);
    }

    /// A tensor without a gradient that is saved with the model: running statistics.
    #[inline(always)]
    fn buffer<D: Dimension + 'static>(
        &mut self,
        name: &'static str,
        get: impl Fn(&L) -> &ArrayRef<F, D>,
        get_mut: impl Fn(&mut L) -> &mut ArrayRef<F, D>,
    ) {
        self.tensor(name, Kind::Buffer, |l| Some(get(l)), |l| Some(get_mut(l)));
    }
}

/// Reads.
pub(crate) struct Read<'v, 'p, 'a, L, F> {
    pub(crate) layer: &'a L,
    pub(crate) path: Path<'p>,
    pub(crate) visit: &'v mut dyn FnMut(Path<'_>, Tensor<'a, F>),
}

impl<L, F: Float> Visitor<L, F> for Read<'_, '_, '_, L, F> {
    fn tensor<D: Dimension + 'static>(
        &mut self,
        name: &'static str,
        kind: Kind,
        get: impl Fn(&L) -> Option<&ArrayRef<F, D>>,
        _: impl Fn(&mut L) -> Option<&mut ArrayRef<F, D>>,
    ) {
        if let Some(value) = get(self.layer) {
            (self.visit)(self.path.name(name), Tensor { kind, value: value.view().into_dyn() });
        }
    }

    fn layer<C: Layer<F>>(
        &mut self,
        name: &'static str,
        get: impl Fn(&L) -> &C,
        _: impl Fn(&mut L) -> &mut C,
    ) {
        get(self.layer).each_tensor(self.path.name(name), self.visit);
    }
}

/// Writes.
pub(crate) struct Write<'v, 'p, 'a, L, F> {
    pub(crate) layer: &'a mut L,
    pub(crate) path: Path<'p>,
    pub(crate) visit: &'v mut dyn FnMut(Path<'_>, TensorMut<'_, F>),
}

impl<L, F: Float> Visitor<L, F> for Write<'_, '_, '_, L, F> {
    fn tensor<D: Dimension + 'static>(
        &mut self,
        name: &'static str,
        kind: Kind,
        _: impl Fn(&L) -> Option<&ArrayRef<F, D>>,
        get_mut: impl Fn(&mut L) -> Option<&mut ArrayRef<F, D>>,
    ) {
        if let Some(value) = get_mut(self.layer) {
            let value = value.view_mut().into_dyn();
            (self.visit)(self.path.name(name), TensorMut { kind, value });
        }
    }

    fn layer<C: Layer<F>>(
        &mut self,
        name: &'static str,
        _: impl Fn(&L) -> &C,
        get_mut: impl Fn(&mut L) -> &mut C,
    ) {
        get_mut(self.layer).each_tensor_mut(self.path.name(name), self.visit);
    }
}

/// Shows each parameter of `layer` beside the one of `grads`.
pub(crate) struct Pair<'v, 'p, 'a, L, F> {
    pub(crate) layer: &'a mut L,
    pub(crate) grads: &'a mut L,
    pub(crate) path: Path<'p>,
    pub(crate) visit: &'v mut dyn FnMut(Parameter<'_, F>),
}

impl<L, F: Float> Visitor<L, F> for Pair<'_, '_, '_, L, F> {
    #[inline(always)]
    fn tensor<D: Dimension + 'static>(
        &mut self,
        name: &'static str,
        kind: Kind,
        _: impl Fn(&L) -> Option<&ArrayRef<F, D>>,
        get_mut: impl Fn(&mut L) -> Option<&mut ArrayRef<F, D>>,
    ) {
        let Kind::Parameter(role) = kind else { return };
        if let (Some(value), Some(grad)) = (get_mut(self.layer), get_mut(self.grads)) {
            (self.visit)(Parameter::of_arrays(self.path.name(name), role, value, grad));
        }
    }

    fn layer<C: Layer<F>>(
        &mut self,
        name: &'static str,
        _: impl Fn(&L) -> &C,
        get_mut: impl Fn(&mut L) -> &mut C,
    ) {
        let (layer, grads) = (get_mut(self.layer), get_mut(self.grads));
        layer.each_parameter(grads, self.path.name(name), self.visit);
    }
}
