//! Copies of all numbers of a model.

use layers::Tensors;
use models::Sequential;
use tensor_core::{Error, Float, Path};

/// A copy of every number that training changes in a model: parameters, running statistics, and
/// the steps that Dropout counts. To go back to the best epoch, or to be saved.
///
/// # Shapes
/// Those of the model.
///
/// # Examples
/// ```
/// use models::Mlp;
/// use training::Weights;
///
/// let mut model = Mlp::<f32>::new(&[2, 3, 1]).seed(1).build()?;
/// let best = Weights::of(&model);
/// model.set_tensor("2.bias", &ndarray::array![7.0])?; // training goes on
/// best.restore(&mut model)?;
/// assert_ne!(model.tensor("2.bias")?[[0]], 7.0);
///
/// let mut wider = Mlp::<f32>::new(&[2, 4, 1]).build()?;
/// let message = best.restore(&mut wider).unwrap_err().to_string();
/// assert_eq!(message, "weights: 0.weight: expected shape (4, 2), found (3, 2)");
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Weights<F> {
    /// Parameters and running statistics, in the order of the model.
    pub tensors: Vec<NamedTensor<F>>,
    /// Counts of steps by name, as [`Sequential::steps`] shows them.
    pub steps: Vec<(String, u64)>,
}

/// A tensor of a model by its name: a part of [`Weights`].
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NamedTensor<F> {
    /// Its path in the model: `0.weight`.
    pub name: String,
    /// Its lengths along each axis.
    pub shape: Vec<usize>,
    /// Its numbers in row-major order.
    pub values: Vec<F>,
}

const PLACE: &str = "weights";

impl<F: Float> Weights<F> {
    /// A copy of the model's numbers.
    pub fn of(model: &Sequential<F>) -> Self {
        let tensors = model.tensors().map(|(name, tensor)| NamedTensor {
            name,
            shape: tensor.value.shape().to_vec(),
            values: tensor.value.iter().copied().collect(),
        });
        Self { tensors: tensors.collect(), steps: model.steps() }
    }

    /// Copies the numbers of the same model once more; allocates nothing.
    ///
    /// # Errors
    /// If the model has other tensors. Nothing is changed then.
    pub fn update(&mut self, model: &Sequential<F>) -> Result<(), Error> {
        let mut fits = true;
        let mut copies = self.tensors.iter();
        model.each_tensor(Path::root(), &mut |path, tensor| {
            let copy = copies.next();
            fits &= copy.is_some_and(|c| path == *c.name && c.shape == tensor.value.shape());
        });
        let mut steps = self.steps.iter();
        layers::Layer::each_step(model, Path::root(), &mut |path, _| {
            fits &= steps.next().is_some_and(|(name, _)| path == **name);
        });
        if !fits || copies.next().is_some() || steps.next().is_some() {
            return self.check(model);
        }
        let mut copies = self.tensors.iter_mut();
        model.each_tensor(Path::root(), &mut |_, tensor| {
            if let Some(copy) = copies.next() {
                copy.values.iter_mut().zip(&tensor.value).for_each(|(to, from)| *to = *from);
            }
        });
        let mut steps = self.steps.iter_mut();
        layers::Layer::each_step(model, Path::root(), &mut |_, step| {
            if let Some((_, copy)) = steps.next() {
                *copy = step;
            }
        });
        Ok(())
    }

    /// `Ok` if the model has these tensors and counts.
    ///
    /// # Errors
    /// If one is missing, or has another shape or another number of values.
    pub fn check(&self, model: &Sequential<F>) -> Result<(), Error> {
        let tensors: Vec<_> = model.tensors().collect();
        let names = tensors.iter().map(|(name, _)| name);
        check_names(names, self.tensors.iter().map(|tensor| &tensor.name))?;
        let steps = model.steps();
        check_names(steps.iter().map(|(name, _)| name), self.steps.iter().map(|(name, _)| name))?;
        for ((name, expected), found) in tensors.iter().zip(&self.tensors) {
            let shape = expected.value.shape();
            if shape != found.shape || expected.value.len() != found.values.len() {
                let place = format!("{PLACE}: {name}");
                let wrong =
                    if shape == found.shape { &[found.values.len()][..] } else { &found.shape };
                return Err(Error::shape(place, shape, wrong));
            }
        }
        Ok(())
    }

    /// Writes the numbers into a model of the same tensors.
    ///
    /// # Errors
    /// As for [`check`](Self::check). The model is unchanged then.
    pub fn restore(&self, model: &mut Sequential<F>) -> Result<(), Error> {
        self.check(model)?;
        let mut copies = self.tensors.iter();
        model.each_tensor_mut(Path::root(), &mut |_, mut tensor| {
            if let Some(copy) = copies.next() {
                tensor.value.iter_mut().zip(&copy.values).for_each(|(to, from)| *to = *from);
            }
        });
        let mut steps = self.steps.iter();
        layers::Layer::each_step_mut(model, Path::root(), &mut |_, to| {
            if let Some((_, step)) = steps.next() {
                *to = *step;
            }
        });
        Ok(())
    }
}

fn check_names<'a>(
    expected: impl Iterator<Item = &'a String>,
    found: impl Iterator<Item = &'a String>,
) -> Result<(), Error> {
    let known: Vec<String> = expected.cloned().collect();
    let found: Vec<&String> = found.collect();
    for i in 0..known.len().max(found.len()) {
        if known.get(i) != found.get(i).copied() {
            let found = found.get(i).map_or("nothing in its place", |name| name).to_owned();
            return Err(Error::UnknownTensor { place: PLACE.into(), found, known });
        }
    }
    Ok(())
}

/// The first parameter that is NaN or infinite.
pub(crate) fn not_finite<F: Float>(model: &Sequential<F>) -> Option<F> {
    let mut found = None;
    model.each_tensor(Path::root(), &mut |_, tensor| {
        if tensor.kind != tensor_core::Kind::Buffer && found.is_none() {
            found = tensor.value.iter().copied().find(|x| !x.is_finite());
        }
    });
    found
}
