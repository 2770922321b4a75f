//! The system's journal as a stream: `journalctl --output=export --follow`, kept to logins and chosen programs.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running journalctl(1); it ends with this value.
#[derive(Debug)]
pub struct Journalctl(Child);

/// What it writes, read without waiting.
#[derive(Debug)]
pub struct JournalStream {
    out: File,
    /// None where another process minds it.
    _program: Option<Journalctl>,
}

/// `program`: `journalctl`, by name or path. Without a cursor it begins now. `identifiers`: what programs call themselves
/// whose messages are wanted beside sshd's and sudo's. Needs the group systemd-journal.
pub fn start(program: &Path, cursor: Option<&str>, identifiers: &[&str]) -> io::Result<(Journalctl, OwnedFd)> {
    let mut command = Command::new(program);
    command.args(["--output=export", "--follow", "--quiet", "--no-pager"]);
    command.arg("--output-fields=_COMM,_UID,SYSLOG_IDENTIFIER,MESSAGE");
    match cursor {
        Some(cursor) => command.arg(format!("--after-cursor={cursor}")).arg("--lines=all"),
        None => command.arg("--lines=0"),
    };
    // Matches of one field are alternatives.
    command.args(["_COMM=sshd", "_COMM=sshd-session", "_COMM=sudo"]);
    for identifier in identifiers {
        command.arg("+").arg(format!("SYSLOG_IDENTIFIER={identifier}"));
    }
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let out = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    Ok((Journalctl(child), out.into()))
}

/// The same, to be read here.
pub fn follow(program: &Path, cursor: Option<&str>) -> io::Result<JournalStream> {
    let (program, out) = start(program, cursor, &[])?;
    Ok(JournalStream { _program: Some(program), ..JournalStream::of(out)? })
}

impl Journalctl {
    pub fn is_running(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }
}

impl JournalStream {
    /// Of a descriptor that was handed over.
    pub fn of(out: OwnedFd) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&out, true)?;
        Ok(Self { out: File::from(out), _program: None })
    }

    /// What there is, never waiting; 0 at the end of the stream.
    pub fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.out.read(into)
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.out.as_fd()
    }
}

impl Drop for Journalctl {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing of it is left.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
