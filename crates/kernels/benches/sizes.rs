//! Cost against size: the three matrix products of a training step of `Linear(width → width)`, in
//! GFLOP/s.
//!
//! Measured without criterion, which would take minutes: each product as often as fits into a part
//! of a second, at least three times, and the fastest call counts, because the question is where a
//! size is handled badly and not how busy the machine was. `*` marks what is slow without being
//! small: a step of more than 50 MFLOP below 60 % of the best rate.
//!
//! `cargo bench -p kernels --bench sizes [-- SECONDS]`; `cargo xtask bench` reads what is printed.

#[path = "support/data.rs"]
mod data;

use std::time::Instant;

use data::uniform;
use kernels::{gemm, gemm_row};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis};

const WIDTHS: [usize; 7] = [64, 128, 256, 512, 1024, 2048, 4096];
const BATCHES: [usize; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/// Seconds for each of the three products of a cell, unless the command line says otherwise.
const SECONDS: f64 = 0.05;

/// Multiplications and additions of a step from which on a slow one is marked.
const LARGE: f64 = 50e6;
/// The part of the best rate below which it is slow.
const SLOW: f64 = 0.6;

fn main() {
    let seconds = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(SECONDS);
    let rates: Vec<Vec<f64>> = WIDTHS.iter().map(|&width| row(width, seconds)).collect();
    let best = rates.iter().flatten().copied().fold(0.0, f64::max);
    print!("{:<6}", "width");
    BATCHES.iter().for_each(|batch| print!(" {batch:>7}"));
    println!();
    for (width, rates) in WIDTHS.iter().zip(&rates) {
        print!("{width:<6}");
        for (&batch, &rate) in BATCHES.iter().zip(rates) {
            let slow = flop(width, batch) > LARGE && rate < SLOW * best;
            print!(" {:>7}", format!("{rate:.1}{}", if slow { "*" } else { "" }));
        }
        println!();
    }
}

fn flop(&width: &usize, batch: usize) -> f64 {
    (3 * 2 * batch) as f64 * (width * width) as f64
}

/// GFLOP/s of a width at each batch.
fn row(width: usize, seconds: f64) -> Vec<f64> {
    let most = BATCHES[BATCHES.len() - 1];
    let w = Array2::from_shape_simple_fn((width, width), uniform(1));
    let b = Array1::from_shape_simple_fn(width, uniform(2));
    let x = Array2::from_shape_simple_fn((most, width), uniform(3));
    let dy = Array2::from_shape_simple_fn((most, width), uniform(4));
    let (mut y, mut dx, mut dw) =
        (Array2::zeros((most, width)), Array2::zeros((most, width)), Array2::zeros((width, width)));
    let rate = |&batch: &usize| {
        let (x, dy) = (first(&x, batch), first(&dy, batch));
        let (mut y, mut dx) = (first_mut(&mut y, batch), first_mut(&mut dx, batch));
        let time = fastest(seconds, || gemm_row(&x, &w.t(), &b, &mut y))
            + fastest(seconds, || gemm(1.0, &dy, &w, 0.0, &mut dx))
            + fastest(seconds, || gemm(1.0, &dy.t(), &x, 0.0, &mut dw));
        flop(&width, batch) / time / 1e9
    };
    BATCHES.iter().map(rate).collect()
}

fn first(rows: &Array2<f32>, n: usize) -> ArrayView2<'_, f32> {
    rows.slice_axis(Axis(0), (..n).into())
}

fn first_mut(rows: &mut Array2<f32>, n: usize) -> ArrayViewMut2<'_, f32> {
    rows.slice_axis_mut(Axis(0), (..n).into())
}

/// Seconds of the fastest call. Calls are timed one by one, so that somebody else's moment on the
/// machine spoils only one.
fn fastest(seconds: f64, mut call: impl FnMut()) -> f64 {
    const FEWEST: usize = 3;
    call();
    let (begin, mut best, mut calls) = (Instant::now(), f64::INFINITY, 0);
    while calls < FEWEST || begin.elapsed().as_secs_f64() < seconds {
        let start = Instant::now();
        call();
        best = best.min(start.elapsed().as_secs_f64());
        calls += 1;
    }
    best
}
