//! What criterion has measured: its files, and a table of them.

use std::path::Path;
use std::time::SystemTime;
use std::{fs, io};

use serde_json::{Value, json};

use super::limits::{Bound, Limits};

/// One item.
#[derive(Debug)]
pub(crate) struct Estimate {
    /// `forward/Relu 128×512`
    name: String,
    /// Seconds of the median call.
    median: f64,
    work: Work,
}

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Work {
    /// Multiplications and additions of its products, and bytes that it has to touch.
    Counted {
        flop: f64,
        bytes: f64,
    },
    /// Something that no limit is known for.
    Elements(f64),
    Unknown,
}

/// What has been measured since `start`, in that order.
pub(crate) fn read(home: &Path, start: SystemTime) -> io::Result<Vec<Estimate>> {
    let mut found = Vec::new();
    for group in folders(home)? {
        for item in folders(&group)? {
            let folder = item.join("new");
            let Ok(written) =
                fs::metadata(folder.join("estimates.json")).and_then(|m| m.modified())
            else {
                continue;
            };
            if written >= start {
                let [benchmark, estimates] = ["benchmark.json", "estimates.json"]
                    .map(|file| fs::read_to_string(folder.join(file)));
                found.extend(Estimate::parse(&benchmark?, &estimates?).map(|e| (written, e)));
            }
        }
    }
    found.sort_by_key(|(written, _)| *written);
    Ok(found.into_iter().map(|(_, estimate)| estimate).collect())
}

fn folders(of: &Path) -> io::Result<Vec<std::path::PathBuf>> {
    if !of.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(of)?.map(|entry| entry.map(|entry| entry.path()));
    let mut folders: Vec<_> = entries.collect::<Result<_, _>>()?;
    folders.retain(|path| path.is_dir());
    Ok(folders)
}

impl Estimate {
    /// From the two files of an item.
    fn parse(benchmark: &str, estimates: &str) -> Option<Self> {
        let benchmark: Value = serde_json::from_str(benchmark).ok()?;
        let estimates: Value = serde_json::from_str(estimates).ok()?;
        let throughput = &benchmark["throughput"];
        let counted = &throughput["ElementsAndBytes"];
        let work = match (counted["elements"].as_f64(), counted["bytes"].as_f64()) {
            (Some(flop), Some(bytes)) => Work::Counted { flop, bytes },
            _ => throughput["Elements"].as_f64().map_or(Work::Unknown, Work::Elements),
        };
        let median = 1e-9 * estimates["median"]["point_estimate"].as_f64()?;
        Some(Self { name: benchmark["full_id"].as_str()?.to_owned(), median, work })
    }

    /// Rate and unit, and what part of the limit that is.
    fn rate(&self, limits: &Limits) -> (f64, &'static str, Option<f64>) {
        match self.work {
            Work::Counted { flop, bytes } => {
                let (least, bound) = limits.seconds(flop, bytes);
                let (rate, unit) = match bound {
                    Bound::Arithmetic => (flop / self.median / 1e9, "GFLOP/s"),
                    Bound::Bandwidth => (bytes / self.median / 1e9, "GB/s"),
                };
                (rate, unit, Some(least / self.median))
            }
            Work::Elements(n) => (n / self.median / 1e6, "M elements/s", None),
            Work::Unknown => (f64::NAN, "", None),
        }
    }

    pub(crate) fn to_json(&self, limits: &Limits) -> Value {
        let (rate, unit, part) = self.rate(limits);
        json!({
            "name": self.name,
            "median_us": 1e6 * self.median,
            "rate": rate,
            "unit": unit,
            "share_of_limit": part,
        })
    }
}

/// A line for each item.
pub(crate) fn table(items: &[Estimate], limits: &Limits) -> String {
    let width = items.iter().map(|item| item.name.chars().count()).max().unwrap_or(0).max(4);
    let mut table =
        format!("{:<width$} {:>11} {:>21} {:>9}\n", "item", "median", "rate", "of limit");
    for item in items {
        let (rate, unit, part) = item.rate(limits);
        let part = part.map_or("–".into(), |part| format!("{:.0} %", 100.0 * part));
        let time = duration(item.median);
        let rate = format!("{rate:>8.2} {unit:<12}");
        table += &format!("{:<width$} {time:>11} {rate:>21} {part:>9}\n", item.name);
    }
    table
}

/// Three or four digits and a unit.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1e-6 => format!("{:.1} ns", 1e9 * s),
        s if s < 1e-3 => format!("{:.2} µs", 1e6 * s),
        s if s < 1.0 => format!("{:.2} ms", 1e3 * s),
        s => format!("{s:.2} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::tests::limits;
    use super::{Estimate, Work, table};

    #[test]
    fn criterion_s_files_become_a_line() {
        let benchmark = r#"{"group_id":"forward","full_id":"forward/Relu 2×3","throughput":{"ElementsAndBytes":{"elements":0,"bytes":2000}}}"#;
        let estimates = r#"{"mean":{"point_estimate":90.0},"median":{"point_estimate":80.0}}"#;
        let relu = Estimate::parse(benchmark, estimates).unwrap();
        assert_eq!(relu.work, Work::Counted { flop: 0.0, bytes: 2000.0 });
        let gemm = Estimate {
            name: "product/1".into(),
            median: 2.0,
            work: Work::Counted { flop: 150e9, bytes: 8.0 },
        };
        let other = Estimate { name: "other".into(), median: 1e-3, work: Work::Elements(32.0) };
        let lines = table(&[relu, gemm, other], &limits());
        let lines: Vec<&str> = lines.lines().map(str::trim_end).collect();
        let words = |i: usize| lines[i].split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(1), "forward/Relu 2×3 80.0 ns 25.00 GB/s 50 %");
        assert_eq!(words(2), "product/1 2.00 s 75.00 GFLOP/s 75 %");
        assert_eq!(words(3), "other 1.00 ms 0.03 M elements/s –");
    }

    #[test]
    fn what_has_no_median_is_left_out() {
        assert!(Estimate::parse(r#"{"full_id":"a"}"#, "{}").is_none());
    }
}
