//! The formulas written down once more, without a library: plain loops around ndarray's matrix
//! product, buffers made once.
//!
//! Nobody has made it fast, so that it shows what a library adds or costs. In `f64` it is the
//! reference for the losses.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, Axis, NdFloat, Slice};
use peer_common::{
    ADAM_EPS, BETAS, EPS, Failure, Layer, Loss, MOMENTUM, NORM_MOMENTUM, Optimizer, Program,
    Workload,
};

/// A workload in plain loops.
pub(crate) struct Naive<T> {
    x: Array2<T>,
    targets: Array2<T>,
    labels: Vec<usize>,
    layers: Vec<Dense<T>>,
    /// A gathered batch and its classes.
    batch: Array2<T>,
    batch_labels: Vec<usize>,
    kind: Loss,
    optimizer: Optimizer,
    t: i32,
    loss: T,
}

/// A parameter, its gradient and the optimizer's state; vectors are matrices of one
/// row.
struct Param<T> {
    value: Array2<T>,
    grad: Array2<T>,
    m: Array2<T>,
    v: Array2<T>,
}

struct Dense<T> {
    weight: Param<T>,
    bias: Param<T>,
    norm: Option<BatchNorm<T>>,
    relu: bool,
    /// Its output and the loss's gradient for it.
    y: Array2<T>,
    dy: Array2<T>,
}

struct BatchNorm<T> {
    gamma: Param<T>,
    beta: Param<T>,
    running_mean: Array2<T>,
    running_var: Array2<T>,
    /// `1/√(σ² + ε)` and the normalized values of the last pass.
    inv_std: Vec<T>,
    normalized: Array2<T>,
}

fn of<T: NdFloat>(value: f64) -> T {
    T::from(value).unwrap_or_else(T::nan)
}

fn matrix<T: NdFloat>(rows: usize, values: &[f32]) -> Result<Array2<T>, Failure> {
    let values: Vec<T> = values.iter().map(|&v| of(f64::from(v))).collect();
    Ok(Array2::from_shape_vec((rows, values.len() / rows), values)?)
}

impl<T: NdFloat> Param<T> {
    fn new(rows: usize, values: &[f32]) -> Result<Self, Failure> {
        let value = matrix(rows, values)?;
        let zeros = || Array2::zeros(value.dim());
        Ok(Self { grad: zeros(), m: zeros(), v: zeros(), value })
    }

    fn update(&mut self, optimizer: Optimizer, t: i32) {
        let states = self.m.iter_mut().zip(self.v.iter_mut());
        let each = self.value.iter_mut().zip(&self.grad).zip(states);
        match optimizer {
            Optimizer::None => {}
            Optimizer::Sgd { lr } => {
                let (lr, momentum) = (of::<T>(lr), of::<T>(MOMENTUM));
                for ((w, &g), (v, _)) in each {
                    *v = momentum * *v + g;
                    *w -= lr * *v;
                }
            }
            Optimizer::Adam { lr } => {
                let (one, eps) = (T::one(), of::<T>(ADAM_EPS));
                let (beta1, beta2) = (of::<T>(BETAS.0), of::<T>(BETAS.1));
                let rate = of::<T>(lr / (1.0 - BETAS.0.powi(t)));
                let root = of::<T>((1.0 - BETAS.1.powi(t)).sqrt());
                for ((w, &g), (m, v)) in each {
                    *m = beta1 * *m + (one - beta1) * g;
                    *v = beta2 * *v + (one - beta2) * g * g;
                    *w -= rate * *m / (v.sqrt() / root + eps);
                }
            }
        }
    }
}

