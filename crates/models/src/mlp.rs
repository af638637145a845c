//! Perceptrons in one line.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use layers::{Dropout, Layer, Linear, LinearConfig, Relu};
use tensor_core::{Error, Float, Init, Rng};

use crate::erased::ErasedLayer;
use crate::{Sequential, SequentialBuilder};

/// The description of a multilayer perceptron; [`build`](Self::build) makes the model, a
/// [`Sequential`].
///
/// With hidden layers `h`, weights `W_h (C_h, C_{h−1})`, biases `b_h` and an activation `f`,
///
/// ```text
/// A_0 = x        A_h = f(A_{h−1} W_hᵀ + b_h)        y = A_{H} W_{H+1}ᵀ + b_{H+1}
/// ```
///
/// As PyTorch users write it: `Linear, activation, Linear, activation, …, Linear`, so that the
/// weights are named `0.weight`, `2.weight`, and so on. There is no activation on the output unless
/// asked for: losses on logits want none.
///
/// What is asked for beside that stands behind each hidden Linear in the order `Linear,
/// normalization, activation, dropout`. The Linear keeps its bias, which a normalization of columns
/// takes away again, unless it is [left out](Self::without_bias).
///
/// # Shapes
/// `x (N, C_0)`, `y (N, C_{H+1})`, with `C_0 … C_{H+1}` the widths that [`new`](Self::new) is given.
///
/// # Examples
/// ```
/// use layers::{BatchNorm1d, Sigmoid, Tanh};
/// use models::{Block, Mlp};
///
/// // 64 inputs, 128 hidden units with ReLU, 10 logits.
/// let model = Mlp::<f32>::new(&[64, 128, 10]).seed(7).build()?;
/// assert_eq!(model.n_parameters(), 64 * 128 + 128 + 128 * 10 + 10);
///
/// let deep = Mlp::<f64>::new(&[64, 32, 32, 1]).activation(Tanh).output_activation(Sigmoid);
/// assert_eq!(deep.build()?.widths(), [64, 32, 32, 32, 32, 1, 1]);
///
/// // Linear, BatchNorm1d, ReLU, Dropout for each hidden block; the second one with tanh and more
/// // dropout.
/// let regularized = Mlp::<f32>::new(&[64, 128, 64, 10])
///     .normalization(BatchNorm1d::new)
///     .dropout(0.2)
///     .block(1, Block::new().activation(Tanh).dropout(0.5));
/// assert_eq!(regularized.build()?.n_layers(), 4 + 4 + 1);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Mlp<F> {
    widths: Vec<usize>,
    hidden: Block<F>,
    /// Choices of single hidden blocks, which go before those of `hidden`.
    blocks: BTreeMap<usize, Block<F>>,
    output: Block<F>,
    linear: LinearConfig,
    seed: u64,
    step: u64,
}

/// What stands behind the Linear layer of one hidden block of an [`Mlp`]: normalization, activation,
/// dropout, in this order. What it leaves open is as in the other blocks.
///
/// # Examples
/// ```
/// use layers::{Relu, Tanh};
/// use models::{Block, Mlp};
///
/// // Tanh in the first hidden block, ReLU in the second.
/// let mlp = Mlp::<f32>::new(&[4, 8, 8, 1]).block(0, Block::new().activation(Tanh)).build()?;
/// assert!(mlp.layer::<Tanh>("1").is_ok() && mlp.layer::<Relu>("3").is_ok());
/// # Ok::<(), tensor_core::Error>(())
/// ```
pub struct Block<F> {
    normalization: Option<Arc<MakeLayer<F>>>,
    activation: Option<Box<dyn ErasedLayer<F>>>,
    dropout: Option<f64>,
}

/// Makes a layer for a width, or none.
type MakeLayer<F> = dyn Fn(usize) -> Result<Option<Box<dyn ErasedLayer<F>>>, Error> + Send + Sync;

impl<F: Float> Mlp<F> {
    /// A perceptron with the given widths, from the input to the output: ReLU between its layers,
    /// none behind the last, biases, PyTorch's initial values, seed 0.
    pub fn new(widths: &[usize]) -> Self {
        Self {
            widths: widths.to_vec(),
            hidden: Block::new().activation(Relu),
            blocks: BTreeMap::new(),
            output: Block::new(),
            linear: LinearConfig::default(),
            seed: 0,
            step: 0,
        }
    }

    /// The activation behind every hidden layer: any layer that takes every width, one of your own
    /// too.
    #[must_use]
    pub fn activation(mut self, activation: impl Layer<F>) -> Self {
        self.hidden = self.hidden.activation(activation);
        self
    }

    /// A normalization behind the Linear of every hidden block, made for its width:
    /// `BatchNorm1d::new`, or any function that takes a number of features and gives a layer.
    #[must_use]
    pub fn normalization<L: Layer<F>>(
        mut self,
        make: impl Fn(usize) -> Result<L, Error> + Send + Sync + 'static,
    ) -> Self {
        self.hidden = self.hidden.normalization(make);
        self
    }

    /// Dropout at the end of every hidden block; 0 for none. Each has a seed of its own, drawn from
    /// the model's, in a stream apart: the initial values are those of the model without it.
    #[must_use]
    pub fn dropout(mut self, p: f64) -> Self {
        self.hidden = self.hidden.dropout(p);
        self
    }

