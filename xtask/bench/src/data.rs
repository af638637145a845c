//! Data and initial weights: drawn from a seed, written once, read by every program.
//!
//! The format stands at the head of `xtask/peers/common/src/data.rs`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use tensor_core::Rng;

use super::workloads::Workload;

const SEED: u64 = 20_261_122;

/// Writes `FOLDER/NAME.bin`.
pub(crate) fn write(folder: &Path, workload: &Workload) -> io::Result<()> {
    let file = File::create(folder.join(format!("{}.bin", workload.name)))?;
    let mut out = Numbers { out: BufWriter::new(file), rng: Rng::new(SEED) };
    let Workload { name, widths, batch, rows, norm, relu_last, loss, optimizer, lr, .. } = workload;
    let list = widths.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    writeln!(
        out.out,
        "name={name} widths={list} batch={batch} rows={rows} norm={} relu_last={} loss={loss} \
         optimizer={optimizer} lr={lr} epoch={}",
        u8::from(*norm),
        u8::from(*relu_last),
        u8::from(workload.is_epoch()),
    )?;

    let n_out = widths[widths.len() - 1];
    if *loss == "cross-entropy" {
        out.classified_rows(*rows, widths[0], n_out)?;
    } else {
        out.uniform(rows * widths[0], -1.0, 1.0)?;
    }
    if *loss == "mse" {
        out.uniform(rows * n_out, 0.0, 1.0)?;
    }
    out.layers(widths, *norm)?;
    if workload.is_epoch() {
        for row in out.rng.permutation(*rows) {
            out.one(row as f64)?;
        }
    }
    out.out.flush()
}

struct Numbers {
    out: BufWriter<File>,
    rng: Rng,
}

impl Numbers {
    fn one(&mut self, value: f64) -> io::Result<()> {
        self.out.write_all(&(value as f32).to_le_bytes())
    }

    fn uniform(&mut self, n: usize, low: f64, high: f64) -> io::Result<()> {
        for _ in 0..n {
            let value = low + (high - low) * self.rng.uniform();
            self.one(value)?;
        }
        Ok(())
    }

    /// Weight and bias of each layer, and what normalizes its output.
    fn layers(&mut self, widths: &[usize], norm: bool) -> io::Result<()> {
        for (i, pair) in widths.windows(2).enumerate() {
            // The variance that keeps the sizes of activations through ReLUs; biases above 0 keep
            // the small network's units active.
            let bound = (6.0 / pair[0] as f64).sqrt();
            self.uniform(pair[0] * pair[1], -bound, bound)?;
            self.uniform(pair[1], 0.0, 0.2)?;
            if norm && i + 2 < widths.len() {
                self.uniform(pair[1], 0.5, 1.5)?;
                self.uniform(pair[1], -0.1, 0.1)?;
                self.uniform(pair[1], -0.1, 0.1)?;
                self.uniform(pair[1], 0.5, 1.5)?;
            }
        }
        Ok(())
    }

    /// Rows in `[-0.5, 0.5)`, like centered pixels: half of each is its class's pattern, the other
    /// half is noise. Then the class of each row.
    fn classified_rows(&mut self, rows: usize, width: usize, classes: usize) -> io::Result<()> {
        let pattern: Vec<f64> = (0..classes * width).map(|_| self.rng.uniform()).collect();
        let labels: Vec<usize> = (0..rows).map(|_| self.rng.below(classes)).collect();
        for &label in &labels {
            for pixel in &pattern[label * width..(label + 1) * width] {
                let noise = self.rng.uniform();
                self.one(0.5 * (pixel + noise) - 0.5)?;
            }
        }
        labels.into_iter().try_for_each(|label| self.one(label as f64))
    }
}
