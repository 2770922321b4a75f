//! Log files as they stand: looked at and opened so that nothing hangs, whatever the path turns out to be.

use std::ffi::{OsStr, OsString};
use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::model::Millis;

/// Tells two files apart as long as both exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    pub device: u64,
    pub inode: u64,
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub id: FileId,
    pub size: u64,
    /// When it was last written.
    pub modified: Millis,
}

/// Why a log cannot be read now.
#[derive(Debug, thiserror::Error)]
pub enum NoLog {
    #[error("does not exist")]
    Absent,
    #[error("permission denied; the reader needs CAP_DAC_READ_SEARCH, or read permission on it and its directories")]
    Denied,
    #[error("is a {0}, not a file; log to a file, or to syslog and name the file syslog writes")]
    NotAFile(&'static str),
    #[error("too many open files; raise LimitNOFILE= of the service")]
    TooManyOpen,
    #[error("{0}")]
    Other(io::Error),
}

impl From<io::Error> for NoLog {
    fn from(cause: io::Error) -> Self {
        match (cause.kind(), Errno::from_io_error(&cause)) {
            (_, Some(Errno::MFILE | Errno::NFILE)) => Self::TooManyOpen,
            (io::ErrorKind::NotFound | io::ErrorKind::NotADirectory, _) => Self::Absent,
            (io::ErrorKind::PermissionDenied, _) => Self::Denied,
            _ => Self::Other(cause),
        }
    }
}

/// Follows symbolic links.
pub fn look(path: &Path) -> Result<Look, NoLog> {
    looked(&std::fs::metadata(path)?)
}

pub fn look_at(file: &File) -> Result<Look, NoLog> {
    looked(&file.metadata()?)
}

/// Never blocks on a FIFO and never takes a terminal.
pub fn open(path: &Path) -> Result<(File, Look), NoLog> {
    look(path)?;
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let look = look_at(&file)?;
    Ok((file, look))
}

/// Names in a directory, sorted by bytes.
pub fn names(dir: &Path) -> io::Result<Vec<OsString>> {
    names_from(dir, OsStr::new(""))
}

/// Names in a directory that begin so, sorted by bytes.
pub fn names_from(dir: &Path, prefix: &OsStr) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name();
        if name.as_encoded_bytes().starts_with(prefix.as_encoded_bytes()) {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The path without symbolic links.
pub fn resolve(path: &Path) -> io::Result<PathBuf> {
    path.canonicalize()
}

fn looked(meta: &Metadata) -> Result<Look, NoLog> {
    if !meta.is_file() {
        return Err(NoLog::NotAFile(kind(meta.file_type())));
    }
    let modified = meta.mtime().saturating_mul(1000).saturating_add(meta.mtime_nsec() / 1_000_000);
    let id = FileId { device: meta.dev(), inode: meta.ino() };
    Ok(Look { id, size: meta.len(), modified: Millis(modified) })
}

fn kind(found: FileType) -> &'static str {
    match found {
        dir if dir.is_dir() => "directory",
        fifo if fifo.is_fifo() => "FIFO",
        socket if socket.is_socket() => "socket",
        _ => "device",
    }
}
