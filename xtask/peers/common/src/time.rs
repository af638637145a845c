//! How long a step takes.

use std::time::{Duration, Instant};

use crate::{Failure, Program, Workload};

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
    let epoch = !workload.order.is_empty();
    let mut batches = workload.order.chunks(workload.batch);
    for _ in 0..=STEPS {
        match batches.next() {
            Some(rows) => program.step_rows(rows)?,
            None => program.step()?,
        }
    }
    let loss = program.loss()?;
    if seconds == 0.0 {
        return Ok(Figures { best_us: f64::NAN, median_us: f64::NAN, loss });
    }
    if epoch {
        // The last batch is a smaller one: programs that keep something for a shape have now seen
        // it.
        if let Some(rows) = workload.order.chunks(workload.batch).last() {
            program.step_rows(rows)?;
        }
        let start = Instant::now();
        for rows in workload.order.chunks(workload.batch) {
            program.step_rows(rows)?;
        }
        let us = microseconds(start.elapsed());
        return Ok(Figures { best_us: us, median_us: us, loss });
    }
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
    Ok(Figures { best_us: times[0], median_us: times[times.len() / 2], loss })
}

fn microseconds(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1000.0
}
