//! The course's models, with their intermediate values under the notes' names.
//!
//! | model | layers |
//! |---|---|
//! | [`Mlp0`] | Linear(2, 3), ReLU |
//! | [`Mlp1`] | Linear(2, 3), ReLU, Linear(3, 2), ReLU |
//! | [`Mlp4`] | Linear(2, 4), ReLU, Linear(4, 8), ReLU, Linear(8, 8), ReLU, Linear(8, 4), ReLU, Linear(4, 2), ReLU |
//!
//! Each is a [`Sequential`] with fixed widths and can do all that one can. The last ReLU stays, although a classifier would
//! not want it: these are the course's models.
//!
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
//! let w0 = mlp.layer::<Linear<f64>>(0).unwrap().weight();
//! assert_eq!(trace.dLdA0, trace.dLdZ0.dot(w0)); // dLdA0 = dLdZ0 W0
//! # Ok::<(), tensor_core::Error>(())
//! ```

use std::ops::{Deref, DerefMut};

use layers::Relu;
use ndarray::ArrayView2;
use tensor_core::{Error, Float, Parameter, Trainable};

use crate::{Mlp, Sequential, Workspace};

/// A model of the course: a `Sequential` with fixed widths, ReLU behind every Linear.
macro_rules! course_model {
    ($(#[$doc:meta])* $name:ident, $widths:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name<F: Float>(Sequential<F>);

        impl<F: Float> $name<F> {
            /// The model with PyTorch's initial values, drawn from `seed`. Values of your own go in with
            /// [`set_tensor`](Sequential::set_tensor).
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

            fn settle(&mut self, ws: &mut Workspace<F>) {
                self.0.settle(ws);
            }
        }
    };
}

course_model! {
    /// No hidden layer: Linear(2, 3), ReLU.
    Mlp0, [2, 3]
}

course_model! {
    /// One hidden layer: Linear(2, 3), ReLU, Linear(3, 2), ReLU.
    Mlp1, [2, 3, 2]
}

course_model! {
    /// Four hidden layers: Linear and ReLU from 2 over 4, 8, 8, 4 to 2.
    Mlp4, [2, 4, 8, 8, 4, 2]
}

/// The intermediate values of one step of [`Mlp0`]. Rows are samples.
#[derive(Debug, Clone)]
#[expect(non_snake_case, reason = "the names of the notes")]
#[allow(missing_docs, reason = "the notes' figure is the documentation: Z = A Wᵀ + b, A = ReLU(Z)")]
pub struct Mlp0Trace<'w, F> {
    pub A0: ArrayView2<'w, F>,
    pub Z0: ArrayView2<'w, F>,
    pub A1: ArrayView2<'w, F>,
    pub dLdA1: ArrayView2<'w, F>,
    pub dLdZ0: ArrayView2<'w, F>,
    pub dLdA0: ArrayView2<'w, F>,
}

impl<F: Float> Mlp0<F> {
    /// The values of the last step.
    ///
    /// # Errors
    /// If the workspace holds no full step, forward and backward with the input's gradient.
    pub fn trace<'w>(&self, ws: &'w Workspace<F>) -> Result<Mlp0Trace<'w, F>, Error> {
        self.check_owner("trace", &ws.owner)?;
        let (a, g) = (|i| ws.activation(i), |i| ws.gradient(i));
        Ok(Mlp0Trace { A0: a(0)?, Z0: a(1)?, A1: a(2)?, dLdA1: g(2)?, dLdZ0: g(1)?, dLdA0: g(0)? })
    }
}

/// The intermediate values of one step of [`Mlp1`]. Rows are samples.
#[derive(Debug, Clone)]
#[expect(non_snake_case, reason = "the names of the notes")]
#[allow(missing_docs, reason = "the notes' figure is the documentation: Z = A Wᵀ + b, A = ReLU(Z)")]
pub struct Mlp1Trace<'w, F> {
    pub A0: ArrayView2<'w, F>,
    pub Z0: ArrayView2<'w, F>,
    pub A1: ArrayView2<'w, F>,
    pub Z1: ArrayView2<'w, F>,
    pub A2: ArrayView2<'w, F>,
    pub dLdA2: ArrayView2<'w, F>,
    pub dLdZ1: ArrayView2<'w, F>,
    pub dLdA1: ArrayView2<'w, F>,
    pub dLdZ0: ArrayView2<'w, F>,
    pub dLdA0: ArrayView2<'w, F>,
}

impl<F: Float> Mlp1<F> {
    /// The values of the last step.
    ///
    /// # Errors
    /// If the workspace holds no full step, forward and backward with the input's gradient.
    pub fn trace<'w>(&self, ws: &'w Workspace<F>) -> Result<Mlp1Trace<'w, F>, Error> {
        self.check_owner("trace", &ws.owner)?;
        let (a, g) = (|i| ws.activation(i), |i| ws.gradient(i));
        Ok(Mlp1Trace {
            A0: a(0)?,
            Z0: a(1)?,
            A1: a(2)?,
            Z1: a(3)?,
            A2: a(4)?,
            dLdA2: g(4)?,
            dLdZ1: g(3)?,
            dLdA1: g(2)?,
            dLdZ0: g(1)?,
            dLdA0: g(0)?,
        })
    }
}

/// The intermediate values of one step of [`Mlp4`], as the notes' two lists of 11. Rows are samples.
#[derive(Debug, Clone)]
#[expect(non_snake_case, reason = "the names of the notes")]
pub struct Mlp4Trace<'w, F> {
    /// The input, then the output of each layer.
    pub A: Vec<ArrayView2<'w, F>>,
    /// The gradient of the loss for each of them, in the same order.
    pub dLdA: Vec<ArrayView2<'w, F>>,
}

impl<F: Float> Mlp4<F> {
    /// The values of the last step.
    ///
    /// # Errors
    /// If the workspace holds no full step, forward and backward with the input's gradient.
    pub fn trace<'w>(&self, ws: &'w Workspace<F>) -> Result<Mlp4Trace<'w, F>, Error> {
        self.check_owner("trace", &ws.owner)?;
        let entries = 0..=self.n_layers();
        Ok(Mlp4Trace {
            A: entries.clone().map(|i| ws.activation(i)).collect::<Result<_, _>>()?,
            dLdA: entries.map(|i| ws.gradient(i)).collect::<Result<_, _>>()?,
        })
    }
}
