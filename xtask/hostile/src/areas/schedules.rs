//! Schedules, plateaus and early stopping: any step, any metric, any state.

mod metrics;
mod plain;
mod table;

use crate::case::Case;

pub(crate) use table::NAMES;

/// One schedule at many steps, or one series of metrics.
pub(crate) fn run(case: &mut Case) {
    match case.draw.below(4) {
        0 => metrics::plateau(case),
        1 => metrics::early_stopping(case),
        _ => {
            let name = case.draw.one_of(NAMES);
            table::call(name, case);
        }
    }
}
