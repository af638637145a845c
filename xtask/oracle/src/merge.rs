//! New cases into a stored file of a Python library's numbers, whose old cases stay as they are.
//!
//! The last bits of such results depend on the processor. A new case is therefore put between
//! the stored ones instead of all being written anew, and a stored case is compared with what the
//! generator gives today: farther apart than processors are means that its inputs, its options or
//! its formula have changed.

use serde_json::Value;

/// How far apart two processors may be in `float64`, of the largest number of a tensor. An input
/// that moves by its last bit as an `f32` moves results by some 6e-8.
const OF_TENSOR: f64 = 1e-9;

/// The same of the largest number of the case, for tensors that are 0 but for rounding.
const OF_CASE: f64 = 1e-13;

/// What stands between two cases.
const BETWEEN: &str = ",\n";

/// A stored file with the cases that it did not have.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) text: String,
    /// Names of the cases that were added.
    pub(crate) added: Vec<String>,
    /// Names of stored cases that the generator does not make: they stay.
    pub(crate) kept: Vec<String>,
}

/// The `stored` file with those cases of `made` that are not in it, each behind the case before it
/// in `made`.
///
/// # Errors
/// If the heads differ, a name stands twice, or a stored case is not the generator's: its name.
pub(crate) fn merge(stored: &str, made: &str) -> Result<Merged, String> {
    let (stored, made) = (File::read(stored)?, File::read(made)?);
    if stored.head != made.head {
        return Err("the stored head, with the library's version, is not the generator's".into());
    }
    let place = |file: &File<'_>, name: &str| file.cases.iter().position(|c| c.name == name);
    let kept = stored.cases.iter().filter(|case| place(&made, &case.name).is_none());
    let kept: Vec<String> = kept.map(|case| case.name.clone()).collect();
    let (mut cases, mut added, mut next) = (stored.cases.clone(), Vec::new(), 0);
    for case in made.cases {
        match cases.iter().position(|old| old.name == case.name) {
            Some(i) => {
                case.agrees(&cases[i])?;
                next = i + 1;
            }
            None => {
                added.push(case.name.clone());
                cases.insert(next, case);
                next += 1;
            }
        }
    }
    let texts: Vec<&str> = cases.iter().map(|case| case.text).collect();
    let text = format!("{}{}{}", stored.head, texts.join(BETWEEN), stored.tail);
    Ok(Merged { text, added, kept })
}

/// A file, cut into its cases without a change to their text.
struct File<'a> {
    head: &'a str,
    cases: Vec<Case<'a>>,
    tail: &'a str,
}

#[derive(Debug, Clone)]
struct Case<'a> {
    name: String,
    text: &'a str,
    value: Value,
}

impl<'a> File<'a> {
    /// By lines: a case begins and ends on a line of its own, and so does each object inside it.
    fn read(text: &'a str) -> Result<Self, String> {
        let (start, tail) = ("\"cases\": [\n", "\n]\n}\n");
        let begin = text.find(start).ok_or("no \"cases\"")? + start.len();
        let body = text[begin..].strip_suffix(tail).ok_or("no end of \"cases\"")?;
        let (mut cases, mut depth, mut from, mut at) = (Vec::<Case<'_>>::new(), 0_usize, 0, 0);
        for line in body.split_inclusive('\n') {
            let end = at + line.len();
            let line = line.trim_end_matches('\n');
            if line.ends_with('{') {
                depth += 1;
            } else if line.starts_with('}') {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    let case = Case::read(&body[from..=at])?;
                    if cases.iter().any(|old| old.name == case.name) {
                        return Err(format!("two cases \"{}\"", case.name));
                    }
                    cases.push(case);
                    from = end;
                }
            }
            at = end;
        }
        Ok(Self { head: &text[..begin], cases, tail })
    }
}

impl<'a> Case<'a> {
    fn read(text: &'a str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let name = value["name"].as_str().ok_or("a case without a name")?.to_owned();
        Ok(Self { name, text, value })
    }

    /// Whether this is the `stored` case, up to the last bits of its results in `float64`. Those in
    /// `float32` come from the same inputs and say nothing more.
    fn agrees(&self, stored: &Self) -> Result<(), String> {
        let size = largest(&stored.value["f64"]);
        let fields = |case: &Self| case.value.as_object().cloned().unwrap_or_default();
        let (new, old) = (fields(self), fields(stored));
        let all = || new.keys().chain(old.keys());
        let differs = all().find(|&key| match (key.as_str(), new.get(key), old.get(key)) {
            ("f64", Some(new), Some(old)) => !near(new, old, size),
            ("f32", Some(_), Some(_)) => false,
            (_, new, old) => new != old,
        });
        match differs {
            None => Ok(()),
            Some(field) => Err(format!(
                "{field} of \"{}\" is not what the generator gives for today's inputs; if that is \
                 meant, take the case out of the file first",
                self.name
            )),
        }
    }
}

/// The largest absolute value of all numbers inside.
fn largest(value: &Value) -> f64 {
    let inside = |values: &mut dyn Iterator<Item = &Value>| values.map(largest).fold(0.0, f64::max);
    match value {
        Value::Array(values) => inside(&mut values.iter()),
        Value::Object(fields) => inside(&mut fields.values()),
        _ => value.as_f64().unwrap_or(0.0).abs(),
    }
}

