//! What is called: one file an area, and how often each is drawn.

mod floor;
mod gradients;
mod layers;
pub(crate) mod losses;
mod models;
mod products;
mod reports;
pub(crate) mod rules;
pub(crate) mod schedules;
mod training;

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

const AREAS: [Area; 10] = [
    Area { name: "reports", weight: 1, run: reports::run },
    Area { name: "products", weight: 2, run: products::run },
    Area { name: "floor", weight: 3, run: floor::run },
    Area { name: "layers", weight: 4, run: layers::run },
    Area { name: "losses", weight: 4, run: losses::run },
    Area { name: "rules", weight: 4, run: rules::run },
    Area { name: "schedules", weight: 3, run: schedules::run },
    Area { name: "training", weight: 1, run: training::run },
    Area { name: "models", weight: 3, run: models::run },
    Area { name: "gradcheck", weight: 1, run: gradients::run },
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
