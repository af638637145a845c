//! Numbers that may be infinite or NaN in formats that hold finite ones only, as JSON does.
//!
//! For fields of your own: `#[serde(with = "optim::number")]`. A finite number is written as a
//! number, the others as the words `inf`, `-inf` and `nan`.
//!
//! ```
//! use optim::EarlyStoppingState;
//!
//! // Before the first metric, the best one is infinite.
//! let state = EarlyStoppingState { steps: 0, best: f64::INFINITY, best_step: 0, n_bad: 0 };
//! let json = serde_json::to_string(&state)?;
//! assert_eq!(json, r#"{"steps":0,"best":"inf","best_step":0,"n_bad":0}"#);
//! assert_eq!(serde_json::from_str::<EarlyStoppingState>(&json)?, state);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};

/// Writes a number, as that of an [`EarlyStoppingState`](crate::EarlyStoppingState).
///
/// # Errors
/// Those of the format.
pub fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    match *number {
        x if x.is_finite() => serializer.serialize_f64(x),
        x if x.is_nan() => serializer.serialize_str("nan"),
        x if x > 0.0 => serializer.serialize_str("inf"),
        _ => serializer.serialize_str("-inf"),
    }
}

/// Reads a number, as that of an [`EarlyStoppingState`](crate::EarlyStoppingState).
///
/// # Errors
/// Those of the format, and if it is neither a number nor one of the three words.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    deserializer.deserialize_any(Number)
}

struct Number;

impl Visitor<'_> for Number {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, \"inf\", \"-inf\" or \"nan\"")
    }

    fn visit_f64<E: Error>(self, x: f64) -> Result<f64, E> {
        Ok(x)
    }

    fn visit_u64<E: Error>(self, x: u64) -> Result<f64, E> {
        Ok(x as f64)
    }

    fn visit_i64<E: Error>(self, x: i64) -> Result<f64, E> {
        Ok(x as f64)
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<f64, E> {
        match word {
            "inf" => Ok(f64::INFINITY),
            "-inf" => Ok(f64::NEG_INFINITY),
            "nan" => Ok(f64::NAN),
            _ => Err(E::invalid_value(Unexpected::Str(word), &self)),
        }
    }
}
