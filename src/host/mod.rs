//! The only code that reads the machine: live, or a recorded directory.

#![allow(clippy::disallowed_methods, reason = "the reading door of the house")]

pub mod clock;
pub mod journal;
pub mod logs;

use std::io;
use std::path::{Path, PathBuf};

use crate::formats::Files;

/// The machine as it is, read only. Paths are the host's own; a recorded host stands under another root.
#[derive(Clone, Debug)]
pub struct Host {
    root: PathBuf,
}

/// Why something could not be read; never taken for "not there".
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path}: {cause}")]
pub struct CouldNotLook {
    pub path: PathBuf,
    #[source]
    pub cause: io::Error,
}

impl Host {
    /// This machine.
    pub fn live() -> Self {
        Self { root: PathBuf::from("/") }
    }

    /// A directory that stands for a machine: an image, a chroot, a fixture.
    pub fn recorded(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub fn is_live(&self) -> bool {
        self.root == Path::new("/")
    }

    /// Where a path of the host really stands.
    pub fn real(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }
}

impl Files for Host {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        std::fs::read(self.real(path)).map_err(|cause| cause.to_string())
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>, String> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.real(dir)).map_err(|cause| cause.to_string())? {
            names.push(entry.map_err(|cause| cause.to_string())?.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.real(path).is_dir()
    }
}
