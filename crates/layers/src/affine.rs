//! `BZ = γ ⊙ NZ + ι βᵀ`: the scale and the offset that follow a normalization.
//!
//! | | shape | |
//! |---|---|---|
//! | `γ` | `(C)` | `weight`, 1 where there is none |
//! | `β` | `(C)` | `bias`, 0 where there is none |
//! | `dLdγ = Σ_n dLdBZ ⊙ NZ` | `(C)` | |
//! | `dLdβ = Σ_n dLdBZ` | `(C)` | |
//!
//! Not a layer: what the normalization layers have in common, for them and for your own.
//!
//! ```
//! use layers::Affine;
//! use ndarray::array;
//!
//! let affine = Affine::from_parts(array![2.0, 3.0], None)?;
//! assert_eq!((affine.scale(1), affine.offset(1)), (3.0, 0.0));
//! # Ok::<(), tensor_core::Error>(())
//! ```

use ndarray::Array1;
use tensor_core::{Error, Float, Kind, Parameter, Role, Tensor, TensorMut};

/// γ and β of a normalization layer, either of which may be missing.
///
/// Parameters: `weight (C)`, an optimizer's [`Role::Norm`]; `bias (C)`, its [`Role::Bias`].
#[derive(Debug, Clone, PartialEq)]
pub struct Affine<F> {
    channels: usize,
    weight: Option<Array1<F>>,
    bias: Option<Array1<F>>,
}

/// Gradients of an [`Affine`]. Both are there whether or not the parameter is: `dLdZ` of a BatchNorm is made of them.
#[derive(Debug, Clone, PartialEq)]
pub struct AffineGrads<F> {
    /// `dLdγ (C)`.
    pub weight: Array1<F>,
    /// `dLdβ (C)`.
    pub bias: Array1<F>,
    /// Both before they are rounded.
    pub(crate) sums: AffineSums,
}

/// `dLdγ` and `dLdβ` in `f64`, where every sample adds its share.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AffineSums {
    pub(crate) weight: Vec<f64>,
    pub(crate) bias: Vec<f64>,
}

impl<F: Float> AffineGrads<F> {
    /// Rounds the sums.
    pub(crate) fn round(&mut self) {
        let round = |(out, &sum): (&mut F, &f64)| *out = F::of(sum);
        self.weight.iter_mut().zip(&self.sums.weight).for_each(round);
        self.bias.iter_mut().zip(&self.sums.bias).for_each(round);
    }
}

impl<F: Float> Affine<F> {
    /// γ = 1 and β = 0, to be trained.
    pub fn new(channels: usize) -> Self {
        let bias = Some(Array1::zeros(channels));
        Self { bias, ..Self::weight_only(channels) }
    }

    /// γ = 1, to be trained, without a β.
    pub fn weight_only(channels: usize) -> Self {
        Self { weight: Some(Array1::ones(channels)), ..Self::none(channels) }
    }

    /// Neither: the normalized values as they are.
    pub fn none(channels: usize) -> Self {
        Self { channels, weight: None, bias: None }
    }

    /// Given values: `weight (C)` and, unless it is left out, `bias (C)`.
    ///
    /// # Errors
    /// If the lengths differ.
    pub fn from_parts(weight: Array1<F>, bias: Option<Array1<F>>) -> Result<Self, Error> {
        let channels = weight.len();
        if let Some(bias) = &bias
            && bias.len() != channels
        {
            return Err(Error::shape("Affine: bias", &[channels], &[bias.len()]));
        }
        // In order, so that optimizers see the values as one slice.
        let in_order =
            |a: Array1<F>| if a.is_standard_layout() { a } else { a.iter().copied().collect() };
        Ok(Self { channels, weight: Some(in_order(weight)), bias: bias.map(in_order) })
    }

    /// Itself, if it is made for that many channels; `place` is the layer that asks.
    ///
    /// # Errors
    /// If it is made for another number.
    pub fn fitting(self, place: &'static str, channels: usize) -> Result<Self, Error> {
        if self.channels == channels {
            Ok(self)
        } else {
            Err(Error::shape(place, &[channels], &[self.channels]))
        }
    }

    /// `C`.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// `γ (C)`, if there is one.
    pub fn weight(&self) -> Option<&Array1<F>> {
        self.weight.as_ref()
    }

    /// `β (C)`, if there is one.
    pub fn bias(&self) -> Option<&Array1<F>> {
        self.bias.as_ref()
    }

    /// `γ` of one channel; 1 where there is none.
    #[inline]
    pub fn scale(&self, channel: usize) -> F {
        self.weight.as_ref().map_or(F::one(), |w| w[channel])
    }

    /// `β` of one channel; 0 where there is none.
    #[inline]
    pub fn offset(&self, channel: usize) -> F {
        self.bias.as_ref().map_or(F::zero(), |b| b[channel])
    }