impl<T: NdFloat> BatchNorm<T> {
    fn forward(&mut self, y: &mut Array2<T>, n: usize, training: bool) {
        let count = of::<T>(n as f64);
        let eps = of::<T>(EPS);
        for c in 0..y.ncols() {
            let (mean, var) = if training {
                let column = || (0..n).map(|r| y[[r, c]]);
                let mean = column().fold(T::zero(), |sum, v| sum + v) / count;
                let var = column().fold(T::zero(), |sum, v| sum + (v - mean) * (v - mean)) / count;
                let momentum = of::<T>(NORM_MOMENTUM);
                let blend = |old: T, new: T| (T::one() - momentum) * old + momentum * new;
                self.running_mean[[0, c]] = blend(self.running_mean[[0, c]], mean);
                let unbiased = var * count / (count - T::one());
                self.running_var[[0, c]] = blend(self.running_var[[0, c]], unbiased);
                (mean, var)
            } else {
                (self.running_mean[[0, c]], self.running_var[[0, c]])
            };
            self.inv_std[c] = (var + eps).sqrt().recip();
            for r in 0..n {
                let normalized = (y[[r, c]] - mean) * self.inv_std[c];
                self.normalized[[r, c]] = normalized;
                y[[r, c]] = self.gamma.value[[0, c]] * normalized + self.beta.value[[0, c]];
            }
        }
    }

    /// Turns the gradient of the output into that of the input.
    fn backward(&mut self, dy: &mut Array2<T>, n: usize) {
        let count = of::<T>(n as f64);
        for c in 0..dy.ncols() {
            let (mut d_beta, mut d_gamma) = (T::zero(), T::zero());
            for r in 0..n {
                d_beta += dy[[r, c]];
                d_gamma += dy[[r, c]] * self.normalized[[r, c]];
            }
            let scale = self.gamma.value[[0, c]] * self.inv_std[c];
            for r in 0..n {
                let common = d_beta / count + self.normalized[[r, c]] * d_gamma / count;
                dy[[r, c]] = scale * (dy[[r, c]] - common);
            }
            self.beta.grad[[0, c]] = d_beta;
            self.gamma.grad[[0, c]] = d_gamma;
        }
    }
}

impl<T: NdFloat> Dense<T> {
    fn new(layer: &Layer, batch: usize, relu: bool) -> Result<Self, Failure> {
        let buffer = || Array2::zeros((batch, layer.n_out));
        let norm = match &layer.norm {
            None => None,
            Some(norm) => Some(BatchNorm {
                gamma: Param::new(1, &norm.weight)?,
                beta: Param::new(1, &norm.bias)?,
                running_mean: matrix(1, &norm.running_mean)?,
                running_var: matrix(1, &norm.running_var)?,
                inv_std: vec![T::zero(); layer.n_out],
                normalized: buffer(),
            }),
        };
        Ok(Self {
            weight: Param::new(layer.n_out, &layer.weight)?,
            bias: Param::new(1, &layer.bias)?,
            norm,
            relu,
            y: buffer(),
            dy: buffer(),
        })
    }

    fn forward(&mut self, x: &ArrayView2<'_, T>, training: bool) {
        let n = x.nrows();
        let mut y = self.y.slice_axis_mut(Axis(0), Slice::from(..n));
        general_mat_mul(T::one(), x, &self.weight.value.t(), T::zero(), &mut y);
        y += &self.bias.value;
        if let Some(norm) = &mut self.norm {
            norm.forward(&mut self.y, n, training);
        }
        if self.relu {
            self.y.map_inplace(|y| *y = y.max(T::zero()));
        }
    }

    fn backward(&mut self, x: &ArrayView2<'_, T>, dx: Option<&mut Array2<T>>) {
        let n = x.nrows();
        if self.relu {
            self.dy.zip_mut_with(&self.y, |dy, &y| {
                if y <= T::zero() {
                    *dy = T::zero();
                }
            });
        }
        if let Some(norm) = &mut self.norm {
            norm.backward(&mut self.dy, n);
        }
        let dy = first(&self.dy, n);
        general_mat_mul(T::one(), &dy.t(), x, T::zero(), &mut self.weight.grad);
        self.bias.grad.fill(T::zero());
        for row in dy.rows() {
            self.bias.grad += &row;
        }
        if let Some(dx) = dx {
            let mut dx = dx.slice_axis_mut(Axis(0), Slice::from(..n));
            general_mat_mul(T::one(), &dy, &self.weight.value, T::zero(), &mut dx);
        }
    }
}

fn first<T>(buffer: &Array2<T>, n: usize) -> ArrayView2<'_, T> {
    buffer.slice_axis(Axis(0), Slice::from(..n))
}

