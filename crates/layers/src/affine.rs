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
use tensor_core::{Error, Float, Role};

use crate::{Tensors, Visitor};

/// γ and β of a normalization layer, either of which may be missing.
///
/// Parameters: `weight (C)`, an optimizer's [`Role::Norm`]; `bias (C)`, its [`Role::Bias`].
#[derive(Debug, Clone, PartialEq)]
pub struct Affine<F> {
    channels: usize,
    weight: Option<Array1<F>>,
    bias: Option<Array1<F>>,
}

/// `dLdγ` and `dLdβ` in `f64`, to which every sample adds its part: what a normalization keeps until all have been added. Both are
/// there whether or not the parameter is: `dLdZ` of a BatchNorm is made of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AffineSums {
    pub(crate) weight: Vec<f64>,
    pub(crate) bias: Vec<f64>,
}

impl AffineSums {
    pub(crate) fn new(channels: usize) -> Self {
        Self { weight: vec![0.0; channels], bias: vec![0.0; channels] }
    }

    /// Rounds the sums into the gradients of the parameters that there are.
    pub(crate) fn round_into<F: Float>(&self, grads: &mut Affine<F>) {
        let pairs = [(&mut grads.weight, &self.weight), (&mut grads.bias, &self.bias)];
        for (grad, sums) in pairs {
            let Some(grad) = grad else { continue };
            grad.iter_mut().zip(sums).for_each(|(grad, &sum)| *grad = F::of(sum));
        }
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
}

impl<F: Float> Tensors<F> for Affine<F> {
    #[inline(always)]
    fn tensors<V: Visitor<Self, F>>(v: &mut V) {
        v.optional_parameter(
            "weight",
            Role::Norm,
            |affine| affine.weight.as_deref(),
            |affine| affine.weight.as_deref_mut(),
        );
        v.optional_parameter(
            "bias",
            Role::Bias,
            |affine| affine.bias.as_deref(),
            |affine| affine.bias.as_deref_mut(),
        );
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Axis, array};

    use super::Affine;

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
        let affine = Affine::from_parts(backward.clone(), Some(backward)).unwrap();
        for values in [affine.weight(), affine.bias()] {
            assert_eq!(values.and_then(|v| v.as_slice()), Some(&[1.0, 2.0, 3.0][..]));
        }
    }
}
