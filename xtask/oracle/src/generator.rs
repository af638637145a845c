//! Numbers of Python libraries: a program under `fixtures/`, run in a virtual environment under
//! `target/`.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::{fs, io};

use launch::python;

/// A folder under `fixtures/` with a `generate.py` and the `requirements.txt` that it needs.
#[derive(Debug)]
pub(crate) struct Generator {
    /// The library's name.
    library: &'static str,
    /// The folder: `torch`.
    pub(crate) folder: &'static str,
    /// What the generator writes, with the folder.
    pub(crate) files: &'static [&'static str],
    /// The environment: its name under `target/fixtures`.
    environment: &'static str,
}

/// PyTorch's numbers, most of them on the oracle's inputs.
pub(crate) static TORCH: Generator = Generator {
    library: "PyTorch",
    folder: "torch",
    files: &[
        "torch/layers.json",
        "torch/lbfgs.json",
        "torch/losses.json",
        "torch/modules.json",
        "torch/optimizers.json",
        "torch/running.json",
        "torch/schedules.json",
        "torch/training.json",
    ],
    environment: "venv",
};

/// scikit-learn's numbers, on inputs of its own.
pub(crate) static SKLEARN: Generator = Generator {
    library: "scikit-learn",
    folder: "sklearn",
    files: &["sklearn/metrics.json", "sklearn/transformers.json"],
    environment: "venv-sklearn",
};

impl Generator {
    /// Every file: its path under `fixtures/`, and its text.
    ///
    /// # Errors
    /// If there is no Python or the library is not to be had, in words that say what to do.
    pub(crate) fn run(&self, fixtures: &Path) -> Result<Vec<(&'static str, String)>, String> {
        let Self { library, folder, files, environment } = self;
        let target = fixtures.join("../target/fixtures");
        fs::create_dir_all(&target).map_err(|e| format!("{}: {e}", target.display()))?;
        let python = python::environment(&target.join(environment))
            .map_err(|error| format!("{library}'s numbers: {error}"))?;
        let requirements = fixtures.join(folder).join("requirements.txt");
        python::install(&python, &[OsStr::new("-r"), requirements.as_os_str()]).map_err(
            |error| format!("{library}, pinned by fixtures/{folder}/requirements.txt: {error}"),
        )?;
        let mut generate = Command::new(python);
        generate.arg(fixtures.join(folder).join("generate.py")).arg(target.join(folder));
        // The plainest kernels: their results depend least on the processor.
        generate.env("ATEN_CPU_CAPABILITY", "default").env("OMP_NUM_THREADS", "1");
        let failed = format!("fixtures/{folder}/generate.py failed; what it says stands above");
        python::succeeds(&mut generate, &failed)?;
        let read = |name: &&'static str| -> io::Result<_> {
            Ok((*name, fs::read_to_string(target.join(name))?))
        };
        files.iter().map(read).collect::<io::Result<_>>().map_err(|e| format!("{folder}: {e}"))
    }
}
