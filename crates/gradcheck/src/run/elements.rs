//! Every element of one tensor against its numeric derivative.

use ndarray::ArrayD;

use crate::arrays::{element, max_norm, multi_index, rms};
use crate::decision::question::Answer;
use crate::outcome::counts::Counts;
use crate::outcome::element::Element;
use crate::outcome::report::TensorReport;
use crate::outcome::verdict::{Fault, Reason, Verdict};
use crate::run::direction::Entry;
use crate::run::evaluation::Run;

/// The elements of one tensor while they are compared with their numeric derivatives.
pub(crate) struct Measured {
    pub(crate) tensor: usize,
    pub(crate) name: String,
    pub(crate) x: ArrayD<f64>,
    pub(crate) analytic: ArrayD<f64>,
    pub(crate) numeric: ArrayD<f64>,
    /// By flat index; `None` where nothing is decided yet.
    pub(crate) verdicts: Vec<Option<Verdict>>,
    pub(crate) elements: Vec<Element>,
    atol: f64,
    /// `max_i |g_i|`
    g_max: f64,
}

impl Measured {
    pub(crate) fn new(run: &Run<'_>, tensor: usize) -> Self {
        let analytic = run.gradients[tensor].clone();
        let g_max = max_norm(&analytic);
        Self {
            tensor,
            name: run.names[tensor].0.clone(),
            x: run.base[tensor].clone(),
            numeric: ArrayD::from_elem(analytic.raw_dim(), f64::NAN),
            verdicts: vec![None; analytic.len()],
            elements: Vec::new(),
            atol: run.config.atol_ratio * run.config.rtol * g_max,
            g_max,
            analytic,
        }
    }

    /// Decides about the elements at these flat indices, unless that is done already.
    pub(crate) fn decide(&mut self, run: &mut Run<'_>, flats: impl IntoIterator<Item = usize>) {
        let rms = rms(&self.x);
        let mut noise = None;
        for flat in flats {
            if self.verdicts[flat].is_some() {
                continue;
            }
            // One measurement for the whole tensor, and none where all is decided.
            let noise = noise.get_or_insert_with(|| {
                let direction = run.random_direction(&[self.tensor], 1.0);
                run.noise(&direction)
            });
            let entry = Entry { tensor: self.tensor, flat, d: 1.0 };
            let not_finite = if !run.y.iter().all(|y| y.is_finite()) {
                Some(Verdict::Inconclusive(Reason::NonFinite))
            } else if !element(&self.analytic, flat).is_finite() {
                Some(Verdict::Fail(Fault::NonFinite))
            } else {
                None
            };
            let mut answer = run.element(entry, rms, self.atol, noise);
            answer.verdict = not_finite.unwrap_or(answer.verdict);
            self.record(flat, &answer);
        }
    }

    fn record(&mut self, flat: usize, answer: &Answer) {
        let e = &answer.estimate;
        let half = if answer.is_kink { e.jump / 2.0 } else { 0.0 };
        if let Some(slot) = self.numeric.as_slice_mut() {
            slot[flat] = e.value;
        }
        self.verdicts[flat] = Some(answer.verdict);
        self.elements.push(Element {
            index: multi_index(flat, self.analytic.shape()),
            x: element(&self.x, flat),
            analytic: element(&self.analytic, flat),
            numeric: e.value,
            error: e.error,
            tolerance: answer.tolerance,
            slopes: (e.value - half, e.value + half),
            step: e.step,
            rates: e.rates.clone(),
            evaluations: answer.evaluations,
            verdict: answer.verdict,
        });
    }

    /// Flat indices of the elements that fail.
    pub(crate) fn fails(&self) -> impl Iterator<Item = usize> + '_ {
        let failed = |v: &Option<Verdict>| v.is_some_and(|verdict| verdict.is_fail());
        self.verdicts.iter().enumerate().filter(move |(_, v)| failed(v)).map(|(flat, _)| flat)
    }

    /// The analytic and the numeric value at a flat index.
    pub(crate) fn pair(&self, flat: usize) -> (f64, f64) {
        (element(&self.analytic, flat), element(&self.numeric, flat))
    }

    /// The counts and the `keep` worst elements.
    pub(crate) fn report(mut self, keep: usize) -> TensorReport {
        let mut counts = Counts::default();
        let mut worst_relative: f64 = 0.0;
        for e in &self.elements {
            counts.count(e.verdict);
            if e.verdict == Verdict::Pass || e.verdict.is_fail() {
                let size = e.analytic.abs().max(e.numeric.abs()).max(self.g_max / 10.0);
                let relative = (e.analytic - e.numeric).abs() / size;
                worst_relative = worst_relative.max(if size > 0.0 { relative } else { 0.0 });
            }
        }
        let excess = |e: &Element| (e.analytic - e.numeric).abs() / (e.tolerance + e.error);
        self.elements.sort_by(|p, q| {
            let severity = q.verdict.cmp(&p.verdict);
            severity.then_with(|| excess(q).total_cmp(&excess(p)))
        });
        self.elements.truncate(keep);
        TensorReport {
            name: self.name,
            shape: self.analytic.shape().to_vec(),
            counts,
            g_max: self.g_max,
            worst_relative,
            worst: self.elements,
        }
    }
}
