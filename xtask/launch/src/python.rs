//! Virtual environments of Python, for the tools that run a program written in it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The Python of the environment in `folder`; made on the first call.
///
/// # Errors
/// If there is no Python 3 to make it with.
pub fn environment(folder: &Path) -> Result<PathBuf, String> {
    let python = ["bin/python", "Scripts/python.exe"].map(|path| folder.join(path));
    let found = || python.iter().find(|python| python.exists()).cloned();
    if found().is_none() {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv"]).arg(folder);
        succeeds(&mut venv, "Python 3 with its venv module is needed, as python3")?;
    }
    found().ok_or_else(|| "the virtual environment has no Python".into())
}

/// Installs with pip what `arguments` name: packages, or `-r` and a file.
///
/// # Errors
/// If pip fails.
pub fn install<A: AsRef<OsStr>>(python: &Path, arguments: &[A]) -> Result<(), String> {
    let mut install = Command::new(python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    install.args(arguments).stdout(Stdio::null());
    succeeds(&mut install, "pip could not install it")
}

/// Runs a command.
///
/// # Errors
/// If it fails, in the given words.
pub fn succeeds(command: &mut Command, otherwise: &str) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{otherwise} ({status})")),
        Err(error) => Err(format!("{otherwise} ({error})")),
    }
}
