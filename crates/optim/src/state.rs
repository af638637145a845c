//! What an optimizer remembers, indexed by visiting order: plain data, to be saved and put back.

use tensor_core::{Error, Float, Parameter, Trainable};

/// The memory of an optimizer between two steps.
///
/// | field | |
/// |---|---|
/// | `steps` | steps made so far |
/// | `lengths` | number of elements of each parameter, in visiting order |
/// | `buffers` | for each parameter the rule's buffers, one behind the other: `lengths[p]·n_buffers` numbers |
///
/// The names of the buffers are [`Rule::buffers`](crate::Rule::buffers).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State<F> {
    /// Steps made so far.
    pub steps: u64,
    /// Number of elements of each parameter, in visiting order.
    pub lengths: Vec<usize>,
    /// The buffers of each parameter, one behind the other.
    pub buffers: Vec<Vec<F>>,
}

impl<F: Float> State<F> {
    /// Makes the next step: visits every parameter with its buffers and the number of the step. The buffers hold `initial`
    /// the first time.
    ///
    /// # Errors
    /// If the parameters are not those of the first time, or the model refuses; `update` has not been called then, and the
    /// step does not count.
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

    /// Whether every parameter has as many numbers as `n_buffers` buffers take.
    pub(crate) fn check_buffers(&self, place: &'static str, n_buffers: usize) -> Result<(), Error> {
        let expected: Vec<usize> = self.lengths.iter().map(|n| n * n_buffers).collect();
        let found: Vec<usize> = self.buffers.iter().map(Vec::len).collect();
        if found == expected {
            Ok(())
        } else {
            Err(Error::ForeignState { place: format!("{place}: state").into(), expected, found })
        }
    }

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
