//! A multilayer perceptron: Linear layers with an activation between them.
//!
//! ```
//! use models::{Activation, Mlp};
//!
//! // 64 inputs, 128 hidden units with ReLU, 10 logits.
//! let model = Mlp::new(&[64, 128, 10]).seed(7).build::<f32>()?;
//! assert_eq!(model.n_parameters(), 64 * 128 + 128 + 128 * 10 + 10);
//!
//! let deep = Mlp::new(&[64, 32, 32, 1]).activation(Activation::Tanh).output_activation(Activation::Sigmoid);
//! assert_eq!(deep.build::<f64>()?.widths(), [64, 32, 32, 32, 32, 1, 1]);
//! # Ok::<(), tensor_core::Error>(())
//! ```

use layers::{
    Elu, Gelu, Identity, LeakyRelu, Linear, LinearConfig, LogSoftmax, Relu, Selu, Sigmoid, Silu,
    Softmax, Softplus, Tanh,
};
use tensor_core::{Error, Float, Init, Rng};

use crate::{Sequential, SequentialBuilder};

/// The description of a multilayer perceptron; [`build`](Self::build) makes the model.
///
/// As PyTorch users write it: `Linear, activation, Linear, activation, …, Linear`, so that the weights are named `0.weight`,
/// `2.weight`, and so on. There is no activation on the output unless asked for: losses on logits want none.
#[derive(Debug, Clone, PartialEq)]
pub struct Mlp {
    widths: Vec<usize>,
    hidden: Activation,
    output: Option<Activation>,
    linear: LinearConfig,
    seed: u64,
}

/// An activation by name, for [`Mlp`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// [`Identity`]
    Identity,
    /// [`Relu`]
    Relu,
    /// [`LeakyRelu`]
    LeakyRelu(LeakyRelu),
    /// [`Elu`]
    Elu(Elu),
    /// [`Selu`]
    Selu,
    /// [`Sigmoid`]
    Sigmoid,
    /// [`Tanh`]
    Tanh,
    /// [`Softplus`]
    Softplus(Softplus),
    /// [`Silu`]
    Silu,
    /// [`Gelu`]
    Gelu(Gelu),
    /// [`Softmax`]
    Softmax,
    /// [`LogSoftmax`]
    LogSoftmax,
}

impl Activation {
    fn push_onto<F: Float>(self, model: SequentialBuilder<F>) -> SequentialBuilder<F> {
        match self {
            Self::Identity => model.push(Identity),
            Self::Relu => model.push(Relu),
            Self::LeakyRelu(layer) => model.push(layer),
            Self::Elu(layer) => model.push(layer),
            Self::Selu => model.push(Selu),
            Self::Sigmoid => model.push(Sigmoid),
            Self::Tanh => model.push(Tanh),
            Self::Softplus(layer) => model.push(layer),
            Self::Silu => model.push(Silu),
            Self::Gelu(layer) => model.push(layer),
            Self::Softmax => model.push(Softmax),
            Self::LogSoftmax => model.push(LogSoftmax),
        }
    }
}

impl Mlp {
    /// A perceptron with the given widths, from the input to the output: ReLU between its layers, none behind the last,
    /// biases, PyTorch's initial values, seed 0.
    pub fn new(widths: &[usize]) -> Self {
        Self {
            widths: widths.to_vec(),
            hidden: Activation::Relu,
            output: None,
            linear: LinearConfig::default(),
            seed: 0,
        }
    }

    /// The activation behind every hidden layer.
    #[must_use]
    pub fn activation(mut self, activation: Activation) -> Self {
        self.hidden = activation;
        self
    }

    /// An activation behind the last layer.
    #[must_use]
    pub fn output_activation(mut self, activation: Activation) -> Self {
        self.output = Some(activation);
        self
    }

    /// Bias and initial values of every Linear layer.
    #[must_use]
    pub fn linear(mut self, config: LinearConfig) -> Self {
        self.linear = config;
        self
    }

    /// How weights and biases are filled.
    #[must_use]
    pub fn init(mut self, init: Init) -> Self {
        self.linear.init = init;
        self
    }

    /// The seed of the initial values. The same one gives the same bits on every platform.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The model.
    ///
    /// # Errors
    /// If there are fewer than two widths, or one of them is 0.
    pub fn build<F: Float>(&self) -> Result<Sequential<F>, Error> {
        if self.widths.len() < 2 {
            return Err(Error::too_few("Mlp", "at least 2 widths", self.widths.len()));
        }
        let mut rng = Rng::new(self.seed);
        let mut model = Sequential::builder(self.widths[0]);
        let n_linear = self.widths.len() - 1;
        for (i, pair) in self.widths.windows(2).enumerate() {
            let linear = Linear::with_config(pair[0], pair[1], self.linear, &mut rng);
            model = model
                .push(linear.map_err(|e| e.within(&format!("Mlp: width {} and {}", i, i + 1)))?);
            let activation = if i + 1 < n_linear { Some(self.hidden) } else { self.output };
            if let Some(activation) = activation {
                model = activation.push_onto(model);
            }
        }
        model.build()
    }
}
