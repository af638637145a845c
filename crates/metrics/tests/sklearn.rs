//! Every metric against scikit-learn's numbers: `fixtures/sklearn/metrics.json`.
//!
//! Each case is counted twice: at once, and in batches of which every second one goes into another
//! metric, merged at the end. Both have to agree with scikit-learn as closely as
//! `fixtures/manifest.json` says.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use metrics::{
    AbsoluteError, Average, BrierScore, ConfusionMatrix, Error, ErrorMean, ExplainedVariance,
    LogLoss, MedianAbsoluteError, OneVsRestAuc, PercentageError, PinballError, RocAuc, RowError,
    Scores, Share, SquaredError, TopKAccuracy,
};
use ndarray::{Array1, Array2, Axis, Slice};
use serde_json::Value;

/// A file under `fixtures/`.
fn fixture(name: &str) -> Value {
    let path = format!("{}/../../fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Runs `check` on every case of an item, and fails with all that differs.
fn each_case(item: &str, check: fn(&Value, &mut Comparison)) {
    let (file, manifest) = (fixture("sklearn/metrics.json"), fixture("manifest.json"));
    let relative = manifest["sklearn"]["f64"].as_f64().unwrap();
    let mut comparison =
        Comparison { relative, place: String::new(), differences: Vec::new(), n: 0 };
    let mut n_cases = 0;
    for case in file["cases"].as_array().unwrap().iter().filter(|case| case["item"] == item) {
        case["name"].as_str().unwrap().clone_into(&mut comparison.place);
        check(case, &mut comparison);
        n_cases += 1;
    }
    assert!(
        n_cases >= 10 && comparison.n > 5 * n_cases,
        "{n_cases} cases, {} numbers",
        comparison.n
    );
    let differences = comparison.differences;
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

struct Comparison {
    relative: f64,
    place: String,
    differences: Vec<String>,
    n: usize,
}

impl Comparison {
    /// `unit` is what an absolute error of `relative` belongs to: 0 where the result has to be
    /// right to that share of itself, 1 where it is a difference of numbers up to 1.
    fn number(&mut self, what: &str, ours: f64, theirs: &Value, unit: f64) {
        let theirs = number(theirs);
        let bound = self.relative * theirs.abs().max(unit);
        let same = ours == theirs || (ours.is_nan() && theirs.is_nan());
        self.n += 1;
        // The smallest subnormal number: products that underflow have no digits.
        if !(same || (ours - theirs).abs() <= bound.max(5e-324)) {
            let place = &self.place;
            self.differences.push(format!("{place}: {what}: {ours:e}, scikit-learn {theirs:e}"));
        }
    }

    fn numbers<'a>(&mut self, what: &str, ours: impl IntoIterator<Item = &'a f64>, theirs: &Value) {
        let ours: Vec<f64> = ours.into_iter().copied().collect();
        let theirs = flat(theirs);
        assert_eq!(ours.len(), theirs.len(), "{}: {what}", self.place);
        for (i, (ours, theirs)) in ours.into_iter().zip(theirs).enumerate() {
            self.number(&format!("{what}[{i}]"), ours, theirs, 0.0);
        }
    }
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Null => f64::NAN,
        Value::String(text) => text.parse().unwrap(),
        value => value.as_f64().unwrap(),
    }
}

/// The numbers of nested arrays in order.
fn flat(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().flat_map(flat).collect(),
        value => vec![value],
    }
}

fn vector(value: &Value) -> Array1<f64> {
    flat(value).into_iter().map(number).collect()
}

fn matrix(value: &Value) -> Array2<f64> {
    let columns = value[0].as_array().unwrap().len();
    let flat = vector(value);
    let rows = flat.len() / columns;
    flat.into_shape_with_order((rows, columns)).unwrap()
}

fn classes(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|class| class.as_u64().unwrap() as usize).collect()
}

