//! What a child process does: cases one after the other, each announced before it runs.
//!
//! | line | says |
//! |---|---|
//! | `@ case area` | which case begins |
//! | `! case call subject name kind text`, by tabs | what is wrong in it |
//! | `= calls accepted kind:count,…` | how it ended |

use std::io::{Write, stdout};

use crate::areas::{self, Area};
use crate::case::{Case, keep_panics};
use crate::draw::Draw;
use crate::options::Options;

/// Runs the cases from the first on; always a success, because faults are the parent's to count.
pub(crate) fn run(options: &Options, (first, count): (u64, u64)) -> bool {
    keep_panics();
    let mut out = stdout().lock();
    for number in first..first.saturating_add(count) {
        let (area, mut case) = begin(options, number, false);
        // Nobody reads if the parent has gone: then there is no reason to go on either.
        if writeln!(out, "@ {number} {}", area.name).and_then(|()| out.flush()).is_err() {
            return false;
        }
        (area.run)(&mut case);
        if report(&mut out, number, &case).is_err() {
            return false;
        }
    }
    true
}

fn report(out: &mut impl Write, number: u64, case: &Case) -> std::io::Result<()> {
    for fault in &case.faults {
        let text = fault.text.replace(['\n', '\t'], " ");
        let (subject, name, kind) = (&fault.subject, fault.name, fault.kind);
        writeln!(out, "!\t{number}\t{}\t{subject}\t{name}\t{kind}\t{text}", fault.call)?;
    }
    let refused = case.counts.refused.iter();
    let refused: Vec<_> = refused.map(|(kind, n)| format!("{kind}:{n}")).collect();
    writeln!(out, "= {} {} {}", case.counts.calls, case.counts.accepted, refused.join(","))
}

/// Runs one case and tells every call; false if something is wrong.
pub(crate) fn tell(options: &Options, number: u64) -> bool {
    keep_panics();
    let (area, mut case) = begin(options, number, true);
    println!("case {number} of seed {}, area {}", options.seed, area.name);
    (area.run)(&mut case);
    println!("{} calls, {} faults", case.counts.calls, case.faults.len());
    case.faults.is_empty()
}

fn begin(options: &Options, number: u64, telling: bool) -> (Area, Case) {
    let mut draw = Draw::new(options.seed, number);
    let drawn = areas::draw(&mut draw);
    let area = options.area.as_deref().and_then(areas::find).unwrap_or(drawn);
    (area, Case::new(draw, telling))
}
