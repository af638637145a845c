//! The library of this workspace on the compared workloads, through what it offers to everybody; and, as a floor, the same
//! formulas in plain loops (`--peer naive`), which in `f64` give the losses that all have to agree with (`--peer reference`).

mod naive;
mod ours;

use std::process::ExitCode;

use peer_common::Program;

fn main() -> ExitCode {
    peer_common::run(|workload, peer| {
        let program: Box<dyn Program> = match peer {
            "ours" => ours::load(workload)?,
            "naive" => Box::new(naive::Naive::<f32>::new(workload)?),
            "reference" => Box::new(naive::Naive::<f64>::new(workload)?),
            other => return Err(format!("no peer {other}").into()),
        };
        Ok(Some(program))
    })
}
