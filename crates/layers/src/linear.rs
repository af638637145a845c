//! The fully connected layer.

use ndarray::{Array1, Array2, ArrayRef2, ArrayViewMut1, ArrayViewMut2};
use tensor_core::memory::zeros;
use tensor_core::sums::column_sums;
use tensor_core::{Error, Float, Init, Rng, Role, gemm, gemm_row, gemm_rows, row_major};

use crate::{Layer, Saved, Tensors, Visitor};

/// A fully connected layer, PyTorch's `nn.Linear`: every output is a weighted sum of all inputs,
/// plus a constant.
///
/// ```text
/// Z[n,i] = Σ_j A[n,j] W[i,j] + b[i]
/// ```
///
/// `A[n,j]` is input feature `j` of sample `n`, `Z[n,i]` output feature `i` of that sample.
/// `W[i,j]` is the weight with which input `j` enters output `i`, `b[i]` the bias of output `i`. As
/// a product of matrices: `Z = A Wᵀ`, and `b` added to every row.
///
/// # Gradients
/// The loss `L` is one number, and `dLdZ[n,i] = ∂L/∂Z[n,i]` is handed down by the layer above. A
/// variable acts on the loss through every output that it enters. So its gradient is a sum over all
/// outputs, of `dLdZ` there times the derivative of that output (the chain rule); most terms are 0.
///
/// ```text
/// dLdW[i,j] = Σ_n Σ_k dLdZ[n,k] ∂Z[n,k]/∂W[i,j]    ∂Z[n,k]/∂W[i,j] = A[n,j] if k = i, else 0
///           = Σ_n dLdZ[n,i] A[n,j]                 as a product: dLdW = dLdZᵀ A
///
/// dLdb[i]   = Σ_n Σ_k dLdZ[n,k] ∂Z[n,k]/∂b[i]      ∂Z[n,k]/∂b[i] = 1 if k = i, else 0
///           = Σ_n dLdZ[n,i]                        a sum over rows
///
/// dLdA[n,j] = Σ_m Σ_k dLdZ[m,k] ∂Z[m,k]/∂A[n,j]    ∂Z[m,k]/∂A[n,j] = W[k,j] if m = n, else 0
///           = Σ_k dLdZ[n,k] W[k,j]                 as a product: dLdA = dLdZ W
/// ```
///
/// `dLdA` is what the layer below is handed as its `dLdZ`.
///
/// *Why is there no `1/N` in `dLdW`?* The loss has averaged already. It is `L = 1/N Σ_n L[n]`, so
/// that every `dLdZ[n,i]` carries the factor `1/N`, and the sum over samples is the mean of their
/// gradients. Dividing once more would make it `N` times too small.
///
/// *Why is the gradient of the bias a sum over rows?* One and the same `b[i]` is added in every
/// row, so that it acts on the loss `N` times, once with each sample, and the contributions add up.
/// Forward copies it to every row; the derivative of a copy is a sum.
///
/// *What is kept for backward?* Nothing beside the input `A`, which `dLdW` is made of. `dLdA` needs
/// only the weight, and the output `Z` is not read.
///
/// # Shapes
/// | | shape | |
/// |---|---|---|
/// | `A`, `dLdA` | `(N, C_in)` | input and its gradient, one sample a row |
/// | `Z`, `dLdZ` | `(N, C_out)` | output and its gradient |
/// | `W`, `dLdW` | `(C_out, C_in)` | parameter `weight`, one output a row |
/// | `b`, `dLdb` | `(C_out)` | parameter `bias`, unless it is left out |
///
/// No buffers. The course notes (see the page `course` of the crate `models`) hold the bias as a
/// column `(C_out, 1)`; here it is `(C_out)`, as in PyTorch.
///
/// # Examples
/// Both passes by hand, for two samples, two inputs and one output:
///
/// ```
/// use layers::{Layer, Linear, Saved, Tensors};
/// use ndarray::{Array2, array};
///
/// let linear = Linear::from_parts(array![[2.0, -1.0]], Some(array![10.0]))?;
/// let a = array![[1.0, 2.0], [3.0, 4.0]];
/// let mut z = Array2::zeros((2, 1));
/// linear.infer(&a, &mut z)?;
/// assert_eq!(z, array![[1.0 * 2.0 - 2.0 * 1.0 + 10.0], [3.0 * 2.0 - 4.0 * 1.0 + 10.0]]);
///
/// let dz = array![[1.0], [10.0]];
/// let (mut da, mut grads) = (Array2::zeros((2, 2)), linear.gradient());
/// linear.backward(Saved { x: &a, y: &z, cache: &mut () }, &dz, Some(&mut da), &mut grads)?;
/// assert_eq!(grads.weight(), array![[1.0 * 1.0 + 10.0 * 3.0, 1.0 * 2.0 + 10.0 * 4.0]]);
/// assert_eq!(grads.bias(), Some(&array![1.0 + 10.0]));
/// assert_eq!(da, array![[1.0 * 2.0, 1.0 * -1.0], [10.0 * 2.0, 10.0 * -1.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Linear<F> {
    weight: Array2<F>,
    bias: Option<Array1<F>>,
}

