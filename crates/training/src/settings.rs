//! The configuration of a run as names and values, to be compared.

use std::fmt::Debug;

use crate::Error;

/// One choice of a run, its name and its value as text: a part of a
/// [`TrainingState`](crate::TrainingState).
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Setting {
    /// What is chosen: `"batch_size"`, `"optimizer.lr"`.
    pub name: String,
    /// The choice.
    pub value: String,
}

/// Collects settings.
#[derive(Debug, Default)]
pub(crate) struct Settings(Vec<Setting>);

impl Settings {
    pub(crate) fn into_inner(self) -> Vec<Setting> {
        self.0
    }

    /// A value, or each field of one: `{:#?}` writes a field a line, indented by four for each
    /// level, and every digit of a number.
    pub(crate) fn add(&mut self, name: &str, value: &impl Debug) {
        let mut path = vec![name.to_owned()];
        for line in format!("{value:#?}").lines() {
            let depth = (line.len() - line.trim_start().len()) / 4;
            let line = line.trim().trim_end_matches(',');
            path.truncate(depth.max(1));
            match (line.split_once(": "), line) {
                (_, ")" | "}" | "]") => {}
                (Some((field, value)), _) => {
                    let opens = value.ends_with(['(', '{', '[']);
                    path.push(field.to_owned());
                    self.push(path.join("."), value.trim_end_matches([' ', '(', '{', '[']));
                    if !opens {
                        path.pop();
                    }
                }
                (None, _) => self.push(path.join("."), line.trim_end_matches([' ', '(', '{', '['])),
            }
        }
    }

    fn push(&mut self, name: String, value: &str) {
        if !value.is_empty() {
            self.0.push(Setting { name, value: value.to_owned() });
        }
    }
}

/// `Ok` if the settings of a state are those expected.
///
/// # Errors
/// The first one that differs.
pub(crate) fn compare(expected: &[Setting], found: &[Setting]) -> Result<(), Error> {
    for i in 0..expected.len().max(found.len()) {
        let (expected, found) = (expected.get(i), found.get(i));
        if expected == found {
            continue;
        }
        let name = expected.or(found).map_or_else(String::new, |s| s.name.clone());
        let show = |setting: Option<&Setting>| match setting {
            Some(s) if s.name == name => s.value.clone(),
            Some(s) => format!("{} = {}", s.name, s.value),
            None => "nothing".to_owned(),
        };
        return Err(Error::Setting { expected: show(expected), found: show(found), name });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use optim::{EarlyStoppingConfig, SgdConfig};

    use super::{Settings, compare};

    fn settings(lr: f64, patience: u64) -> Vec<super::Setting> {
        let mut settings = Settings::default();
        settings.add("optimizer", &SgdConfig { lr, ..SgdConfig::default() });
        let stopping = EarlyStoppingConfig { patience, ..EarlyStoppingConfig::default() };
        settings.add("early_stopping", &Some(stopping));
        settings.add("clip_norm", &None::<f64>);
        settings.into_inner()
    }

    #[test]
    fn the_first_number_that_differs_is_named() {
        let ours = settings(0.1, 3);
        assert!(compare(&ours, &settings(0.1, 3)).is_ok());
        let message = compare(&ours, &settings(0.1 + 1e-17 + 2e-17, 3)).unwrap_err().to_string();
        assert_eq!(
            message,
            "training state: expected optimizer.lr to be 0.1, found 0.10000000000000003"
        );
        let message = compare(&ours, &settings(0.1, 4)).unwrap_err().to_string();
        let name = ours.iter().find(|s| s.name.ends_with("patience")).unwrap();
        assert!(message.contains(&format!("{} to be 3, found 4", name.name)), "{message}");
        let message = compare(&ours, &ours[1..]).unwrap_err().to_string();
        assert!(message.contains("expected optimizer to be SgdConfig, found"), "{message}");
        let message = compare(&ours, &ours[..ours.len() - 1]).unwrap_err().to_string();
        assert!(message.contains("expected clip_norm to be None, found nothing"), "{message}");
    }
}
