//! Losses: predictions, targets, weights and labels of every kind, beside the plain forms.

mod batch;
mod drive;
mod more;
mod more_plain;
mod plain;
mod table;

use crate::case::Case;

pub(crate) use table::NAMES;

/// One loss, one batch.
pub(crate) fn run(case: &mut Case) {
    let name = case.draw.one_of(NAMES);
    match case.draw.once_in(2) {
        true => table::call::<f32>(name, case),
        false => table::call::<f64>(name, case),
    }
}
