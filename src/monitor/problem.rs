//! What keeps a log from being followed as it should; each is told once and again only after it was over.

use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("cannot follow {path}: {cause}", path = .path.display())]
    CannotFollow { path: PathBuf, cause: String },
    /// The cause names the log.
    #[error("{cause}")]
    CannotRead { path: PathBuf, cause: String },
    #[error("{path}: the text read up to byte {offset} is gone; what was written to it after that was not seen", path = .path.display())]
    Gone { path: PathBuf, offset: u64 },
    #[error("{path}:{line}: line longer than {cap} bytes, the rest of it was left out", path = .path.display())]
    LongLine { path: PathBuf, line: u64, cap: usize },
    #[error("cannot watch {dir}: {cause}; its logs are looked at every second instead", dir = .dir.display())]
    NotWatched { dir: PathBuf, cause: String },
    #[error("{path}: its lines are not {declared}; read as {found}", path = .path.display())]
    OtherFormat { path: PathBuf, declared: String, found: String },
    #[error("{path}: format {declared}: {cause}", path = .path.display())]
    NoFormat { path: PathBuf, declared: String, cause: String },
    #[error("cannot read the journal: {0}")]
    Journal(String),
}
