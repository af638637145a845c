//! The programs: how each is built and started. Their sources stand under `xtask/peers`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use launch::{cargo, python};

/// What a program is made of.
#[derive(Clone, Copy)]
enum Source {
    /// A cargo package in this folder, and the crate whose version is of interest.
    Rust { folder: &'static str, krate: Option<&'static str> },
    /// A script, and the package that it compares.
    Python { script: &'static str, package: &'static str },
}

/// All of them: ours, the floors, and the others.
const PROGRAMS: [(&str, Source); 10] = [
    ("ours", Source::Rust { folder: "ours", krate: None }),
    ("naive", Source::Rust { folder: "ours", krate: Some("ndarray") }),
    ("arrays", Source::Rust { folder: "ours", krate: None }),
    ("torch", Source::Python { script: "torch_peer.py", package: "torch" }),
    ("jax", Source::Python { script: "jax_peer.py", package: "jax" }),
    ("numpy", Source::Python { script: "numpy_peer.py", package: "numpy" }),
    ("sklearn", Source::Python { script: "sklearn_peer.py", package: "scikit-learn" }),
    ("burn", Source::Rust { folder: "burn", krate: Some("burn") }),
    ("candle", Source::Rust { folder: "candle", krate: Some("candle-nn") }),
    ("dfdx", Source::Rust { folder: "dfdx", krate: Some("dfdx") }),
];

/// Their names.
pub(crate) fn names() -> Vec<&'static str> {
    PROGRAMS.iter().map(|(name, _)| *name).collect()
}

/// A program that can be started.
#[derive(Clone)]
pub(crate) struct Program {
    /// Its name in the table.
    pub(crate) name: &'static str,
    /// `torch 2.15.0`.
    pub(crate) version: String,
    /// The binary or the interpreter, and the script.
    command: Vec<PathBuf>,
}

/// Builds or installs what is wanted, all if nothing is named, and ours in any case. What cannot be
/// had comes back with the reason.
pub(crate) fn prepare(wanted: &[String]) -> (Vec<Program>, Vec<(&'static str, String)>) {
    let (mut ready, mut left_out) = (Vec::new(), Vec::new());
    for (name, source) in PROGRAMS {
        let is_wanted = wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
        if !is_wanted && name != "ours" {
            continue;
        }
        eprintln!("building {name}");
        match source.prepare() {
            Ok((version, command)) => ready.push(Program { name, version, command }),
            Err(reason) => left_out.push((name, reason)),
        }
    }
    (ready, left_out)
}

/// The project's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where everything lies that is built for the comparison.
pub(crate) fn target() -> PathBuf {
    root().join("target/peers")
}

impl Source {
    fn prepare(self) -> Result<(String, Vec<PathBuf>), String> {
        match self {
            Self::Rust { folder, krate } => build(folder, krate),
            Self::Python { script, package } => install(script, package),
        }
    }
}

fn build(folder: &str, krate: Option<&str>) -> Result<(String, Vec<PathBuf>), String> {
    let package = root().join("xtask/peers").join(folder);
    let lock = package.join("Cargo.lock");
    let ours = folder == "ours";
    if ours {
        // The versions that the workspace is tested with.
        fs::copy(root().join("Cargo.lock"), &lock)
            .map_err(|error| format!("Cargo.lock: {error}"))?;
    }
    let mut command = cargo();
    command.args(["build", "--release", "--quiet"]).current_dir(&package);
    if !ours {
        command.arg("--locked");
    }
    // As a user would: with nothing but the release profile.
    for flags in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"] {
        command.env_remove(flags);
    }
    command.env("CARGO_TARGET_DIR", target().join("cargo"));
    let output = command.output().map_err(|error| format!("cargo: {error}"))?;
    if !output.status.success() {
        return Err(format!("it does not build: {}", gist(&output.stderr)));
    }
    let version = match krate {
        Some(krate) => {
            let lock = fs::read_to_string(&lock).map_err(|error| format!("Cargo.lock: {error}"))?;
            format!("{krate} {}", locked_version(&lock, krate).unwrap_or("?"))
        }
        None => "this workspace".into(),
    };
    let binary = format!("cargo/release/peer-{folder}{}", env::consts::EXE_SUFFIX);
    Ok((version, vec![target().join(binary)]))
}

