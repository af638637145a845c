//! Figures of all rounds, and the tables made of them.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use super::busy::BUSY;
use super::programs::Program;
use super::workloads::Workload;

/// What one process says of one workload.
pub(crate) struct Figure {
    pub(crate) workload: String,
    pub(crate) peer: &'static str,
    pub(crate) threads: usize,
    pub(crate) best_us: f64,
    pub(crate) median_us: f64,
    /// After ten steps.
    pub(crate) loss: f64,
}

/// What is known at the end.
pub(crate) struct Table {
    /// Name and description.
    workloads: Vec<(&'static str, &'static str)>,
    /// Name and version.
    peers: Vec<(&'static str, String)>,
    rounds: usize,
    tolerance: f64,
    /// By threads, workload and peer.
    cells: BTreeMap<(usize, String, &'static str), Cell>,
    /// The right loss of each workload.
    pub(crate) references: BTreeMap<String, f64>,
    /// What could not be run, and why.
    pub(crate) left_out: Vec<String>,
    /// What part of the machine others used before each run.
    pub(crate) busy: Vec<f64>,
}

/// One program on one workload: the best step of all rounds, the median of each.
#[derive(Default)]
struct Cell {
    bests: Vec<f64>,
    medians: Vec<f64>,
    losses: Vec<f64>,
}

impl Cell {
    fn best(&self) -> f64 {
        self.bests.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn median(&self) -> f64 {
        let mut medians = self.medians.clone();
        medians.sort_by(f64::total_cmp);
        medians[medians.len() / 2]
    }
}

impl Table {
    pub(crate) fn new(
        workloads: &[&Workload],
        peers: &[Program],
        rounds: usize,
        tolerance: f64,
    ) -> Self {
        Self {
            workloads: workloads.iter().map(|w| (w.name, w.description)).collect(),
            peers: peers.iter().map(|peer| (peer.name, peer.version.clone())).collect(),
            rounds,
            tolerance,
            cells: BTreeMap::new(),
            references: BTreeMap::new(),
            left_out: Vec::new(),
            busy: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, figures: Vec<Figure>) {
        for figure in figures {
            let cell =
                self.cells.entry((figure.threads, figure.workload, figure.peer)).or_default();
            cell.bests.push(figure.best_us);
            cell.medians.push(figure.median_us);
            cell.losses.push(figure.loss);
        }
    }

    /// Whether ours ran on every workload and came to the right loss each time.
    pub(crate) fn ours_is_right(&self) -> bool {
        let n_threads = self.threads().len();
        let ours: Vec<_> = self.cells.iter().filter(|((_, _, peer), _)| *peer == "ours").collect();
        let runs: usize = ours.iter().map(|(_, cell)| cell.losses.len()).sum();
        runs == self.rounds * n_threads.max(1) * self.workloads.len()
            && ours.iter().all(|((_, workload, _), cell)| self.is_right(workload, cell))
    }

    fn threads(&self) -> Vec<usize> {
        let mut threads: Vec<_> = self.cells.keys().map(|(threads, _, _)| *threads).collect();
        threads.dedup();
        threads
    }

    fn cell(&self, threads: usize, workload: &str, peer: &'static str) -> Option<&Cell> {
        self.cells.get(&(threads, workload.to_owned(), peer))
    }

    fn is_right(&self, workload: &str, cell: &Cell) -> bool {
        let reference = self.references.get(workload).copied().unwrap_or(f64::NAN);
        cell.losses.iter().all(|loss| (loss - reference).abs() <= self.tolerance * reference.abs())
    }

    /// Best and median of a cell whose loss is right.
    fn times(&self, threads: usize, workload: &str, peer: &'static str) -> Option<[f64; 2]> {
        let cell = self.cell(threads, workload, peer)?;
        self.is_right(workload, cell).then(|| [cell.best(), cell.median()])
    }

    /// Ours in parts of a peer: of the best steps, of the medians.
    fn ratio(&self, threads: usize, workload: &str, peer: &'static str) -> Option<[f64; 2]> {
        let ours = self.times(threads, workload, "ours")?;
        let other = self.times(threads, workload, peer)?;
        Some([ours[0] / other[0], ours[1] / other[1]])
    }

    /// The peer that ours has to be held against: the one with the best step. Plain loops are no
    /// peers.
    fn best_peer(&self, threads: usize, workload: &str) -> Option<(&'static str, [f64; 2])> {
        let others = self.peers.iter().map(|(name, _)| *name);
        others
            .filter(|name| !matches!(*name, "ours" | "naive" | "arrays"))
            .filter_map(|name| Some((name, self.ratio(threads, workload, name)?)))
            .max_by(|(_, a), (_, b)| a[0].total_cmp(&b[0]))
    }

    pub(crate) fn to_json(&self) -> Value {
        let figures = self.cells.iter().map(|((threads, workload, peer), cell)| {
            json!({
                "workload": workload,
                "peer": peer,
                "threads": threads,
                "best_us": cell.best(),
                "median_us": cell.median(),
                "losses_after_10": cell.losses,
                "loss_is_right": self.is_right(workload, cell),
                "ours_to_this": self.ratio(*threads, workload, peer).map(|ratio| json!({
                    "best": ratio[0], "median": ratio[1],
                })),
            })
        });
        let versions =
            self.peers.iter().map(|(name, version)| ((*name).to_owned(), json!(version)));
        let best = self.threads().into_iter().flat_map(|threads| {
            self.workloads.iter().filter_map(move |(workload, _)| {
                let (peer, ratio) = self.best_peer(threads, workload)?;
                Some(json!({
                    "workload": workload, "threads": threads, "peer": peer,
                    "best": ratio[0], "median": ratio[1],
                }))
            })
        });
        json!({
            "rounds": self.rounds,
            "tolerance": self.tolerance,
            "versions": versions.collect::<serde_json::Map<_, _>>(),
            "references": self.references,
            "figures": figures.collect::<Vec<_>>(),
            "ours_to_best_peer": best.collect::<Vec<_>>(),
            "left_out": self.left_out,
            "used_by_others": self.busy,
        })
    }

    fn fmt_times(&self, f: &mut fmt::Formatter<'_>, threads: usize) -> fmt::Result {
        write!(f, "{:<4}", "µs")?;
        self.peers.iter().try_for_each(|(name, _)| write!(f, " {name:>17}"))?;
        writeln!(f)?;
        for (workload, _) in &self.workloads {
            write!(f, "{workload:<4}")?;
            for (peer, _) in &self.peers {
                match self.cell(threads, workload, peer) {
                    None => write!(f, " {:>17}", "–")?,
                    Some(cell) if !self.is_right(workload, cell) => {
                        write!(f, " {:>17}", "wrong loss")?
                    }
                    Some(cell) => {
                        let [best, median] = [cell.best(), cell.median()].map(short);
                        write!(f, " {:>17}", format!("{best} ({median})"))?;
                    }
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }

    fn fmt_ratios(&self, f: &mut fmt::Formatter<'_>, threads: usize) -> fmt::Result {
        write!(f, "{:<4}", "ours")?;
        let others: Vec<_> = self.peers.iter().filter(|(name, _)| *name != "ours").collect();
        others.iter().try_for_each(|(name, _)| write!(f, " {:>13}", format!("/{name}")))?;
        writeln!(f, "   /the best peer")?;
        for (workload, _) in &self.workloads {
            write!(f, "{workload:<4}")?;
            for (peer, _) in &others {
                let ratio = self.ratio(threads, workload, peer);
                let text =
                    ratio.map_or("–".into(), |[best, median]| format!("{best:.2} ({median:.2})"));
                write!(f, " {text:>13}")?;
            }
            match self.best_peer(threads, workload) {
                Some((peer, [best, median])) => writeln!(f, "   {best:.2} ({median:.2}) {peer}")?,
                None => writeln!(f, "   –")?,
            }
        }
        Ok(())
    }
}

/// Three or more digits.
fn short(us: f64) -> String {
    match us {
        us if us < 10.0 => format!("{us:.2}"),
        us if us < 100.0 => format!("{us:.1}"),
        us => format!("{us:.0}"),
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (workload, description) in &self.workloads {
            writeln!(f, "{workload:<4} {description}")?;
        }
        let versions: Vec<_> =
            self.peers.iter().map(|(name, version)| format!("{name}: {version}")).collect();
        writeln!(f, "{}", versions.join(", "))?;
        for threads in self.threads() {
            let s = if threads == 1 { "" } else { "s" };
            writeln!(
                f,
                "\n{threads} thread{s}, rounds: {}. Best step (median), then ours in parts of the others: below 1 ours is faster",
                self.rounds
            )?;
            self.fmt_times(f, threads)?;
            self.fmt_ratios(f, threads)?;
        }
        for ((threads, workload, peer), cell) in &self.cells {
            if !self.is_right(workload, cell) {
                let reference = self.references.get(workload).copied().unwrap_or(f64::NAN);
                writeln!(
                    f,
                    "wrong loss: {peer}, {workload}, threads: {threads}: {:?}, expected {reference}",
                    cell.losses
                )?;
            }
        }
        let busy = self.busy.iter().filter(|&&part| part > BUSY).count();
        if busy > 0 {
            writeln!(
                f,
                "before {busy} of {} runs others used more than {} % of the machine: with a thread on each core, programs whose \
                 threads wait for each other may then take hundreds of times as long",
                self.busy.len(),
                100.0 * BUSY
            )?;
        }
        self.left_out.iter().try_for_each(|line| writeln!(f, "left out: {line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::workloads::WORKLOADS;
    use super::{Figure, Program, Table};

    /// W1 on one thread: a program, its best step, its loss.
    fn table(figures: &[(&'static str, f64, f64)]) -> Table {
        let programs: Vec<_> = figures.iter().map(|(name, ..)| Program::named(name)).collect();
        let mut table = Table::new(&[&WORKLOADS[0]], &programs, 1, 1e-3);
        table.references.insert("W1".into(), 2.0);
        table.add(figures.iter().map(figure).collect());
        table
    }

    fn figure(&(peer, best_us, loss): &(&'static str, f64, f64)) -> Figure {
        Figure { workload: "W1".into(), peer, threads: 1, best_us, median_us: 2.0 * best_us, loss }
    }

    #[test]
    fn the_best_peer_is_the_fastest_with_a_right_loss() {
        let table = table(&[
            ("ours", 10.0, 2.001),
            ("naive", 1.0, 2.0),
            ("arrays", 0.5, 2.0),
            ("slow", 40.0, 2.0),
            ("fast", 20.0, 1.999),
            ("wrong", 2.0, 2.1),
            ("none", 2.0, f64::NAN),
        ]);
        assert_eq!(table.best_peer(1, "W1"), Some(("fast", [0.5, 0.5])));
        assert_eq!(table.ratio(1, "W1", "naive"), Some([10.0, 10.0]));
        assert_eq!(table.ratio(1, "W1", "wrong"), None);
        let text = table.to_string();
        assert!(text.contains("wrong loss: wrong, W1, threads: 1: [2.1], expected 2"), "{text}");
        assert!(text.contains("wrong loss: none"), "{text}");
        assert!(table.ours_is_right());
    }

    #[test]
    fn ours_has_to_run_and_to_be_right() {
        assert!(!table(&[("ours", 10.0, 2.1), ("fast", 20.0, 2.0)]).ours_is_right());
        assert!(!table(&[("fast", 20.0, 2.0)]).ours_is_right());
    }

    #[test]
    fn rounds_add_up_to_the_best_and_the_median() {
        let mut table = table(&[("ours", 10.0, 2.0)]);
        table.add(vec![figure(&("ours", 8.0, 2.0))]);
        table.add(vec![figure(&("ours", 12.0, 2.0))]);
        assert_eq!(table.times(1, "W1", "ours"), Some([8.0, 20.0]));
    }
}
