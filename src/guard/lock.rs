//! One guard a state directory.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags};

/// Held as long as it lives; the kernel lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code, reason = "held, never looked at")] OwnedFd);

/// Why the state directory could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("another guard runs on {}; stop it first, or give this one a directory of its own with --state", .0.display())]
    Held(PathBuf),
    #[error("cannot use the state directory {}: {cause}", dir.display())]
    Unusable { dir: PathBuf, cause: rustix::io::Errno },
}

impl Lock {
    /// Makes the directory (0700) where it is absent, and takes it.
    pub fn take(dir: &Path) -> Result<Self, LockError> {
        let unusable = |cause| LockError::Unusable { dir: dir.to_path_buf(), cause };
        match rustix::fs::mkdir(dir, Mode::RWXU) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(cause) => return Err(unusable(cause)),
        }
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = rustix::fs::open(dir.join("guard.lock"), flags, Mode::RUSR | Mode::WUSR).map_err(unusable)?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self(file)),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(LockError::Held(dir.to_path_buf())),
            Err(cause) => Err(unusable(cause)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_guard_is_refused_until_the_first_ends() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let first = Lock::take(&state).unwrap();
        assert!(matches!(Lock::take(&state), Err(LockError::Held(_))));
        drop(first);
        assert!(Lock::take(&state).is_ok());
    }
}
