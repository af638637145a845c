//! A model of nothing but parameters, which may itself be hostile.

use tensor_core::{Error, Float, Parameter, Path, Role, Trainable};

use crate::case::Case;
use crate::laid::bits;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Parameters; the workspace is the list of their gradients.
#[derive(Debug, Clone)]
pub(crate) struct Weights<F> {
    pub(crate) values: Vec<Vec<F>>,
    pub(crate) frozen: Vec<bool>,
    /// Whether the model refuses to show its parameters.
    pub(crate) refuses: bool,
}

pub(crate) fn role(i: usize) -> Role {
    [Role::Weight, Role::Bias, Role::Norm, Role::Weight][i % 4]
}

pub(crate) fn name(i: usize) -> &'static str {
    NAMES[i % 4]
}

impl<F: Float> Weights<F> {
    /// One tensor.
    pub(crate) fn one(values: Vec<F>) -> Self {
        Self { values: vec![values], frozen: vec![false], refuses: false }
    }

    pub(crate) fn draw(case: &mut Case) -> Self {
        let n = 1 + case.draw.below(3);
        let lengths: Vec<_> = (0..n).map(|_| case.draw.size().min(20)).collect();
        let values = lengths.iter().map(|&n| case.draw.list(n)).collect();
        let frozen = (0..n).map(|_| case.draw.once_in(5)).collect();
        Self { values, frozen, refuses: false }
    }

    /// A gradient for every value.
    pub(crate) fn gradients(&self, case: &mut Case) -> Vec<Vec<F>> {
        self.values.iter().map(|v| case.draw.list(v.len())).collect()
    }

    pub(crate) fn bits(&self) -> Vec<Vec<u64>> {
        self.values.iter().map(|v| bits(v.iter())).collect()
    }
}

impl<F: Float> Trainable<F> for Weights<F> {
    type Workspace = Vec<Vec<F>>;

    fn parameters(
        &mut self,
        grads: &mut Vec<Vec<F>>,
        visit: &mut dyn FnMut(Parameter<'_, F>),
    ) -> Result<(), Error> {
        if self.refuses {
            return Err(Error::empty("weights", "any gradients"));
        }
        let values = self.values.iter_mut().zip(grads).zip(&self.frozen).enumerate();
        for (i, ((value, grad), &frozen)) in values {
            let parameter = Parameter::new(Path::of(name(i)), role(i), value, grad);
            visit(Parameter { frozen, ..parameter });
        }
        Ok(())
    }
}
