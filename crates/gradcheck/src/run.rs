//! `t ↦ F(x + t e_i)` and `t ↦ F(x + t d)`: the subject as functions of one number.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::{ArrayD, ArrayViewMutD};

use crate::decide::{Answer, Question, decide};
use crate::ladder::Point;
use crate::noise::Noise;
use crate::{Checkable, Config, Domain, Rng};

/// One element of a direction: tensor, flat index, component.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Entry {
    pub(crate) tensor: usize,
    pub(crate) flat: usize,
    pub(crate) d: f64,
}

/// A subject at its point, with values and gradients there.
pub(crate) struct Run<'a> {
    pub(crate) subject: &'a mut dyn Checkable,
    pub(crate) config: &'a Config,
    pub(crate) names: Vec<(String, Domain)>,
    /// The tensors as they were.
    pub(crate) base: Vec<ArrayD<f64>>,
    pub(crate) cotangents: Vec<ArrayD<f64>>,
    /// All cotangents in one row, like the outputs.
    pub(crate) weights: Vec<f64>,
    pub(crate) y: Vec<f64>,
    pub(crate) gradients: Vec<ArrayD<f64>>,
    pub(crate) evaluations: usize,
    pub(crate) backward_calls: usize,
}

impl<'a> Run<'a> {
    /// Evaluates forward and backward once, with cotangents drawn from the seed.
    pub(crate) fn start(subject: &'a mut dyn Checkable, config: &'a Config) -> Self {
        subject.snapshot();
        let names = subject.tensors();
        let base: Vec<_> = (0..names.len())
            .map(|i| standard(subject.tensor(i).mapv(|x| config.precision.round(x))))
            .collect();
        for (i, base) in base.iter().enumerate() {
            subject.tensor_mut(i).assign(base);
        }
        subject.restore();
        let outputs = subject.forward();
        let mut rng = Rng::new(config.seed);
        let cotangents: Vec<_> = outputs.iter().map(|y| rng.cotangent_array(y.shape())).collect();
        let gradients = subject.backward(&cotangents).into_iter().map(standard).collect();
        Self {
            subject,
            config,
            names,
            base,
            weights: flatten(cotangents.clone()),
            cotangents,
            y: flatten(outputs),
            gradients,
            evaluations: 1,
            backward_calls: 1,
        }
    }

    /// Output of a forward pass at the present tensors.
    pub(crate) fn forward(&mut self) -> Vec<f64> {
        self.evaluations += 1;
        self.subject.restore();
        flatten(self.subject.forward())
    }

    /// Forward and backward at the present tensors.
    pub(crate) fn backward(&mut self, cotangents: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
        self.forward();
        self.backward_calls += 1;
        self.subject.backward(cotangents)
    }

    /// The element's value at distance `t`, as it will be stored.
    fn moved(&self, entry: &Entry, t: f64) -> f64 {
        let x = element(&self.base[entry.tensor], entry.flat);
        // Not x + 0, which would lose the sign of a negative zero.
        if t == 0.0 { x } else { self.config.precision.round(x + t * entry.d) }
    }

    /// `F(x + t d)`.
    pub(crate) fn along(&mut self, direction: &[Entry], t: f64) -> Vec<f64> {
        self.write(direction, t);
        let y = self.forward();
        self.write(direction, 0.0);
        y
    }

    pub(crate) fn write(&mut self, direction: &[Entry], t: f64) {
        for group in direction.chunk_by(|a, b| a.tensor == b.tensor) {
            let values: Vec<f64> = group.iter().map(|entry| self.moved(entry, t)).collect();
            scatter(self.subject.tensor_mut(group[0].tensor), group, &values);
        }
    }

