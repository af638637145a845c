//! A layer with its input as something to check: `x` and every parameter.

use std::fmt;

use gradcheck::{Checkable, Domain, Finding, check_batch_split, check_views};
use layers::{Layer, Mode};
use ndarray::{Array2, ArrayD, ArrayRef2, ArrayViewD, ArrayViewMutD, Ix2, IxDyn};
use tensor_core::{Error, Float, Kind};

use crate::passes::{Passes, passes};
use crate::{Draw, Subject};

/// A layer, its input, and what a pass writes.
///
/// The tensors are held as `f64` whatever the layer computes in, and written into the layer before
/// each pass; gradients come back the same way. Both conversions are exact.
pub struct LayerSubject<F: Float> {
    passes: Box<dyn Passes<F>>,
    mode: Mode,
    names: Vec<String>,
    /// `x`, then the parameters.
    values: Vec<ArrayD<f64>>,
    x: Array2<F>,
    y: Array2<F>,
}

impl<F: Float> fmt::Debug for LayerSubject<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names_and_values = self.names.iter().zip(&self.values);
        f.debug_map().entries(names_and_values).finish()
    }
}

impl<F: Float> LayerSubject<F> {
    /// A layer with a random input of `shape`, rows and features.
    ///
    /// Buffers, such as running statistics, are set to numbers between 0 and 1 for evaluation to
    /// work with.
    ///
    /// # Errors
    /// If the layer does not take so many features.
    pub fn new(
        layer: impl Layer<F>,
        (n, in_features): (usize, usize),
        mode: Mode,
        draw: &mut Draw,
    ) -> Result<Self, Error> {
        let out_features = layer.out_features(in_features)?;
        Ok(Self::drawn(passes(layer, n, in_features)?, (n, in_features, out_features), mode, draw))
    }

    /// The input first, then the parameters as they are, then the buffers.
    fn drawn(
        mut passes: Box<dyn Passes<F>>,
        (n, in_features, out_features): (usize, usize, usize),
        mode: Mode,
        draw: &mut Draw,
    ) -> Self {
        let x = draw.normal(&[n, in_features]);
        let (mut names, mut values) = (vec!["x".to_owned()], vec![x]);
        passes.each_tensor_mut(&mut |path, t| {
            if let Kind::Parameter(_) = t.kind {
                names.push(path.to_string());
                values.push(t.value.mapv(|v| f64::from(v.as_f64() as f32)));
            }
        });
        passes.each_tensor_mut(&mut |_, mut t| {
            if t.kind == Kind::Buffer {
                let values = draw.probabilities::<F>(1, t.value.len());
                t.value.iter_mut().zip(values).for_each(|(old, new)| *old = new);
            }
        });
        let (x, y) = (Array2::zeros((n, in_features)), Array2::zeros((n, out_features)));
        Self { passes, mode, names, values, x, y }
    }

    fn run_backward(&mut self, dy: &ArrayD<f64>, dx: &mut Array2<F>) -> Vec<ArrayD<f64>> {
        let dy = matrix(dy);
        // A pass that is refused has no gradient: NaN, which no check takes for right.
        if self.passes.backward(&self.x, &self.y, &dy, Some(dx)).is_err() {
            dx.fill(F::nan());
        }
        let mut gradients = vec![wide(dx.view().into_dyn())];
        gradients.extend(self.parameter_gradients());
        // Nobody may notice in the parameters' gradients whether the input's was wanted.
        let result = self.passes.backward(&self.x, &self.y, &dy, None);
        // And an optimizer has to be shown every parameter with this gradient.
        if result.is_err()
            || self.parameter_gradients() != gradients[1..]
            || !self.optimizers_see(&gradients[1..])
        {
            gradients.iter_mut().for_each(|g| g.fill(f64::NAN));
        }
        gradients
    }

    fn optimizers_see(&mut self, gradients: &[ArrayD<f64>]) -> bool {
        let mut seen = Vec::new();
        self.passes.each_parameter(&mut |p| {
            seen.push((
                p.path.to_string(),
                p.value.len(),
                p.grad.iter().map(|g| g.as_f64()).collect::<Vec<_>>(),
            ));
        });
        let expected = self.names[1..].iter().zip(gradients);
        seen.into_iter()
            .eq(expected.map(|(name, g)| (name.clone(), g.len(), g.iter().copied().collect())))
    }

    fn parameter_gradients(&self) -> Vec<ArrayD<f64>> {
        let mut list = Vec::new();
        self.passes.each_gradient(&mut |_, t| {
            if let Kind::Parameter(_) = t.kind {
                list.push(wide(t.value));
            }
        });
        list
    }
}

impl<F: Float> Checkable for LayerSubject<F> {
    fn tensors(&self) -> Vec<(String, Domain)> {
        self.names.iter().map(|name| (name.clone(), Domain::REAL)).collect()
    }

