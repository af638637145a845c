//! What cargo knows of the workspace.

use std::process::Command;

use launch::cargo;
use serde_json::Value;

/// All that `cargo metadata` says.
pub(crate) fn metadata() -> Result<Value, String> {
    let text = output(cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
    serde_json::from_str(&text).map_err(|e| format!("cargo metadata: {e}"))
}

/// The packages of the workspace.
pub(crate) fn members(metadata: &Value) -> impl Iterator<Item = &Value> {
    let members = &metadata["workspace_members"];
    list(&metadata["packages"]).filter(move |package| list(members).any(|id| id == &package["id"]))
}

/// What a command prints.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// The values of an array.
pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A field's text; empty if there is none.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}
