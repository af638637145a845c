//! A multilayer perceptron: Linear layers with an activation between them.
//!
//! ```
//! use layers::{Sigmoid, Tanh};
//! use models::Mlp;
//!
//! // 64 inputs, 128 hidden units with ReLU, 10 logits.
//! let model = Mlp::<f32>::new(&[64, 128, 10]).seed(7).build()?;
//! assert_eq!(model.n_parameters(), 64 * 128 + 128 + 128 * 10 + 10);
//!
//! let deep = Mlp::<f64>::new(&[64, 32, 32, 1]).activation(Tanh).output_activation(Sigmoid);
//! assert_eq!(deep.build()?.widths(), [64, 32, 32, 32, 32, 1, 1]);
//! # Ok::<(), tensor_core::Error>(())
//! ```

use layers::{Layer, Linear, LinearConfig, Relu};
use tensor_core::{Error, Float, Init, Rng};

use crate::Sequential;
use crate::erased::ErasedLayer;

/// The description of a multilayer perceptron; [`build`](Self::build) makes the model.
///
/// As PyTorch users write it: `Linear, activation, Linear, activation, …, Linear`, so that the weights are named `0.weight`,
/// `2.weight`, and so on. There is no activation on the output unless asked for: losses on logits want none.
#[derive(Debug)]
pub struct Mlp<F> {
    widths: Vec<usize>,
    hidden: Box<dyn ErasedLayer<F>>,
    output: Option<Box<dyn ErasedLayer<F>>>,
    linear: LinearConfig,
    seed: u64,
}

impl<F: Float> Mlp<F> {
    /// A perceptron with the given widths, from the input to the output: ReLU between its layers, none behind the last,
    /// biases, PyTorch's initial values, seed 0.
    pub fn new(widths: &[usize]) -> Self {
        Self {
            widths: widths.to_vec(),
            hidden: Box::new(Relu),
            output: None,
            linear: LinearConfig::default(),
            seed: 0,
        }
    }

    /// The activation behind every hidden layer: any layer that takes every width, one of your own too.
    #[must_use]
    pub fn activation(mut self, activation: impl Layer<F>) -> Self {
        self.hidden = Box::new(activation);
        self
    }

    /// An activation behind the last layer.
    #[must_use]
    pub fn output_activation(mut self, activation: impl Layer<F>) -> Self {
        self.output = Some(Box::new(activation));
        self
    }

    /// Leaves the bias of every Linear layer out.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        self.linear.bias = false;
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
    /// If there are fewer than two widths, one of them is 0, or an activation does not take the width in front of it.
    pub fn build(&self) -> Result<Sequential<F>, Error> {
        if self.widths.len() < 2 {
            return Err(Error::too_few("Mlp", "at least 2 widths", self.widths.len()));
        }
        let mut rng = Rng::new(self.seed);
        let mut model = Sequential::builder(self.widths[0]);
        let n_linear = self.widths.len() - 1;
        for (i, pair) in self.widths.windows(2).enumerate() {
            let linear = Linear::with_config(pair[0], pair[1], self.linear, &mut rng);
            model = model
                .push(linear.map_err(|e| e.within(&format!("Mlp: widths {i} and {}", i + 1)))?);
            let activation =
                if i + 1 < n_linear { Some(&self.hidden) } else { self.output.as_ref() };
            if let Some(activation) = activation {
                model = model.push_boxed(activation.boxed_clone());
            }
        }
        model.build()
    }
}

impl<F: Float> Clone for Mlp<F> {
    fn clone(&self) -> Self {
        Self {
            widths: self.widths.clone(),
            hidden: self.hidden.boxed_clone(),
            output: self.output.as_ref().map(|layer| layer.boxed_clone()),
            ..*self
        }
    }
}