/// Choices of a [`Linear`] beyond its widths: whether it has a bias, and how its parameters begin.
/// By default it has one, and both begin as PyTorch's do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearConfig {
    /// Whether a constant is added; `false` in front of a layer that subtracts the mean anyway.
    pub bias: bool,
    /// How weight and bias are filled.
    pub init: Init,
}

impl Default for LinearConfig {
    fn default() -> Self {
        Self { bias: true, init: Init::default() }
    }
}

impl<F: Float> Linear<F> {
    /// A layer from `in_features` to `out_features` with PyTorch's initial values.
    ///
    /// # Errors
    /// If either width is 0, or there is no memory for the weights.
    pub fn new(in_features: usize, out_features: usize, rng: &mut Rng) -> Result<Self, Error> {
        Self::with_config(in_features, out_features, LinearConfig::default(), rng)
    }

    /// A layer from `in_features` to `out_features`.
    ///
    /// # Errors
    /// If either width is 0, or there is no memory for the weights.
    pub fn with_config(
        in_features: usize,
        out_features: usize,
        config: LinearConfig,
        rng: &mut Rng,
    ) -> Result<Self, Error> {
        check_widths(in_features, out_features)?;
        let mut weight = zeros("Linear: weight", (out_features, in_features))?;
        config.init.weight(&mut weight, rng)?;
        let mut bias = match config.bias {
            true => Some(zeros("Linear: bias", out_features)?),
            false => None,
        };
        if let Some(bias) = &mut bias {
            config.init.bias(bias, in_features, rng);
        }
        Ok(Self { weight, bias })
    }

    /// A layer with given values.
    ///
    /// # Shapes
    /// `weight (C_out, C_in)` and, unless it is left out, `bias (C_out)`.
    ///
    /// # Errors
    /// If a width is 0 or the bias has another length than the weight has rows.
    pub fn from_parts(weight: Array2<F>, bias: Option<Array1<F>>) -> Result<Self, Error> {
        let (out_features, in_features) = weight.dim();
        check_widths(in_features, out_features)?;
        if let Some(bias) = &bias
            && bias.len() != out_features
        {
            return Err(Error::shape("Linear: bias", &[out_features], &[bias.len()]));
        }
        // Row-major, so that optimizers see the values as one slice.
        Ok(Self { weight: row_major(weight), bias: bias.map(row_major) })
    }

    /// `W (C_out, C_in)`.
    pub fn weight(&self) -> &ArrayRef2<F> {
        &self.weight
    }

    /// `W (C_out, C_in)`, to be written.
    pub fn weight_mut(&mut self) -> ArrayViewMut2<'_, F> {
        self.weight.view_mut()
    }

    /// `b (C_out)`, if the layer has one, to be written.
    pub fn bias_mut(&mut self) -> Option<ArrayViewMut1<'_, F>> {
        self.bias.as_mut().map(|bias| bias.view_mut())
    }

    /// `b (C_out)`, if the layer has one.
    pub fn bias(&self) -> Option<&Array1<F>> {
        self.bias.as_ref()
    }
}

fn check_widths(in_features: usize, out_features: usize) -> Result<(), Error> {
    if in_features == 0 {
        return Err(Error::empty("Linear", "at least 1 input feature"));
    }
    if out_features == 0 {
        return Err(Error::empty("Linear", "at least 1 output feature"));
    }
    Ok(())
}

impl<F: Float> Tensors<F> for Linear<F> {
    #[inline(always)]
    fn tensors<V: Visitor<Self, F>>(v: &mut V) {
        v.parameter("weight", Role::Weight, |layer| &layer.weight, |layer| &mut layer.weight);
        v.optional_parameter(
            "bias",
            Role::Bias,
            |layer| layer.bias.as_deref(),
            |layer| layer.bias.as_deref_mut(),
        );
    }
}

impl<F: Float> Layer<F> for Linear<F> {
    type Cache = ();
    const NAME: &'static str = "Linear";

    fn out_features(&self, in_features: usize) -> Result<usize, Error> {
        let (out_features, expected) = self.weight.dim();
        Error::check_features(Self::NAME, expected, in_features)?;
        Ok(out_features)
    }

    fn cache(&self, _max_batch: usize, _in_features: usize) -> Result<(), Error> {
        Ok(())
    }

    fn compute(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        match &self.bias {
            // Z[n,i] = Σ_j A[n,j] W[i,j] + b[i]
            Some(bias) => gemm_row(x, &self.weight.t(), bias, y),
            None => gemm_rows(x, &self.weight.t(), y),
        }
    }

