//! The ReLU with a trained slope.

use ndarray::{Array1, ArrayRef1, ArrayRef2};
use tensor_core::memory::zeros;
use tensor_core::sums::{Sum, columns, rows};
use tensor_core::{Error, Float, Role, Wide, row_major};

use crate::products::product;
use crate::{Layer, Saved, Tensors, Visitor};

/// A leaky ReLU whose slope on the negative side is trained, PyTorch's `nn.PReLU`: one slope for
/// all features, or one for each.
///
/// ```text
/// A[n,c] = Z[n,c] where Z[n,c] > 0, w[c] Z[n,c] elsewhere
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place, `w` the parameter
/// `weight`: `w[c]` is the slope of feature `c`, 0.25 at the beginning. Where there is one slope
/// alone, `w[c]` is `w[0]` for every `c`.
///
/// # Gradients
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. `Z[n,c]`
/// enters `A[n,c]` alone; a slope enters every output of its features whose input is on the
/// negative side, so that by the chain rule its gradient is a sum:
///
/// ```text
/// dLdZ[n,c] = dLdA[n,c] where Z[n,c] > 0, w[c] dLdA[n,c] elsewhere
/// dLdw[c]   = Σ_n dLdA[n,c] ∂A[n,c]/∂w[c]          ∂A[n,c]/∂w[c] = 0 where Z[n,c] > 0, else Z[n,c]
///           = Σ_n dLdA[n,c] min(0, Z[n,c])         one slope for each feature
/// dLdw[0]   = Σ_n Σ_c dLdA[n,c] min(0, Z[n,c])     one slope for all
/// ```
///
/// At `z = 0` the derivative is the negative side's, as in PyTorch. NaN stays NaN in both passes,
/// and in the gradient of a slope that a NaN of `Z` or `dLdA` enters. A product with a factor 0 is
/// 0, also if the other one is infinite.
///
/// **Weight decay** should leave the slopes alone, as authors and PyTorch's page say: it draws them
/// to 0 and the layer to a ReLU. Their role is therefore [`Role::Norm`], that of all that scales
/// features one by one, which [`Role::Weight`] does not contain. Initial weights before this layer:
/// `Init::HeUniform` and `HeNormal` are made for a slope of 0; the difference at 0.25 is 3 %.
///
/// (He, Zhang, Ren and Sun, *Delving Deep into Rectifiers*, ICCV 2015,
/// <https://arxiv.org/abs/1502.01852>, equations 1, 10 and 11.)
///
/// # Shapes
/// | | shape | |
/// |---|---|---|
/// | `Z`, `A`, `dLdA`, `dLdZ` | `(N, C)` | input, output and their gradients |
/// | `w`, `dLdw` | `(1)` or `(C)` | parameter `weight` |
///
/// With one slope any `C` is taken. No buffers.
///
/// # Examples
/// ```
/// use layers::{Layer, PRelu, Saved, Tensors};
/// use ndarray::{Array2, array};
///
/// let layer = PRelu::from_parts(array![0.5, -2.0])?;
/// let (z, da) = (array![[-4.0, 3.0], [2.0, -1.0]], array![[1.0, 10.0], [100.0, 1000.0]]);
/// let mut a = Array2::zeros((2, 2));
/// layer.infer(&z, &mut a)?;
/// assert_eq!(a, array![[0.5 * -4.0, 3.0], [2.0, -2.0 * -1.0]]);
///
/// let (mut dz, mut grads) = (Array2::zeros((2, 2)), layer.gradient());
/// layer.backward(Saved { x: &z, y: &a, cache: &mut () }, &da, Some(&mut dz), &mut grads)?;
/// assert_eq!(dz, array![[0.5 * 1.0, 10.0], [100.0, -2.0 * 1000.0]]);
/// assert_eq!(grads.weight(), array![1.0 * -4.0, 1000.0 * -1.0]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PRelu<F> {
    weight: Array1<F>,
}

/// PyTorch's slope at the beginning.
const INIT: f64 = 0.25;

/// One slope of 0.25 for all features, as in PyTorch.
impl<F: Float> Default for PRelu<F> {
    fn default() -> Self {
        Self { weight: Array1::from_elem(1, F::of(INIT)) }
    }
}

impl<F: Float> PRelu<F> {
    /// A layer with `num_parameters` slopes of 0.25: 1 for all features, or as many as there are
    /// features.
    ///
    /// # Errors
    /// If there are none, or the memory is not to be had.
    pub fn new(num_parameters: usize) -> Result<Self, Error> {
        Self::with_init(num_parameters, INIT)
    }

    /// A layer whose slopes begin as `init`.
    ///
    /// # Errors
    /// If there are none, the memory is not to be had, or `init` is not finite in the layer's type.
    pub fn with_init(num_parameters: usize, init: f64) -> Result<Self, Error> {
        let finite = "a finite number in the layer's type";
        Error::check_hyperparameter("PRelu", "init", finite, init, |v| F::of(v).is_finite())?;
        let mut weight = zeros("PRelu: weight", num_parameters)?;
        weight.fill(F::of(init));
        Self::from_parts(weight)
    }

