//! What the tests of this crate train: named vectors with given gradients.

use tensor_core::{Error, Float, Parameter, Path, Role, Trainable};

/// A model without layers: `(layer, name, role, values)`. Its workspace holds the gradients.
pub(crate) struct Vectors<F>(pub(crate) Vec<(usize, &'static str, Role, Vec<F>)>);

#[allow(dead_code, reason = "not every test has a model of one weight")]
impl<F: Float> Vectors<F> {
    /// One weight.
    pub(crate) fn weight(values: &[F]) -> Self {
        Self(vec![(0, "weight", Role::Weight, values.to_vec())])
    }

    /// The values of the first parameter.
    pub(crate) fn values(&self) -> &[F] {
        &self.0[0].3
    }
}

/// The gradients of a [`Vectors`], or none before a backward pass; and for each layer whether its
/// statistics moved when they were last settled.
pub(crate) struct Gradients<F>(pub(crate) Option<Vec<Vec<F>>>, pub(crate) Vec<bool>);

impl<F: Float> Gradients<F> {
    pub(crate) fn of(gradients: &[&[F]]) -> Self {
        Self(Some(gradients.iter().map(|g| g.to_vec()).collect()), Vec::new())
    }
}

impl<F: Float> Trainable<F> for Vectors<F> {
    type Workspace = Gradients<F>;

    fn parameters(
        &mut self,
        gradients: &mut Gradients<F>,
        visit: &mut dyn FnMut(Parameter<'_, F>),
    ) -> Result<(), Error> {
        let Some(gradients) = &mut gradients.0 else {
            let place = "step".into();
            return Err(Error::Order { place, expected: "a backward pass", found: "none" });
        };
        for ((layer, name, role, value), grad) in self.0.iter_mut().zip(gradients) {
            let (root, name) = (Path::root(), *name);
            let layer = root.index(*layer);
            visit(Parameter::new(layer.name(name), *role, value, grad));
        }
        Ok(())
    }

    fn settle(&mut self, gradients: &mut Gradients<F>, moves: &dyn Fn(Path<'_>) -> bool) {
        let root = Path::root();
        let layers = self.0.iter().map(|(layer, ..)| root.index(*layer));
        gradients.1.clear();
        gradients.1.extend(layers.map(|layer| moves(layer.name("running_mean"))));
    }
}

/// A Linear, a ReLU (layer 1, without parameters), a BatchNorm and a Linear.
#[allow(dead_code, reason = "not every test has a network")]
pub(crate) fn network() -> Vectors<f64> {
    Vectors(vec![
        (0, "weight", Role::Weight, vec![1.0, 2.0]),
        (0, "bias", Role::Bias, vec![3.0]),
        (2, "weight", Role::Norm, vec![4.0]),
        (2, "bias", Role::Bias, vec![5.0]),
        (3, "weight", Role::Weight, vec![6.0]),
    ])
}

#[allow(dead_code, reason = "as above")]
pub(crate) fn gradients() -> Gradients<f64> {
    Gradients::of(&[&[1.0, -1.0], &[2.0], &[4.0], &[8.0], &[16.0]])
}

#[allow(dead_code, reason = "as above")]
pub(crate) fn values(model: &Vectors<f64>) -> Vec<f64> {
    model.0.iter().flat_map(|p| p.3.clone()).collect()
}
