//! What an optimizer keeps between two steps.

use std::collections::BTreeSet;

use tensor_core::{Error, Float, Parameter, Trainable};

use crate::trained;

/// The largest number of steps that a state counts: numbers up to it are exact in `f64`.
pub(crate) const MAX_STEPS: u64 = 1 << 53;

/// The state of an optimizer between two steps: plain data, to be saved and restored.
///
/// [`Descent::state`](crate::Descent::state) shows it,
/// [`Descent::restore`](crate::Descent::restore) replaces it; both belong to every
/// [`Optimizer`](crate::Optimizer) of this crate. With it and the parameters, training goes on as
/// if it had not been interrupted. [`buffer`](Self::buffer) reads one buffer of one parameter.
///
/// # Buffers and PyTorch's
/// What PyTorch keeps as a mean or a sum of squares stands here as its root, which is of the size
/// of the gradients: the squares of numbers that a type holds overflow and vanish long before they
/// do. `t` is the parameter's [`steps`](ParameterState::steps).
///
/// | buffer | of | PyTorch's state |
/// |---|---|---|
/// | `momentum_buffer` | [`Sgd`](crate::Sgd), [`RmsProp`](crate::RmsProp) | `momentum_buffer`, the same numbers |
/// | `exp_avg` | [`Adam`](crate::Adam), [`AdamW`](crate::AdamW), [`NAdam`](crate::NAdam), [`RAdam`](crate::RAdam), [`Lion`](crate::Lion) | `exp_avg`, the same numbers |
/// | `root_exp_avg_sq` | the same but for Lion | `exp_avg_sq` is its square |
/// | `root_max_exp_avg_sq` | Adam, AdamW | `max_exp_avg_sq` is its square |
/// | `root_square_avg` | [`RmsProp`](crate::RmsProp) | `square_avg` is its square |
/// | `grad_avg` | centered [`RmsProp`](crate::RmsProp) | `grad_avg`, the same numbers |
/// | `deviation` | the same | `square_avg = deviation² + grad_avg²` |
/// | `root_sum` | [`Adagrad`](crate::Adagrad) | `sum = 4ʲ root_sum²`, where `4ʲ` is the smallest power of 4 that is at least `t` |
/// | `steps` | all | `step` |
///
/// # Examples
/// ```
/// use optim::{Optimizer, Sgd, SgdConfig};
#[doc = include_str!("../doc/weights.md")]
/// let mut sgd = Sgd::new(SgdConfig { momentum: 0.5, ..SgdConfig::default() })?;
/// sgd.step(&mut Weights([1.0]), &mut [8.0])?;
/// assert_eq!(sgd.state().buffer("weight", "momentum_buffer")?, [8.0]);
/// let message = sgd.state().buffer("weight", "exp_avg").unwrap_err().to_string();
/// assert_eq!(message, "state of sgd: expected one of momentum_buffer, found \"exp_avg\"");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct State<F> {
    /// The name of the rule: [`Rule::NAME`](crate::Rule::NAME).
    pub rule: String,
    /// The names of its buffers: [`Rule::buffers`](crate::Rule::buffers).
    pub buffers: Vec<String>,
    /// Steps that the optimizer has made.
    pub steps: u64,
    /// One for each parameter, in the order in which the model shows them; none before the first
    /// step.
    pub parameters: Vec<ParameterState<F>>,
}

/// What an optimizer keeps of one parameter: an entry of [`State::parameters`].
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ParameterState<F> {
    /// Its path in the model: `0.weight`.
    pub name: String,
    /// The number of its elements.
    pub length: usize,
    /// Steps that it has made since its buffers began, which correct their bias. 0 while it is
    /// frozen: when it is trained again, its buffers begin anew.
    pub steps: u64,
    /// The rule's buffers, one after the other: first `length` numbers of the first, and so on.
    /// None while `steps` is 0.
    pub buffers: Vec<F>,
}

impl<F: Float> State<F> {
    /// The state before the first step.
    pub(crate) fn new(rule: &str, buffers: &[&str]) -> Self {
        let buffers = buffers.iter().map(|&name| name.into()).collect();
        Self { rule: rule.into(), buffers, steps: 0, parameters: Vec::new() }
    }

    /// A buffer of a parameter: as long as the parameter, or empty while it is frozen.
    ///
    /// # Errors
    /// If there is no parameter or no buffer of that name.
    pub fn buffer(&self, parameter: &str, buffer: &str) -> Result<&[F], Error> {
        let unknown = |found: &str, known| Error::UnknownTensor {
            place: format!("state of {}", self.rule).into(),
            found: found.into(),
            known,
        };
        let entry = self.parameters.iter().find(|p| p.name == parameter).ok_or_else(|| {
            unknown(parameter, self.parameters.iter().map(|p| p.name.clone()).collect())
        })?;
        let i = self.buffers.iter().position(|name| name == buffer);
        let i = i.ok_or_else(|| unknown(buffer, self.buffers.clone()))?;
        Ok(entry.buffers.chunks_exact(entry.length.max(1)).nth(i).unwrap_or_default())
    }

