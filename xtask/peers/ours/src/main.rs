//! The library of this workspace on the compared workloads, through what it offers to everybody;
//! and two floors: the same formulas in plain loops (`--peer naive`), which in `f64` give the
//! losses that all have to agree with (`--peer reference`), and the smallest network over arrays of
//! fixed size (`--peer arrays`).

mod arrays;
mod naive;
mod ours;

use std::process::ExitCode;

use peer_common::Program;

fn main() -> ExitCode {
    peer_common::run(|workload, peer| {
        let program: Box<dyn Program> = match peer {
            "ours" => ours::load(workload)?,
            "arrays" => match arrays::Arrays::new(workload)? {
                Some(arrays) => Box::new(arrays),
                None => return Ok(None),
            },
            "naive" => Box::new(naive::Naive::<f32>::new(workload)?),
            "reference" => Box::new(naive::Naive::<f64>::new(workload)?),
            other => return Err(format!("no peer {other}").into()),
        };
        Ok(Some(program))
    })
}
