//! The digits that are compiled into the example; `README.md` beside this file says whose they are.

use std::error::Error;

use flate2::read::GzDecoder;
use ndarray::{Array2, Axis};
use tensor_core::Rng;

pub(crate) const N_PIXELS: usize = 64;
pub(crate) const N_CLASSES: usize = 10;

/// The darkest pixel.
const FULL: f32 = 16.0;

static FILE: &[u8] = include_bytes!("digits.csv.gz");

/// Pictures and what they show.
pub(crate) struct Digits {
    /// `(N, 64)`, from 0 to 1.
    pub(crate) pixels: Array2<f32>,
    /// `(N)`, from 0 to 9.
    pub(crate) labels: Vec<usize>,
}

/// Reads all rows: 64 pixels from 0 to 16, the digit last, no header.
pub(crate) fn load() -> Result<Digits, Box<dyn Error>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(GzDecoder::new(FILE));
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for record in reader.deserialize() {
        let mut row: Vec<f32> = record?;
        labels.push(row.pop().ok_or("a row without columns")? as usize);
        pixels.extend(row.into_iter().map(|pixel| pixel / FULL));
    }
    Ok(Digits { pixels: Array2::from_shape_vec((labels.len(), N_PIXELS), pixels)?, labels })
}

impl Digits {
    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }

    /// The rows with these indices, in this order.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        Self {
            pixels: self.pixels.select(Axis(0), rows),
            labels: rows.iter().map(|&row| self.labels[row]).collect(),
        }
    }

    /// A random part of the rows to train on, and the rest to test on.
    pub(crate) fn split(&self, fraction: f64, rng: &mut Rng) -> (Self, Self) {
        let order = rng.permutation(self.len());
        let (train, test) = order.split_at((fraction * self.len() as f64) as usize);
        (self.select(train), self.select(test))
    }
}
