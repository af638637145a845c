//! How long a step takes.

use std::time::{Duration, Instant};

use crate::data::Workload;
use crate::program::{Failure, Program};

/// Steps in front of the one whose loss is compared.
const STEPS: usize = 10;
/// Fewest steps that are timed, however slow they are.
const MIN_STEPS: usize = 10;
/// Most steps that are timed: a bound on the memory for their times.
const MAX_STEPS: usize = 1_000_000;

/// Of one workload.
pub(crate) struct Figures {
    pub(crate) best_us: f64,
    pub(crate) median_us: f64,
    /// After ten steps.
    pub(crate) loss: f32,
}

/// Checks a program by the loss after ten steps, warms it up and times each of the steps that fit
/// into `seconds`; of an epoch, one. With no seconds nothing is timed.
pub(crate) fn measure(
    program: &mut dyn Program,
    workload: &Workload,
    seconds: f64,
) -> Result<Figures, Failure> {
    let mut batches = workload.order.chunks(workload.batch);
    for _ in 0..=STEPS {
        match batches.next() {
            Some(rows) => program.step_rows(rows)?,
            None => program.step()?,
        }
    }
    let loss = program.loss()?;
    let (best_us, median_us) = if seconds == 0.0 {
        (f64::NAN, f64::NAN)
    } else if workload.order.is_empty() {
        steps(program, seconds)?
    } else {
        let us = epoch(program, workload)?;
        (us, us)
    };
    Ok(Figures { best_us, median_us, loss })
}

/// The time of an epoch.
fn epoch(program: &mut dyn Program, workload: &Workload) -> Result<f64, Failure> {
    // The last batch is a smaller one: programs that keep buffers by shape have now seen it.
    if let Some(rows) = workload.order.chunks(workload.batch).last() {
        program.step_rows(rows)?;
    }
    let start = Instant::now();
    for rows in workload.order.chunks(workload.batch) {
        program.step_rows(rows)?;
    }
    Ok(microseconds(start.elapsed()))
}

/// The best time of a step, and the median.
fn steps(program: &mut dyn Program, seconds: f64) -> Result<(f64, f64), Failure> {
    let warm_up = Instant::now();
    while warm_up.elapsed().as_secs_f64() < 0.2 * seconds {
        program.step()?;
    }
    let mut times = Vec::new();
    let begin = Instant::now();
    while times.len() < MIN_STEPS
        || (times.len() < MAX_STEPS && begin.elapsed().as_secs_f64() < seconds)
    {
        let start = Instant::now();
        program.step()?;
        times.push(microseconds(start.elapsed()));
    }
    times.sort_unstable_by(f64::total_cmp);
    Ok((times[0], times[times.len() / 2]))
}

fn microseconds(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1000.0
}
