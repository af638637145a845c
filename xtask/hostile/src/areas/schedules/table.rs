//! Every schedule, with a configuration drawn, beside its plain form: a line each.

use optim::{
    Anneal, ConstantLr, CosineAnnealingLr, CosineAnnealingWarmRestarts, CycleMode, CyclicLr,
    CyclicLrConfig, ExponentialLr, LambdaLr, LinearLr, LinearLrConfig, MultiStepLr, OneCycleLr,
    OneCycleLrConfig, PolynomialLr, Schedule, StepLr,
};

use super::plain::{cycle, cyclic, grown, half_cosine, one_cycle, polynomial, quotient};
use crate::case::Case;
use crate::compare::Against;
use crate::num::Num;

/// The plain form: the rate at a step; `None` where two steps of rounding decide which phase it is.
type Plain = Box<dyn Fn(u64) -> Option<Num>>;

macro_rules! table {
    ($($name:ident: |$case:ident| $make:expr;)*) => {
        /// What has a line here, and `Then`, which puts two of them together.
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name),)* "Then"];

        fn make(name: &str, case: &mut Case) -> Option<(Box<dyn Rate>, Plain)> {
            $(if name == stringify!($name) {
                let $case = case;
                let (schedule, plain) = $make;
                return Some((Box::new(schedule), Box::new(plain)));
            })*
            None
        }
    };
}

/// A schedule behind a pointer.
trait Rate {
    fn rate(&self, step: u64) -> f64;
}

impl<S: Schedule> Rate for S {
    fn rate(&self, step: u64) -> f64 {
        self.lr(step)
    }
}

struct Boxed(Box<dyn Rate>);

impl Schedule for Boxed {
    fn lr(&self, step: u64) -> f64 {
        self.0.rate(step)
    }
}

table! {
    ConstantLr: |case| {
        let lr = rate(case);
        (case.attempt("ConstantLr::new", || ConstantLr::new(lr))?, move |_| Some(Num::of(lr)))
    };
    StepLr: |case| {
        let (lr, size, gamma) = (rate(case), case.draw.counter(), gamma(case));
        let schedule = case.attempt("StepLr::new", || StepLr::new(lr, size, gamma))?;
        (schedule, move |t| Some(grown(Num::of(lr), gamma, t / size)))
    };
    MultiStepLr: |case| {
        let (lr, gamma) = (rate(case), gamma(case));
        let milestones: Vec<u64> = (0..case.draw.below(5)).map(|_| case.draw.counter()).collect();
        let schedule =
            case.attempt("MultiStepLr::new", || MultiStepLr::new(lr, &milestones, gamma))?;
        let passed = move |t: u64| milestones.iter().filter(|m| **m <= t).count() as u64;
        (schedule, move |t| Some(grown(Num::of(lr), gamma, passed(t))))
    };
    ExponentialLr: |case| {
        let (lr, gamma) = (rate(case), gamma(case));
        let schedule = case.attempt("ExponentialLr::new", || ExponentialLr::new(lr, gamma))?;
        (schedule, move |t| Some(grown(Num::of(lr), gamma, t)))
    };
    LinearLr: |case| {
        let (lr, total_iters) = (rate(case), case.draw.counter());
        let start_factor = case.draw.setting(&[0.0, 0.1, 1.0, 10.0]);
        let end_factor = case.draw.setting(&[0.0, 0.1, 1.0, 10.0]);
        let config = LinearLrConfig { start_factor, end_factor, total_iters };
        let schedule = case.attempt("LinearLr::new", || LinearLr::new(lr, config))?;
        let ends = [start_factor, end_factor].map(|f| Num::of(lr) * Num::of(f));
        (schedule, move |t: u64| {
            let at = t.min(total_iters);
            let p = if total_iters == 0 { Num::of(1.0) } else { quotient(at, total_iters) };
            Some(ends[0] + (ends[1] - ends[0]) * p)
        })
    };
    CosineAnnealingLr: |case| {
        let (lr, t_max, end) = (rate(case), case.draw.counter(), rate(case));
        let schedule =
            case.attempt("CosineAnnealingLr::new", || CosineAnnealingLr::new(lr, t_max, end))?;
        (schedule, move |t: u64| {
            let period = 2 * u128::from(t_max);
            let at = u128::from(t) % period;
            let at = at.min(period - at) as u64;
            Some(half_cosine(Num::of(lr), Num::of(end), quotient(at, t_max)))
        })
    };
    CosineAnnealingWarmRestarts: |case| {
        let (lr, end, t_0) = (rate(case), rate(case), case.draw.counter());
        let t_mult = if case.draw.once_in(2) { 1 } else { case.draw.counter() };
        let schedule = case.attempt("CosineAnnealingWarmRestarts::new", || {
            CosineAnnealingWarmRestarts::new(lr, t_0, t_mult, end)
        })?;
        (schedule, move |t| {
            let p = cycle(t, t_0, t_mult);
            Some(half_cosine(Num::of(lr), Num::of(end), p))
        })
    };
    OneCycleLr: |case| {
        let (lr, total) = (rate(case), case.draw.counter());
        let config = OneCycleLrConfig {
            pct_start: case.draw.setting(&[0.3, 0.5, 0.0, 1.0]),
            anneal: case.draw.one_of(&[Anneal::Cosine, Anneal::Linear]),
            div_factor: case.draw.setting(&[25.0, 1.0, 0.5]),
            final_div_factor: case.draw.setting(&[1e4, 1.0, 0.5]),
            three_phase: case.draw.once_in(2),
            ..OneCycleLrConfig::default()
        };
        let schedule = case.attempt("OneCycleLr::new", || OneCycleLr::new(lr, total, config))?;
        (schedule, move |t| one_cycle(lr, total, config, t))
    };
    PolynomialLr: |case| {
        let (lr, total) = (rate(case), case.draw.counter());
        let power = case.draw.setting(&[1.0, 0.9, 2.0, 0.0]);
        let schedule =
            case.attempt("PolynomialLr::new", || PolynomialLr::new(lr, total, power))?;
        (schedule, move |t| Some(polynomial(lr, total, power, t)))
    };
    CyclicLr: |case| {
        let (base, max) = (rate(case), rate(case));
        let gamma = case.draw.setting(&[1.0, 0.99, 0.0]);
        let down = case.draw.counter();
        let config = CyclicLrConfig {
            step_size_up: case.draw.counter(),
            step_size_down: case.draw.once_in(2).then_some(down),
            mode: case.draw.one_of(&[
                CycleMode::Triangular,
                CycleMode::Triangular2,
                CycleMode::ExpRange { gamma },
            ]),
            ..CyclicLrConfig::default()
        };
        let schedule = case.attempt("CyclicLr::new", || CyclicLr::new(base, max, config))?;
        (schedule, move |t| Some(cyclic(base, max, config, t)))
    };
    LambdaLr: |case| {
        let (lr, factor) = (rate(case), case.draw.setting(&[1.0, 0.5, 0.0]));
        let schedule = case.attempt("LambdaLr::new", || LambdaLr::new(lr, move |_| factor))?;
        if let Some(rate) = case.attempt("try_lr", || schedule.try_lr(1)) {
            let fine = rate >= 0.0 && rate.is_finite();
            case.must(fine, "rate", || format!("{rate:e} from a closure"));
        }
        // The closure's own number may be anything; what is asked for is judged of a right one.
        let factor = factor.abs();
        let factor = if factor.is_finite() { factor } else { 1.0 };
        let schedule = case.attempt("LambdaLr::new", || LambdaLr::new(lr, move |_| factor))?;
        (schedule, move |_| Some(Num::of(lr) * Num::of(factor)))
    };
}

