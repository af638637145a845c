//! Models: layers of layers, passes, steps and reads in any order, errors ignored.

mod around;
mod build;
mod passes;
mod script;
mod sizes;
mod state;
mod watch;

use crate::case::Case;

/// One model and what is done to it.
pub(crate) fn run(case: &mut Case) {
    match case.draw.below(8) {
        0 => sizes::run(case),
        1..=4 => script::run::<f64>(case),
        _ => script::run::<f32>(case),
    }
}
