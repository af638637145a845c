//! The course's models, with their intermediate values under the notes' names; and what the course
//! and the notes are.
//!
//! **The course** is Carnegie Mellon's 11-785, *Introduction to Deep Learning*. In its first
//! homework students write a small library in NumPy, `mytorch`: a Linear layer, activations,
//! losses, SGD, batch normalization, and the three networks below. **The notes** are a student's
//! notes on that homework, with formulas and code. This project grew from them: names such as `Z0`,
//! `A1`, `dLdW0`, a debug mode that keeps every intermediate value, and the worked examples that
//! the tests repeat.
//!
//! # Models
//!
//! | model | layers |
//! |---|---|
//! | [`Mlp0`] | Linear(2, 3), ReLU |
//! | [`Mlp1`] | Linear(2, 3), ReLU, Linear(3, 2), ReLU |
//! | [`Mlp4`] | Linear and ReLU five times, from 2 over 4, 8, 8, 4 to 2 |
//!
//! Each is a [`Sequential`] with fixed widths and can do all that one can. The last ReLU stays,
//! although a classifier would not want it: these are the course's models.
//!
//! # Names
//!
//! | here | in the notes | |
//! |---|---|---|
//! | `A0` | `A0` | the input, one sample a row |
//! | `Z0 = A0 W0ᵀ + b0`, `A1 = max(0, Z0)` | the same | layer 0 and its activation |
//! | `dLdA1`, `dLdZ0`, `dLdW0`, `dLdb0`, `dLdA0` | the same | the gradient of the loss `L` for each |
//! | `BZ`, `NZ`, `γ`, `β` | `BZ`, `NZ`, `BW`, `Bb` | batch normalization: output, normalized input, scale, offset |
//! | `bias (C)` | `b (C, 1)` | held as PyTorch does |
//!
//! # Faults of the notes
//!
//! Nine places of the notes' code and examples do not do what their formulas say. Each has a test
//! here that is named after it, `fault_1_…` to `fault_9_…`, and holds the correct behavior.
//!
//! | fault | in the notes | here |
//! |---|---|---|
//! | 1 | the second `forward` of the cross-entropy fails: the first has overwritten the method `softmax` with its result | a loss keeps nothing |
//! | 2 | `ln(softmax + 1e-15)` cannot exceed 34.5, and has a gradient other than `softmax − Y` | log-sum-exp: the loss of a margin of 100 is 100 |
//! | 3 | SGD walks over all layers and fails at ReLU, which has no weight | layers show the tensors they have |
//! | 4 | SGD does not move γ and β of a normalization | they are parameters like any other |
//! | 5 | velocities are `f32`, whatever the type of the parameters | they have the parameters' type |
//! | 6 | after a pass in evaluation, backward uses the statistics of the last training batch | the mode of the last forward pass decides |
//! | 7 | one of two formulas for the gradient of the cross-entropy lacks the 1/N | the mean over N samples, in the loss and in its gradient |
//! | 8 | MSE is divided by N in one place and by N·C in the other | by N·C, as in PyTorch |
//! | 9 | the worked example of batch normalization halves `dLdγ` and leaves `dLdZ` open | `dLdγ = 0.2·√(3/2)`, `dLdZ = 0` |
//!
//! # Examples
//! ```
//! use layers::{Linear, Mode};
//! use models::Mlp1;
//! use ndarray::array;
//!
//! let mlp = Mlp1::<f64>::new(0)?;
//! let mut ws = mlp.workspace(1)?;
//! mlp.forward(&array![[1.0, 2.0]], &mut ws, Mode::Train)?;
//! mlp.backward_from(&array![[1.0, 1.0]], &mut ws)?; // takes dLdA2, returns dLdA0
//!
//! let trace = mlp.trace(&ws)?;
//! assert_eq!(trace.A1, trace.Z0.mapv(|z| z.max(0.0)));
//! let w0 = mlp.layer::<Linear<f64>>("0")?.weight();
//! assert_eq!(trace.dLdA0, trace.dLdZ0.dot(w0)); // dLdA0 = dLdZ0 W0
//! assert_eq!(trace.dLdW0, trace.dLdZ0.t().dot(&trace.A0)); // dLdW0 = dLdZ0ᵀ A0
//! # Ok::<(), tensor_core::Error>(())
//! ```

use std::ops::{Deref, DerefMut};