fn rate(case: &mut Case) -> f64 {
    case.draw.setting(&[0.1, 1e-3, 0.0, 1.0, 1e-8])
}

fn gamma(case: &mut Case) -> f64 {
    case.draw.setting(&[0.1, 0.5, 0.999, 1.0, 0.0, 2.0])
}

/// Makes the schedule of that name and asks it for the rates of many steps.
pub(crate) fn call(name: &str, case: &mut Case) {
    case.about(name);
    let made = if name == "Then" { then(case) } else { make(name, case) };
    let Some((schedule, plain)) = made else { return };
    for _ in 0..8 {
        let t = case.draw.counter();
        case.note(|| format!("step {t}"));
        let Some(got) = case.call("lr", || schedule.rate(t)) else { return };
        let fine = got >= 0.0 && got.is_finite();
        case.must(fine, "rate", || format!("{got:e} at step {t}"));
        let again = schedule.rate(t);
        case.must(again.to_bits() == got.to_bits(), "bits", || "the same step twice".into());
        let Some(want) = plain(t) else { continue };
        // What no f64 is near may be any large number.
        if want.value > crate::wide::Wide::of(f64::MAX) {
            continue;
        }
        if let Some(off) = Against::new().off(got, want) {
            case.fault("number", format!("step {t}: {off}"));
        }
    }
}

fn then(case: &mut Case) -> Option<(Box<dyn Rate>, Plain)> {
    let mut part = || {
        let name = case.draw.one_of(&NAMES[..NAMES.len() - 1]);
        make(name, case)
    };
    let ((first, plain_first), (next, plain_next)) = (part()?, part()?);
    let at = case.draw.counter();
    case.about("Then");
    case.note(|| format!("at {at}"));
    let both = Boxed(first).then(at, Boxed(next));
    let plain = move |t: u64| match t.checked_sub(at) {
        Some(t) => plain_next(t),
        None => plain_first(t),
    };
    Some((Box::new(both), Box::new(plain)))
}
