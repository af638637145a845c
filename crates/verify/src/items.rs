//! The table of everything that has a gradient.

use crate::{Item, layer_items, loss_items, model_items};

/// Every layer, every loss with its options, and models.
pub fn items() -> Vec<Item> {
    let mut items = layer_items::items();
    items.extend(loss_items::items());
    items.extend(model_items::items());
    items
}
