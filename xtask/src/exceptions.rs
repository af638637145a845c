//! Places that may break a rule, each with its reason: the lines of an `exceptions.txt`.

use crate::finding::Finding;

/// One line: rule, place, amount, reason, with ` | ` between them.
#[derive(Debug, PartialEq)]
pub(crate) struct Exception {
    rule: String,
    place: String,
    amount: usize,
    reason: String,
}

/// The list, or the line that is none of it.
pub(crate) fn parse(text: &str) -> Result<Vec<Exception>, String> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| exception(line).ok_or_else(|| format!("no exception: {line}"))).collect()
}

fn exception(line: &str) -> Option<Exception> {
    let mut parts = line.split(" | ").map(str::to_owned);
    let (rule, place) = (parts.next()?, parts.next()?);
    let amount = parts.next()?.parse().ok()?;
    let reason = parts.next().filter(|reason| !reason.is_empty())?;
    Some(Exception { rule, place, amount, reason })
}

impl Exception {
    fn is_for(&self, finding: &Finding) -> bool {
        self.rule == finding.rule && self.place == finding.place
    }
}

/// The line that would excuse a finding.
pub(crate) fn line(finding: &Finding, reason: &str) -> String {
    format!("{} | {} | {} | {reason}", finding.rule, finding.place, finding.amount)
}

/// What no exception excuses, worst first.
pub(crate) fn unexcused(found: &[Finding], exceptions: &[Exception]) -> Vec<Finding> {
    let excused = |finding: &Finding| {
        exceptions.iter().any(|e| e.is_for(finding) && finding.amount <= e.amount)
    };
    found.iter().filter(|finding| !excused(finding)).cloned().collect()
}

/// Exceptions that are no longer needed, or only for less.
pub(crate) fn outdated(found: &[Finding], exceptions: &[Exception]) -> Vec<String> {
    let message = |exception: &Exception| {
        let amounts = found.iter().filter(|f| exception.is_for(f)).map(|finding| finding.amount);
        let Exception { rule, place, amount, .. } = exception;
        match amounts.max() {
            None => Some(format!("strike it: {rule} | {place}")),
            Some(now) if now < *amount => Some(format!("lower it to {now}: {rule} | {place}")),
            Some(_) => None,
        }
    };
    exceptions.iter().filter_map(message).collect()
}

#[cfg(test)]
mod tests {
    use super::{line, outdated, parse, unexcused};
    use crate::finding::Finding;

    fn finding(amount: usize) -> Finding {
        Finding::new("function", "a.rs f".into(), amount, String::new())
    }

    #[test]
    fn an_exception_holds_up_to_its_amount() {
        let exceptions = parse("# head\nfunction | a.rs f | 50 | a table\n").unwrap();
        assert!(unexcused(&[finding(50)], &exceptions).is_empty());
        assert_eq!(unexcused(&[finding(51)], &exceptions), [finding(51)]);
        let other = Finding { place: "a.rs g".into(), ..finding(41) };
        assert_eq!(unexcused(std::slice::from_ref(&other), &exceptions), [other]);
    }

    #[test]
    fn what_is_not_needed_is_said() {
        let exceptions = parse("function | a.rs f | 50 | a table").unwrap();
        assert!(outdated(&[finding(50)], &exceptions).is_empty());
        assert_eq!(outdated(&[finding(45)], &exceptions), ["lower it to 45: function | a.rs f"]);
        assert_eq!(outdated(&[], &exceptions), ["strike it: function | a.rs f"]);
    }

    #[test]
    fn a_line_is_read_back_and_needs_a_reason() {
        let excused = parse(&line(&finding(41), "a table")).unwrap();
        assert!(unexcused(&[finding(41)], &excused).is_empty());
        assert!(parse("function | a.rs f | 50").is_err());
        assert!(parse("function | a.rs f | many | a table").is_err());
    }
}