fn install(script: &str, package: &str) -> Result<(String, Vec<PathBuf>), String> {
    let folder = root().join("xtask/peers/python");
    let pins = folder.join("requirements.txt");
    let text = fs::read_to_string(&pins).map_err(|error| format!("requirements.txt: {error}"))?;
    let (name, version) = text
        .lines()
        .filter_map(|line| line.split_once("=="))
        .find(|(name, _)| *name == package)
        .ok_or_else(|| format!("requirements.txt lacks {package}"))?;
    let python = python::environment(&target().join("venv"))?;
    // One by one, so that one that cannot be had leaves only itself out; all scripts use NumPy.
    let arguments = [OsStr::new("-c"), pins.as_os_str(), OsStr::new(package), OsStr::new("numpy")];
    python::install(&python, &arguments)
        .map_err(|error| format!("{package}=={version}: {error}"))?;
    Ok((format!("{name} {version}"), vec![python, folder.join(script)]))
}

/// The version of a crate in the text of a `Cargo.lock`.
fn locked_version<'a>(lock: &'a str, krate: &str) -> Option<&'a str> {
    let name = format!("name = \"{krate}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

/// The line that says what went wrong.
pub(crate) fn gist(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines.clone().find(|line| line.starts_with("error")).or_else(|| lines.next_back());
    line.unwrap_or("it says nothing").to_owned()
}

impl Program {
    /// The program as another of its names.
    pub(crate) fn renamed(&self, name: &'static str) -> Self {
        Self { name, ..self.clone() }
    }

    /// Something to put into a table.
    #[cfg(test)]
    pub(crate) fn named(name: &'static str) -> Self {
        Self { name, version: String::new(), command: Vec::new() }
    }

    /// One process on `threads` threads that runs these workloads, `seconds` each.
    pub(crate) fn command(&self, threads: usize, workloads: &[&str], seconds: f64) -> Command {
        let mut parts = self.command.iter();
        // Not every program keeps to its setting: XLA and rayon take a thread for each core that
        // they may run on.
        let mut command = if has_taskset() {
            let mut command = Command::new("taskset");
            command.arg("-c").arg(format!("0-{}", threads - 1)).args(parts);
            command
        } else {
            let mut command =
                Command::new(parts.next().map_or(Path::new(self.name), PathBuf::as_path));
            command.args(parts);
            command
        };
        for setting in
            ["RAYON_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"]
        {
            command.env(setting, threads.to_string());
        }
        command.env("JAX_PLATFORMS", "cpu").env_remove("XLA_FLAGS");
        if threads == 1 {
            let flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1";
            command.env("XLA_FLAGS", flags);
        }
        command.arg("--data").arg(target().join("data")).args(["--peer", self.name]);
        command.args(["--threads", &threads.to_string(), "--seconds", &seconds.to_string()]);
        command.args(["--workloads", &workloads.join(",")]);
        command
    }
}

/// Whether there is a command that binds a process to cores.
pub(crate) fn has_taskset() -> bool {
    let mut command = Command::new("taskset");
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::{gist, locked_version};

    #[test]
    fn versions_stand_behind_names() {
        let lock = "[[package]]\nname = \"burn-nn\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"burn\"\nversion = \"2.0.0\"\n";
        assert_eq!(locked_version(lock, "burn"), Some("2.0.0"));
        assert_eq!(locked_version(lock, "candle"), None);
    }

    #[test]
    fn the_gist_is_the_error() {
        assert_eq!(gist(b"note: x\nerror: no\nwarning: y\n"), "error: no");
        assert_eq!(gist(b"Traceback\n  ImportError: no\n\n"), "ImportError: no");
        assert_eq!(gist(b""), "it says nothing");
    }
}
