//! What is called: one file an area, and how often each is drawn.

mod layers;
mod models;

use crate::case::Case;
use crate::draw::Draw;

/// A part of the public interface.
#[derive(Clone, Copy)]
pub(crate) struct Area {
    pub(crate) name: &'static str,
    /// How often its cases are drawn, beside others.
    weight: usize,
    pub(crate) run: fn(&mut Case),
}

const AREAS: [Area; 2] = [
    Area { name: "layers", weight: 4, run: layers::run },
    Area { name: "models", weight: 2, run: models::run },
];

pub(crate) fn names() -> Vec<&'static str> {
    AREAS.iter().map(|area| area.name).collect()
}

pub(crate) fn find(name: &str) -> Option<Area> {
    AREAS.into_iter().find(|area| area.name == name)
}

pub(crate) fn draw(draw: &mut Draw) -> Area {
    let total: usize = AREAS.iter().map(|area| area.weight).sum();
    let mut drawn = draw.below(total);
    for area in AREAS {
        match drawn.checked_sub(area.weight) {
            Some(left) => drawn = left,
            None => return area,
        }
    }
    AREAS[0]
}
