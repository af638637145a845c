//! What an optimizer remembers of each parameter, indexed by visiting order.

use tensor_core::{Error, Float, Parameter, Trainable};

/// One buffer a parameter, as long as the parameter.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct State<F> {
    buffers: Vec<Vec<F>>,
    made: bool,
}

impl<F: Float> State<F> {
    /// Visits every parameter with its buffer. The buffers are zeros, and `first` is true, the first time.
    ///
    /// # Errors
    /// If the parameters are not those of the first time, or the model refuses; `update` has not been called then.
    pub(crate) fn visit<M: Trainable<F>>(
        &mut self,
        place: &'static str,
        model: &mut M,
        workspace: &mut M::Workspace,
        mut update: impl FnMut(Parameter<'_, F>, &mut [F], bool),
    ) -> Result<(), Error> {
        let first = !self.made;
        if first {
            let mut buffers = Vec::new();
            model.parameters(workspace, &mut |p| buffers.push(vec![F::zero(); p.value.len()]))?;
            (self.buffers, self.made) = (buffers, true);
        } else {
            self.check(place, model, workspace)?;
        }
        let mut buffers = self.buffers.iter_mut();
        model.parameters(workspace, &mut |p| {
            if let Some(buffer) = buffers.next() {
                update(p, buffer, first);
            }
        })
    }

    fn check<M: Trainable<F>>(
        &self,
        place: &'static str,
        model: &mut M,
        workspace: &mut M::Workspace,
    ) -> Result<(), Error> {
        let mut buffers = self.buffers.iter();
        let mut same = true;
        model.parameters(workspace, &mut |p| {
            same &= buffers.next().is_some_and(|b| b.len() == p.value.len())
        })?;
        if same && buffers.next().is_none() {
            return Ok(());
        }
        let mut found = Vec::new();
        model.parameters(workspace, &mut |p| found.push(p.value.len()))?;
        let expected = self.buffers.iter().map(Vec::len).collect();
        Err(Error::ForeignState { place: place.into(), expected, found })
    }
}
