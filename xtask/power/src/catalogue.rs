//! The corruption catalogue over the standard set, and how small its failures shrink.

use gradcheck::{
    Case, CaseTree, Cases, Config, Tensor, Values, corruptions, self_test, self_test_row,
};
use ndarray::{ArrayD, Axis, Ix1, Ix2};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::cases::{Draw, PowerCase};

/// Detected and named corruptions.
#[derive(Default)]
pub(super) struct Catalogue {
    pub(super) rows: usize,
    pub(super) detected: usize,
    pub(super) named: usize,
    /// What was missed or misnamed, with counts.
    pub(super) notes: std::collections::BTreeMap<String, usize>,
}

/// Runs the self-test on `draws` tame instances of each function.
pub(super) fn catalogue(set: &[Box<dyn PowerCase>], draws: u64) -> Catalogue {
    let mut all = Catalogue::default();
    for case in set {
        let all_draws = (0..).map(|seed| (seed, case.draw(seed)));
        let usable = all_draws.filter(|(_, draw)| !draw.is_saturated);
        for (seed, Draw { inputs, f, vjp, .. }) in usable.take(draws as usize) {
            let config = Config { seed, ..Config::default() };
            for row in self_test(&inputs, f, vjp, &config).rows {
                all.rows += 1;
                all.detected += usize::from(row.detected);
                all.named += usize::from(row.first == Some(row.expected));
                if !row.detected {
                    *all.notes.entry(format!("missed: {}", row.corruption)).or_default() += 1;
                } else if row.first != Some(row.expected) {
                    let note = format!("{} taken for {:?}", row.corruption, row.first);
                    *all.notes.entry(note).or_default() += 1;
                }
            }
        }
    }
    all
}

type Arrays = Vec<ArrayD<f64>>;
type Vjp = fn(&[ArrayD<f64>], &[ArrayD<f64>]) -> Arrays;

/// A function whose failures are shrunk.
struct Shrunk {
    cases: Cases,
    f: fn(&[ArrayD<f64>]) -> Arrays,
    vjp: Vjp,
}

fn functions() -> [Shrunk; 2] {
    let linear = Cases::new([1..=6, 1..=6, 1..=6])
        .tensor([0, 1], Values::Mixed)
        .tensor([2, 1], Values::Mixed)
        .tensor([2], Values::Mixed);
    let softmax = Cases::new([1..=6, 1..=6]).tensor([0, 1], Values::Normal);
    [
        Shrunk { cases: linear, f: affine, vjp: affine_vjp },
        Shrunk {
            cases: softmax,
            f: |x| vec![rowwise_softmax(&x[0])],
            vjp: |x, v| {
                let p = rowwise_softmax(&x[0]);
                let pv = &p * &v[0];
                let total = pv.sum_axis(Axis(1)).insert_axis(Axis(1));
                vec![&pv - &(&p * &total)]
            },
        },
    ]
}

fn two(a: &ArrayD<f64>) -> ndarray::Array2<f64> {
    a.clone().into_dimensionality::<Ix2>().unwrap_or_default()
}

fn affine(t: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
    let bias = t[2].clone().into_dimensionality::<Ix1>().unwrap_or_default();
    vec![(two(&t[0]).dot(&two(&t[1]).t()) + bias).into_dyn()]
}

fn affine_vjp(t: &[ArrayD<f64>], v: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
    let dy = two(&v[0]);
    let dx = dy.dot(&two(&t[1])).into_dyn();
    vec![dx, dy.t().dot(&two(&t[0])).into_dyn(), dy.sum_axis(Axis(0)).into_dyn()]
}

fn rowwise_softmax(x: &ArrayD<f64>) -> ArrayD<f64> {
    let mut p = x.clone();
    for mut row in p.lanes_mut(Axis(1)) {
        let top = row.fold(f64::NEG_INFINITY, |top, x| top.max(*x));
        row.mapv_inplace(|x| (x - top).exp());
        let total = row.sum();
        row /= total;
    }
    p
}

/// Number of elements, all tensors together, of each minimal failing case.
pub(super) fn minimal_sizes(draws: usize) -> Vec<usize> {
    let mut sizes = Vec::new();
    let mut runner = TestRunner::deterministic();
    for shrunk in functions() {
        for corruption in corruptions() {
            for tensor in 0..3 {
                for _ in 0..draws {
                    let Ok(mut tree) = shrunk.cases.new_tree(&mut runner) else { continue };
                    let fails = |case: &Case| {
                        let tensors = case.tensors.iter().enumerate();
                        let inputs: Vec<Tensor> =
                            tensors.map(|(k, x)| Tensor::new(format!("t{k}"), x.clone())).collect();
                        let config = Config { seed: case.seed, ..Config::default() };
                        let (f, vjp) = (shrunk.f, shrunk.vjp);
                        tensor < inputs.len()
                            && self_test_row(corruption, tensor, &inputs, &f, &vjp, &config)
                                .is_some_and(|row| row.detected)
                    };
                    if fails(&tree.current()) {
                        let case = shrink(&mut tree, fails);
                        sizes.push(case.tensors.iter().map(ArrayD::len).sum());
                    }
                }
            }
        }
    }
    sizes
}

/// What proptest's runner does with a value tree.
fn shrink(tree: &mut CaseTree, fails: impl Fn(&Case) -> bool) -> Case {
    let mut smallest = tree.current();
    let mut more = tree.simplify();
    while more {
        let case = tree.current();
        more = if fails(&case) {
            smallest = case;
            tree.simplify()
        } else {
            tree.complicate()
        };
    }
    smallest
}
