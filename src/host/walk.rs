//! What lies below a directory, as far as a bounded walk sees it; links are not followed.

use std::collections::VecDeque;
use std::fs::{DirEntry, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::host::{CouldNotLook, Host, clock};

/// How far a walk goes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub names: usize,
    /// Directories within directories.
    pub depth: usize,
    pub time: Duration,
}

/// What a walk came upon, outer directories first.
#[derive(Clone, Debug, Default)]
pub struct Below {
    pub found: Vec<Found>,
    /// What was not looked at, and why.
    pub missed: Vec<String>,
}

/// One file or directory; links, sockets and devices are left out.
#[derive(Clone, Debug)]
pub struct Found {
    pub path: PathBuf,
    pub is_dir: bool,
    /// Permission bits, owner and group.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
}

impl Host {
    /// Walks what lies below `root`; directories of which `enter` says no are told but not entered.
    pub fn below(&self, root: &Path, bounds: Bounds, enter: impl Fn(&Path) -> bool) -> Result<Below, CouldNotLook> {
        let since = clock::monotonic();
        let mut below = Below::default();
        let mut open = VecDeque::from([(root.to_owned(), 0)]);
        while let Some((dir, depth)) = open.pop_front() {
            if below.found.len() >= bounds.names || since.elapsed() > bounds.time {
                below.missed.push(format!("stopped after {} names at {}", below.found.len(), dir.display()));
                return Ok(below);
            }
            let found = match self.entries(&dir) {
                Ok(found) => found,
                Err(cause) if depth == 0 => return Err(CouldNotLook { path: dir, cause }),
                Err(cause) => {
                    below.missed.push(CouldNotLook { path: dir, cause }.to_string());
                    continue;
                }
            };
            let dirs = found.iter().filter(|one| one.is_dir && enter(&one.path));
            if depth < bounds.depth {
                open.extend(dirs.map(|one| (one.path.clone(), depth + 1)));
            } else if dirs.count() > 0 {
                below.missed.push(format!("did not go below {}", dir.display()));
            }
            below.found.extend(found);
        }
        Ok(below)
    }

    /// What stands at a path itself, links followed.
    pub fn about(&self, path: &Path) -> Result<Found, CouldNotLook> {
        let about =
            std::fs::metadata(self.real(path)).map_err(|cause| CouldNotLook { path: path.to_owned(), cause })?;
        Ok(Found::of(path.to_owned(), &about))
    }

    /// The first bytes of a file, `most` of them at most.
    pub fn beginning(&self, path: &Path, most: u64) -> Result<Vec<u8>, CouldNotLook> {
        let mut bytes = Vec::new();
        let read = self.open(path)?.take(most).read_to_end(&mut bytes);
        read.map_err(|cause| CouldNotLook { path: path.to_owned(), cause })?;
        Ok(bytes)
    }

    fn entries(&self, dir: &Path) -> io::Result<Vec<Found>> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(self.real(dir))? {
            all.extend(found(dir, &entry?));
        }
        all.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        Ok(all)
    }
}

/// None for what is neither, and for what went away meanwhile.
fn found(dir: &Path, entry: &DirEntry) -> Option<Found> {
    let about = entry.metadata().ok()?;
    (about.is_dir() || about.is_file()).then(|| Found::of(dir.join(entry.file_name()), &about))
}

impl Found {
    fn of(path: PathBuf, about: &Metadata) -> Self {
        Self { path, is_dir: about.is_dir(), mode: about.mode() & 0o7777, uid: about.uid(), gid: about.gid() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Bounds = Bounds { names: 100, depth: 5, time: Duration::from_secs(60) };

    fn names(below: &Below) -> Vec<&str> {
        below.found.iter().filter_map(|one| one.path.to_str()).collect()
    }

    #[test]
    fn a_walk_sees_what_lies_there_and_follows_no_link() {
        let scratch = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(scratch.path().join("srv/a/b")).unwrap();
        std::fs::create_dir(scratch.path().join("etc")).unwrap();
        std::fs::write(scratch.path().join("etc/secret"), "x").unwrap();
        std::fs::write(scratch.path().join("srv/a/b/f"), "x").unwrap();
        std::os::unix::fs::symlink("/etc", scratch.path().join("srv/out")).unwrap();
        let host = Host::recorded(scratch.path());
        let all = host.below(Path::new("/srv"), WIDE, |_| true).unwrap();
        assert_eq!(names(&all), ["/srv/a", "/srv/a/b", "/srv/a/b/f"]);
        assert!(all.missed.is_empty());
        let closed = host.below(Path::new("/srv"), WIDE, |dir| !dir.ends_with("b")).unwrap();
        assert_eq!(names(&closed), ["/srv/a", "/srv/a/b"]);
    }

    #[test]
    fn what_was_not_looked_at_is_told() {
        let scratch = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(scratch.path().join("srv/a/b")).unwrap();
        let host = Host::recorded(scratch.path());
        let shallow = host.below(Path::new("/srv"), Bounds { depth: 0, ..WIDE }, |_| true).unwrap();
        assert_eq!(shallow.missed, ["did not go below /srv"]);
        let few = host.below(Path::new("/srv"), Bounds { names: 1, ..WIDE }, |_| true).unwrap();
        assert_eq!(few.missed, ["stopped after 1 names at /srv/a"]);
        assert!(host.below(Path::new("/gone"), WIDE, |_| true).is_err());
    }
}