/// The weight of each row, if the case has any.
fn weights(case: &Value) -> Option<Vec<f64>> {
    let weights = &case["inputs"]["weights"];
    (!weights.is_null()).then(|| vector(weights).to_vec())
}

/// Where batches of 1, 2, 3, … rows begin and end.
fn batches(n_rows: usize) -> Vec<std::ops::Range<usize>> {
    let mut batches = Vec::new();
    let mut start = 0;
    while start < n_rows {
        let end = n_rows.min(start + batches.len() + 1);
        batches.push(start..end);
        start = end;
    }
    batches
}

/// The metric of all rows at once, and the same of its batches, put together.
fn both<M: Clone>(
    empty: &M,
    n_rows: usize,
    count: impl Fn(&mut M, std::ops::Range<usize>) -> Result<(), Error>,
    merge: impl Fn(&mut M, &M),
) -> [M; 2] {
    let mut whole = empty.clone();
    count(&mut whole, 0..n_rows).unwrap();
    let mut parts = [empty.clone(), empty.clone()];
    for (i, batch) in batches(n_rows).into_iter().enumerate() {
        count(&mut parts[i % 2], batch).unwrap();
    }
    let [mut first, second] = parts;
    merge(&mut first, &second);
    [whole, first]
}

#[test]
fn of_predicted_classes() {
    each_case("classes", |case, comparison| {
        let (inputs, expected) = (&case["inputs"], &case["f64"]);
        let (truth, predicted) = (classes(&inputs["truth"]), classes(&inputs["predicted"]));
        let (weights, n_classes) = (weights(case), inputs["n_classes"].as_u64().unwrap() as usize);
        let counted = both(
            &ConfusionMatrix::new(n_classes),
            truth.len(),
            |confusion, rows| match &weights {
                None => confusion.update(&truth[rows.clone()], &predicted[rows]),
                Some(weights) => {
                    let (truth, predicted) = (&truth[rows.clone()], &predicted[rows.clone()]);
                    confusion.update_weighted(truth, predicted, &weights[rows])
                }
            },
            |a, b| a.merge(b).unwrap(),
        );
        for confusion in counted {
            compare_confusion(&confusion, expected, comparison);
        }
    });
}

fn compare_confusion(confusion: &ConfusionMatrix, expected: &Value, comparison: &mut Comparison) {
    comparison.numbers("confusion", confusion.counts(), &expected["confusion"]);
    for (name, share) in
        [("of truth", Share::Truth), ("of predicted", Share::Predicted), ("of all", Share::All)]
    {
        comparison.numbers(name, &confusion.normalized(share), &expected[name]);
    }
    for (name, value, unit) in [
        ("accuracy", confusion.accuracy(), 0.0),
        ("balanced accuracy", confusion.balanced_accuracy(), 0.0),
        ("matthews", confusion.matthews(), 1.0),
    ] {
        // Left out where scikit-learn's products overflow.
        if let Some(theirs) = expected.get(name) {
            comparison.number(name, value.unwrap(), theirs, unit);
        }
    }
    let scores = confusion.scores();
    let mut column = |name: &str, of: fn(&Scores) -> f64| {
        let values: Vec<f64> = scores.iter().map(of).collect();
        comparison.numbers(name, &values, &expected["classes"][name]);
        for (average, by) in
            [("macro", Average::Macro), ("micro", Average::Micro), ("weighted", Average::Weighted)]
        {
            if name != "support" {
                let value = of(&confusion.average(by).unwrap());
                let what = format!("{average} {name}");
                comparison.number(&what, value, &expected[average][name], 0.0);
            }
        }
    };
    column("precision", |scores| scores.precision);
    column("recall", |scores| scores.recall);
    column("f1", |scores| scores.f1);
    column("support", |scores| scores.support);
    if let Some(report) = expected["report"].as_str() {
        let names: Vec<String> = (0..scores.len()).map(|class| format!("class {class}")).collect();
        let ours = confusion.report(&names).unwrap().to_string();
        if !same_words(&ours, report) {
            comparison.differences.push(format!("{}:\n{ours}\n{report}", comparison.place));
        }
    }
}

