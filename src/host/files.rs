//! Reading files of the host: never waits for a FIFO or a device, never takes more than a cap.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::formats::{Files, glob};
use crate::host::{CouldNotLook, Host};

/// Configuration files, /proc files and package lists stay far below.
const MOST_BYTES: u64 = 64 << 20;

/// What stands where a file is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAFile {
    #[error("is a directory, not a file")]
    Directory,
    #[error("is a FIFO, not a file")]
    Fifo,
    #[error("is a device, not a file")]
    Device,
    #[error("is a socket, not a file")]
    Socket,
}

impl Host {
    /// Opens a regular file for reading; anything else is a `NotAFile` in the cause, at once.
    pub fn open(&self, path: &Path) -> Result<File, CouldNotLook> {
        open(&self.real(path)).map_err(|cause| CouldNotLook { path: path.to_owned(), cause })
    }

    /// The whole of a file, of 64 MiB at most.
    pub fn read_file(&self, path: &Path) -> Result<Vec<u8>, CouldNotLook> {
        self.read_up_to(path, MOST_BYTES)
    }

    /// The whole of a file; one that is longer is an error, not a part.
    pub fn read_up_to(&self, path: &Path, most: u64) -> Result<Vec<u8>, CouldNotLook> {
        let file = self.open(path)?;
        read(file, most).map_err(|cause| CouldNotLook { path: path.to_owned(), cause })
    }

    /// The paths behind an absolute glob(3) pattern, sorted by bytes.
    pub fn glob(&self, pattern: &Path) -> Vec<PathBuf> {
        glob::expand(self, pattern)
    }

    /// True where something stands at a path, links followed.
    pub fn exists(&self, path: &Path) -> bool {
        self.real(path).exists()
    }
}

fn open(path: &Path) -> io::Result<File> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    // A socket cannot be opened at all (ENXIO): say what it is.
    let kind = match &opened {
        Ok(file) => file.metadata()?.file_type(),
        Err(cause) => match std::fs::metadata(path) {
            Ok(there) if there.file_type().is_socket() => there.file_type(),
            _ => return Err(io::Error::new(cause.kind(), cause.to_string())),
        },
    };
    let refused = |what| Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    match kind {
        kind if kind.is_dir() => refused(NotAFile::Directory),
        kind if kind.is_fifo() => refused(NotAFile::Fifo),
        kind if kind.is_socket() => refused(NotAFile::Socket),
        kind if kind.is_char_device() || kind.is_block_device() => refused(NotAFile::Device),
        _ => opened,
    }
}

fn read(file: File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("longer than {most} bytes")));
    }
    Ok(bytes)
}

impl Files for Host {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.read_file(path).map_err(|error| error.cause.to_string())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(host: &Host, path: &str) -> Option<NotAFile> {
        let error = host.open(Path::new(path)).unwrap_err();
        error.cause.get_ref()?.downcast_ref::<NotAFile>().copied()
    }

    #[test]
    fn what_is_no_file_is_refused_at_once() {
        let scratch = tempfile::tempdir().unwrap();
        let host = Host::recorded(scratch.path());
        std::fs::create_dir(scratch.path().join("dir")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            scratch.path().join("fifo"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(scratch.path().join("socket")).unwrap();
        assert_eq!(refusal(&host, "/dir"), Some(NotAFile::Directory));
        assert_eq!(refusal(&host, "/fifo"), Some(NotAFile::Fifo));
        assert_eq!(refusal(&host, "/socket"), Some(NotAFile::Socket));
        assert_eq!(refusal(&Host::live(), "/dev/null"), Some(NotAFile::Device));
        assert_eq!(refusal(&host, "/gone"), None);
    }

    #[test]
    fn a_file_beyond_the_cap_is_an_error_not_a_part() {
        let scratch = tempfile::tempdir().unwrap();
        std::fs::write(scratch.path().join("f"), "12345").unwrap();
        let host = Host::recorded(scratch.path());
        assert_eq!(host.read_up_to(Path::new("/f"), 5).unwrap(), b"12345");
        assert_eq!(host.read_up_to(Path::new("/f"), 4).unwrap_err().to_string(), "cannot read /f: longer than 4 bytes");
    }
}