    /// A layer with given slopes.
    ///
    /// # Shapes
    /// `weight (1)` or `(C)`.
    ///
    /// # Errors
    /// If there are none.
    pub fn from_parts(weight: Array1<F>) -> Result<Self, Error> {
        if weight.is_empty() {
            return Err(Error::empty("PRelu", "at least 1 parameter"));
        }
        Ok(Self { weight: row_major(weight) })
    }

    /// `w`, of length 1 or `C`.
    pub fn weight(&self) -> &Array1<F> {
        &self.weight
    }

    /// `w[c]` as an `f64`.
    #[inline(always)]
    fn slope(&self, c: usize) -> f64 {
        self.weight[if self.weight.len() == 1 { 0 } else { c }].as_f64()
    }
}

impl<F: Float> Tensors<F> for PRelu<F> {
    #[inline(always)]
    fn tensors<V: Visitor<Self, F>>(v: &mut V) {
        v.parameter("weight", Role::Norm, |layer| &layer.weight, |layer| &mut layer.weight);
    }
}

/// `z` where `z > 0`, `w z` elsewhere.
#[inline(always)]
fn bend([z]: [f64; 1], [w]: [f64; 1]) -> f64 {
    let below = product(w, z);
    if z > 0.0 { z } else { below }
}

/// `dLdA` where `z > 0`, `w dLdA` elsewhere, NaN at NaN.
#[inline(always)]
fn input_gradient([z, da]: [f64; 2], [w]: [f64; 1]) -> f64 {
    let slope = if z > 0.0 { 1.0 } else { w };
    product(da, if z.is_nan() { z } else { slope })
}

/// `dLdA min(0, z)`: the term of a slope's gradient.
#[inline(always)]
fn term([z, da]: [f64; 2]) -> f64 {
    product(da, if z > 0.0 { 0.0 } else { z })
}

/// The same where it may leave the type.
fn wide_term([z, da]: [f64; 2]) -> Wide {
    let z = if z > 0.0 { 0.0 } else { z };
    let is_finite = z.is_finite() && da.is_finite();
    if is_finite { Wide::from(da) * Wide::from(z) } else { Wide::from(product(da, z)) }
}

/// `dLdw` once more, where a term or a sum has left the type on the way.
#[cold]
fn add_extreme<F: Float>([x, dy]: [&ArrayRef2<F>; 2], dw: &mut ArrayRef1<F>) {
    let (rows, columns) = x.dim();
    let term = |n: usize, c: usize| wide_term([x, dy].map(|values| values[[n, c]].as_f64()));
    if dw.len() == columns {
        for (c, dw) in dw.iter_mut().enumerate().filter(|(_, dw)| !dw.is_finite()) {
            *dw = F::of(Wide::sum_of(rows, |n| term(n, c)).value());
        }
    } else {
        let total = Wide::sum_of(rows * columns, |i| term(i / columns, i % columns));
        dw.fill(F::of(total.value()));
    }
}

impl<F: Float> Layer<F> for PRelu<F> {
    type Cache = ();
    const NAME: &'static str = "PRelu";

    fn out_features(&self, in_features: usize) -> Result<usize, Error> {
        match self.weight.len() {
            1 => Ok(in_features),
            features => Error::check_features(Self::NAME, features, in_features),
        }
    }

    fn cache(&self, _max_batch: usize, _in_features: usize) -> Result<(), Error> {
        Ok(())
    }

    fn compute(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        columns::map([x], &|c| [self.slope(c)], y, &bend);
    }

    fn differentiate(
        &self,
        saved: Saved<'_, F, ()>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        grads: &mut Self,
    ) {
        let (x, dw) = (saved.x, &mut grads.weight);
        if dw.len() == x.ncols() {
            // dLdw[c] = Σ_n dLdA[n,c] min(0, Z[n,c])
            let add = |values: [f64; 2], []: [f64; 0], [sum]: [Sum<F>; 1]| [sum.plus(term(values))];
            columns::sums([x, dy], &|_| [], &add, |c, [sum]| dw[c] = sum.sum());
        } else {
            // dLdw[0] = Σ_n Σ_c dLdA[n,c] min(0, Z[n,c])
            let add = |values: [f64; 2], [sum]: [Sum<F>; 1]| [sum.plus(term(values))];
            let row = |n| rows::sums([x.row(n), dy.row(n)], &add)[0];
            let total =
                (0..x.nrows()).fold(Sum::default(), |total, n| Sum::plus_all(total, row(n)));
            dw.fill(total.sum());
        }
        if !F::NARROW && !dw.iter().all(|dw| dw.is_finite()) {
            add_extreme([x, dy], dw);
        }
        if let Some(dx) = dx {
            columns::map([x, dy], &|c| [self.slope(c)], dx, &input_gradient);
        }
    }
}
