//! What can go wrong with the store, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("no guard has run here: {0} does not exist; start one with `peelhouse guard`")]
    Absent(PathBuf),
    #[error("cannot open the store {path}: {cause}; it belongs to root, so ask as root")]
    CannotOpen { path: PathBuf, cause: io::Error },
    /// Nothing of the batch was written; later writes succeed once there is room.
    #[error("no room to write the store {path}: {cause}; free some space on its disk")]
    Full { path: PathBuf, cause: rusqlite::Error },
    #[error(
        "the store {path} is damaged: {cause}; have it set aside to begin a new one, its history stays in the old file"
    )]
    Damaged { path: PathBuf, cause: rusqlite::Error },
    #[error("the store {path} is of a newer peelhouse (schema {found}, this one knows {known}); use that version")]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("the store {path} is held by another program: {cause}; is a second guard running")]
    Busy { path: PathBuf, cause: rusqlite::Error },
    #[error("cannot use the store {path}: {cause}")]
    Other { path: PathBuf, cause: rusqlite::Error },
}

impl StoreError {
    pub(super) fn of(path: &Path, cause: rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        match &cause {
            rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..) => {
                Self::Damaged { path, cause }
            }
            other => match other.sqlite_error().map(|error| (error.code, error.extended_code)) {
                Some((ErrorCode::DiskFull, _)) => Self::Full { path, cause },
                // A file size limit shows as a failed write, not as a full disk.
                Some((ErrorCode::SystemIoFailure, rusqlite::ffi::SQLITE_IOERR_WRITE)) => Self::Full { path, cause },
                Some((ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _)) => Self::Damaged { path, cause },
                Some((ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _)) => Self::Busy { path, cause },
                Some((ErrorCode::CannotOpen | ErrorCode::PermissionDenied, _)) => {
                    Self::CannotOpen { path, cause: io::Error::other(cause.to_string()) }
                }
                _ => Self::Other { path, cause },
            },
        }
    }
}
