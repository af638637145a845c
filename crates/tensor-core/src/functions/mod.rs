//! Functions of numbers and of rows, right far from zero.
//!
//! | item | what it computes |
//! |---|---|
//! | [`exp`], [`exp_m1`], [`ln`], [`ln_1p`] | exponential and logarithm that run in vectors (crate `kernels`) |
//! | [`sigmoid`], [`sigmoid_derivative`], [`tanh`], [`softplus`] | what activations and losses are made of |
//! | [`sign`], [`product_or_zero`] | derivatives at corners, products whose limit is 0 |
//! | [`normal`] | the normal distribution function and its density |
//! | [`exponentials`] | `e^(x − max)` along rows |
//! | [`softmax`], [`log_softmax`] | softmax along rows and its logarithm |

mod softmax;

pub use kernels::exponential::{exp, exp_m1};
pub use kernels::exponentials;
pub use kernels::logarithm::{ln, ln_1p};
pub use kernels::normal;
pub use kernels::special::{product_or_zero, sigmoid, sigmoid_derivative, sign, softplus, tanh};
pub use softmax::{log_softmax, softmax};
