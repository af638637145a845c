//! Numbers and words in formats such as JSON, which has neither NaN nor ∞: these are written as the
//! words `nan`, `inf` and `-inf`.

use std::fmt;
use std::sync::Arc;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            return serializer.serialize_f64(self.0);
        }
        let word = if self.0.is_nan() { "nan" } else { "inf" };
        serializer.serialize_str(if self.0 < 0.0 { "-inf" } else { word })
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either)
    }
}

/// A number or one of the words.
struct Either;

impl Visitor<'_> for Either {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or \"nan\", \"inf\" or \"-inf\"")
    }

    fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
        Ok(Number(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
        Ok(Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
        Ok(Number(number as f64))
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Number, E> {
        let words = [("nan", f64::NAN), ("inf", f64::INFINITY), ("-inf", f64::NEG_INFINITY)];
        let number = words.into_iter().find(|(known, _)| *known == word);
        number
            .map(|(_, number)| Number(number))
            .ok_or_else(|| E::custom(format!("\"{word}\" is none")))
    }
}

/// For fields that are numbers.
pub(crate) mod numbers {
    use super::{Deserialize, Deserializer, Number, Serializer};

    pub(crate) fn serialize<S: Serializer>(x: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(x.iter().map(|&x| Number(x)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(x: D) -> Result<Vec<f64>, D::Error> {
        Ok(Vec::<Number>::deserialize(x)?.into_iter().map(|x| x.0).collect())
    }
}

/// For a field that is a number or nothing.
pub(crate) mod maybe_number {
    use super::{Deserialize, Deserializer, Number, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(x: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
        x.map(Number).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(x: D) -> Result<Option<f64>, D::Error> {
        Ok(Option::<Number>::deserialize(x)?.map(|x| x.0))
    }
}

/// Words that several columns share are written with each of them.
pub(crate) fn write_words<S: Serializer>(words: &Arc<[String]>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(words.iter())
}
