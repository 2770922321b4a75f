//! The real guard with one log to follow, in a private network; its state stands on a disk, as it would.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Child;

use crate::act::files::{append, forget, lay_out, scratch};
use crate::act::namespace::{NamespaceError, borrow, cover};
use crate::act::process::stop;
use crate::demo::measure::MeasureError;
use crate::demo::{CONFIG, hide_servers, start_guard, wait_for_reader};

const LOG: &str = "/var/log/measured/access.log";
/// The brake would stop the measurement; everything else is as shipped.
const SETTINGS: &str =
    "[[log]]\npath = \"/var/log/measured/access.log\"\n\n[policy.budget]\nbans_per_minute = 1000000\n";

/// A guard at work; it ends, and what it kept is removed, with this value.
pub(super) struct Guarded {
    keeper: Child,
    reader: u32,
    log: File,
    _state: Scratch,
}

impl Guarded {
    /// Call from inside a private network.
    pub fn begin(guard: &str) -> Result<Self, MeasureError> {
        set_the_stage()?;
        lay_out(Path::new(CONFIG), SETTINGS.as_bytes())?;
        lay_out(Path::new(LOG), b"")?;
        let log = append(Path::new(LOG))?;
        let state = Scratch::new()?;
        let (keeper, lines) = start_guard(guard, &state.0.to_string_lossy())?;
        let mut guarded = Self { keeper, reader: 0, log, _state: state };
        let mut said = String::new();
        wait_for_reader(&lines, &mut |line| line.clone_into(&mut said))?;
        let reader = said.split(' ').nth(1).and_then(|pid| pid.parse().ok());
        guarded.reader = reader.ok_or(MeasureError::NoReader(said))?;
        Ok(guarded)
    }

    /// Adds lines to the log in one write, as a server does.
    pub fn log(&mut self, lines: &[u8]) -> Result<(), MeasureError> {
        Ok(self.log.write_all(lines)?)
    }

    /// The keeper's and the reader's process ids.
    pub fn processes(&self) -> [u32; 2] {
        [self.keeper.id(), self.reader]
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // Its reader ends with it.
        let _ = stop(&mut self.keeper);
    }
}

fn set_the_stage() -> Result<(), NamespaceError> {
    borrow(Path::new("/etc"))?;
    ["/var/log", "/run", "/srv"].iter().try_for_each(|folder| cover(Path::new(folder)))?;
    hide_servers();
    Ok(())
}

/// Memory would make the store faster than it is.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, MeasureError> {
        let path = PathBuf::from(format!("/var/tmp/peelhouse-bench-{}", std::process::id()));
        scratch(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        forget(&self.0);
    }
}
