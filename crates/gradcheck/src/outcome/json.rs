//! The report for machines, through `serde_json`.

use serde_json::{Value, json};

use crate::outcome::counts::Counts;
use crate::outcome::element::{DirectionReport, Element};
use crate::outcome::finding::Finding;
use crate::outcome::hint::Hint;
use crate::outcome::report::{Report, TensorReport};

impl Report {
    /// The whole report as JSON. Numbers that are not finite become `null`.
    ///
    /// # Examples
    /// ```
    /// use gradcheck::{Config, check_gradient};
    /// use ndarray::arr1;
    /// let x = arr1(&[0.5, 1.5]).into_dyn();
    /// let report = check_gradient("Σx", &x, |x| x.sum(), |x| x.mapv(|_| 1.0), &Config::default());
    /// let json = report.to_json();
    /// assert_eq!(json["verdict"], "pass");
    /// assert_eq!(json["tensors"][0]["counts"]["pass"], 2);
    /// ```
    pub fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "verdict": self.verdict().to_string(),
            "seed": self.seed,
            "evaluations": self.evaluations,
            "backward_calls": self.backward_calls,
            "probes": self.probes,
            "counts": self.counts().to_json(),
            "tensors": list(&self.tensors, tensor),
            "directions": list(&self.directions, direction),
            "findings": list(&self.findings, finding),
            "hints": list(&self.hints, hint),
        })
    }
}

fn list<T>(items: &[T], to_json: impl Fn(&T) -> Value) -> Value {
    items.iter().map(to_json).collect()
}

fn tensor(tensor: &TensorReport) -> Value {
    json!({
        "name": tensor.name,
        "shape": tensor.shape,
        "counts": tensor.counts.to_json(),
        "g_max": tensor.g_max,
        "worst_relative": tensor.worst_relative,
        "worst": list(&tensor.worst, Element::to_json),
    })
}

fn direction(direction: &DirectionReport) -> Value {
    json!({
        "analytic": direction.analytic,
        "numeric": direction.numeric,
        "error": direction.error,
        "tolerance": direction.tolerance,
        "evaluations": direction.evaluations,
        "verdict": direction.verdict.to_string(),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "check": finding.check.to_string(),
        "verdict": finding.verdict.to_string(),
        "detail": finding.detail,
    })
}

fn hint(hint: &Hint) -> Value {
    json!({
        "kind": format!("{:?}", hint.kind),
        "tensor": hint.tensor,
        "detail": hint.detail,
    })
}

impl Counts {
    /// The counts as JSON, inconclusive ones by reason.
    pub fn to_json(&self) -> Value {
        let reasons = self.inconclusive.iter();
        let reasons: serde_json::Map<String, Value> =
            reasons.map(|(reason, n)| (reason.to_string(), json!(n))).collect();
        json!({
            "pass": self.pass,
            "fail": self.fail,
            "unobserved": self.unobserved,
            "inconclusive": self.n_inconclusive(),
            "reasons": reasons,
        })
    }
}

impl Element {
    /// The element as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "index": self.index,
            "x": self.x,
            "analytic": self.analytic,
            "numeric": self.numeric,
            "error": self.error,
            "tolerance": self.tolerance,
            "ratio": self.ratio(),
            "relative_error": self.relative_error(),
            "left": self.slopes.0,
            "right": self.slopes.1,
            "step": self.step,
            "rates": self.rates,
            "evaluations": self.evaluations,
            "verdict": self.verdict.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::{Config, Tensor, check_vjp};
    use ndarray::arr1;

    #[test]
    fn a_failure_is_complete() {
        let report = check_vjp(
            "abs",
            &[Tensor::new("x", arr1(&[0.0, 1.0]))],
            |x| vec![x[0].mapv(f64::abs)],
            |x, v| vec![&v[0] * &x[0].mapv(|x| if x > 0.0 { 0.5 } else { 0.0 })],
            &Config::default(),
        );
        let json = report.to_json();
        assert_eq!(json["verdict"], "FAIL");
        assert_eq!(json["counts"]["reasons"]["kink"], 1);
        let worst = &json["tensors"][0]["worst"];
        assert_eq!(worst[0]["index"][0], 1);
        assert_eq!(
            worst[1]["left"].as_f64().map(f64::abs),
            worst[1]["right"].as_f64().map(f64::abs)
        );
    }
}