    /// Noise of the outputs around the point, seen along random moves of one tensor or of all.
    pub(crate) fn noise(&mut self, direction: &[Entry]) -> Noise {
        let (y, weights) = (self.y.clone(), self.weights.clone());
        let (below, above) = self.room(direction);
        let reach = below.min(above).min(1.0);
        let unit = self.config.precision.unit_roundoff();
        if reach == 0.0 || direction.is_empty() {
            return Noise::of_value(&y, unit);
        }
        let x_size = direction.iter().map(|entry| self.moved(entry, 0.0).abs()).fold(0.0, f64::max);
        Noise::measure(&y, &weights, unit, x_size, &mut |t| self.along(direction, t * reach))
    }

    /// How far the box lets a point move along a direction, down and up.
    pub(crate) fn room(&self, direction: &[Entry]) -> (f64, f64) {
        let mut room = (f64::INFINITY, f64::INFINITY);
        for entry in direction {
            let (below, above) = self.names[entry.tensor].1.room(self.moved(entry, 0.0));
            let (below, above) = if entry.d > 0.0 { (below, above) } else { (above, below) };
            room = (room.0.min(below / entry.d.abs()), room.1.min(above / entry.d.abs()));
        }
        room
    }

    /// Judges one element.
    pub(crate) fn element(&mut self, entry: Entry, rms: f64, atol: f64, noise: &Noise) -> Answer {
        let entry = Entry { d: 1.0, ..entry };
        let x = self.moved(&entry, 0.0);
        let scale = x.abs().max(rms / 4.0);
        let analytic = element(&self.gradients[entry.tensor], entry.flat);
        let ask = Ask { analytic, x_size: x.abs(), scale, atol, max: self.config.max_evaluations };
        self.judge(&[entry], ask, noise)
    }

    /// Judges one direction.
    pub(crate) fn direction(
        &mut self,
        direction: &[Entry],
        analytic: f64,
        atol: f64,
        noise: &Noise,
    ) -> Answer {
        let max = self.config.max_direction_evaluations;
        let ask = Ask { analytic, x_size: 1.0, scale: 1.0, atol, max };
        self.judge(direction, ask, noise)
    }

    fn judge(&mut self, direction: &[Entry], ask: Ask, noise: &Noise) -> Answer {
        let (y, weights) = (std::mem::take(&mut self.y), std::mem::take(&mut self.weights));
        let room = self.room(direction);
        let question = Question {
            analytic: Some(ask.analytic),
            y: &y,
            weights: &weights,
            x_size: ask.x_size,
            scale: ask.scale,
            room,
            atol: ask.atol,
            max_evaluations: ask.max,
        };
        let config = self.config;
        let single = (direction.len() == 1).then(|| self.moved(&direction[0], 0.0));
        // Both closures need the subject, one after the other.
        let run = std::cell::RefCell::new(self);
        let answer = decide(
            &question,
            noise,
            config,
            &mut |t| {
                let run = &mut *run.borrow_mut();
                let realised = match single {
                    Some(x) => (run.moved(&direction[0], t) - x) / direction[0].d,
                    None => t,
                };
                Point { t: realised, y: run.along(direction, t) }
            },
            &mut || match single {
                Some(_) => run.borrow_mut().depends_on(&direction[0], ask.scale, &y),
                None => None,
            },
        );
        let run = run.into_inner();
        (run.y, run.weights) = (y, weights);
        answer
    }

    /// Which outputs change when the element becomes NaN or very large, either way. Some
    /// functions hide NaN (a comparison drops it), and some are flat to one side. `None` where
    /// nothing changes, or where the function does not survive it: nothing is learnt.
    fn depends_on(&mut self, entry: &Entry, scale: f64, y: &[f64]) -> Option<Vec<bool>> {
        let x = self.moved(entry, 0.0);
        let far = scale * 20.0_f64.exp2();
        let (below, above) = self.room(&[*entry]);
        let mut depends = vec![false; y.len()];
        for value in [f64::NAN, x - far.min(below), x + far.min(above)] {
            scatter(self.subject.tensor_mut(entry.tensor), &[*entry], &[value]);
            let outputs = catch_unwind(AssertUnwindSafe(|| self.forward()));
            self.write(&[*entry], 0.0);
            let outputs = outputs.ok().filter(|outputs| outputs.len() == y.len())?;
            let changed = |(new, old): (&f64, &f64)| new.to_bits() != old.to_bits();
            depends.iter_mut().zip(outputs.iter().zip(y)).for_each(|(d, pair)| *d |= changed(pair));
        }
        depends.contains(&true).then_some(depends)
    }
}