/// Whether two tables say the same. scikit-learn 1.9 writes 3 rows as `3.0`.
fn same_words(ours: &str, theirs: &str) -> bool {
    let words = |table: &str| -> Vec<String> {
        table.split_whitespace().map(|word| word.trim_end_matches(".0").to_owned()).collect()
    };
    words(ours) == words(theirs)
}

#[test]
fn of_scores_of_several_classes() {
    each_case("scores", |case, comparison| {
        let (inputs, expected) = (&case["inputs"], &case["f64"]);
        let (truth, scores) = (classes(&inputs["truth"]), matrix(&inputs["scores"]));
        let n_rows = truth.len();
        let weights = weights(case).unwrap_or_else(|| vec![1.0; n_rows]);
        let rows_of = |rows: std::ops::Range<usize>| {
            let part = scores.slice_axis(Axis(0), Slice::from(rows.clone()));
            (&truth[rows.clone()], part, &weights[rows])
        };
        for k in [1, 2, 3] {
            let count = |top: &mut TopKAccuracy, rows| {
                let (truth, scores, weights) = rows_of(rows);
                top.update_weighted(truth, &scores, weights)
            };
            let empty = TopKAccuracy::new(k).unwrap();
            for top in both(&empty, n_rows, count, |a, b| a.merge(b).unwrap()) {
                comparison.number("top", top.value().unwrap(), &expected["top"][k - 1], 0.0);
            }
        }
        let count = |loss: &mut LogLoss, rows| {
            let (truth, scores, weights) = rows_of(rows);
            loss.update_weighted(truth, &scores, weights)
        };
        for loss in both(&LogLoss::default(), n_rows, count, LogLoss::merge) {
            comparison.number("log loss", loss.value().unwrap(), &expected["log loss"], 0.0);
        }
        let count = |brier: &mut BrierScore, rows| {
            let (truth, scores, weights) = rows_of(rows);
            brier.update_weighted(truth, &scores, weights)
        };
        for brier in both(&BrierScore::default(), n_rows, count, BrierScore::merge) {
            comparison.number("brier", brier.value().unwrap(), &expected["brier"], 0.0);
        }
        let count = |auc: &mut OneVsRestAuc, rows| {
            let (truth, scores, weights) = rows_of(rows);
            auc.update_weighted(truth, &scores, weights)
        };
        let empty = OneVsRestAuc::new(scores.ncols());
        for auc in both(&empty, n_rows, count, |a, b| a.merge(b).unwrap()) {
            comparison.numbers("areas", &auc.classes(), &expected["areas"]);
            comparison.number("macro", auc.value(Average::Macro), &expected["macro"], 0.0);
            comparison.number("micro", auc.value(Average::Micro), &expected["micro"], 0.0);
            comparison.number("weighted", auc.value(Average::Weighted), &expected["weighted"], 0.0);
        }
    });
}

#[test]
fn of_scores_of_two_classes() {
    each_case("two classes", |case, comparison| {
        let (inputs, expected) = (&case["inputs"], &case["f64"]);
        let (truth, p) = (classes(&inputs["truth"]), vector(&inputs["p"]));
        let weights = weights(case).unwrap_or_else(|| vec![1.0; truth.len()]);
        let count = |auc: &mut RocAuc, rows: std::ops::Range<usize>| {
            let scores = p.slice_axis(Axis(0), Slice::from(rows.clone()));
            auc.update_weighted(&truth[rows.clone()], &scores, &weights[rows])
        };
        for auc in both(&RocAuc::default(), truth.len(), count, RocAuc::merge) {
            let curve = auc.curve();
            comparison.numbers("fpr", &curve.false_positive_rates, &expected["fpr"]);
            comparison.numbers("tpr", &curve.true_positive_rates, &expected["tpr"]);
            comparison.numbers("thresholds", &curve.thresholds, &expected["thresholds"]);
            comparison.number("area", auc.value(), &expected["area"], 0.0);
        }
        let columns = ndarray::stack(Axis(1), &[p.mapv(|p| 1.0 - p).view(), p.view()]).unwrap();
        let (mut loss, mut brier) = (LogLoss::default(), BrierScore::default());
        loss.update_weighted(&truth, &columns, &weights).unwrap();
        brier.update_weighted(&truth, &columns, &weights).unwrap();
        comparison.number("log loss", loss.value().unwrap(), &expected["log loss"], 0.0);
        comparison.number("brier", brier.value().unwrap(), &expected["brier"], 0.0);
    });
}

