//! Whether somebody else uses the machine: programs whose threads wait for each other suffer most
//! from it.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

/// What part of the machine others may use without a warning.
pub(crate) const BUSY: f64 = 0.1;

/// What part of the machine is in use while this process sleeps; `None` where there is no
/// `/proc/stat`.
pub(crate) fn busy() -> Option<f64> {
    let before = Ticks::now()?;
    sleep(Duration::from_millis(200));
    let after = Ticks::now()?;
    let idle = after.idle - before.idle;
    Some(1.0 - idle / (after.all - before.all).max(1.0))
}

/// Time of all cores since the machine was started.
#[derive(Debug, PartialEq)]
struct Ticks {
    idle: f64,
    all: f64,
}

impl Ticks {
    fn now() -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/stat").ok()?)
    }

    /// From `cpu  user nice system idle iowait irq softirq steal …`. What guests use is part of
    /// `user`.
    fn parse(stat: &str) -> Option<Self> {
        let line = stat.lines().next()?.strip_prefix("cpu ")?;
        let ticks: Vec<f64> = line.split_whitespace().filter_map(|n| n.parse().ok()).collect();
        let idle = ticks.get(3)? + ticks.get(4)?;
        Some(Self { idle, all: ticks.iter().take(8).sum() })
    }
}

#[cfg(test)]
mod tests {
    use super::Ticks;

    #[test]
    fn ticks_are_read() {
        let stat = "cpu  10 1 4 80 5 0 1 2 7 0\ncpu0 1 1 1 1\n";
        assert_eq!(Ticks::parse(stat), Some(Ticks { idle: 85.0, all: 103.0 }));
        assert_eq!(Ticks::parse("intr 1"), None);
    }
}
