//! Pages on what comes up in training: what, why, code that runs, and what to watch out for.
//!
//! | page | |
//! |---|---|
//! | [`early_stopping`] | when to end a training, and which weights to keep |
//! | [`imbalance`] | classes of unequal size |
//! | [`resuming`] | runs that were interrupted |
//! | [`freezing`] | layers that are not trained, or slower |
//! | [`own_parts`] | layers, losses and metrics of one's own |
//! | [`heads`] | one network that answers several questions |

#[doc = include_str!("../doc/early_stopping.md")]
pub mod early_stopping {}

#[doc = include_str!("../doc/imbalance.md")]
pub mod imbalance {}

#[doc = include_str!("../doc/resuming.md")]
pub mod resuming {}

#[doc = include_str!("../doc/freezing.md")]
pub mod freezing {}

#[doc = include_str!("../doc/own_parts.md")]
pub mod own_parts {}

#[doc = include_str!("../doc/heads.md")]
pub mod heads {}