impl<T: NdFloat> Naive<T> {
    /// Makes the buffers.
    ///
    /// # Errors
    /// If the workload's numbers do not fill its shapes.
    pub(crate) fn new(workload: &Workload) -> Result<Self, Failure> {
        let n_layers = workload.layers.len();
        let layers = workload.layers.iter().enumerate().map(|(i, layer)| {
            Dense::new(layer, workload.batch, i + 1 < n_layers || workload.relu_last)
        });
        Ok(Self {
            x: matrix(workload.rows, &workload.x)?,
            targets: matrix(workload.rows, &workload.targets)?,
            labels: workload.labels.clone(),
            layers: layers.collect::<Result<_, _>>()?,
            batch: Array2::zeros((workload.batch, workload.widths[0])),
            batch_labels: Vec::new(),
            kind: workload.loss,
            optimizer: workload.optimizer,
            t: 0,
            loss: T::zero(),
        })
    }

    /// The gradient of the loss for the last layer's output, and the loss.
    fn criterion(&mut self, n: usize, gathered: bool) {
        let Some(last) = self.layers.last_mut() else { return };
        let (y, dy) = (&last.y, &mut last.dy);
        let labels = if gathered { &self.batch_labels } else { &self.labels };
        let mut loss = T::zero();
        match self.kind {
            Loss::None => loss = y.iter().fold(loss, |sum, &y| sum + y * y) / of(y.len() as f64),
            Loss::Mse => {
                let count = of::<T>(y.len() as f64);
                for ((dy, &y), &target) in dy.iter_mut().zip(y).zip(&self.targets) {
                    loss += (y - target) * (y - target) / count;
                    *dy = of::<T>(2.0) * (y - target) / count;
                }
            }
            Loss::CrossEntropy => {
                let count = of::<T>(n as f64);
                for ((mut dy, y), &label) in dy.rows_mut().into_iter().zip(y.rows()).zip(labels) {
                    let top = y.fold(T::neg_infinity(), |top, &y| top.max(y));
                    dy.zip_mut_with(&y, |dy, &y| *dy = (y - top).exp());
                    let sum = dy.sum();
                    loss += (sum.ln() - (y[label] - top)) / count;
                    dy.map_inplace(|dy| *dy = *dy / sum / count);
                    dy[label] -= count.recip();
                }
            }
        }
        self.loss = loss;
    }

    fn run(&mut self, n: usize, gathered: bool) {
        let training = self.kind != Loss::None;
        let x = first(if gathered { &self.batch } else { &self.x }, n);
        for i in 0..self.layers.len() {
            let (before, after) = self.layers.split_at_mut(i);
            let x = before.last().map_or(x, |layer| first(&layer.y, n));
            after[0].forward(&x, training);
        }
        if !training {
            return;
        }
        self.criterion(n, gathered);
        let x = first(if gathered { &self.batch } else { &self.x }, n);
        for i in (0..self.layers.len()).rev() {
            let (before, after) = self.layers.split_at_mut(i);
            match before.last_mut() {
                Some(layer) => after[0].backward(&first(&layer.y, n), Some(&mut layer.dy)),
                None => after[0].backward(&x, None),
            }
        }
        self.t += 1;
        for layer in &mut self.layers {
            layer.weight.update(self.optimizer, self.t);
            layer.bias.update(self.optimizer, self.t);
            if let Some(norm) = &mut layer.norm {
                norm.gamma.update(self.optimizer, self.t);
                norm.beta.update(self.optimizer, self.t);
            }
        }
    }
}

impl<T: NdFloat> Program for Naive<T> {
    fn step(&mut self) -> Result<(), Failure> {
        self.run(self.x.nrows(), false);
        Ok(())
    }

    fn step_rows(&mut self, rows: &[usize]) -> Result<(), Failure> {
        for (mut to, &from) in self.batch.rows_mut().into_iter().zip(rows) {
            to.assign(&self.x.row(from));
        }
        self.batch_labels.clear();
        self.batch_labels.extend(rows.iter().map(|&row| self.labels[row]));
        self.run(rows.len(), true);
        Ok(())
    }

    fn loss(&mut self) -> Result<f32, Failure> {
        if self.kind == Loss::None {
            self.criterion(self.x.nrows(), false);
        }
        Ok(self.loss.to_f32().unwrap_or(f32::NAN))
    }
}
