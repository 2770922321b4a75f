//! Why the guard cannot work.

use std::io;
use std::path::PathBuf;

use crate::act::packet_filter::FilterError;
use crate::act::server_map::MapError;
use crate::guard::control::ControlError;
use crate::guard::lock::LockError;
use crate::respond::policy::ConfigError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    #[error("cannot read the configuration {}: {cause}", file.display())]
    ConfigUnreadable { file: PathBuf, cause: String },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot enforce: {0}; --observe decides without enforcing")]
    Filter(#[from] FilterError),
    #[error(transparent)]
    Map(#[from] MapError),
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error("cannot start the reader: {0}")]
    Start(io::Error),
    #[error("cannot listen to signals: {0}")]
    Signals(io::Error),
    /// Never retried: a reader that cannot be confined is not one to start again.
    #[error("the reader refuses to work: {0}")]
    Refused(String),
    #[error("the rules in this program are broken: {0}")]
    Rules(String),
    #[error("guard-reader is started by `peelhouse guard` and by nothing else")]
    NotAReader,
}
