//! Directories watched through one inotify instance: what changed in them, by full path.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use inotify::{EventMask, Inotify, WatchDescriptor, WatchMask};

/// What happened to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    Written,
    /// Created, renamed, removed, or its mode changed.
    Named,
}

#[derive(Debug, Default)]
pub(super) struct Changes {
    pub paths: BTreeSet<(PathBuf, Change)>,
    /// Events were lost, or a directory itself went: look at everything.
    pub all: bool,
}

#[derive(Debug)]
pub(super) struct Watch {
    inotify: Option<Inotify>,
    dirs: HashMap<PathBuf, WatchDescriptor>,
    /// One directory may be known under several paths.
    paths: HashMap<WatchDescriptor, Vec<PathBuf>>,
    buffer: Vec<u8>,
}

impl Watch {
    /// Without inotify everything is looked at every second.
    pub fn new() -> Self {
        Self { inotify: Inotify::init().ok(), dirs: HashMap::new(), paths: HashMap::new(), buffer: vec![0; 64 << 10] }
    }

    /// Watches, or goes on watching, what stands at this path now.
    pub fn add(&mut self, dir: &Path) -> io::Result<()> {
        let Some(inotify) = &self.inotify else {
            return Err(io::Error::other("no inotify instance is left; raise fs.inotify.max_user_instances"));
        };
        let mask = WatchMask::MODIFY
            | WatchMask::ATTRIB
            | WatchMask::CREATE
            | WatchMask::MOVE
            | WatchMask::DELETE
            | WatchMask::DELETE_SELF
            | WatchMask::MOVE_SELF
            | WatchMask::ONLYDIR;
        let watch = inotify.watches().add(dir, mask).map_err(explain)?;
        if self.dirs.get(dir) != Some(&watch) {
            self.forget(dir);
            self.dirs.insert(dir.to_path_buf(), watch.clone());
            self.paths.entry(watch).or_default().push(dir.to_path_buf());
        }
        Ok(())
    }

    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.inotify.as_ref().map(AsFd::as_fd)
    }

    /// Everything that happened since the last call; never waits.
    pub fn changes(&mut self) -> Changes {
        let mut changes = Changes::default();
        let mut gone = Vec::new();
        while let Some(inotify) = &mut self.inotify {
            let Ok(events) = inotify.read_events(&mut self.buffer) else { break };
            let mut none = true;
            for event in events {
                none = false;
                let lost = EventMask::Q_OVERFLOW | EventMask::UNMOUNT | EventMask::DELETE_SELF | EventMask::MOVE_SELF;
                if event.mask.intersects(lost | EventMask::IGNORED) {
                    changes.all |= event.mask.intersects(lost);
                    gone.push(event.wd.clone());
                    continue;
                }
                let (Some(name), Some(dirs)) = (event.name, self.paths.get(&event.wd)) else { continue };
                let change = if event.mask.contains(EventMask::MODIFY) { Change::Written } else { Change::Named };
                changes.paths.extend(dirs.iter().map(|dir| (dir.join(name), change)));
            }
            if none {
                break;
            }
        }
        for watch in gone {
            self.drop_watch(watch);
        }
        changes
    }

    fn drop_watch(&mut self, watch: WatchDescriptor) {
        for dir in self.paths.remove(&watch).unwrap_or_default() {
            self.dirs.remove(&dir);
        }
        if let Some(inotify) = &self.inotify {
            // The kernel has often removed it already.
            let _ = inotify.watches().remove(watch);
        }
    }

    fn forget(&mut self, dir: &Path) {
        if let Some(paths) = self.dirs.remove(dir).and_then(|old| self.paths.get_mut(&old)) {
            paths.retain(|path| path != dir);
        }
    }
}

fn explain(cause: io::Error) -> io::Error {
    match cause.kind() {
        io::ErrorKind::StorageFull => {
            io::Error::other("the limit of watches is reached; raise fs.inotify.max_user_watches")
        }
        _ => cause,
    }
}
