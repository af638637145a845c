//! Random cases of an item, counted.

use gradcheck::{Config, Report, check};
use layers::Mode;

use crate::single::compare_single;
use crate::{Draw, Item, Kind, Type, items};

/// No axis is longer in a case.
const LONGEST: usize = 11;

/// What the cases of an item, in one type and one mode, came to.
#[derive(Debug, Clone)]
pub struct Row {
    /// The item.
    pub name: String,
    /// The type that was checked.
    pub ty: Type,
    /// The mode of the pass.
    pub mode: Mode,
    /// Random shapes and values that were tried.
    pub cases: usize,
    /// Elements of all gradients.
    pub elements: usize,
    /// Those found right.
    pub pass: usize,
    /// Those found wrong.
    pub fail: usize,
    /// Those that differences cannot decide.
    pub inconclusive: usize,
    /// Those that are 0 as far as anybody can see.
    pub unobserved: usize,
    /// Forward passes.
    pub evaluations: usize,
    /// The largest relative error of an element that was decided; for `f32` in parts of the bound.
    pub worst: f64,
    /// The tensor it was found in.
    pub worst_in: String,
    /// A case that failed, the smallest that was found.
    pub failure: Option<Case>,
}

/// A case to look at.
#[derive(Debug, Clone)]
pub struct Case {
    /// What [`Draw`] drew it from.
    pub seed: u64,
    /// The limit of its axes.
    pub longest: usize,
    /// What the checker says.
    pub report: String,
}

/// Checks `cases` random cases of `item`; `tick` is called after each.
pub fn run_item(
    item: &Item,
    ty: Type,
    mode: Mode,
    cases: usize,
    seed: u64,
    mut tick: impl FnMut(),
) -> Row {
    let mut row = Row::new(item, ty, mode, cases);
    for case in 0..cases as u64 {
        let seed = seed.wrapping_add(case.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let reports = case_reports(item, ty, mode, seed, LONGEST);
        for report in &reports {
            row.add(report);
        }
        if fails(&reports) {
            row.fail = row.fail.max(1);
            row.failure = row.failure.or_else(|| smallest_failure(item, ty, mode, seed));
        }
        tick();
    }
    row
}

fn fails(reports: &[Report]) -> bool {
    reports.is_empty() || reports.iter().any(|r| r.verdict().is_fail())
}

/// The failure with the shortest axes among those of one seed.
fn smallest_failure(item: &Item, ty: Type, mode: Mode, seed: u64) -> Option<Case> {
    (1..=LONGEST).find_map(|longest| {
        let reports = case_reports(item, ty, mode, seed, longest);
        let report = reports.iter().map(|r| format!("{r}\n")).collect();
        fails(&reports).then_some(Case { seed, longest, report })
    })
}

/// Elements that differences may leave open: saturated ones, whose derivative is below the rounding
/// of the function.
const MAX_INCONCLUSIVE: f64 = 0.005;

/// Checks `cases` random cases of every item of one kind, in both types: what the crates' own tests
/// call.
///
/// # Errors
/// What is wrong, in words: the first failure with its smallest case, a row in which nothing could
/// be seen, or too many undecided elements.
pub fn check_kind(kind: Kind, cases: usize, seed: u64) -> Result<(), String> {
    let (mut n_elements, mut n_inconclusive) = (0, 0);
    for item in items().iter().filter(|item| item.kind == kind) {
        for (&mode, ty) in item.modes.iter().flat_map(|mode| [(mode, Type::F64), (mode, Type::F32)])
        {
            let row = run_item(item, ty, mode, cases, seed, || ());
            if let Some(Case { seed, longest, report }) = row.failure {
                let name = row.name;
                return Err(format!(
                    "{name} {ty:?} {mode:?}, case seed {seed:#x}, axes up to {longest}:\n{report}"
                ));
            }
            if row.fail > 0 || row.unobserved == row.elements {
                return Err(format!("{row:?}"));
            }
            n_elements += row.elements;
            n_inconclusive += row.inconclusive;
        }
    }
    if n_inconclusive as f64 > MAX_INCONCLUSIVE * n_elements as f64 {
        return Err(format!("{n_inconclusive} of {n_elements} elements are inconclusive"));
    }
    Ok(())
}

/// The reports of one case; none if it could not be made.
fn case_reports(item: &Item, ty: Type, mode: Mode, seed: u64, longest: usize) -> Vec<Report> {
    let draw = || Draw::new(seed, longest);
    let Some(mut double) = (item.double)(&mut draw(), mode) else { return Vec::new() };
    match ty {
        Type::F64 => {
            let config = Config { seed, ..Config::default() };
            let mut report = check(&item.name, &mut *double, &config);
            report.findings.extend(double.layout_findings());
            vec![report]
        }
        Type::F32 => {
            let Some(mut single) = (item.single)(&mut draw(), mode) else { return Vec::new() };
            compare_single(&item.name, &mut *single, &mut *double, item.terms, seed)
        }
    }
}

impl Row {
    fn new(item: &Item, ty: Type, mode: Mode, cases: usize) -> Self {
        Self {
            name: item.name.clone(),
            ty,
            mode,
            cases,
            elements: 0,
            pass: 0,
            fail: 0,
            inconclusive: 0,
            unobserved: 0,
            evaluations: 0,
            worst: 0.0,
            worst_in: String::new(),
            failure: None,
        }
    }

    fn add(&mut self, report: &Report) {
        let counts = report.counts();
        self.elements += counts.total();
        self.pass += counts.pass;
        self.fail += counts.fail;
        self.inconclusive += counts.n_inconclusive();
        self.unobserved += counts.unobserved;
        self.evaluations += report.evaluations;
        // A finding without a failed element, such as a buffer that was added to, is a failure as
        // well.
        if counts.fail == 0 && report.verdict().is_fail() {
            self.fail += 1;
        }
        for tensor in &report.tensors {
            if tensor.worst_relative > self.worst {
                self.worst = tensor.worst_relative;
                self.worst_in = tensor.name.clone();
            }
        }
    }
}
