//! A layer of one's own, in one's own crate, inside a model of ours.
//!
//! ```text
//! cargo run -p models --example own_layer
//! ```
//!
//! `Snake` is `a = z + sin²(αz)/α` (Ziyin et al., NeurIPS 2020, <https://arxiv.org/abs/2006.08195>, equation 3), an activation
//! that keeps to periodic functions where a ReLU runs off in a straight line. One struct, one trait: from there on it stands
//! beside the built-in layers, its gradient is checked like theirs, and optimizers need not know it.

use layers::{Layer, Mode, Saved};
use losses::{Loss, MseLoss};
use models::Mlp;
use ndarray::{Array2, ArrayRef2};
use optim::{Optimizer, Sgd, SgdConfig};
use tensor_core::elementwise::{map, map2};
use tensor_core::{Error, Float};

/// `a = z + sin²(αz)/α`, `da/dz = 1 + sin(2αz)`.
#[derive(Debug, Clone)]
struct Snake {
    alpha: f64,
}

impl<F: Float> Layer<F> for Snake {
    type Cache = ();
    type Grads = ();
    const NAME: &'static str = "Snake";

    fn cache(&self, _max_batch: usize, _in_features: usize) {}

    fn grads(&self) {}

    fn infer(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        let alpha = F::of(self.alpha);
        map(x, y, |z| z + (alpha * z).sin().powi(2) / alpha);
    }

    fn backward(
        &self,
        saved: Saved<'_, F, ()>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        _grads: &mut (),
    ) {
        let two_alpha = F::of(2.0 * self.alpha);
        if let Some(dx) = dx {
            map2(saved.x, dy, dx, |z, dy| dy * (F::one() + (two_alpha * z).sin()));
        }
    }
}

fn main() -> Result<(), Error> {
    // y = sin x on [−6, 6].
    let x = Array2::from_shape_fn((64, 1), |(i, _)| 12.0 * i as f64 / 63.0 - 6.0);
    let y = x.mapv(f64::sin);

    let mut model = Mlp::new(&[1, 16, 1]).activation(Snake { alpha: 1.0 }).seed(1).build()?;
    let mut ws = model.workspace(x.nrows())?;
    let mut sgd = Sgd::new(SgdConfig { lr: 0.01, momentum: 0.9, ..SgdConfig::default() })?;
    for step in 0..=2000 {
        model.forward(&x, &mut ws, Mode::Train)?;
        let (a, mut da) = ws.output_and_gradient()?;
        let loss = MseLoss::default().backward(&a, &y, &mut da)?;
        model.backward_params(&mut ws)?;
        sgd.step(&mut model, &mut ws)?;
        if step % 500 == 0 {
            println!("step {step:4}  loss {loss:.6}");
        }
    }
    Ok(())
}