/// Whether two results of a case whose largest number is `size` are equal but for a processor's
/// last bits: objects and tensors of the same shape.
fn near(new: &Value, old: &Value, size: f64) -> bool {
    match (new, old) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, a)| b.get(k).is_some_and(|b| near(a, b, size)))
        }
        (Value::Array(a), Value::Array(b)) => {
            let bound = OF_TENSOR * largest(old) + OF_CASE * size;
            let close = |(a, b): (&Value, &Value)| match (a.as_f64(), b.as_f64()) {
                (Some(a), Some(b)) => (a - b).abs() <= bound,
                _ => a == b,
            };
            a.len() == b.len() && a.iter().zip(b).all(close)
        }
        _ => new == old,
    }
}

#[cfg(test)]
mod tests {
    use super::{Merged, merge};
    use crate::generator::{SKLEARN, TORCH};

    /// A case in the generator's form: `y` in both types, and names that begin with an umlaut as
    /// Python writes it.
    fn case(name: &str, y: &str) -> String {
        format!(
            "{{\n\"item\": \"Relu\",\n\"name\": \"\\u00e4 {name}\",\n\"f64\": {{\n\"y\": {y},\n\"dx\": []\n}},\
             \n\"f32\": {{\n\"y\": {y}\n}}\n}}"
        )
    }

    fn file(version: &str, cases: &[String]) -> String {
        let cases = cases.join(",\n");
        format!("{{\n\"torch\": \"{version}\",\n\"cases\": [\n{cases}\n]\n}}\n")
    }

    fn error(result: Result<Merged, String>) -> String {
        result.map(|merged| merged.text).unwrap_err()
    }

    // The stored numbers of b differ in the last bit, and c is not made any more: both stay, byte
    // by byte. a stands first in the generator, d behind b.
    #[test]
    fn new_cases_are_added_in_their_places_and_old_ones_stay() {
        let old = [case("b", "[1.0,-2.0,null]"), case("c", "[1e-300]")];
        let [b, c] = old.clone();
        let b_today = case("b", "[1.0000000000000002,-2.0,null]");
        let [a, d] = [case("a", "[7.0]"), case("d", "[8]")];
        let made = file("2.15.0", &[a.clone(), b_today, d.clone()]);
        let merged = merge(&file("2.15.0", &old), &made).unwrap();
        assert_eq!(merged.text, file("2.15.0", &[a, b, d, c]));
        assert_eq!(merged.added, ["ä a", "ä d"]);
        assert_eq!(merged.kept, ["ä c"]);
        // Once more: nothing is new.
        let again = merge(&merged.text, &made).unwrap();
        assert_eq!((again.text, again.added.len()), (merged.text, 0));
    }

    // Each of these stored cases is another one than the generator's under the same name.
    #[test]
    fn a_stored_case_that_has_changed_is_refused_by_name() {
        let stored = case("a", "[1.0,-2.0,null]");
        let changed = [
            case("a", "[1.00000006,-2.0,null]"), // an input moved by the last bit of an f32
            case("a", "[1.0,-2.0,0.0]"),
            case("a", "[1.0,-2.0]"),
            stored.replace("\"dx\"", "\"da\""),
        ];
        let refuse = |made: String| {
            error(merge(&file("2.15.0", std::slice::from_ref(&stored)), &file("2.15.0", &[made])))
        };
        for made in changed {
            assert!(refuse(made).starts_with("f64 of \"ä a\" is not what the generator gives"));
        }
        let other_item = refuse(stored.replace("Relu", "Elu"));
        assert!(other_item.starts_with("item of \"ä a\""), "{other_item}");
        let more = refuse(stored.replace("\"f64\"", "\"names\": [],\n\"f64\""));
        assert!(more.starts_with("names of \"ä a\""), "{more}");
    }

    #[test]
    fn another_version_and_a_name_twice_are_refused() {
        let a = case("a", "[1.0]");
        let one = file("2.15.0", std::slice::from_ref(&a));
        let other = error(merge(&one, &file("2.16.0", std::slice::from_ref(&a))));
        assert!(other.contains("the library's version"), "{other}");
        assert_eq!(error(merge(&one, &file("2.15.0", &[a.clone(), a]))), "two cases \"ä a\"");
    }

    // Every stored file is the generator's; it is read to its end and put together again byte by
    // byte.
    #[test]
    fn the_stored_files_come_through_unchanged() {
        let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
        for library in [&TORCH, &SKLEARN] {
            let stored = std::fs::read_dir(fixtures.join(library.folder)).unwrap();
            let stored = stored.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let stored = stored.filter(|name| name.ends_with(".json"));
            let mut stored: Vec<_> =
                stored.map(|name| format!("{}/{name}", library.folder)).collect();
            stored.sort();
            assert_eq!(stored, library.files);
            for name in library.files {
                let text = std::fs::read_to_string(fixtures.join(name)).unwrap();
                let merged = merge(&text, &text).unwrap();
                assert!(merged.text == text && merged.added.is_empty(), "{name}");
            }
        }
    }
}