#[test]
fn of_numbers() {
    each_case("numbers", |case, comparison| {
        let rows = Rows::of(case);
        let expected = &case["f64"];
        compare_mean(&rows, AbsoluteError, "mae", &expected["mae"], comparison);
        compare_mean(&rows, SquaredError, "mse", &expected["mse"], comparison);
        compare_mean(&rows, PercentageError, "mape", &expected["mape"], comparison);
        for (alpha, theirs) in [0.1, 0.5, 0.9].into_iter().zip(flat(&expected["pinball"])) {
            let rule = PinballError::new(alpha).unwrap();
            compare_mean(&rows, rule, "pinball", theirs, comparison);
        }
        let empty = ErrorMean::of(SquaredError);
        for mse in rows.both(&empty, ErrorMean::update_weighted, |a, b| a.merge(b).unwrap()) {
            comparison.number("rmse", mse.root().unwrap(), &expected["rmse"], 0.0);
        }
        let empty = MedianAbsoluteError::default();
        let count = MedianAbsoluteError::update_weighted;
        for median in rows.both(&empty, count, MedianAbsoluteError::merge) {
            comparison.number("median", median.value().unwrap(), &expected["median"], 0.0);
        }
        let empty = ExplainedVariance::default();
        let count = ExplainedVariance::update_weighted;
        for explained in rows.both(&empty, count, ExplainedVariance::merge) {
            let (r2, ev) = (explained.r2().unwrap(), explained.explained_variance().unwrap());
            comparison.number("r2", r2, &expected["r2"], 1.0);
            comparison.number("explained", ev, &expected["explained"], 1.0);
        }
    });
}

struct Rows {
    truth: Array1<f64>,
    predicted: Array1<f64>,
    weights: Vec<f64>,
}

impl Rows {
    fn of(case: &Value) -> Self {
        let (truth, predicted) =
            (vector(&case["inputs"]["truth"]), vector(&case["inputs"]["predicted"]));
        let weights = weights(case).unwrap_or_else(|| vec![1.0; truth.len()]);
        Self { truth, predicted, weights }
    }

    fn both<M: Clone>(
        &self,
        empty: &M,
        count: impl Fn(
            &mut M,
            &ndarray::ArrayRef1<f64>,
            &ndarray::ArrayRef1<f64>,
            &[f64],
        ) -> Result<(), Error>,
        merge: impl Fn(&mut M, &M),
    ) -> [M; 2] {
        let count = |metric: &mut M, rows: std::ops::Range<usize>| {
            let part =
                |all: &Array1<f64>| all.slice_axis(Axis(0), Slice::from(rows.clone())).to_owned();
            count(metric, &part(&self.truth), &part(&self.predicted), &self.weights[rows.clone()])
        };
        both(empty, self.truth.len(), count, merge)
    }
}

fn compare_mean<E: RowError + Clone>(
    rows: &Rows,
    rule: E,
    name: &str,
    theirs: &Value,
    comparison: &mut Comparison,
) {
    let empty = ErrorMean::of(rule);
    for mean in rows.both(&empty, ErrorMean::update_weighted, |a, b| a.merge(b).unwrap()) {
        comparison.number(name, mean.value().unwrap(), theirs, 0.0);
    }
}
