//! Neural network layers. Each type's page has its formula, the derivation of its gradients, and
//! both passes by hand.
//!
//! The crate's one decision: **a layer owns its parameters and nothing else**. Input, output and
//! what backward needs belong to whoever runs the layer, in practice the workspace of
//! `models::Sequential`. A layer that keeps its last input, as PyTorch's and those of the course
//! notes do (see the page `course` of the crate `models`), was rejected: it cannot be shared by
//! threads, a validation pass in the wrong place changes its gradients, and its intermediate values
//! are hidden.
//!
//! To learn how backpropagation works, read [`Linear`], then [`Relu`], [`Softmax`] and
//! [`BatchNorm1d`].
//!
//! `Z[n,c]` is input feature `c` of sample `n`:
//!
//! | layer | output | parameters |
//! |---|---|---|
//! | [`Linear`] | `Σ_j A[n,j] W[i,j] + b[i]` for an input `A` | `weight (C_out, C_in)`, `bias (C_out)` |
//! | [`Identity`] | `Z` | |
//! | [`Relu`] | `max(0, Z)` | |
//! | [`LeakyRelu`] | `max(0, Z) + s min(0, Z)` | |
//! | [`PRelu`] | the same, `s` trained | `weight (1)` or `(C)` |
//! | [`Threshold`] | `Z` where `Z > θ`, `v` elsewhere | |
//! | [`Elu`] | `max(0, Z) + α (e^min(0, Z) − 1)` | |
//! | [`Celu`] | `max(0, Z) + α (e^(min(0, Z)/α) − 1)` | |
//! | [`Selu`] | ELU, scaled to keep mean 0 and variance 1 | |
//! | [`Sigmoid`] | `σ(Z) = 1/(1 + e^(−Z))` | |
//! | [`Hardsigmoid`] | `(Z + 3)/6`, not below 0 and not above 1 | |
//! | [`Tanh`] | `tanh Z` | |
//! | [`Softplus`] | `ln(1 + e^(βZ))/β` | |
//! | [`Softsign`] | `Z/(1 + \|Z\|)` | |
//! | [`Silu`] | `Z σ(Z)` | |
//! | [`Hardswish`] | `Z` times `Hardsigmoid` of `Z` | |
//! | [`Mish`] | `Z tanh(ln(1 + e^Z))` | |
//! | [`Gelu`] | `Z Φ(Z)`, or its tanh form | |
//! | [`Glu`] | `X σ(B)` of the halves `X`, `B` of a row of `Z` | |
//! | [`SwiGlu`] | `SiLU(G) X` of the halves `G`, `X` of a row of `Z` | |
//! | [`Softmax`] | `e^Z[n,c] / Σ_k e^Z[n,k]` | |
//! | [`LogSoftmax`] | `Z[n,c] − ln Σ_k e^Z[n,k]` | |
//! | [`BatchNorm1d`] | `γ (Z − μ)/√(σ² + ε) + β`, `μ` and `σ²` of each column | `weight (C)`, `bias (C)` |
//! | [`GroupNorm`] | the same, `μ` and `σ²` of each group of channels of a row | `weight (C)`, `bias (C)` |
//! | [`LayerNorm`] | the same, `μ` and `σ²` of each row | `weight (C)`, `bias (C)` |
//! | [`InstanceNorm1d`] | the same, `μ` and `σ²` of each channel of a row | on request: `weight (C)`, `bias (C)` |
//! | [`RmsNorm`] | `γ Z/√(s + ε)`, `s` the mean of `Z²` along a row | `weight (C)` |
//! | [`Dropout`] | `M Z` with a random mask `M` in training, `Z` in evaluation | |
//!
//! | to write a layer | what it is |
//! |---|---|
//! | [`Layer`] | what a layer computes: forward and backward |
//! | [`Activation`] | the short form of a layer without parameters that maps its input |
//! | [`Tensors`], [`Visitor`] | how a layer shows its parameters and buffers |
//! | [`Affine`] | the `γ` and `β` of a normalization |
//! | [`Mode`], [`Part`] | training or evaluation; a whole batch or a part of it |
//! | [`Saved`], [`Seen`], [`Scratch`] | what passes are given |

#![forbid(unsafe_code)]

mod activation;
mod affine;
mod batch_norm;
mod celu;
mod constants;
mod dropout;
mod elu;
mod extreme;
mod gelu;
mod glu;
mod group_norm;
mod groups;
mod halves;
mod hardsigmoid;
mod hardswish;
mod identity;
mod instance_norm;
mod layer;
mod layer_norm;
mod leaky_relu;
mod linear;
mod log_softmax;
mod mish;
mod prelu;
mod products;
mod relu;
mod rms_norm;
mod row_gradient;
mod sample_norm;
mod scratch;
mod selu;
mod sigmoid;
mod silu;
mod softmax;
mod softplus;
mod softsign;
mod swiglu;
mod tail;
mod tanh;
mod tensors;
mod threshold;

pub use activation::Activation;
pub use affine::Affine;
pub use batch_norm::{BatchNorm1d, BatchNorm1dCache, BatchNorm1dConfig};
pub use celu::Celu;
pub use dropout::{Dropout, DropoutCache};
pub use elu::Elu;
pub use gelu::Gelu;
pub use glu::Glu;
pub use group_norm::{GroupNorm, GroupNormConfig};
pub use hardsigmoid::Hardsigmoid;
pub use hardswish::Hardswish;
pub use identity::Identity;
pub use instance_norm::{InstanceNorm1d, InstanceNorm1dConfig};
pub use layer::{Layer, Mode, Part, Saved, Seen};
pub use layer_norm::{LayerNorm, LayerNormConfig};
pub use leaky_relu::LeakyRelu;
pub use linear::{Linear, LinearConfig};
pub use log_softmax::LogSoftmax;
pub use mish::Mish;
pub use prelu::PRelu;
pub use relu::Relu;
pub use rms_norm::{RmsNorm, RmsNormConfig};
pub use sample_norm::SampleNormCache;
pub use scratch::Scratch;
pub use selu::Selu;
pub use sigmoid::Sigmoid;
pub use silu::Silu;
pub use softmax::Softmax;
pub use softplus::Softplus;
pub use softsign::Softsign;
pub use swiglu::SwiGlu;
pub use tanh::Tanh;
pub use tensors::{Tensors, Visitor};
pub use threshold::Threshold;
