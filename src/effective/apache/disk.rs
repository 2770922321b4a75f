//! What lies on the disk, asked once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;

use crate::formats::Files;

/// What a name is; links count as what they lead to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Missing,
    File,
    Directory,
}

pub struct Disk<'f> {
    pub files: &'f dyn Files,
    seen: RefCell<HashMap<String, Kind>>,
}

impl<'f> Disk<'f> {
    pub fn new(files: &'f dyn Files) -> Self {
        Self { files, seen: RefCell::default() }
    }

    pub fn kind(&self, path: &str) -> Kind {
        if let Some(kind) = self.seen.borrow().get(path) {
            return *kind;
        }
        let kind = self.look(Path::new(path));
        self.seen.borrow_mut().insert(path.to_owned(), kind);
        kind
    }

    fn look(&self, path: &Path) -> Kind {
        if path.as_os_str().is_empty() || self.files.is_dir(path) {
            return Kind::Directory;
        }
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Kind::Missing };
        let there = self.files.list(parent).is_ok_and(|names| names.iter().any(|known| name == known.as_str()));
        if there { Kind::File } else { Kind::Missing }
    }
}
