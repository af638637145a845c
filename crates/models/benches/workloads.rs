//! Whole steps: the workloads of `cargo xtask bench peers`, from a few weights to some millions.
//!
//! What each is stands in `xtask/bench/src/workloads.rs`. W6 is an epoch of all 60,000 rows,
//! measured ten times. `breakdown` says what a step consists of.
//!
//! The operations of an item are those of its matrix products. Its bytes are those of the
//! parameters, read once in inference; in training what the update reads and writes, the gradient
//! included; of an epoch those of the rows, which alone come from memory.

#![expect(clippy::unwrap_used, reason = "a refused call measures nothing")]

#[path = "../../kernels/benches/support/data.rs"]
mod data;
#[path = "support/network.rs"]
mod network;
#[path = "../../kernels/benches/support/suite.rs"]
mod suite;
#[path = "../../../xtask/bench/src/workloads.rs"]
#[expect(dead_code, reason = "learning rates and names matter to the comparison")]
mod workloads;

use network::{Inference, Training};
use suite::{Item, measure};
use workloads::{WORKLOADS, Workload};

fn main() {
    let mut criterion = suite::criterion();
    for workload in &WORKLOADS {
        if workload.loss == "none" {
            let make = || Inference::new(workload).unwrap();
            measure(&mut criterion, item("infer", workload), make, |model| model.run().unwrap());
        } else if workload.is_epoch() {
            let make = || Training::new(workload).unwrap();
            measure(&mut criterion, item("epoch", workload), make, |model| model.epoch().unwrap());
        } else {
            let make = || Training::new(workload).unwrap();
            measure(&mut criterion, item("step", workload), make, |model| model.step().unwrap());
        }
    }
    criterion.final_summary();
}

fn item(group: &str, workload: &Workload) -> Item {
    let (mut flop, mut bytes) = (0, 0);
    for (i, pair) in workload.widths.windows(2).enumerate() {
        let n_products = match (workload.loss, i) {
            ("none", _) => 1,
            (_, 0) => 2,
            _ => 3,
        };
        flop += 2 * n_products * workload.rows * pair[0] * pair[1];
        // The gradient; the parameter and each buffer to read and to write.
        let passes = match workload.optimizer {
            "sgd" => 5,
            "adam" => 7,
            _ => 1,
        };
        bytes += passes * size_of::<f32>() * (pair[0] + 1) * pair[1];
    }
    if workload.is_epoch() {
        bytes = size_of::<f32>() * workload.rows * workload.widths[0];
    }
    Item {
        group: group.into(),
        name: format!("{} {}", workload.name, workload.description),
        flop: flop as u64,
        bytes: bytes as u64,
    }
}
