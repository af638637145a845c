//! The matrix products of a workload's step, by themselves.

use ndarray::{Array1, Array2};
use tensor_core::{gemm, gemm_row};

use crate::data::uniform;
use crate::workloads::Workload;

/// The products of one linear layer.
pub(crate) struct Products {
    x: Array2<f32>,
    w: Array2<f32>,
    b: Array1<f32>,
    y: Array2<f32>,
    dw: Array2<f32>,
    /// The gradient of the input, which nobody reads in front of the first layer.
    dx: Option<Array2<f32>>,
    trains: bool,
}

impl Products {
    /// Those of every linear layer, in order.
    pub(crate) fn of(workload: &Workload) -> Vec<Self> {
        let (n, trains) = (workload.batch, workload.loss != "none");
        let pairs = workload.widths.windows(2).enumerate();
        let layer = |(i, pair): (usize, &[usize])| Self {
            x: Array2::from_shape_simple_fn((n, pair[0]), uniform(1)),
            w: Array2::from_shape_simple_fn((pair[1], pair[0]), uniform(2)),
            b: Array1::from_shape_simple_fn(pair[1], uniform(3)),
            y: Array2::from_shape_simple_fn((n, pair[1]), uniform(4)),
            dw: Array2::zeros((pair[1], pair[0])),
            dx: (trains && i > 0).then(|| Array2::zeros((n, pair[0]))),
            trains,
        };
        pairs.map(layer).collect()
    }

    /// `Y = X Wᵀ + b`.
    pub(crate) fn forward(&mut self) {
        gemm_row(&self.x, &self.w.t(), &self.b, &mut self.y);
    }

    /// `dLdW = dLdYᵀ X` and `dLdX = dLdY W`, as far as they are wanted.
    pub(crate) fn backward(&mut self) {
        if self.trains {
            gemm(1.0, &self.y.t(), &self.x, 0.0, &mut self.dw);
        }
        if let Some(dx) = &mut self.dx {
            gemm(1.0, &self.y, &self.w, 0.0, dx);
        }
    }
}
