//! Models made of layers, and the workspace in which a pass leaves every intermediate value.
//!
//! The crate's one decision: **the model is data, a run has a workspace**. [`Sequential`] holds
//! parameters and buffers, is read through `&self` by as many threads as like, and nothing hidden
//! inside it changes. [`Workspace`] holds all that one pass writes. The course's debug flag, which
//! keeps intermediate values in the model on request, was rejected: it is a second code path, and a
//! model that keeps its last batch cannot be shared. Here the trace is always there and costs
//! nothing, because it *is* the memory that the pass works in.
//!
//! | item | what it is |
//! |---|---|
//! | [`Sequential`] | layers one after the other, `A[i+1] = layer_i(A[i])`; itself a layer |
//! | [`Residual`] | `x + f(x)` |
//! | [`Branches`] | layers beside each other, each on a range of columns |
//! | [`Workspace`] | all that a pass writes: activations, gradients, what layers keep |
//! | [`Scratch`] | memory for inference alone |
//! | [`Mlp`], [`Block`] | a perceptron in one line |
//! | [`Averaged`] | an average of the weights that a training passes through: EMA, SWA |
//! | [`course`] | the course's [`Mlp0`], [`Mlp1`], [`Mlp4`], with the names of its notes |
//!
//! ```
//! use layers::Mode;
//! use models::Mlp;
//! use ndarray::array;
//!
//! let model = Mlp::<f64>::new(&[2, 3, 1]).seed(1).build()?;
//! let mut ws = model.workspace(4)?; // for batches of up to 4 rows
//! model.forward(&array![[1.0, -2.0]], &mut ws, Mode::Train)?;
//!
//! // Layer 0 is Linear, layer 1 is Relu: its output is the positive part of its input.
//! let (z, a) = (ws.activation(1)?, ws.activation(2)?);
//! assert_eq!(a, z.mapv(|z| z.max(0.0)));
//! # Ok::<(), tensor_core::Error>(())
//! ```

#![forbid(unsafe_code)]

mod access;
mod averaged;
mod branches;
mod by_hand;
pub mod course;
mod erased;
mod mlp;
mod names;
mod passes;
mod residual;
mod rows;
mod sequential;
mod slot;
mod stack;
mod stage;
mod tensors;
mod unwritten;
mod workspace;

pub use averaged::{Average, Averaged, AveragedConfig};
pub use branches::{Branches, BranchesBuilder, BranchesCache};
pub use course::{Mlp0, Mlp0Trace, Mlp1, Mlp1Trace, Mlp4, Mlp4Trace};
pub use mlp::{Block, Mlp};
pub use residual::{Residual, ResidualCache};
pub use sequential::{Sequential, SequentialBuilder};
pub use stack::SequentialCache;
pub use workspace::{Scratch, Workspace};
