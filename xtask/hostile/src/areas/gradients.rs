//! The gradient checker: options and functions of any kind.

use gradcheck::{
    Config, Domain, Mode, Precision, Structural, Tensor, check_gradient, check_vjp, derivative,
};
use ndarray::{ArrayD, IxDyn};

use crate::case::Case;

/// One check.
pub(crate) fn run(case: &mut Case) {
    let config = config(case);
    case.about("gradcheck");
    case.note(|| format!("{config:?}"));
    match case.draw.below(3) {
        0 => one_number(case, &config),
        1 => gradient(case, &config),
        _ => vjp(case, &config),
    }
}

fn config(case: &mut Case) -> Config {
    Config {
        rtol: case.draw.setting(&[1e-8, 1e-4, 0.0]),
        atol_ratio: case.draw.setting(&[0.1, 0.0]),
        seed: case.draw.bits(),
        mode: match case.draw.below(4) {
            0 => Mode::Directional,
            1 => Mode::Hybrid { sample_per_tensor: case.draw.argument() },
            _ => Mode::Exhaustive,
        },
        precision: case.draw.one_of(&[Precision::Double, Precision::Single]),
        directions: case.draw.size().min(5),
        max_evaluations: case.draw.argument(),
        max_direction_evaluations: case.draw.argument(),
        min_observed: case.draw.setting(&[0.5, 0.0, 1.0]),
        keep: case.draw.argument(),
        structural: case.draw.one_of(&[Structural::On, Structural::Off]),
    }
}

fn array(case: &mut Case, shape: &[usize]) -> ArrayD<f64> {
    let n = shape.iter().product();
    ArrayD::from_shape_vec(IxDyn(shape), case.draw.list(n)).unwrap_or_default()
}

fn shape(case: &mut Case) -> Vec<usize> {
    (0..case.draw.below(3)).map(|_| case.draw.size().min(4)).collect()
}

/// Functions, most of them smooth.
fn function(kind: usize) -> fn(f64) -> f64 {
    [f64::sin, |x| x * x, f64::abs, |_| f64::NAN, f64::sqrt, |x| 1.0 / x, |_| 0.0, f64::exp]
        [kind % 8]
}

fn one_number(case: &mut Case, config: &Config) {
    let (x, lo, hi) = (case.draw.number(), case.draw.number(), case.draw.number());
    let domain = if case.draw.once_in(2) { Domain::REAL } else { Domain::new(lo, hi) };
    let kind = case.draw.below(8);
    case.note(|| format!("function {kind} at {x:e}, {domain:?}"));
    let found = case.call("derivative", || derivative(function(kind), x, domain, config));
    let Some(found) = found else { return };
    // A first estimate of the step is made in any case.
    let spent = found.evaluations <= config.max_evaluations.saturating_add(64);
    case.must(spent, "budget", || format!("{} evaluations", found.evaluations));
    // d sin x/dx where nothing is extreme: within the error bar and a little rounding.
    let ordinary = domain == Domain::REAL && config.max_evaluations > 60;
    if kind == 0 && x.abs() < 100.0 && x.abs() > 1e-3 && ordinary && found.error.is_finite() {
        let off = (found.value - x.cos()).abs();
        let fine = off <= 20.0 * found.error + 1e-6;
        let double = config.precision == Precision::Double;
        case.must(fine || !double, "number", || format!("sin' at {x}: {found:?}"));
    }
}

fn gradient(case: &mut Case, config: &Config) {
    let shape = shape(case);
    let x = array(case, &shape);
    let (kind, factor) = (case.draw.below(8), case.draw.one_of(&[2.0, 2.1, f64::NAN]));
    case.note(|| format!("x {x:?}"));
    let f = function(kind);
    let report = case.call("check_gradient", || {
        check_gradient("f", &x, |x| x.iter().map(|&x| f(x)).sum(), |x| x * factor, config)
    });
    if let Some(report) = report {
        case.call("Report", || (report.to_string(), report.counts(), report.verdict()));
        let right = kind == 1 && factor == 2.0 && x.iter().all(|x| x.abs() < 1e3 && x.abs() > 1e-3);
        let usual = config.rtol >= 1e-8 && config.precision == Precision::Double;
        let fails = report.counts().fail;
        case.must(!(right && usual && fails > 0), "number", || format!("2x of x² fails: {report}"));
    }
}

fn vjp(case: &mut Case, config: &Config) {
    let shapes = [shape(case), shape(case)];
    let inputs = shapes.map(|shape| Tensor::new("x", array(case, &shape)));
    // What comes back has now and then another shape, or is missing.
    let broken = case.draw.below(6);
    case.note(|| format!("{inputs:?} broken {broken}"));
    let report = case.call("check_vjp", || {
        check_vjp(
            "f",
            &inputs,
            |x| match broken {
                0 => Vec::new(),
                _ => x.iter().map(|x| x.mapv(f64::sin)).collect(),
            },
            |x, v| match broken {
                1 => Vec::new(),
                2 => vec![ArrayD::zeros(IxDyn(&[3])), ArrayD::zeros(IxDyn(&[]))],
                _ => x.iter().zip(v).map(|(x, v)| v * &x.mapv(f64::cos)).collect(),
            },
            config,
        )
    });
    if let Some(report) = report {
        case.call("Report", || (report.to_string(), report.problem(0.0)));
    }
}
