//! A layer of one's own, with a weight, in one's own crate, inside a model of ours.
//!
//! ```text
//! cargo run -p models --example own_layer
//! ```
//!
//! `Snake` is `a[n,c] = z[n,c] + sin²(w[c] z[n,c])/w[c]` (Ziyin et al., NeurIPS 2020,
//! <https://arxiv.org/abs/2006.08195>, equation 3), an activation that keeps to periodic functions
//! where a ReLU runs off in a straight line. Its frequencies `w` are trained. With `sin² u = ½(1 −
//! cos 2u)` and `u = wz`,
//!
//! ```text
//! da/dz = 1 + sin 2u        da/dw = (z sin 2u − sin² u/w)/w
//! ```
//!
//! One struct, one trait, one method that names its tensor: from there on it stands beside the
//! built-in layers, its weight is saved as `1.weight`, its gradient is checked like theirs, and
//! optimizers need not know it.

use layers::{Layer, Linear, Mode, Saved, Tensors, Visitor};
use losses::{Loss, MseLoss};
use models::Sequential;
use ndarray::{Array1, Array2, ArrayRef2, Axis, Zip};
use optim::{Optimizer, Sgd, SgdConfig};
use tensor_core::{Error, Float, Rng, Role};

#[derive(Debug, Clone)]
struct Snake<F> {
    weight: Array1<F>,
}

impl<F: Float> Tensors<F> for Snake<F> {
    fn tensors<V: Visitor<Self, F>>(v: &mut V) {
        v.parameter("weight", Role::Weight, |layer| &layer.weight, |layer| &mut layer.weight);
    }
}

impl<F: Float> Layer<F> for Snake<F> {
    type Cache = ();
    const NAME: &'static str = "Snake";

    fn out_features(&self, in_features: usize) -> Result<usize, Error> {
        Error::check_features("Snake", self.weight.len(), in_features)
    }
    fn cache(&self, _max_batch: usize, _in_features: usize) -> Result<(), Error> {
        Ok(())
    }

    fn compute(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        Zip::from(a).and(z).and_broadcast(&*self.weight).for_each(|a, &z, &w| {
            *a = z + (w * z).sin().powi(2) / w;
        });
    }
    fn differentiate(
        &self,
        saved: Saved<'_, F, ()>,
        da: &ArrayRef2<F>,
        dz: Option<&mut ArrayRef2<F>>,
        grads: &mut Self,
    ) {
        grads.weight.fill(F::zero());
        for (z, da) in saved.x.axis_iter(Axis(0)).zip(da.axis_iter(Axis(0))) {
            let grads = Zip::from(&mut grads.weight).and(z).and(da).and(&self.weight);
            grads.for_each(|dw, &z, &da, &w| {
                let (sin, cos) = (w * z).sin_cos();
                *dw += da * (z * (sin * cos + sin * cos) - sin * sin / w) / w; // Σ_n da·da/dw
            });
        }
        let Some(dz) = dz else { return };
        Zip::from(dz)
            .and(saved.x)
            .and(da)
            .and_broadcast(&*self.weight)
            .for_each(|dz, &z, &da, &w| *dz = da * (F::one() + (F::of(2.0) * w * z).sin()));
    }
}

fn main() -> Result<(), Error> {
    // y = sin x on [−6, 6].
    let x = Array2::from_shape_fn((64, 1), |(i, _)| 12.0 * i as f64 / 63.0 - 6.0);
    let y = x.mapv(f64::sin);

    let mut rng = Rng::new(1);
    let mut model = Sequential::builder(1)
        .push(Linear::new(1, 16, &mut rng)?)
        .push(Snake { weight: Array1::ones(16) })
        .push(Linear::new(16, 1, &mut rng)?)
        .build()?;
    let mut ws = model.workspace(x.nrows())?;
    let mut sgd = Sgd::new(SgdConfig { lr: 0.01, momentum: 0.9, ..SgdConfig::default() })?;
    for step in 0..=2000 {
        model.forward(&x, &mut ws, Mode::Train)?;
        let (a, mut da) = ws.output_and_gradient()?;
        let loss = MseLoss::default().backward(&a, &y, &mut da)?;
        model.backward(&mut ws)?;
        sgd.step(&mut model, &mut ws)?;
        if step % 500 == 0 {
            println!("step {step:4}  loss {loss:.6}");
        }
    }
    println!("frequencies: {:.2}", model.tensor("1.weight")?);
    Ok(())
}
