//! A loss with fixed targets as something to check: the predictions.

use std::fmt;

use gradcheck::{Checkable, Domain};
use ndarray::{Array2, ArrayD, ArrayRef2, ArrayViewD, ArrayViewMutD, IxDyn};
use tensor_core::{Error, Float};

use crate::Subject;
use crate::layer_subject::{matrix, wide};

/// `Loss::backward` with its targets: fills `dL/dA` and returns `L`. Boxed, so that what checks
/// losses is compiled once for each type and not for each loss.
type Backward<F> = Box<dyn Fn(&ArrayRef2<F>, &mut ArrayRef2<F>) -> Result<F, Error>>;

/// Predictions and a loss of them.
pub struct LossSubject<F> {
    domain: Domain,
    a: ArrayD<f64>,
    narrow: Array2<F>,
    backward: Backward<F>,
}

impl<F> fmt::Debug for LossSubject<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LossSubject").field("a", &self.a).finish_non_exhaustive()
    }
}

impl<F: Float> LossSubject<F> {
    /// The loss at the predictions `a`, which may move within `domain`. `backward` fills `dL/dA`
    /// and returns `L`.
    pub fn new(
        a: &ArrayRef2<F>,
        domain: Domain,
        backward: impl Fn(&ArrayRef2<F>, &mut ArrayRef2<F>) -> Result<F, Error> + 'static,
    ) -> Self {
        Self::boxed(a, domain, Box::new(backward))
    }

    fn boxed(a: &ArrayRef2<F>, domain: Domain, backward: Backward<F>) -> Self {
        Self { domain, a: wide(a.view().into_dyn()), narrow: a.to_owned(), backward }
    }

    fn fill(&mut self, da: &mut Array2<F>) -> f64 {
        self.narrow = matrix(&self.a);
        (self.backward)(&self.narrow, da).map_or(f64::NAN, F::as_f64)
    }
}

impl<F: Float> Checkable for LossSubject<F> {
    fn tensors(&self) -> Vec<(String, Domain)> {
        vec![("a".to_owned(), self.domain)]
    }

    fn tensor(&self, _index: usize) -> ArrayViewD<'_, f64> {
        self.a.view()
    }

    fn tensor_mut(&mut self, _index: usize) -> ArrayViewMutD<'_, f64> {
        self.a.view_mut()
    }

    fn forward(&mut self) -> Vec<ArrayD<f64>> {
        let mut da = Array2::zeros(self.narrow.dim());
        vec![ArrayD::from_elem(IxDyn(&[]), self.fill(&mut da))]
    }

    fn backward(&mut self, cotangents: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
        let mut gradients = [ArrayD::zeros(self.a.raw_dim())];
        self.backward_into(cotangents, &mut gradients);
        gradients.to_vec()
    }

    fn backward_into(&mut self, cotangents: &[ArrayD<f64>], gradients: &mut [ArrayD<f64>]) -> bool {
        let mut da = matrix(&gradients[0]);
        self.fill(&mut da);
        // The loss is one number, so its cotangent is a factor.
        gradients[0].assign(&(wide(da.view().into_dyn()) * cotangents[0].sum()));
        true
    }
}

impl<F: Float> Subject for LossSubject<F> {}
