//! The scale and the offset that follow a normalization.

use ndarray::Array1;
use tensor_core::memory::{check_room, zeros};
use tensor_core::{Error, Float, Role, row_major};

use crate::extreme::is_ordinary;
use crate::{Tensors, Visitor};

/// The scale `γ` and the offset `β` that follow a normalization, either of which may be missing.
///
/// ```text
/// BZ[n,c] = γ[c] NZ[n,c] + β[c]
/// ```
///
/// `NZ[n,c]` is the normalized value of channel `c` of sample `n`, `BZ[n,c]` the output in its
/// place. Where there is no `γ` it counts as 1, where there is no `β` as 0.
///
/// # Gradients
/// `γ[c]` and `β[c]` enter every row, so that by the chain rule their gradients are sums over rows;
/// `NZ[n,c]` enters `BZ[n,c]` alone:
///
/// ```text
/// dLdγ[c]    = Σ_n dLdBZ[n,c] ∂BZ[n,c]/∂γ[c] = Σ_n dLdBZ[n,c] NZ[n,c]
/// dLdβ[c]    = Σ_n dLdBZ[n,c] ∂BZ[n,c]/∂β[c] = Σ_n dLdBZ[n,c]
/// dLdNZ[n,c] = dLdBZ[n,c] ∂BZ[n,c]/∂NZ[n,c] = dLdBZ[n,c] γ[c]
/// ```
///
/// This is not a layer but a part of the normalization layers, and of your own: it holds the
/// parameters and shows them ([`Tensors`]); the layer computes. As everywhere, its gradient is an
/// `Affine` too.
///
/// # Shapes
/// `γ`, `dLdγ`: `(C)`, parameter `weight` of [`Role::Norm`]. `β`, `dLdβ`: `(C)`, parameter `bias`
/// of [`Role::Bias`]. No buffers.
///
/// # Examples
/// ```
/// use layers::{Affine, LayerNorm, Tensors};
/// use ndarray::array;
///
/// let affine = Affine::from_parts(array![2.0, 3.0], None)?;
/// assert_eq!((affine.scale(1), affine.offset(1)), (3.0, 0.0));
/// assert_eq!(affine.gradient().weight(), Some(&array![0.0, 0.0]));
///
/// let norm = LayerNorm::new(2)?.with_affine(affine)?;
/// assert_eq!(norm.affine().weight(), Some(&array![2.0, 3.0]));
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Affine<F> {
    channels: usize,
    weight: Option<Array1<F>>,
    bias: Option<Array1<F>>,
}

/// `dLdγ` and `dLdβ` in `f64`: every sample adds its contribution before they are rounded. Both are
/// there whether or not the parameter is, because `dLdZ` of a BatchNorm is made of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AffineSums {
    pub(crate) weight: Vec<f64>,
    pub(crate) bias: Vec<f64>,
    /// Which of a channel's two sums are being added up once more.
    again: Vec<[bool; 2]>,
}

impl AffineSums {
    pub(crate) fn new(channels: usize) -> Result<Self, Error> {
        check_room::<[f64; 3]>("Affine: sums", &[channels])?;
        let zeros = || vec![0.0; channels];
        Ok(Self { weight: zeros(), bias: zeros(), again: vec![[false; 2]; channels] })
    }

    /// Refuses sums that were made for another number of channels.
    pub(crate) fn check(&self, place: &'static str, channels: usize) -> Result<(), Error> {
        let found = self.weight.len();
        if found == channels {
            return Ok(());
        }
        Err(Error::shape(format!("{place}: cache"), &[channels], &[found]))
    }

    pub(crate) fn fill(&mut self, value: f64) {
        self.weight.fill(value);
        self.bias.fill(value);
    }

    /// Whether all of them are finite.
    pub(crate) fn are_finite(&self) -> bool {
        self.weight.iter().chain(&self.bias).all(|sum| sum.is_finite())
    }

    /// Adds up once more those that are not finite, in a unit in which they may be: until
    /// [`end_again`](Self::end_again) all terms are those of the sums divided by it.
    pub(crate) fn begin_again(&mut self) {
        for ((weight, bias), again) in
            self.weight.iter_mut().zip(&mut self.bias).zip(&mut self.again)
        {
            *again = [!weight.is_finite(), !bias.is_finite()];
            *weight = if again[0] { 0.0 } else { *weight };
            *bias = if again[1] { 0.0 } else { *bias };
        }
    }

    /// Adds to a channel's sums that are added up once more.
    pub(crate) fn add_again(&mut self, c: usize, [weight, bias]: [f64; 2]) {
        let again = self.again[c];
        self.weight[c] += if again[0] { weight } else { 0.0 };
        self.bias[c] += if again[1] { bias } else { 0.0 };
    }

    /// Gives them their unit back.
    pub(crate) fn end_again(&mut self, unit: f64) {
        for ((weight, bias), again) in self.weight.iter_mut().zip(&mut self.bias).zip(&self.again) {
            *weight *= if again[0] { unit } else { 1.0 };
            *bias *= if again[1] { unit } else { 1.0 };
        }
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
    ///
    /// # Errors
    /// If there is no memory for so many channels.
    pub fn new(channels: usize) -> Result<Self, Error> {
        let affine = Self::weight_only(channels)?;
        Ok(Self { bias: Some(zeros("Affine: bias", channels)?), ..affine })
    }

    /// γ = 1, to be trained, without a β.
    ///
    /// # Errors
    /// If there is no memory for so many channels.
    pub fn weight_only(channels: usize) -> Result<Self, Error> {
        let mut weight = zeros("Affine: weight", channels)?;
        weight.fill(F::one());
        Ok(Self { weight: Some(weight), ..Self::none(channels) })
    }

    /// Neither: the normalized values as they are.
    pub fn none(channels: usize) -> Self {
        Self { channels, weight: None, bias: None }
    }

    /// Given values.
    ///
    /// # Shapes
    /// `weight (C)` and, unless it is left out, `bias (C)`.
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
        // Row-major, so that optimizers see the values as one slice.
        Ok(Self { channels, weight: Some(row_major(weight)), bias: bias.map(row_major) })
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

impl<F: Float> Affine<F> {
    /// Whether every γ is 0 or far from the ends of the type, and every β below its end.
    pub(crate) fn is_ordinary(&self) -> bool {
        let gamma = |w: &F| w.is_zero() || is_ordinary(w.as_f64());
        let beta = |b: &F| b.as_f64().abs() < 1e290;
        let (mut weight, mut bias) = (self.weight.iter().flatten(), self.bias.iter().flatten());
        F::NARROW || weight.all(gamma) && bias.all(beta)
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
