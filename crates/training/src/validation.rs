//! Validation rows, and what a model is worth on them.

use data::Dataset;
use losses::Reduction;
use models::Sequential;
use ndarray::Array2;
use optim::Rule;
use tensor_core::Float;

use crate::Error;
use crate::batch_loss::BatchLoss;
use crate::plan::Plan;
use crate::predict::Predictor;

/// Validation rows, and memory for what a model says of them.
pub(crate) struct Validation<'r, F: Float> {
    pub(crate) rows: &'r Dataset<F>,
    predictor: Predictor<F>,
    outputs: Array2<F>,
}

impl<'r, F: Float> Validation<'r, F> {
    /// # Errors
    /// If there is no memory.
    pub(crate) fn new(rows: &'r Dataset<F>, model: &Sequential<F>) -> Result<Self, Error> {
        let n_outputs = model.widths().last().copied().unwrap_or(0);
        let outputs = tensor_core::memory::zeros("validation", (rows.n_rows(), n_outputs))?;
        Ok(Self { rows, predictor: Predictor::new(model)?, outputs })
    }

    /// The loss of all rows, and their metrics. A loss that is a sum is divided by their number.
    ///
    /// # Errors
    /// If the model or the rows do not fit the loss, or a metric refuses them.
    pub(crate) fn scores<L: BatchLoss<F>, R: Rule>(
        &mut self,
        model: &Sequential<F>,
        plan: &Plan<F, L, R>,
    ) -> Result<(f64, Vec<f64>), Error> {
        let Self { rows, predictor, outputs } = self;
        predictor.predict_into(model, rows.features(), outputs)?;
        let loss = plan.loss.loss(outputs, &rows.as_batch())?.as_f64();
        let loss = match plan.config.reduction {
            Reduction::Mean => loss,
            Reduction::Sum => loss / rows.n_rows() as f64,
        };
        let metrics = plan.metrics.iter().map(|(_, score)| score(outputs, rows));
        Ok((loss, metrics.collect::<Result<_, _>>()?))
    }
}
