//! What is compared: networks of fully connected layers from a few weights to some millions.

/// A network and what is done with it.
pub(crate) struct Workload {
    /// `W1` to `W6`.
    pub(crate) name: &'static str,
    /// In the table.
    pub(crate) description: &'static str,
    /// From the input to the output.
    pub(crate) widths: &'static [usize],
    /// Rows of a step.
    pub(crate) batch: usize,
    /// Rows of the data.
    pub(crate) rows: usize,
    /// Batch normalization behind every linear layer but the last, in front of the ReLU.
    pub(crate) norm: bool,
    /// A ReLU behind the last layer, too.
    pub(crate) relu_last: bool,
    /// `mse`, `cross-entropy` or `none`, for inference.
    pub(crate) loss: &'static str,
    /// `sgd`, with momentum 0.9, `adam` or `none`.
    pub(crate) optimizer: &'static str,
    /// Learning rate.
    pub(crate) lr: f64,
}

impl Workload {
    /// Whether what is timed is an epoch: every row once, gathered into batches, in an order that
    /// is part of the data.
    pub(crate) fn is_epoch(&self) -> bool {
        self.rows > self.batch
    }
}

const CLASSIFIER: &[usize] = &[784, 512, 256, 10];

const INFERENCE: Workload = Workload {
    name: "W5a",
    description: "W3's model, inference, 1 row",
    widths: CLASSIFIER,
    batch: 1,
    rows: 1,
    norm: true,
    relu_last: false,
    loss: "none",
    optimizer: "none",
    lr: 0.0,
};

/// All of them.
pub(crate) const WORKLOADS: [Workload; 7] = [
    Workload {
        name: "W1",
        description: "2-4-8-8-4-2, batch 4, MSE, SGD",
        widths: &[2, 4, 8, 8, 4, 2],
        batch: 4,
        rows: 4,
        norm: false,
        relu_last: true,
        loss: "mse",
        optimizer: "sgd",
        lr: 0.01,
    },
    Workload {
        name: "W2",
        description: "64-128-10, batch 32, cross-entropy, SGD",
        widths: &[64, 128, 10],
        batch: 32,
        rows: 32,
        norm: false,
        relu_last: false,
        loss: "cross-entropy",
        optimizer: "sgd",
        lr: 0.01,
    },
    Workload {
        name: "W3",
        description: "784-512-256-10 with BatchNorm, batch 128, cross-entropy, SGD",
        widths: CLASSIFIER,
        batch: 128,
        rows: 128,
        norm: true,
        relu_last: false,
        loss: "cross-entropy",
        optimizer: "sgd",
        lr: 0.01,
    },
    Workload {
        name: "W4",
        description: "1024-2048-2048-1024, batch 256, MSE, Adam",
        widths: &[1024, 2048, 2048, 1024],
        batch: 256,
        rows: 256,
        norm: false,
        relu_last: false,
        loss: "mse",
        optimizer: "adam",
        lr: 1e-3,
    },
    INFERENCE,
    Workload {
        name: "W5b",
        description: "W3's model, inference, 256 rows",
        batch: 256,
        rows: 256,
        ..INFERENCE
    },
    Workload {
        name: "W6",
        description: "an epoch of 60,000 rows, 784-256-128-10, batch 128, cross-entropy, Adam",
        widths: &[784, 256, 128, 10],
        batch: 128,
        rows: 60_000,
        norm: false,
        relu_last: false,
        loss: "cross-entropy",
        optimizer: "adam",
        lr: 1e-3,
    },
];

/// Their names.
pub(crate) fn names() -> Vec<&'static str> {
    WORKLOADS.iter().map(|workload| workload.name).collect()
}
