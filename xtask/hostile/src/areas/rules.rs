//! Update rules: every configuration, gradients of every size, states moved about.

mod drive;
pub(crate) mod model;
mod plain;
mod states;
mod table;
mod twin;

use crate::case::Case;

pub(crate) use table::NAMES;

/// One rule, a few steps.
pub(crate) fn run(case: &mut Case) {
    let name = case.draw.one_of(NAMES);
    match case.draw.once_in(2) {
        true => table::call::<f32>(name, case),
        false => table::call::<f64>(name, case),
    }
}
