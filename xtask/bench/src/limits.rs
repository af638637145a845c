//! What the machine can do at most, and the time that an amount of work takes at that.

use std::fmt;
use std::fs;

use serde_json::{Value, json};

use super::grid::Grid;

/// Measured by `crates/kernels/benches/limits.rs`.
#[derive(Debug)]
pub(crate) struct Limits {
    threads: usize,
    /// Multiplications and additions a second.
    flops: f64,
    /// The same right after products, which lower the clock.
    flops_after_products: f64,
    /// Bytes a second, read and written, by bytes in use; rising.
    bandwidth: Vec<(f64, f64)>,
}

/// What bounds the speed of something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    /// Multiply-adds.
    Arithmetic,
    /// The way to caches or memory.
    Bandwidth,
}

impl Limits {
    /// From what the bench prints.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.splitn(4, '\n');
        let mut number = |name: &str| {
            let line = lines.next().unwrap_or_default();
            let value = line.strip_prefix(name).and_then(|value| value.trim().parse::<f64>().ok());
            value.ok_or_else(|| format!("limits: expected {name}, found {line:?}"))
        };
        let (threads, gflops) = (number("threads")?, number("GFLOP/s")?);
        let after_products = number("after-products")?;
        let grid = Grid::parse(lines.next().unwrap_or_default())?;
        let bandwidth = grid.rows.iter().map(|(kib, rates)| {
            let best = rates.iter().copied().fold(0.0, f64::max);
            let kib: f64 = kib.parse().map_err(|_| format!("limits: no size {kib}"))?;
            Ok((1024.0 * kib, 1e9 * best))
        });
        let bandwidth = bandwidth.collect::<Result<_, String>>()?;
        Ok(Self {
            threads: threads as usize,
            flops: 1e9 * gflops,
            flops_after_products: 1e9 * after_products,
            bandwidth,
        })
    }

    /// Bytes a second where this many are in use: as the next smaller size had them, so that a
    /// limit is never too low.
    fn bandwidth(&self, bytes: f64) -> f64 {
        let smaller = self.bandwidth.iter().rev().find(|(size, _)| *size <= bytes);
        smaller.or(self.bandwidth.first()).map_or(f64::NAN, |(_, rate)| *rate)
    }

    /// The least seconds for that much work, and what they are spent on. Arithmetic and traffic can
    /// overlap: the longer of the two counts.
    pub(crate) fn seconds(&self, flop: f64, bytes: f64) -> (f64, Bound) {
        let (arithmetic, traffic) = (flop / self.flops, bytes / self.bandwidth(bytes));
        if arithmetic >= traffic {
            (arithmetic, Bound::Arithmetic)
        } else {
            (traffic, Bound::Bandwidth)
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "processor": processor(),
            "threads": self.threads,
            "flop_per_second": self.flops,
            "flop_per_second_after_products": self.flops_after_products,
            "bytes_per_second": self.bandwidth.iter().map(|(bytes, rate)| json!([bytes, rate])).collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = if self.threads == 1 { "" } else { "s" };
        writeln!(f, "{}, {} thread{s}, which can do at most", processor(), self.threads)?;
        let [flops, after] = [self.flops, self.flops_after_products].map(|flops| flops / 1e9);
        writeln!(
            f,
            "  {flops:>6.1} GFLOP/s  multiply-adds on f32, {after:.1} right after products"
        )?;
        let size = |bytes: f64| match bytes / 1024.0 {
            kib if kib < 1024.0 => format!("{kib} KiB"),
            kib => format!("{} MiB", kib / 1024.0),
        };
        let rates = self.bandwidth.iter();
        let rates = rates.map(|&(bytes, rate)| format!("{:.0} at {}", rate / 1e9, size(bytes)));
        write!(f, "  {} GB/s read and written", rates.collect::<Vec<_>>().join(", "))
    }
}

/// The processor's name, where `/proc/cpuinfo` has one.
fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    line.map_or("this processor".into(), |(_, name)| name.trim().to_owned())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Bound, Limits};

    /// 100 GFLOP/s; 50 GB/s for 1 KiB, 10 GB/s for 1 MiB.
    pub(crate) fn limits() -> Limits {
        let text = "threads 2\nGFLOP/s 100.0\nafter-products 90.0\nKiB read copy triad\n1 40 50 30\n1024 10 5 8\n";
        Limits::parse(text).unwrap()
    }

    #[test]
    fn the_longer_of_arithmetic_and_traffic_counts() {
        let limits = limits();
        assert_eq!(limits.seconds(1e9, 1e6), (0.01, Bound::Arithmetic));
        assert_eq!(limits.seconds(0.0, 1e6), (1e6 / 50e9, Bound::Bandwidth));
        assert_eq!(limits.seconds(1e6, 2e6), (2e6 / 10e9, Bound::Bandwidth));
        assert_eq!(limits.seconds(0.0, 1.0), (1.0 / 50e9, Bound::Bandwidth));
    }

    #[test]
    fn what_is_no_limit_is_refused() {
        assert!(Limits::parse("").is_err());
        assert!(Limits::parse("threads 2\nGFLOP/s many\n").is_err());
    }
}