    /// Room for the gradients.
    pub fn grads(&self) -> AffineGrads<F> {
        let (zeros, sums) = (Array1::zeros(self.channels), vec![0.0; self.channels]);
        AffineGrads {
            weight: zeros.clone(),
            bias: zeros,
            sums: AffineSums { weight: sums.clone(), bias: sums },
        }
    }

    /// Shows the parameters that exist, for [`Layer::tensors`](crate::Layer::tensors).
    pub fn tensors<'a>(&'a self, visit: &mut dyn FnMut(Tensor<'a, F>)) {
        self.show(self.weight.as_ref(), self.bias.as_ref(), visit);
    }

    /// The same to be written, for [`Layer::tensors_mut`](crate::Layer::tensors_mut).
    pub fn tensors_mut(&mut self, visit: &mut dyn FnMut(TensorMut<'_, F>)) {
        if let Some(weight) = &mut self.weight {
            visit(TensorMut { name: "weight", value: weight.view_mut().into_dyn() });
        }
        if let Some(bias) = &mut self.bias {
            visit(TensorMut { name: "bias", value: bias.view_mut().into_dyn() });
        }
    }

    /// Shows their gradients, for [`Layer::gradients`](crate::Layer::gradients).
    pub fn gradients<'a>(&self, grads: &'a AffineGrads<F>, visit: &mut dyn FnMut(Tensor<'a, F>)) {
        self.show(Some(&grads.weight), Some(&grads.bias), visit);
    }

    /// Shows each beside its gradient, for [`Layer::parameters`](crate::Layer::parameters).
    pub fn parameters(
        &mut self,
        grads: &mut AffineGrads<F>,
        visit: &mut dyn FnMut(Parameter<'_, F>),
    ) {
        if let Some(weight) = &mut self.weight {
            visit(Parameter::of_arrays("weight", Role::Norm, &mut **weight, &mut *grads.weight));
        }
        if let Some(bias) = &mut self.bias {
            visit(Parameter::of_arrays("bias", Role::Bias, &mut **bias, &mut *grads.bias));
        }
    }

    fn show<'a>(
        &self,
        weight: Option<&'a Array1<F>>,
        bias: Option<&'a Array1<F>>,
        visit: &mut dyn FnMut(Tensor<'a, F>),
    ) {
        let entries = [
            ("weight", Role::Norm, weight.filter(|_| self.weight.is_some())),
            ("bias", Role::Bias, bias.filter(|_| self.bias.is_some())),
        ];
        for (name, role, value) in entries {
            if let Some(value) = value {
                visit(Tensor { name, kind: Kind::Parameter(role), value: value.view().into_dyn() });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Axis, array};

    use super::Affine;
    use tensor_core::{Kind, Role};

    #[test]
    fn only_parameters_that_exist_are_shown() {
        let (weight, bias) = (("weight", Role::Norm), ("bias", Role::Bias));
        let table = [
            (Affine::<f64>::new(2), vec![weight, bias]),
            (Affine::weight_only(2), vec![weight]),
            (Affine::none(2), vec![]),
        ];
        for (mut affine, expected) in table {
            let (mut read, mut written, mut gradients, mut trained) =
                (vec![], vec![], vec![], vec![]);
            let mut grads = affine.grads();
            let role = |kind| match kind {
                Kind::Parameter(role) => role,
                Kind::Buffer => panic!("no buffers here"),
            };
            affine.tensors(&mut |t| read.push((t.name, role(t.kind))));
            affine.gradients(&grads, &mut |t| gradients.push((t.name, role(t.kind))));
            affine.tensors_mut(&mut |t| written.push(t.name));
            affine.parameters(&mut grads, &mut |p| trained.push((p.name, p.role)));
            assert_eq!(read, expected);
            assert_eq!(gradients, expected);
            assert_eq!(trained, expected);
            assert_eq!(written, expected.iter().map(|e| e.0).collect::<Vec<_>>());
        }
    }

    #[test]
    fn missing_parameters_change_nothing() {
        let affine = Affine::<f32>::none(3);
        assert_eq!((affine.scale(2), affine.offset(2)), (1.0, 0.0));
        let affine = Affine::from_parts(array![2.0, 4.0], Some(array![5.0, 6.0])).unwrap();
        assert_eq!((affine.scale(1), affine.offset(0)), (4.0, 5.0));
    }

    #[test]
    fn given_values_are_checked_and_put_in_order() {
        let error = Affine::from_parts(array![1.0, 2.0], Some(array![1.0])).unwrap_err();
        assert_eq!(error.to_string(), "Affine: bias: expected shape (2), found (1)");
        let mut backward = array![3.0, 2.0, 1.0];
        backward.invert_axis(Axis(0));
        let mut affine = Affine::from_parts(backward.clone(), Some(backward)).unwrap();
        let mut seen = Vec::new();
        let mut grads = affine.grads();
        affine.parameters(&mut grads, &mut |p| seen.push(p.value.to_vec()));
        assert_eq!(seen, [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]);
    }
}
