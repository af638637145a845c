//! Update rules over parameter slices.
//!
//! The crate's one decision: **a rule sees `(&mut [F], &[F])` and nothing else**, one pair after the other, in the order in
//! which a model shows them. Rules that walk over layers, as the course's SGD does, were rejected: they fail on a layer
//! without a weight and forget the ones they do not know.
//!
//! ```
//! use optim::{Optimizer, Sgd, SgdConfig};
//! # use tensor_core::{Error, Parameter, Role, Trainable};
//! # struct Line(f64);
//! # impl Trainable<f64> for Line {
//! #     type Workspace = f64;
//! #     fn parameters(&mut self, g: &mut f64, visit: &mut dyn FnMut(Parameter<'_, f64>)) -> Result<(), Error> {
//! #         visit(Parameter::new("slope", Role::Weight, std::slice::from_mut(&mut self.0), std::slice::from_mut(g)));
//! #         Ok(())
//! #     }
//! # }
//! # let (mut model, mut workspace) = (Line(1.0), 0.5);
//!
//! let mut sgd = Sgd::new(SgdConfig { lr: 0.1, momentum: 0.9, ..SgdConfig::default() })?;
//! sgd.step(&mut model, &mut workspace)?; // after forward and backward
//! assert_eq!(model.0, 0.95);
//! # Ok::<(), Error>(())
//! ```

mod optimizer;
mod sgd;
mod state;

pub use optimizer::Optimizer;
pub use sgd::{Sgd, SgdConfig};