    fn tensor(&self, index: usize) -> ArrayViewD<'_, f64> {
        self.values[index].view()
    }

    fn tensor_mut(&mut self, index: usize) -> ArrayViewMutD<'_, f64> {
        self.values[index].view_mut()
    }

    fn forward(&mut self) -> Vec<ArrayD<f64>> {
        self.x = matrix(&self.values[0]);
        let (names, values) = (&self.names, &self.values);
        self.passes.each_tensor_mut(&mut |path, mut t| {
            if let Some(i) = names.iter().skip(1).position(|name| path == **name) {
                t.value.zip_mut_with(&values[i + 1], |old, new| *old = F::of(*new));
            }
        });
        // A forward pass owes every element of its output: what it leaves out shows as NaN.
        self.y.fill(F::nan());
        match self.passes.forward(&self.x, &mut self.y, self.mode) {
            Ok(()) => vec![wide(self.y.view().into_dyn())],
            Err(_) => vec![self.y.mapv(|_| f64::NAN).into_dyn()],
        }
    }

    fn backward(&mut self, cotangents: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
        let mut dx = Array2::zeros(self.x.dim());
        self.run_backward(&cotangents[0], &mut dx)
    }

    fn backward_into(&mut self, cotangents: &[ArrayD<f64>], gradients: &mut [ArrayD<f64>]) -> bool {
        let mut dx = matrix(&gradients[0]);
        let rubbish = gradients.to_vec();
        let mut next = rubbish.iter().skip(1);
        self.passes.each_parameter(&mut |p| {
            for (grad, rubbish) in p.grad.iter_mut().zip(next.next().into_iter().flatten()) {
                *grad = F::of(*rubbish);
            }
        });
        for (out, found) in gradients.iter_mut().zip(self.run_backward(&cotangents[0], &mut dx)) {
            out.assign(&found);
        }
        true
    }
}

/// Layers that look at other rows than their own in training: the statistics of the batch, a row's
/// place in it.
const ROWS_TOGETHER: [&str; 2] = ["BatchNorm1d", "Dropout"];

/// Sums over other strides, or over fewer rows, may round differently.
const LAYOUT_RTOL: f64 = 1e-12;

impl LayerSubject<f64> {
    /// NaN, and no passes to go back through, where the layer refuses.
    fn output(&self, x: &ArrayRef2<f64>) -> (Array2<f64>, Option<Box<dyn Passes<f64>>>) {
        let mut y = Array2::from_elem((x.nrows(), self.y.ncols()), f64::NAN);
        let passes = self.passes.for_rows(x.nrows(), x.ncols()).and_then(|mut passes| {
            passes.forward(x, &mut y, self.mode)?;
            Ok(passes)
        });
        if passes.is_err() {
            y.fill(f64::NAN);
        }
        (y, passes.ok())
    }

    fn input_gradient(&self, x: &ArrayRef2<f64>, dy: &ArrayRef2<f64>) -> ArrayD<f64> {
        let (y, passes) = self.output(x);
        let mut dx = Array2::from_elem(x.dim(), f64::NAN);
        if let Some(mut passes) = passes
            && passes.backward(x, &y, dy, Some(&mut dx)).is_err()
        {
            dx.fill(f64::NAN);
        }
        dx.into_dyn()
    }
}

/// Only in `f64`: a conversion would straighten the strides.
impl Subject for LayerSubject<f64> {
    fn layout_findings(&mut self) -> Vec<Finding> {
        let nothing = || ArrayD::zeros(IxDyn(&[]));
        let forward = |x: ArrayViewD<'_, f64>| match x.into_dimensionality::<Ix2>() {
            Ok(x) => self.output(&x).0.into_dyn(),
            Err(_) => nothing(),
        };
        let mut findings = check_views("forward", &self.values[0], forward, LAYOUT_RTOL);
        let x = matrix::<f64>(&self.values[0]);
        let dy = gradcheck::Rng::new(1).cotangent_array(self.y.shape());
        let backward = |dy: ArrayViewD<'_, f64>| match dy.into_dimensionality::<Ix2>() {
            Ok(dy) => self.input_gradient(&x, &dy),
            Err(_) => nothing(),
        };
        findings.extend(check_views("backward", &dy, backward, LAYOUT_RTOL));
        if self.mode == Mode::Eval || !ROWS_TOGETHER.contains(&self.passes.name()) {
            let forward = |x: &[ArrayD<f64>]| vec![self.output(&matrix(&x[0])).0.into_dyn()];
            let backward = |x: &[ArrayD<f64>], dy: &[ArrayD<f64>]| {
                vec![self.input_gradient(&matrix(&x[0]), &matrix(&dy[0]))]
            };
            let x = gradcheck::Tensor::new("x", self.values[0].clone());
            findings.extend(check_batch_split(&[x], &[0], forward, backward, LAYOUT_RTOL));
        }
        findings
    }
}

/// A rank-2 array in the type under test.
pub(crate) fn matrix<F: Float>(a: &ArrayD<f64>) -> Array2<F> {
    match a.view().into_dimensionality::<Ix2>() {
        Ok(a) => a.mapv(F::of),
        Err(_) => Array2::zeros((0, 0)),
    }
}

pub(crate) fn wide<F: Float>(a: ArrayViewD<'_, F>) -> ArrayD<f64> {
    a.mapv(F::as_f64)
}