    /// Whether this is a state of the rule `rule` with these buffers, of which those that
    /// `not_negative` names hold no negative numbers.
    pub(crate) fn check(
        &self,
        rule: &'static str,
        buffers: &[&str],
        not_negative: &[&str],
    ) -> Result<(), Error> {
        let foreign = |place: String, expected: String, found: String| {
            Err(Error::ForeignState { place: place.into(), expected, found })
        };
        let state = format!("{rule}: state");
        if self.rule != rule || self.buffers != buffers {
            let of = |rule: &str, buffers: String| format!("a state of {rule} with [{buffers}]");
            let found = of(&self.rule, self.buffers.join(", "));
            return foreign(state, of(rule, buffers.join(", ")), found);
        }
        check_steps(&state, self.steps, MAX_STEPS)?;
        let mut names = BTreeSet::new();
        for p in &self.parameters {
            let place = format!("{state}: {}", p.name);
            if !names.insert(&p.name) {
                return Err(Error::DuplicateTensor { place: state.into(), found: p.name.clone() });
            }
            check_steps(&place, p.steps, self.steps)?;
            let n = if p.steps == 0 { Some(0) } else { p.length.checked_mul(buffers.len()) };
            if n != Some(p.buffers.len()) {
                let numbers = format!("{} buffers of {} elements", buffers.len(), p.length);
                let expected = if p.steps == 0 { "no buffers at step 0".into() } else { numbers };
                return foreign(place, expected, format!("{} elements", p.buffers.len()));
            }
            for (buffer, values) in buffers.iter().zip(p.buffers.chunks(p.length.max(1))) {
                let signed = !not_negative.contains(buffer);
                let wrong = |x: &&F| !(x.is_finite() && (signed || **x >= F::zero()));
                if let Some(found) = values.iter().find(wrong) {
                    let range = if signed { "finite numbers" } else { "finite numbers ≥ 0" };
                    return foreign(format!("{place}: {buffer}"), range.into(), found.to_string());
                }
            }
        }
        Ok(())
    }

    /// Whether the next step can be made: every gradient has the length of its parameter, and the
    /// parameters are those of this state. At the first step, makes an entry for each.
    pub(crate) fn fit<M: Trainable<F>>(
        &mut self,
        rule: &'static str,
        model: &mut M,
        workspace: &mut M::Workspace,
    ) -> Result<(), Error> {
        check_steps(&format_args!("{rule}: state"), self.steps, MAX_STEPS - 1)?;
        if self.steps == 0 {
            self.parameters = entries(rule, model, workspace)?;
            return Ok(());
        }
        let mut entries = self.parameters.iter();
        let mut result = Ok(());
        model.parameters(workspace, &mut |p| {
            if result.is_ok() {
                result = fits(rule, entries.next(), Some(&p));
            }
        })?;
        result.and_then(|()| match entries.next() {
            Some(entry) => fits::<F>(rule, Some(entry), None),
            None => Ok(()),
        })
    }

    /// Drops what was made for a step that could not be made.
    pub(crate) fn drop_unused(&mut self) {
        for p in self.parameters.iter_mut().filter(|p| p.steps == 0) {
            p.buffers = Vec::new();
        }
        if self.steps == 0 {
            self.parameters = Vec::new();
        }
    }
}

fn check_steps(place: &dyn std::fmt::Display, steps: u64, most: u64) -> Result<(), Error> {
    if steps <= most {
        return Ok(());
    }
    let (place, expected) = (place.to_string().into(), format!("at most {most} steps"));
    Err(Error::ForeignState { place, expected, found: steps.to_string() })
}

/// An entry for each parameter of the model, without buffers.
fn entries<F: Float, M: Trainable<F>>(
    rule: &'static str,
    model: &mut M,
    workspace: &mut M::Workspace,
) -> Result<Vec<ParameterState<F>>, Error> {
    let (mut entries, mut names) = (Vec::new(), BTreeSet::new());
    let mut result = Ok(());
    model.parameters(workspace, &mut |p| {
        let (name, length) = (p.path.to_string(), p.value.len());
        if result.is_ok() {
            result = trained::lengths(rule, &p);
        }
        if result.is_ok() && !names.insert(name.clone()) {
            result = Err(Error::DuplicateTensor { place: rule.into(), found: name.clone() });
        }
        entries.push(ParameterState { name, length, steps: 0, buffers: Vec::new() });
    })?;
    result.map(|()| entries)
}

/// Whether a parameter is the one of the entry, and its gradient as long as itself.
fn fits<F: Float>(
    rule: &'static str,
    entry: Option<&ParameterState<F>>,
    p: Option<&Parameter<'_, F>>,
) -> Result<(), Error> {
    if let (Some(entry), Some(p)) = (entry, p)
        && p.path == *entry.name.as_str()
        && p.value.len() == entry.length
    {
        return trained::lengths(rule, p);
    }
    let none = || "no more parameters".to_string();
    let say = |name: &dyn std::fmt::Display, n: usize| format!("{name} of {n} elements");
    Err(Error::ForeignState {
        place: format!("{rule}: state").into(),
        expected: entry.map_or_else(none, |e| say(&e.name, e.length)),
        found: p.map_or_else(none, |p| say(&p.path, p.value.len())),
    })
}
