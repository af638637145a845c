//! Mish.

use ndarray::ArrayRef2;
use tensor_core::Float;
use tensor_core::elementwise::{chain_rounded, map_rounded};
use tensor_core::functions::product_or_zero;

use crate::Activation;
use crate::tail::{exp_factors, times_exp, where_exp_is_a_number};

/// A smooth ReLU that dips below 0, PyTorch's `nn.Mish`.
///
/// ```text
/// A[n,c] = Z[n,c] tanh(softplus(Z[n,c]))        softplus(z) = ln(1 + e^z)
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place. The lowest value
/// is −0.3088… at `z` = −1.1924…; from there on it rises to 0 as `z e^z`.
///
/// # Derivative
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. `A[n,c]`
/// depends on `Z[n,c]` alone, so that the chain rule multiplies it by the derivative there.
///
/// With `t(z) = tanh(softplus(z))`, the product rule, `tanh′ = 1 − tanh²` and `softplus′ = σ` give
///
/// ```text
/// f′(z) = t(z) + z t′(z)        t′(z) = (1 − t(z)²) σ(z)        dLdZ[n,c] = dLdA[n,c] f′(Z[n,c])
/// ```
///
/// `1 − t²` has no digits left where `t` is nearly 1, and `ln(1 + e^z)` overflows on the way. Both
/// are avoided: `tanh u = (e^(2u) − 1)/(e^(2u) + 1)` and `e^(2 softplus(z)) = (1 + w)²` with
/// `w = e^z`, so that `t` is a fraction of polynomials in `w`, and `t′` follows by the quotient
/// rule. For `z ≥ 0` both are expanded by `e = 1/w = e^(−z)`:
///
/// ```text
/// z < 0:   t = w (w + 2)/D        t′ = 4 w (w + 1)/D²        D = w² + 2 w + 2
/// z ≥ 0:   t = (1 + 2 e)/D        t′ = 4 e² (1 + e)/D²       D = 1 + 2 e + 2 e²
/// ```
///
/// No exponent is positive and no term is negative: nothing overflows and nothing cancels. In `f32`
/// a value is within 0.501 units in the last place of the formula, in `f64` within 4. `f′` is a
/// difference of two terms for `z < 0` and has its zero at −1.1924…, where no number of units can
/// be promised: its error is as small as that of the larger term. At −∞ the value is the limit 0,
/// and the derivatives at ±∞ are the limits 0 and 1, where PyTorch gives NaN.
///
/// (Misra, *Mish: A Self Regularized Non-Monotonic Activation Function*, BMVC 2020,
/// <https://arxiv.org/abs/1908.08681>, section 3.)
///
/// # Shapes
/// `Z`, `A`, `dLdA` and `dLdZ`: `(N, C)`, for any `C`. No parameters, no buffers.
///
/// # Examples
/// At 0, `t` = 3/5 and `f′` = 3/5:
///
/// ```
/// use layers::{Activation, Mish};
/// use ndarray::{Array2, array};
///
/// let layer = Mish;
/// let (z, da) = (array![[-1e4, 0.0, 1e4]], array![[5.0, 5.0, 5.0]]);
/// let (mut a, mut dz) = (Array2::zeros((1, 3)), Array2::zeros((1, 3)));
/// layer.value(&z, &mut a);
/// assert_eq!(a, array![[0.0, 0.0, 1e4]]);
/// layer.chain([&z, &a, &da], &mut dz);
/// assert_eq!(dz, array![[0.0, 3.0, 5.0]]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mish;

/// `z t(z)`; far out on the left it is made of the first factor of the exponential, so that it has
/// its digits where `e^z` has none.
#[inline(always)]
fn value<F: Float>(z: f64, []: [f64; 0]) -> f64 {
    let [first, factor] = exp_factors::<F>(z);
    let e = first * factor;
    let is_right = z >= 0.0;
    let numerator = if is_right { 1.0 + 2.0 * e } else { first * (e + 2.0) };
    let factor = if is_right { 1.0 } else { factor };
    product_or_zero(z, numerator) / denominator(e, is_right) * factor
}

/// `t(z) + z t′(z)`; on the left the exponential is a factor of both terms, and the rest may be as
/// large as `z` while `dLdA` is near the largest number.
#[inline(always)]
fn slope<F: Float>(z: f64, []: [f64; 0]) -> [f64; 2] {
    let z = where_exp_is_a_number(z);
    let factors = exp_factors::<F>(z);
    let e = factors[0] * factors[1];
    let is_right = z >= 0.0;
    let d = denominator(e, is_right);
    let numerator = if is_right { 1.0 + 2.0 * e } else { e + 2.0 };
    let (power, factors) = if is_right { (e * e, [1.0, 1.0]) } else { (1.0, factors) };
    times_exp(numerator / d + z * (4.0 * power * (1.0 + e) / (d * d)), factors)
}

/// `D` of `e = e^(−|z|)`.
#[inline(always)]
fn denominator(e: f64, is_right: bool) -> f64 {
    if is_right { 1.0 + 2.0 * e * (1.0 + e) } else { 2.0 + e * (e + 2.0) }
}

impl Activation for Mish {
    const NAME: &'static str = "Mish";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        map_rounded(z, a, [], value::<F>);
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        chain_rounded(z, da, dz, [], slope::<F>);
    }
}
