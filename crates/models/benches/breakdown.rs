//! Where the time of a step goes.
//!
//! Each part of a step is timed by itself, in whole steps, and the median counts. After that the
//! same matrix products are made and nothing else, and not in turn, so that neither displaces the
//! other's weights from the cache. What the passes take beyond them is elementwise work:
//! activations, normalizations, copies. Columns are µs for a step, then its parts in percent:
//! `gather` to `update` add up to 100, and `products` and `elementwise` to `gather`, `forward` and
//! `backward`.
//!
//! `cargo bench -p models --bench breakdown [-- SECONDS]`; `cargo xtask bench` reads what is
//! printed.

#[path = "../../kernels/benches/support/data.rs"]
mod data;
#[path = "support/network.rs"]
#[expect(dead_code, reason = "whole steps are measured by the other bench")]
mod network;
#[path = "support/products.rs"]
mod products;
#[path = "../../../xtask/bench/src/workloads.rs"]
#[expect(dead_code, reason = "learning rates and names matter to the comparison")]
mod workloads;

use std::time::Instant;

use network::{Inference, Training};
use products::Products;
use tensor_core::Error;
use workloads::{WORKLOADS, Workload};

/// Seconds for the steps of a workload and its products, unless the command line says otherwise.
const SECONDS: f64 = 0.5;

/// The columns behind the first two.
const PARTS: [&str; 7] =
    ["gather", "forward", "loss", "backward", "update", "products", "elementwise"];

fn main() -> Result<(), Error> {
    let seconds = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(SECONDS);
    print!("{:<8} {:>9}", "workload", "step/µs");
    PARTS.iter().for_each(|part| print!(" {part:>11}"));
    println!();
    for workload in &WORKLOADS {
        let [gather, forward, loss, backward, update, products] = parts(workload, seconds)?;
        let step = gather + forward + loss + backward + update;
        let elementwise = gather + forward + backward - products;
        print!("{:<8} {:>9.2}", workload.name, 1e6 * step);
        for part in [gather, forward, loss, backward, update, products, elementwise] {
            print!(" {:>11.1}", 100.0 * part / step);
        }
        println!();
    }
    Ok(())
}

/// Seconds of gather, forward, loss, backward, update and of the products alone.
fn parts(workload: &Workload, seconds: f64) -> Result<[f64; 6], Error> {
    let [gather, forward, loss, backward, update] = passes(workload, seconds / 2.0)?;
    let mut layers = Products::of(workload);
    let [products] = medians(seconds / 2.0, |[products]| {
        *products = timed(|| {
            layers.iter_mut().for_each(Products::forward);
            layers.iter_mut().rev().for_each(Products::backward);
            Ok(())
        })?;
        Ok(())
    })?;
    Ok([gather, forward, loss, backward, update, products])
}

/// Seconds of gather, forward, loss, backward and update.
fn passes(workload: &Workload, seconds: f64) -> Result<[f64; 5], Error> {
    if workload.loss == "none" {
        let mut model = Inference::new(workload)?;
        return medians(seconds, |[_, forward, _, _, _]| {
            *forward = timed(|| model.run())?;
            Ok(())
        });
    }
    let mut model = Training::new(workload)?;
    let steps = workload.rows / workload.batch;
    let mut step = 0;
    medians(seconds, |[gather, forward, loss, backward, update]| {
        step = (step + 1) % steps;
        *gather = timed(|| model.gather(step * workload.batch))?;
        *forward = timed(|| model.forward())?;
        *loss = timed(|| model.loss())?;
        *backward = timed(|| model.backward())?;
        *update = timed(|| model.update())?;
        Ok(())
    })
}

/// Seconds of a call, as the clock shows them.
fn timed(call: impl FnOnce() -> Result<(), Error>) -> Result<f64, Error> {
    let start = Instant::now();
    call()?;
    Ok(start.elapsed().as_secs_f64())
}

/// The medians of what `step` fills in, over as many steps as fit, without the time that reading
/// the clock takes.
fn medians<const N: usize>(
    seconds: f64,
    mut step: impl FnMut(&mut [f64; N]) -> Result<(), Error>,
) -> Result<[f64; N], Error> {
    const FEWEST: usize = 5;
    const MOST: usize = 200_000;
    let clock = median((0..999).map(|_| timed(|| Ok(()))).collect::<Result<_, _>>()?);
    let mut row = [0.0; N];
    (0..3).try_for_each(|_| step(&mut row))?;
    let mut rows = Vec::new();
    let begin = Instant::now();
    while rows.len() < FEWEST || (rows.len() < MOST && begin.elapsed().as_secs_f64() < seconds) {
        step(&mut row)?;
        rows.push(row);
    }
    let column = |i: usize| (median(rows.iter().map(|row| row[i]).collect()) - clock).max(0.0);
    Ok(std::array::from_fn(column))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}
