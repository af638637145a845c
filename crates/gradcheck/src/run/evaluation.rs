//! The subject at its point, as functions of one number.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::ArrayD;

use crate::arrays::{element, flatten, rms, row_major};
use crate::config::Config;
use crate::decision::decide::decide;
use crate::decision::question::{Answer, Question};
use crate::numeric::ladder::Point;
use crate::numeric::noise::Noise;
use crate::random::rng::Rng;
use crate::run::direction::{Entry, scatter};
use crate::subject::checkable::Checkable;
use crate::subject::domain::Domain;

/// A subject at its point `x`, with outputs and gradients there.
///
/// It is evaluated as a function of one number: `t ↦ F(x + t e_i)` for an element, with the unit
/// vector `e_i`, and `t ↦ F(x + t d)` for a direction `d`.
pub(crate) struct Run<'a> {
    pub(crate) subject: &'a mut dyn Checkable,
    pub(crate) config: &'a Config,
    pub(crate) names: Vec<(String, Domain)>,
    /// The tensors as they were.
    pub(crate) base: Vec<ArrayD<f64>>,
    pub(crate) cotangents: Vec<ArrayD<f64>>,
    /// `v_j`: all cotangents in one row, like the outputs.
    pub(crate) weights: Vec<f64>,
    /// `y_j`: all outputs in one row.
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
            .map(|i| row_major(subject.tensor(i).mapv(|x| config.precision.round(x))))
            .collect();
        for (i, base) in base.iter().enumerate() {
            subject.tensor_mut(i).assign(base);
        }
        subject.restore();
        let outputs = subject.forward();
        let mut rng = Rng::new(config.seed);
        let cotangents: Vec<_> = outputs.iter().map(|y| rng.cotangent_array(y.shape())).collect();
        let gradients = subject.backward(&cotangents).into_iter().map(row_major).collect();
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

    /// Output of a forward pass at the current tensors.
    pub(crate) fn forward(&mut self) -> Vec<f64> {
        self.evaluations += 1;
        self.subject.restore();
        flatten(self.subject.forward())
    }

    /// Forward and backward at the current tensors.
    pub(crate) fn backward(&mut self, cotangents: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
        self.forward();
        self.backward_calls += 1;
        self.subject.backward(cotangents)
    }

    /// `x_i + t d_i`, as it will be stored.
    fn moved(&self, entry: &Entry, t: f64) -> f64 {
        let x = element(&self.base[entry.tensor], entry.flat);
        // Not x + 0, which would lose the sign of a negative zero.
        if t == 0.0 { x } else { self.config.precision.round(x + t * entry.d) }
    }

    /// `F(x + t d)`
    pub(crate) fn along(&mut self, direction: &[Entry], t: f64) -> Vec<f64> {
        self.write(direction, t);
        let y = self.forward();
        self.write(direction, 0.0);
        y
    }

    /// Sets the tensors to `x + t d`.
    pub(crate) fn write(&mut self, direction: &[Entry], t: f64) {
        for group in direction.chunk_by(|a, b| a.tensor == b.tensor) {
            let values: Vec<f64> = group.iter().map(|entry| self.moved(entry, t)).collect();
            scatter(self.subject.tensor_mut(group[0].tensor), group, &values);
        }
    }

    /// Noise of the outputs around the point, seen along random moves of one tensor or of all.
    pub(crate) fn noise(&mut self, direction: &[Entry]) -> Noise {
        let (y, weights) = (self.y.clone(), self.weights.clone());
        let (below, above) = self.reach(direction);
        let width = below.min(above).min(1.0);
        let unit = self.config.precision.unit_roundoff();
        if width == 0.0 || direction.is_empty() {
            return Noise::of_value(&y, unit);
        }
        let x_size = direction.iter().map(|entry| self.moved(entry, 0.0).abs()).fold(0.0, f64::max);
        Noise::measure(&y, &weights, unit, x_size, &mut |t| self.along(direction, t * width))
    }

    /// How far the domains let the point move along a direction, down and up.
    pub(crate) fn reach(&self, direction: &[Entry]) -> (f64, f64) {
        let mut reach = (f64::INFINITY, f64::INFINITY);
        for entry in direction {
            let (below, above) = self.names[entry.tensor].1.distances(self.moved(entry, 0.0));
            let (below, above) = if entry.d > 0.0 { (below, above) } else { (above, below) };
            reach = (reach.0.min(below / entry.d.abs()), reach.1.min(above / entry.d.abs()));
        }
        reach
    }

    /// A random direction through the given tensors: `d_i = ±(512 + r)/1024 · s` with `r` uniform
    /// in `0..=1024` and `s` the power of two nearest to `width` times the tensor's root mean
    /// square, so that short steps along it are exact in floating point.
    pub(crate) fn random_direction(&self, tensors: &[usize], width: f64) -> Vec<Entry> {
        let mut rng = Rng::new(self.config.seed ^ 0xd1_2ec7);
        let mut direction = Vec::new();
        for &tensor in tensors {
            let size = (width * rms(&self.base[tensor])).log2().round().exp2();
            let domain = self.names[tensor].1;
            for flat in 0..self.base[tensor].len() {
                let mut d = size * rng.cotangent();
                // Next to a bound of the domain: away from it.
                let (below, above) = domain.distances(element(&self.base[tensor], flat));
                if below.min(above) < size / 1024.0 {
                    d = if above > below { d.abs() } else { -d.abs() };
                }
                direction.push(Entry { tensor, flat, d });
            }
        }
        direction
    }

    /// Decides about one element `x_i`. It is expected to vary over `max(|x_i|, rms/4)`.
    pub(crate) fn element(&mut self, entry: Entry, rms: f64, atol: f64, noise: &Noise) -> Answer {
        let entry = Entry { d: 1.0, ..entry };
        let x = self.moved(&entry, 0.0);
        let scale = x.abs().max(rms / 4.0);
        let analytic = element(&self.gradients[entry.tensor], entry.flat);
        let max = self.config.max_evaluations;
        self.decide(&[entry], Target { analytic, x_size: x.abs(), scale, atol, max }, noise)
    }

    /// Decides about one direction, which has the tensors' size already: it varies over 1.
    pub(crate) fn direction(
        &mut self,
        direction: &[Entry],
        analytic: f64,
        atol: f64,
        noise: &Noise,
    ) -> Answer {
        let max = self.config.max_direction_evaluations;
        self.decide(direction, Target { analytic, x_size: 1.0, scale: 1.0, atol, max }, noise)
    }

    fn decide(&mut self, direction: &[Entry], target: Target, noise: &Noise) -> Answer {
        let (y, weights) = (std::mem::take(&mut self.y), std::mem::take(&mut self.weights));
        let question = Question {
            analytic: Some(target.analytic),
            y: &y,
            weights: &weights,
            x_size: target.x_size,
            scale: target.scale,
            reach: self.reach(direction),
            atol: target.atol,
            max_evaluations: target.max,
        };
        let config = self.config;
        let single = if let [entry] = direction { Some(entry) } else { None };
        // Both closures need the subject, one after the other.
        let run = RefCell::new(self);
        let answer = decide(
            &question,
            noise,
            config,
            &mut |t| run.borrow_mut().point(direction, t),
            &mut || single.and_then(|entry| run.borrow_mut().depends_on(entry, target.scale, &y)),
        );
        let run = run.into_inner();
        (run.y, run.weights) = (y, weights);
        answer
    }

    /// `F(x + t d)`; for a single element with the distance that `x_i + t` has after rounding.
    fn point(&mut self, direction: &[Entry], t: f64) -> Point {
        let rounded = match direction {
            [entry] => (self.moved(entry, t) - self.moved(entry, 0.0)) / entry.d,
            _ => t,
        };
        Point { t: rounded, y: self.along(direction, t) }
    }

    /// Which outputs change when the element becomes NaN, very small or very large: some functions
    /// hide NaN, because a comparison drops it, and some are flat to one side. `None` where nothing
    /// changes or the function panics, because that tells nothing.
    fn depends_on(&mut self, entry: &Entry, scale: f64, y: &[f64]) -> Option<Vec<bool>> {
        let x = self.moved(entry, 0.0);
        let far = scale * 20.0_f64.exp2();
        let (below, above) = self.reach(&[*entry]);
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

/// What is asked about a direction.
struct Target {
    analytic: f64,
    x_size: f64,
    scale: f64,
    atol: f64,
    max: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::closures::Closures;
    use crate::subject::tensor::Tensor;
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
    fn outputs_that_depend_on_an_element_are_found() {
        let inputs = [Tensor::new("x", arr2(&[[1.0, 2.0]]))];
        let mut subject = Closures::new(&inputs, |x| vec![x[0].clone()], |_, v| v.to_vec());
        let config = Config::default();
        let mut run = Run::start(&mut subject, &config);
        let y = run.y.clone();
        let entry = Entry { tensor: 0, flat: 1, d: 1.0 };
        assert_eq!(run.depends_on(&entry, 1.0, &y), Some(vec![false, true]));
    }
}
