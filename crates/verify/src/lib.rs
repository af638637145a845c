//! Every gradient of this project under the gradient checker.
//!
//! `gradcheck` knows nothing of layers, losses and models, so that anybody's code can be checked
//! with it. What it needs to check ours stands here: one adapter each for [`Layer`](layers::Layer),
//! [`Loss`](losses::Loss) and [`Sequential`](models::Sequential), and the table of [`items`] with a
//! way to draw random cases of each. It is not a dependency of anything that is trained with; the
//! tests and `cargo xtask gradcheck` use it.
//!
//! ```
//! use gradcheck::Config;
//! use layers::{Linear, Mode};
//! use tensor_core::Rng;
//! use verify::{Draw, LayerSubject};
//!
//! let layer = Linear::<f64>::new(3, 2, &mut Rng::new(1))?;
//! let mut subject = LayerSubject::new(layer, (4, 3), Mode::Train, &mut Draw::new(1, 8))?;
//! gradcheck::check("Linear", &mut subject, &Config::default()).assert_pass();
//! # Ok::<(), tensor_core::Error>(())
//! ```

#![forbid(unsafe_code)]

mod draw;
mod item;
mod items;
mod layer_items;
mod layer_subject;
mod loss_items;
mod loss_subject;
mod model_items;
mod model_subject;
mod passes;
mod run;
mod single;

pub use draw::Draw;
pub use item::{Item, Kind, Subject, Type};
pub use items::items;
pub use layer_subject::LayerSubject;
pub use loss_subject::LossSubject;
pub use model_subject::ModelSubject;
pub use run::{Case, Row, check_kind, run_item};
