//! W1 written down for its very shapes, as somebody would who needs this one network and no
//! library: arrays of fixed size on the stack of one struct, plain loops, nothing looked up or
//! checked. A floor for what a call costs.

use peer_common::{Failure, Loss, MOMENTUM, Optimizer, Program, Workload};

/// Rows of a step.
const N: usize = 4;

/// `N` rows of `C` values.
type Rows<const C: usize> = [[f32; C]; N];

/// `A = max(0, X Wᵀ + b)`, its gradients, and the velocities of its parameters.
struct Dense<const I: usize, const O: usize> {
    weight: [[f32; I]; O],
    bias: [f32; O],
    d_weight: [[f32; I]; O],
    d_bias: [f32; O],
    v_weight: [[f32; I]; O],
    v_bias: [f32; O],
    a: Rows<O>,
    da: Rows<O>,
}

impl<const I: usize, const O: usize> Dense<I, O> {
    fn new(workload: &Workload, layer: usize) -> Result<Self, Failure> {
        let layer = workload.layers.get(layer).ok_or("a layer is missing")?;
        Ok(Self {
            weight: rows(&layer.weight)?,
            bias: layer.bias.as_slice().try_into()?,
            d_weight: [[0.0; I]; O],
            d_bias: [0.0; O],
            v_weight: [[0.0; I]; O],
            v_bias: [0.0; O],
            a: [[0.0; O]; N],
            da: [[0.0; O]; N],
        })
    }

    fn forward(&mut self, x: &Rows<I>) {
        for (a, x) in self.a.iter_mut().zip(x) {
            for ((a, weight), &bias) in a.iter_mut().zip(&self.weight).zip(&self.bias) {
                let z = x.iter().zip(weight).fold(bias, |z, (x, w)| z + x * w);
                *a = if z <= 0.0 { 0.0 } else { z };
            }
        }
    }

    /// Turns `da` into the gradients of the parameters and, if it is asked for, of the input.
    fn backward(&mut self, x: &Rows<I>, dx: Option<&mut Rows<I>>) {
        for (da, a) in self.da.as_flattened_mut().iter_mut().zip(self.a.as_flattened()) {
            if *a <= 0.0 {
                *da = 0.0;
            }
        }
        (self.d_weight, self.d_bias) = ([[0.0; I]; O], [0.0; O]);
        for (dz, x) in self.da.iter().zip(x) {
            for ((dz, d_weight), d_bias) in
                dz.iter().zip(&mut self.d_weight).zip(&mut self.d_bias)
            {
                *d_bias += dz;
                for (dw, x) in d_weight.iter_mut().zip(x) {
                    *dw += dz * x;
                }
            }
        }
        let Some(dx) = dx else { return };
        for (dx, dz) in dx.iter_mut().zip(&self.da) {
            *dx = [0.0; I];
            for (dz, weight) in dz.iter().zip(&self.weight) {
                for (dx, w) in dx.iter_mut().zip(weight) {
                    *dx += dz * w;
                }
            }
        }
    }

    fn update(&mut self, lr: f32) {
        descend(
            self.weight.as_flattened_mut(),
            self.d_weight.as_flattened(),
            self.v_weight.as_flattened_mut(),
            lr,
        );
        descend(&mut self.bias, &self.d_bias, &mut self.v_bias, lr);
    }
}

fn descend(w: &mut [f32], g: &[f32], v: &mut [f32], lr: f32) {
    for ((w, g), v) in w.iter_mut().zip(g).zip(v) {
        *v = MOMENTUM as f32 * *v + g;
        *w -= lr * *v;
    }
}

/// The network 2-4-8-8-4-2.
pub(crate) struct Arrays {
    x: Rows<2>,
    targets: Rows<2>,
    layers: (Dense<2, 4>, Dense<4, 8>, Dense<8, 8>, Dense<8, 4>, Dense<4, 2>),
    lr: f32,
    loss: f32,
}

impl Arrays {
    /// The workload, if it is the one that this program is written for.
    ///
    /// # Errors
    /// If its numbers do not fill its shapes.
    pub(crate) fn new(workload: &Workload) -> Result<Option<Self>, Failure> {
        let Optimizer::Sgd { lr } = workload.optimizer else { return Ok(None) };
        let its_shapes = workload.widths == [2, 4, 8, 8, 4, 2] && workload.rows == N;
        if !its_shapes || !workload.relu_last || workload.loss != Loss::Mse {
            return Ok(None);
        }
        Ok(Some(Self {
            x: rows(&workload.x)?,
            targets: rows(&workload.targets)?,
            layers: (
                Dense::new(workload, 0)?,
                Dense::new(workload, 1)?,
                Dense::new(workload, 2)?,
                Dense::new(workload, 3)?,
                Dense::new(workload, 4)?,
            ),
            lr: lr as f32,
            loss: 0.0,
        }))
    }
}

fn rows<const C: usize, const R: usize>(values: &[f32]) -> Result<[[f32; C]; R], Failure> {
    let (rows, _) = values.as_chunks();
    Ok(rows.try_into()?)
}

impl Program for Arrays {
    fn step(&mut self) -> Result<(), Failure> {
        let (l0, l1, l2, l3, l4) = &mut self.layers;
        l0.forward(&self.x);
        l1.forward(&l0.a);
        l2.forward(&l1.a);
        l3.forward(&l2.a);
        l4.forward(&l3.a);
        let y = l4.a.as_flattened();
        let n = y.len() as f32;
        self.loss = 0.0;
        for ((dy, y), target) in
            l4.da.as_flattened_mut().iter_mut().zip(y).zip(self.targets.as_flattened())
        {
            self.loss += (y - target) * (y - target) / n;
            *dy = 2.0 * (y - target) / n;
        }
        l4.backward(&l3.a, Some(&mut l3.da));
        l3.backward(&l2.a, Some(&mut l2.da));
        l2.backward(&l1.a, Some(&mut l1.da));
        l1.backward(&l0.a, Some(&mut l0.da));
        l0.backward(&self.x, None);
        l0.update(self.lr);
        l1.update(self.lr);
        l2.update(self.lr);
        l3.update(self.lr);
        l4.update(self.lr);
        Ok(())
    }

    fn step_rows(&mut self, _rows: &[usize]) -> Result<(), Failure> {
        Err("W1 has no epochs".into())
    }

    fn loss(&mut self) -> Result<f32, Failure> {
        Ok(self.loss)
    }
}