use layers::{Linear, Relu};
use ndarray::{ArrayView1, ArrayView2};
use tensor_core::{Error, Float, Parameter, Path, Trainable};

use crate::{Mlp, Sequential, Workspace};

/// A model of the course: a `Sequential` with fixed widths, ReLU behind every Linear.
macro_rules! course_model {
    ($(#[$doc:meta])* $name:ident, $widths:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name<F: Float>(Sequential<F>);

        impl<F: Float> $name<F> {
            /// The model with PyTorch's initial values, drawn from `seed`. Values of your own go in
            /// with [`set_tensor`](Sequential::set_tensor).
            ///
            /// # Errors
            /// None in practice: the widths are fixed.
            pub fn new(seed: u64) -> Result<Self, Error> {
                Mlp::new(&$widths).output_activation(Relu).seed(seed).build().map(Self)
            }

            /// The model as what it is.
            pub fn into_sequential(self) -> Sequential<F> {
                self.0
            }
        }

        impl<F: Float> Deref for $name<F> {
            type Target = Sequential<F>;

            fn deref(&self) -> &Sequential<F> {
                &self.0
            }
        }

        impl<F: Float> DerefMut for $name<F> {
            fn deref_mut(&mut self) -> &mut Sequential<F> {
                &mut self.0
            }
        }

        impl<F: Float> Trainable<F> for $name<F> {
            type Workspace = Workspace<F>;

            fn parameters(
                &mut self,
                ws: &mut Workspace<F>,
                visit: &mut dyn FnMut(Parameter<'_, F>),
            ) -> Result<(), Error> {
                self.0.parameters(ws, visit)
            }

            fn settle(&mut self, ws: &mut Workspace<F>, moves: &dyn Fn(Path<'_>) -> bool) {
                self.0.settle(ws, moves);
            }
        }
    };
}

course_model! {
    /// No hidden layer: `A1 = max(0, A0 W0ᵀ + b0)` with `W0 (3, 2)`.
    ///
    /// # Examples
    /// ```
    /// use layers::Mode;
    /// use models::Mlp0;
    /// use ndarray::array;
    ///
    /// let mut mlp = Mlp0::<f64>::new(0)?;
    /// mlp.set_tensor("0.weight", &array![[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])?;
    /// mlp.set_tensor("0.bias", &array![0.0, 0.0, 1.0])?;
    /// // Z0 = [2, 3, −2 − 3 + 1]
    /// assert_eq!(mlp.infer(&array![[2.0, 3.0]])?, array![[2.0, 3.0, 0.0]]);
    /// # Ok::<(), tensor_core::Error>(())
    /// ```
    Mlp0, [2, 3]
}

course_model! {
    /// One hidden layer: Linear(2, 3), ReLU, Linear(3, 2), ReLU. `A1 = max(0, A0 W0ᵀ + b0)` and
    /// `A2 = max(0, A1 W1ᵀ + b1)`.
    ///
    /// # Examples
    /// ```
    /// use layers::Mode;
    /// use models::Mlp1;
    /// use ndarray::array;
    ///
    /// let mlp = Mlp1::<f64>::new(0)?;
    /// let mut ws = mlp.workspace(1)?;
    /// mlp.forward(&array![[1.0, 2.0]], &mut ws, Mode::Train)?;
    /// mlp.backward_from(&array![[1.0, 1.0]], &mut ws)?;
    /// let trace = mlp.trace(&ws)?;
    /// assert_eq!(trace.dLdW1, trace.dLdZ1.t().dot(&trace.A1)); // dLdW1 = dLdZ1ᵀ A1
    /// # Ok::<(), tensor_core::Error>(())
    /// ```
    Mlp1, [2, 3, 2]
}

course_model! {
    /// Four hidden layers: `A_{i+1} = max(0, A_i W_iᵀ + b_i)` for `i = 0 … 4`, with widths from 2
    /// over 4, 8, 8, 4 to 2.
    ///
    /// # Examples
    /// ```
    /// use layers::Mode;
    /// use models::Mlp4;
    /// use ndarray::array;
    ///
    /// let mlp = Mlp4::<f64>::new(0)?;
    /// let mut ws = mlp.workspace(1)?;
    /// mlp.forward(&array![[1.0, 2.0]], &mut ws, Mode::Train)?;
    /// mlp.backward_from(&array![[1.0, 1.0]], &mut ws)?;
    /// let trace = mlp.trace(&ws)?;
    /// assert_eq!(trace.A3, trace.Z2.mapv(|z| z.max(0.0)));
    /// assert_eq!(trace.dLdb4, trace.dLdZ4.row(0)); // one sample: dLdb4 = dLdZ4
    /// # Ok::<(), tensor_core::Error>(())
    /// ```
    Mlp4, [2, 4, 8, 8, 4, 2]
}

/// The trace of a model of the course: a struct with the notes' names, and the method that fills
/// it.
macro_rules! course_trace {
    (
        $model:ident => $trace:ident,
        values: $($value:ident)*,
        gradients: $($gradient:ident)*,
        parameters: $($weight:ident $bias:ident)*
    ) => {
        #[doc = concat!("The intermediate values of one step of [`", stringify!($model), "`]. Rows are samples.")]
        ///
        /// With `i` for the layer: `Z_i = A_i W_iᵀ + b_i` and `A_{i+1} = max(0, Z_i)`; `dLdA_i`,
        /// `dLdZ_i`, `dLdW_i` and `dLdb_i` are the gradients of the loss for each of them, of their
        /// shapes. The [page of the models](crate::course) shows how it is used.
        #[derive(Debug, Clone)]
        #[expect(non_snake_case, reason = "the names of the notes")]
        #[allow(missing_docs, reason = "the formula above names every field")]
        pub struct $trace<'w, F> {
            $(pub $value: ArrayView2<'w, F>,)*
            $(pub $gradient: ArrayView2<'w, F>,)*
            $(pub $weight: ArrayView2<'w, F>, pub $bias: ArrayView1<'w, F>,)*
        }

        impl<F: Float> $model<F> {
            /// The values of the last step.
            ///
            /// # Errors
            /// If the workspace holds no full step: `forward`, then `backward_from` or
            /// `backward_to_input`.
            #[expect(non_snake_case, reason = "the names of the notes")]
            pub fn trace<'w>(&self, ws: &'w Workspace<F>) -> Result<$trace<'w, F>, Error> {
                self.check_owner("trace", &ws.progress.owner)?;
                let mut entries = 0..;
                let mut next = || entries.next().unwrap_or_default();
                $(let $value = ws.activation_for("trace", next())?;)*
                let mut entries = (0..=self.n_layers()).rev();
                let mut next = || entries.next().unwrap_or_default();
                $(let $gradient = ws.activation_gradient_for("trace", next())?;)*
                let mut layers = (0..self.n_layers()).step_by(2);
                let mut next = || ws.linear_gradient(layers.next().unwrap_or_default());
                $(let ($weight, $bias) = next()?;)*
                Ok($trace { $($value,)* $($gradient,)* $($weight, $bias,)* })
            }
        }
    };
}

course_trace! {
    Mlp0 => Mlp0Trace,
    values: A0 Z0 A1,
    gradients: dLdA1 dLdZ0 dLdA0,
    parameters: dLdW0 dLdb0
}

course_trace! {
    Mlp1 => Mlp1Trace,
    values: A0 Z0 A1 Z1 A2,
    gradients: dLdA2 dLdZ1 dLdA1 dLdZ0 dLdA0,
    parameters: dLdW0 dLdb0 dLdW1 dLdb1
}

course_trace! {
    Mlp4 => Mlp4Trace,
    values: A0 Z0 A1 Z1 A2 Z2 A3 Z3 A4 Z4 A5,
    gradients: dLdA5 dLdZ4 dLdA4 dLdZ3 dLdA3 dLdZ2 dLdA2 dLdZ1 dLdA1 dLdZ0 dLdA0,
    parameters: dLdW0 dLdb0 dLdW1 dLdb1 dLdW2 dLdb2 dLdW3 dLdb3 dLdW4 dLdb4
}

impl<F: Float> Workspace<F> {
    /// `dLdW` and `dLdb` of the Linear that is layer `i`.
    fn linear_gradient(&self, i: usize) -> Result<(ArrayView2<'_, F>, ArrayView1<'_, F>), Error> {
        let linear = self.grads.layer::<Linear<F>>(&i.to_string())?;
        match linear.bias() {
            Some(bias) => Ok((linear.weight().view(), bias.view())),
            None => Err(Error::empty(format!("trace: layer {i}"), "a bias")),
        }
    }
}
