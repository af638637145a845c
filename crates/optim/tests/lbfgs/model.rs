//! What the tests of L-BFGS minimize: a function of one vector.

use optim::{Lbfgs, LbfgsStep};
use tensor_core::{Error, Float, Parameter, Path, Role, Trainable};

/// Two vectors, the second of which may be frozen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Model<F> {
    pub(crate) w: Vec<F>,
    pub(crate) rest: Vec<F>,
    pub(crate) frozen: bool,
}

impl<F: Float> Model<F> {
    pub(crate) fn of(w: &[f64]) -> Self {
        Self { w: w.iter().map(|w| F::of(*w)).collect(), rest: Vec::new(), frozen: false }
    }

    /// A call with a function of `w`, which writes the gradient and returns the loss, in `f64`.
    pub(crate) fn step(
        &mut self,
        lbfgs: &mut Lbfgs<F>,
        mut function: impl FnMut(&[f64], &mut [f64]) -> f64,
    ) -> Result<LbfgsStep, Error> {
        let mut pass = Pass::of(self);
        lbfgs.step(self, &mut pass, |model, pass| {
            let w: Vec<f64> = model.w.iter().map(|w| w.as_f64()).collect();
            let mut grad = vec![0.0; w.len()];
            let loss = function(&w, &mut grad);
            pass.w.clear();
            pass.w.extend(grad.iter().map(|g| F::of(*g)));
            pass.ready = true;
            Ok(F::of(loss))
        })
    }
}

/// The gradients, and whether there are any.
pub(crate) struct Pass<F> {
    pub(crate) w: Vec<F>,
    pub(crate) rest: Vec<F>,
    pub(crate) ready: bool,
}

impl<F: Float> Pass<F> {
    pub(crate) fn of(model: &Model<F>) -> Self {
        let zeros = |v: &[F]| vec![F::zero(); v.len()];
        Self { w: zeros(&model.w), rest: zeros(&model.rest), ready: false }
    }
}

impl<F: Float> Trainable<F> for Model<F> {
    type Workspace = Pass<F>;

    fn parameters(
        &mut self,
        pass: &mut Pass<F>,
        visit: &mut dyn FnMut(Parameter<'_, F>),
    ) -> Result<(), Error> {
        if !pass.ready {
            let place = "step".into();
            return Err(Error::Order { place, expected: "a backward pass", found: "none" });
        }
        self.parameters_at_any_stage(pass, visit)
    }

    fn parameters_at_any_stage(
        &mut self,
        pass: &mut Pass<F>,
        visit: &mut dyn FnMut(Parameter<'_, F>),
    ) -> Result<(), Error> {
        visit(Parameter::new(Path::of("w"), Role::Weight, &mut self.w, &mut pass.w));
        let rest = Parameter::new(Path::of("rest"), Role::Bias, &mut self.rest, &mut pass.rest);
        visit(Parameter { frozen: self.frozen, ..rest });
        Ok(())
    }
}
