//! The only code that reads the machine: live, or a recorded directory.

#![allow(clippy::disallowed_methods, reason = "the reading door of the house")]

mod accounts;
mod addresses;
pub mod apache;
mod application_logs;
pub mod clock;
mod configured;
mod deny_map;
mod files;
mod holds;
pub mod journal;
pub mod logs;
mod modes;
mod nginx;
mod packages;
mod processes;
mod root;
mod rule_files;
mod running_apache;
mod served;
mod servers;
mod sessions;
mod standard_logs;
mod tomcat;
mod utmp;
mod walk;
mod web;

pub use accounts::{Account, Accounts};
pub use configured::{Config, Configured};
pub use files::NotAFile;
pub use holds::{Held, Holds, Reply, Sent};
pub use modes::Readers;
pub use processes::Process;
pub use served::{Gets, Served};
pub use sessions::AdminSessions;
pub use walk::{Below, Bounds, Found};
pub use web::{Door, Engine, Web, WebServer};

use std::io;
use std::path::{Path, PathBuf};

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

    /// Where a path of the host really stands; links of a recorded host lead where they led on that host.
    pub fn real(&self, path: &Path) -> PathBuf {
        if self.is_live() { self.root.join(path) } else { root::resolve(&self.root, path) }
    }
}
