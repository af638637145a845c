//! What the children found, added up.

use std::collections::BTreeMap;

/// Calls by area, and faults by what is at fault.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: BTreeMap<String, Row>,
    /// The first of each kind, and how many there are.
    faults: BTreeMap<Key, (Found, u64)>,
    order: Vec<&'static str>,
    /// The area of the case that is being read, and the call it is at.
    area: String,
}

#[derive(Debug, Default, Clone)]
struct Row {
    calls: u64,
    accepted: u64,
    refused: BTreeMap<String, u64>,
    faults: u64,
}

/// Faults that are counted as one: area, subject, call, kind, and the place of a panic.
type Key = [String; 5];

/// A fault as a child reported it.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) case: u64,
    area: String,
    call: String,
    subject: String,
    name: String,
    kind: String,
    pub(crate) text: String,
}

impl Found {
    pub(crate) fn words(&self) -> String {
        let Self { area, call, subject, name, kind, text, .. } = self;
        format!("[{area}] {subject}, {name} (call {call}): {kind}: {text}")
    }

    fn key(&self) -> Key {
        let place = match self.kind.as_str() {
            "panic" => self.text.split(": ").next().unwrap_or_default(),
            _ => "",
        };
        [&self.area, &self.subject, &self.name, &self.kind, place].map(str::to_owned)
    }
}

impl Table {
    pub(crate) fn new(order: Vec<&'static str>) -> Self {
        Self { order, ..Self::default() }
    }

    pub(crate) fn calls(&self) -> u64 {
        self.rows.values().map(|row| row.calls).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes one line of a child; `last` is the case that it is at.
    pub(crate) fn read(&mut self, line: &str, last: &mut Option<u64>) {
        match line.split_at_checked(2) {
            Some(("@ ", rest)) => {
                let (case, area) = rest.split_once(' ').unwrap_or_default();
                *last = case.parse().ok();
                self.area = area.to_owned();
            }
            Some(("!\t", rest)) => self.read_fault(rest),
            Some(("= ", rest)) => self.read_counts(rest),
            _ => {}
        }
    }

    fn read_fault(&mut self, line: &str) {
        let parts: Vec<_> = line.splitn(6, '\t').map(str::to_owned).collect();
        let Ok([case, call, subject, name, kind, text]) = <[String; 6]>::try_from(parts) else {
            return;
        };
        let case = case.parse().unwrap_or(0);
        let area = self.area.clone();
        self.add_fault(Found { case, area, call, subject, name, kind, text }, 1);
    }

    fn read_counts(&mut self, line: &str) {
        let mut parts = line.split(' ');
        let row = self.rows.entry(self.area.clone()).or_default();
        let mut number = || parts.next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
        row.calls += number();
        row.accepted += number();
        for (kind, n) in line.split(' ').skip(2).flat_map(kinds) {
            *row.refused.entry(kind.to_owned()).or_default() += n;
        }
    }

    /// The child died, or had to be stopped, in this case.
    pub(crate) fn died(&mut self, case: u64, [subject, name, kind, text]: [&str; 4]) {
        let area = self.area.clone();
        let [subject, name, kind, text] = [subject, name, kind, text].map(str::to_owned);
        self.rows.entry(area.clone()).or_default().calls += 1;
        self.add_fault(Found { case, area, call: "?".into(), subject, name, kind, text }, 1);
    }

    fn add_fault(&mut self, found: Found, count: u64) {
        self.rows.entry(found.area.clone()).or_default().faults += count;
        self.faults.entry(found.key()).or_insert_with(|| (found, 0)).1 += count;
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (area, row) in other.rows {
            let own = self.rows.entry(area).or_default();
            own.calls += row.calls;
            own.accepted += row.accepted;
            own.faults += row.faults;
            for (kind, n) in row.refused {
                *own.refused.entry(kind).or_default() += n;
            }
        }
        for (key, (found, count)) in other.faults {
            self.faults.entry(key).or_insert((found, 0)).1 += count;
        }
    }

    /// The first fault of each kind, with how many there are of it.
    pub(crate) fn faults(&self) -> impl Iterator<Item = (&Found, u64)> {
        self.faults.values().map(|(found, count)| (found, *count))
    }

    pub(crate) fn print(&self) {
        println!("| area | calls | accepted | refused | faults |");
        println!("|---|---|---|---|---|");
        let mut total = Row::default();
        for area in &self.order {
            let Some(row) = self.rows.get(*area) else { continue };
            println!("| {area} | {} |", row.words());
            total.calls += row.calls;
            total.accepted += row.accepted;
            total.faults += row.faults;
            for (kind, n) in &row.refused {
                *total.refused.entry(kind.clone()).or_default() += n;
            }
        }
        println!("| all | {} |", total.words());
    }
}

impl Row {
    fn words(&self) -> String {
        let refused = self.refused.iter().map(|(kind, n)| format!("{kind} {n}"));
        let refused: Vec<_> = refused.collect();
        let Self { calls, accepted, faults, .. } = self;
        format!("{calls} | {accepted} | {} | {faults}", refused.join(", "))
    }
}

/// `Shape:3,Order:1`.
fn kinds(list: &str) -> impl Iterator<Item = (&str, u64)> {
    list.split(',').filter_map(|part| {
        let (kind, n) = part.split_once(':')?;
        Some((kind, n.parse().ok()?))
    })
}