struct Ask {
    analytic: f64,
    x_size: f64,
    scale: f64,
    atol: f64,
    max: usize,
}

/// All elements of all outputs in one row, in logical order.
pub(crate) fn flatten(arrays: Vec<ArrayD<f64>>) -> Vec<f64> {
    let mut all = Vec::with_capacity(arrays.iter().map(ArrayD::len).sum());
    for array in &arrays {
        match array.as_slice() {
            Some(values) => all.extend_from_slice(values),
            None => all.extend(array.iter()),
        }
    }
    all
}

/// The same array in row-major order.
fn standard(array: ArrayD<f64>) -> ArrayD<f64> {
    if array.is_standard_layout() { array } else { array.as_standard_layout().into_owned() }
}

/// The element at a flat, row-major index.
pub(crate) fn element(array: &ArrayD<f64>, flat: usize) -> f64 {
    match array.as_slice() {
        Some(values) => values[flat],
        None => array.iter().nth(flat).copied().unwrap_or(f64::NAN),
    }
}

fn scatter(mut view: ArrayViewMutD<'_, f64>, entries: &[Entry], values: &[f64]) {
    if let Some(slice) = view.as_slice_mut() {
        entries.iter().zip(values).for_each(|(entry, value)| slice[entry.flat] = *value);
        return;
    }
    let mut wanted = entries.iter().zip(values).peekable();
    for (flat, place) in view.iter_mut().enumerate() {
        if let Some((_, value)) = wanted.next_if(|(entry, _)| entry.flat == flat) {
            *place = *value;
        }
    }
}

/// Root mean square of the finite elements; 1 where that is 0.
pub(crate) fn rms(array: &ArrayD<f64>) -> f64 {
    let finite = array.iter().filter(|x| x.is_finite());
    let (n, sum) = finite.fold((0.0_f64, 0.0), |(n, sum), x| (n + 1.0, sum + x * x));
    let rms = (sum / n.max(1.0)).sqrt();
    if rms > 0.0 && rms.is_finite() { rms } else { 1.0 }
}

/// Largest magnitude; NaN and infinities count as nothing.
pub(crate) fn max_norm(array: &ArrayD<f64>) -> f64 {
    array.iter().filter(|x| x.is_finite()).fold(0.0, |max, x| x.abs().max(max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;
    use crate::subject::Closures;
    use ndarray::arr2;

    #[test]
    fn perturbed_tensors_get_their_bits_back() {
        let x = arr2(&[[0.1, -0.0], [1e-300, 3.0]]);
        let inputs = [Tensor::new("x", x.clone())];
        let mut subject = Closures::new(
            &inputs,
            |x| vec![x[0].mapv(|x| x * x)],
            |x, v| vec![&v[0] * &x[0] * 2.0],
        );
        let config = Config::default();
        let mut run = Run::start(&mut subject, &config);
        let direction: Vec<Entry> = (0..4).map(|flat| Entry { tensor: 0, flat, d: 0.75 }).collect();
        let y = run.along(&direction, 0.5);
        assert_eq!(y[3], 3.375_f64.powi(2));
        let same = run.subject.tensor(0).iter().zip(&x).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same);
    }

    #[test]
    fn the_probe_finds_dependent_outputs() {
        let inputs = [Tensor::new("x", arr2(&[[1.0, 2.0]]))];
        let mut subject = Closures::new(&inputs, |x| vec![x[0].clone()], |_, v| v.to_vec());
        let config = Config::default();
        let mut run = Run::start(&mut subject, &config);
        let y = run.y.clone();
        let entry = Entry { tensor: 0, flat: 1, d: 1.0 };
        assert_eq!(run.depends_on(&entry, 1.0, &y), Some(vec![false, true]));
    }
}