    fn differentiate(
        &self,
        saved: Saved<'_, F, ()>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        grads: &mut Self,
    ) {
        // dLdW[i,j] = Σ_n dLdZ[n,i] A[n,j]
        gemm(F::one(), &dy.t(), saved.x, F::zero(), &mut grads.weight);
        if let Some(db) = &mut grads.bias {
            column_sums(dy, db); // dLdb[i] = Σ_n dLdZ[n,i]
        }
        if let Some(dx) = dx {
            // dLdA[n,j] = Σ_k dLdZ[n,k] W[k,j]
            gemm(F::one(), dy, &self.weight, F::zero(), dx);
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::{Linear, LinearConfig};
    use crate::{Layer, Saved, Tensors};
    use tensor_core::{Init, Path, Rng};

    // A = [1 2 3; 4 5 6], W = [1 0 −1; 2 ½ 1], b = [10, −10]:
    //   Z[0] = [1 − 3 + 10, 2 + 1 + 3 − 10] = [8, −4]
    //   Z[1] = [4 − 6 + 10, 8 + 5/2 + 6 − 10] = [8, 13/2]
    // With dLdZ = [1 −1; 2 ½]:
    //   dLdA[0] = 1·[1 0 −1] − 1·[2 ½ 1] = [−1, −½, −2]
    //   dLdA[1] = 2·[1 0 −1] + ½·[2 ½ 1] = [3, ¼, −3/2]
    //   dLdW[0] = 1·[1 2 3] + 2·[4 5 6] = [9, 12, 15]
    //   dLdW[1] = −1·[1 2 3] + ½·[4 5 6] = [1, ½, 0]
    //   dLdb = [1 + 2, −1 + ½] = [3, −½]
    // Every number is a short binary fraction, so the comparison is exact.
    #[test]
    fn forward_and_backward_by_hand() {
        let weight = array![[1.0, 0.0, -1.0], [2.0, 0.5, 1.0]];
        let x = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let dy = array![[1.0, -1.0], [2.0, 0.5]];
        for bias in [Some(array![10.0, -10.0]), None] {
            let linear = Linear::from_parts(weight.clone(), bias.clone()).unwrap();
            let mut y = Array2::from_elem((2, 2), f64::NAN);
            linear.infer(&x, &mut y).unwrap();
            let z = array![[-2.0, 6.0], [-2.0, 16.5]];
            assert_eq!(y, if bias.is_some() { z + array![10.0, -10.0] } else { z });

            let mut dx = Array2::from_elem((2, 3), f64::NAN);
            let mut grads = linear.gradient();
            grads.weight.fill(f64::NAN);
            linear
                .backward(Saved { x: &x, y: &y, cache: &mut () }, &dy, Some(&mut dx), &mut grads)
                .unwrap();
            assert_eq!(dx, array![[-1.0, -0.5, -2.0], [3.0, 0.25, -1.5]]);
            assert_eq!(grads.weight, array![[9.0, 12.0, 15.0], [1.0, 0.5, 0.0]]);
            assert_eq!(grads.bias, bias.map(|_| array![3.0, -0.5]));
        }
    }

    #[test]
    fn widths_are_checked_when_built() {
        let mut rng = Rng::new(0);
        let messages = [
            (
                Linear::<f64>::new(0, 3, &mut rng),
                "Linear: expected at least 1 input feature, found 0",
            ),
            (Linear::new(3, 0, &mut rng), "Linear: expected at least 1 output feature, found 0"),
            (
                Linear::from_parts(Array2::zeros((3, 2)), Some(array![0.0, 0.0])),
                "Linear: bias: expected shape (3), found (2)",
            ),
        ];
        for (result, message) in messages {
            assert_eq!(result.unwrap_err().to_string(), message);
        }
        let linear = Linear::<f64>::new(2, 3, &mut rng).unwrap();
        assert_eq!(linear.out_features(2), Ok(3));
        assert_eq!(
            linear.out_features(3).unwrap_err().to_string(),
            "Linear: expected 2 input features, found 3"
        );
    }

    #[test]
    fn any_layout_of_given_values_is_taken() {
        let weight = array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
        let transposed = weight.t().as_standard_layout().into_owned().reversed_axes();
        let mut bias = array![3.0, 2.0, 1.0];
        bias.invert_axis(ndarray::Axis(0));
        let linear = Linear::from_parts(transposed, Some(bias));
        let mut linear = linear.unwrap();
        assert_eq!(linear.weight(), &weight);
        let mut grads = linear.gradient();
        let mut seen = Vec::new();
        linear.each_parameter(&mut grads, Path::root(), &mut |p| {
            seen.push((p.path.leaf(), p.value.to_vec()));
        });
        let expected =
            [("weight", vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), ("bias", vec![1.0, 2.0, 3.0])];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_layer_without_bias_has_none() {
        let config = LinearConfig { bias: false, init: Init::HeNormal };
        let linear = Linear::<f32>::with_config(4, 2, config, &mut Rng::new(1)).unwrap();
        assert!(linear.bias().is_none());
        let mut names = Vec::new();
        linear.each_tensor(Path::root(), &mut |path, _| names.push(path.leaf()));
        assert_eq!(names, ["weight"]);
    }
}