    /// Other choices for hidden block `i`, counted from 0, whatever is chosen for all before or
    /// after.
    #[must_use]
    pub fn block(mut self, i: usize, block: Block<F>) -> Self {
        self.blocks.insert(i, block);
        self
    }

    /// A normalization behind the last Linear, as in the course's network without a hidden layer.
    #[must_use]
    pub fn output_normalization<L: Layer<F>>(
        mut self,
        make: impl Fn(usize) -> Result<L, Error> + Send + Sync + 'static,
    ) -> Self {
        self.output = self.output.normalization(make);
        self
    }

    /// An activation behind the last layer.
    #[must_use]
    pub fn output_activation(mut self, activation: impl Layer<F>) -> Self {
        self.output = self.output.activation(activation);
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

    /// Steps that an optimizer has made before, 0 for a new model: dropout goes on with the masks
    /// of an uninterrupted run once the saved tensors are set.
    #[must_use]
    pub fn resume_at(mut self, step: u64) -> Self {
        self.step = step;
        self
    }

    /// The model.
    ///
    /// # Errors
    /// If there are fewer than two widths, one of them is 0, a layer does not take the width in
    /// front of it or cannot be made for it, a dropout probability lies outside `[0, 1)`, or a
    /// block is described that does not exist.
    pub fn build(&self) -> Result<Sequential<F>, Error> {
        if self.widths.len() < 2 {
            return Err(Error::too_few("Mlp", "at least 2 widths", self.widths.len()));
        }
        let n_hidden = self.widths.len() - 2;
        if let Some((&found, _)) = self.blocks.range(n_hidden..).next() {
            return Err(Error::Index { place: "Mlp: hidden block".into(), len: n_hidden, found });
        }
        let mut rng = Rng::new(self.seed);
        let mut mask_seeds = Rng::with_stream(self.seed, 1);
        let mut model = Sequential::builder(self.widths[0]);
        for (i, pair) in self.widths.windows(2).enumerate() {
            let linear = Linear::with_config(pair[0], pair[1], self.linear, &mut rng);
            model = model
                .push(linear.map_err(|e| e.within(&format!("Mlp: widths {i} and {}", i + 1)))?);
            let block = match self.blocks.get(&i) {
                Some(block) => block.or(&self.hidden),
                None if i < n_hidden => self.hidden.clone(),
                None => self.output.clone(),
            };
            // Drawn for every block: dropout in one does not change the masks of another.
            let mask_seed = mask_seeds.next_u64();
            model = block
                .push_onto(model, pair[1], [mask_seed, self.step])
                .map_err(|e| e.within(&format!("Mlp: block {i}")))?;
        }
        model.build()
    }
}

impl<F: Float> Block<F> {
    /// A block like the others.
    pub fn new() -> Self {
        Self { normalization: None, activation: None, dropout: None }
    }

    /// Its normalization, made for its width.
    #[must_use]
    pub fn normalization<L: Layer<F>>(
        mut self,
        make: impl Fn(usize) -> Result<L, Error> + Send + Sync + 'static,
    ) -> Self {
        self.normalization = Some(Arc::new(move |features| {
            make(features).map(|layer| -> Option<Box<dyn ErasedLayer<F>>> { Some(Box::new(layer)) })
        }));
        self
    }

    /// No normalization, though the other blocks have one.
    #[must_use]
    pub fn without_normalization(mut self) -> Self {
        self.normalization = Some(Arc::new(|_| Ok(None)));
        self
    }

    /// Its activation.
    #[must_use]
    pub fn activation(mut self, activation: impl Layer<F>) -> Self {
        self.activation = Some(Box::new(activation));
        self
    }

    /// The probability of its dropout; 0 for none.
    #[must_use]
    pub fn dropout(mut self, p: f64) -> Self {
        self.dropout = Some(p);
        self
    }

    /// This block, with what it leaves open taken from `other`.
    fn or(&self, other: &Self) -> Self {
        let (own, other) = (self.clone(), other.clone());
        Self {
            normalization: own.normalization.or(other.normalization),
            activation: own.activation.or(other.activation),
            dropout: own.dropout.or(other.dropout),
        }
    }

    fn push_onto(
        self,
        mut model: SequentialBuilder<F>,
        width: usize,
        [mask_seed, step]: [u64; 2],
    ) -> Result<SequentialBuilder<F>, Error> {
        if let Some(make) = self.normalization
            && let Some(layer) = make(width)?
        {
            model = model.push_boxed(layer);
        }
        if let Some(layer) = self.activation {
            model = model.push_boxed(layer);
        }
        if let Some(p) = self.dropout.filter(|&p| p != 0.0) {
            model = model.push(Dropout::new(p, mask_seed)?.with_step(step));
        }
        Ok(model)
    }
}

impl<F: Float> Clone for Mlp<F> {
    fn clone(&self) -> Self {
        Self {
            widths: self.widths.clone(),
            hidden: self.hidden.clone(),
            blocks: self.blocks.clone(),
            output: self.output.clone(),
            ..*self
        }
    }
}

impl<F: Float> Default for Block<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Float> Clone for Block<F> {
    fn clone(&self) -> Self {
        Self {
            normalization: self.normalization.clone(),
            activation: self.activation.as_ref().map(|layer| layer.boxed_clone()),
            dropout: self.dropout,
        }
    }
}

impl<F> fmt::Debug for Block<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block")
            .field("normalization", &self.normalization.is_some())
            .field("activation", &self.activation)
            .field("dropout", &self.dropout)
            .finish()
    }
}
