//! What stands under a path, looked up once.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::formats::Files;

/// Directories remembered; a long run of questions must not keep the whole file system.
const MOST_KEPT: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Directory,
    File,
    Nothing,
    /// The directory it would be in cannot be listed.
    Untold,
}

pub(super) struct Disk<'a> {
    files: &'a dyn Files,
    listed: RefCell<HashMap<PathBuf, Option<BTreeSet<String>>>>,
}

impl<'a> Disk<'a> {
    pub(super) fn new(files: &'a dyn Files) -> Self {
        Self { files, listed: RefCell::default() }
    }

    /// A path as nginx makes it, perhaps with a `/` at its end: then only a directory fits.
    pub(super) fn look(&self, path: &str) -> Found {
        let as_path = Path::new(path);
        if self.files.is_dir(as_path) {
            return Found::Directory;
        }
        let (Some(dir), Some(name)) = (as_path.parent(), as_path.file_name()) else { return Found::Nothing };
        if path.ends_with('/') || !self.files.is_dir(dir) {
            return Found::Nothing;
        }
        match self.has(dir, &name.to_string_lossy()) {
            Some(true) => Found::File,
            Some(false) => Found::Nothing,
            None => Found::Untold,
        }
    }

    fn has(&self, dir: &Path, name: &str) -> Option<bool> {
        if let Some(names) = self.listed.borrow().get(dir) {
            return names.as_ref().map(|names| names.contains(name));
        }
        let names: Option<BTreeSet<String>> = self.files.list(dir).ok().map(|names| names.into_iter().collect());
        let has = names.as_ref().map(|names| names.contains(name));
        let mut listed = self.listed.borrow_mut();
        if listed.len() >= MOST_KEPT {
            listed.clear();
        }
        listed.insert(dir.to_owned(), names);
        has
    }
}
