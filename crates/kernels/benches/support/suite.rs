//! What the benches of all crates use: one setting, and names and amounts of work that `cargo
//! xtask bench` can read.

use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput};

/// A function whose time is measured.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// What is done: `forward`.
    pub(crate) group: String,
    /// To what: `Relu 128×512`.
    pub(crate) name: String,
    /// Multiplications and additions of one call's matrix products.
    pub(crate) flop: u64,
    /// What a call has to read and to write at least, in bytes.
    pub(crate) bytes: u64,
}

/// Few samples, because there are many items; the command line may ask for others.
pub(crate) fn criterion() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20)
        .without_plots()
        .configure_from_args()
}

/// Measures `run` on what `make` makes, which happens for items that the command line asks for
/// only.
pub(crate) fn measure<S>(
    criterion: &mut Criterion,
    item: Item,
    make: impl Fn() -> S,
    mut run: impl FnMut(&mut S),
) {
    let mut state = None;
    let mut group = criterion.benchmark_group(item.group);
    group.throughput(Throughput::ElementsAndBytes { elements: item.flop, bytes: item.bytes });
    if item.flop > LONG {
        group.sample_size(10).sampling_mode(SamplingMode::Flat);
    }
    group.bench_function(item.name, |bencher| {
        let state = state.get_or_insert_with(&make);
        bencher.iter(|| run(state));
    });
    group.finish();
}

/// More than this in one call is measured ten times and not in rising numbers of calls.
const LONG: u64 = 10_000_000_000;
