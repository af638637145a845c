//! What an optimizer keeps between two steps.

use tensor_core::{Error, Float, Parameter, Trainable};

/// The state of an optimizer between two steps: plain data, to be saved and restored.
///
/// [`Descent::state`](crate::Descent::state) shows it,
/// [`Descent::restore`](crate::Descent::restore) replaces it; both belong to every
/// [`Optimizer`](crate::Optimizer) of this crate. With it and the parameters, training goes on as
/// if it had not been interrupted.
///
/// | field | for parameter `p` of `n` elements, in the order in which the model shows them |
/// |---|---|
/// | `lengths[p]` | `n` |
/// | `buffers[p]` | the rule's buffers, one after the other: first `n` numbers of the first, and so on |
///
/// The names of the buffers are [`Rule::buffers`](crate::Rule::buffers).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State<F> {
    /// Steps made so far.
    pub steps: u64,
    /// The number of elements of each parameter.
    pub lengths: Vec<usize>,
    /// The buffers of each parameter, one after the other.
    pub buffers: Vec<Vec<F>>,
}

impl<F: Float> State<F> {
    /// Makes the next step: visits every parameter with its buffers and the number of the step. At
    /// the first step the buffers hold `initial`.
    ///
    /// # Errors
    /// If the parameters are not those of the first step, or the model refuses; `update` has not
    /// been called then, and the step does not count.
    pub(crate) fn visit<M: Trainable<F>>(
        &mut self,
        place: &'static str,
        (n_buffers, initial): (usize, F),
        model: &mut M,
        workspace: &mut M::Workspace,
        mut update: impl FnMut(Parameter<'_, F>, &mut [F], u64),
    ) -> Result<(), Error> {
        if self.steps == 0 {
            let (mut lengths, mut buffers) = (Vec::new(), Vec::new());
            model.parameters(workspace, &mut |p| {
                lengths.push(p.value.len());
                buffers.push(vec![initial; p.value.len() * n_buffers]);
            })?;
            (self.lengths, self.buffers) = (lengths, buffers);
        } else {
            self.check_model(place, model, workspace)?;
        }
        let t = self.steps + 1;
        let mut buffers = self.buffers.iter_mut();
        model.parameters(workspace, &mut |p| {
            if let Some(buffer) = buffers.next() {
                update(p, buffer, t);
            }
        })?;
        self.steps = t;
        Ok(())
    }

    /// Whether every parameter has the numbers of `n_buffers` buffers.
    pub(crate) fn check_buffers(&self, place: &'static str, n_buffers: usize) -> Result<(), Error> {
        let expected: Vec<usize> = self.lengths.iter().map(|n| n * n_buffers).collect();
        let found: Vec<usize> = self.buffers.iter().map(Vec::len).collect();
        if found == expected {
            Ok(())
        } else {
            Err(Error::ForeignState { place: format!("{place}: state").into(), expected, found })
        }
    }

    /// Whether the model has the parameters that this state was made for.
    fn check_model<M: Trainable<F>>(
        &self,
        place: &'static str,
        model: &mut M,
        workspace: &mut M::Workspace,
    ) -> Result<(), Error> {
        let mut lengths = self.lengths.iter();
        let mut same = true;
        model.parameters(workspace, &mut |p| same &= lengths.next() == Some(&p.value.len()))?;
        if same && lengths.next().is_none() {
            return Ok(());
        }
        let mut found = Vec::new();
        model.parameters(workspace, &mut |p| found.push(p.value.len()))?;
        Err(Error::ForeignState { place: place.into(), expected: self.lengths.clone(), found })
    }
}
