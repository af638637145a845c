//! Numbers that may be infinite or NaN in formats that hold finite ones only, as JSON does.
//!
//! For fields: `#[serde(with = "tensor_core::number")]`, and with [`each`] and [`maybe`] for a
//! `Vec<f64>` and an `Option<f64>`. A finite number is written as a number, the others as the words
//! `inf`, `-inf` and `nan`.
//!
//! ```
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Best(#[serde(with = "tensor_core::number")] f64);
//!
//! let json = serde_json::to_string(&Best(f64::INFINITY))?; // before the first metric
//! assert_eq!(json, "\"inf\"");
//! assert_eq!(serde_json::from_str::<Best>(&json)?.0, f64::INFINITY);
//! assert_eq!(serde_json::from_str::<Best>("-0.5")?.0, -0.5);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes a number.
///
/// # Errors
/// Those of the format.
#[doc(hidden)] // derives call it
pub fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    match *number {
        x if x.is_finite() => serializer.serialize_f64(x),
        x if x.is_nan() => serializer.serialize_str("nan"),
        x if x > 0.0 => serializer.serialize_str("inf"),
        _ => serializer.serialize_str("-inf"),
    }
}

/// Reads a number.
///
/// # Errors
/// Those of the format, and if it is neither a number nor one of the three words.
#[doc(hidden)] // derives call it
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

/// A number as the others are made of it.
#[derive(Serialize, Deserialize)]
struct Any(#[serde(with = "crate::number")] f64);

/// For a `Vec<f64>`: `#[serde(with = "tensor_core::number::each")]`.
pub mod each {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Any;

    /// Writes the numbers.
    ///
    /// # Errors
    /// Those of the format.
    #[doc(hidden)] // derives call it
    pub fn serialize<S: Serializer>(numbers: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(numbers.iter().map(|&x| Any(x)))
    }

    /// Reads the numbers.
    ///
    /// # Errors
    /// Those of the format, and if one is neither a number nor one of the three words.
    #[doc(hidden)] // derives call it
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        Ok(Vec::<Any>::deserialize(deserializer)?.into_iter().map(|Any(x)| x).collect())
    }
}

/// For an `Option<f64>`: `#[serde(with = "tensor_core::number::maybe")]`.
pub mod maybe {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Any;

    /// Writes the number, or that there is none.
    ///
    /// # Errors
    /// Those of the format.
    #[doc(hidden)] // derives call it
    pub fn serialize<S: Serializer>(x: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        x.map(Any).serialize(serializer)
    }

    /// Reads the number, or that there is none.
    ///
    /// # Errors
    /// Those of the format, and if it is neither a number nor one of the three words.
    #[doc(hidden)] // derives call it
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<f64>, D::Error> {
        Ok(Option::<Any>::deserialize(deserializer)?.map(|Any(x)| x))
    }
}
