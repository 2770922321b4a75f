//! Rule files under a folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::host::{CouldNotLook, Host};

/// Folders within folders; a link that leads back up ends here.
const MAX_DEPTH: usize = 8;
const MAX_FILES: usize = 100_000;

impl Host {
    /// The `.yml` and `.yaml` files under a folder and its folders, in order; at most 100,000.
    ///
    /// # Errors
    /// Where a folder cannot be listed.
    pub fn rule_files(&self, folder: &Path) -> Result<Vec<PathBuf>, CouldNotLook> {
        let mut found = Vec::new();
        self.walk(folder, MAX_DEPTH, &mut found)?;
        Ok(found)
    }

    fn walk(&self, folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), CouldNotLook> {
        let could_not = |cause| CouldNotLook { path: folder.to_owned(), cause };
        let entries = fs::read_dir(self.real(folder)).map_err(could_not)?;
        let mut names =
            entries.map(|entry| Ok(entry?.file_name())).collect::<Result<Vec<_>, _>>().map_err(could_not)?;
        names.sort();
        for path in names.into_iter().map(|name| folder.join(name)) {
            if found.len() >= MAX_FILES {
                break;
            }
            if self.real(&path).is_dir() {
                if depth > 0 {
                    self.walk(&path, depth - 1, found)?;
                }
            } else if path.extension().is_some_and(|kind| kind == "yml" || kind == "yaml") {
                found.push(path);
            }
        }
        Ok(())
    }
}
