//! Which files an Include names: wildcards in any part of the path, directories with all they hold.

use std::path::{Component, Path, PathBuf};

use crate::formats::Files;
use crate::formats::apache::fnmatch;

/// As httpd's `AP_MAX_INCLUDE_DIR_DEPTH`.
const DEEPEST: u32 = 20;

/// The files of one Include, in the order they are read, or why there are none. An optional one is empty instead.
pub fn files(files: &dyn Files, root: &Path, name: &str, optional: bool) -> Result<Vec<PathBuf>, String> {
    let path = under(root, name);
    let mut search = Search { files, optional, found: Vec::new() };
    let written = path.to_string_lossy().into_owned();
    if fnmatch::is_pattern(&written) {
        let parts: Vec<&str> = written.split('/').filter(|part| !part.is_empty()).collect();
        search.parts(Path::new("/"), &parts)?;
    } else {
        search.plain(&path, 0)?;
    }
    Ok(search.found)
}

/// A path of the configuration: under ServerRoot where relative, without `.` and `..`.
pub fn under(root: &Path, name: &str) -> PathBuf {
    let mut merged = PathBuf::from("/");
    for component in root.join(name).components() {
        match component {
            Component::Normal(part) => merged.push(part),
            Component::ParentDir => {
                merged.pop();
            }
            _ => {}
        }
    }
    merged
}

/// Whether anything stands at a path, readable or not.
pub fn exists(files: &dyn Files, path: &Path) -> bool {
    if files.is_dir(path) {
        return true;
    }
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return false };
    let name = name.to_string_lossy();
    files.list(parent).is_ok_and(|names| names.iter().any(|known| *known == name))
}

struct Search<'a> {
    files: &'a dyn Files,
    optional: bool,
    found: Vec<PathBuf>,
}

impl Search<'_> {
    fn parts(&mut self, dir: &Path, parts: &[&str]) -> Result<(), String> {
        let [first, rest @ ..] = parts else { return self.plain(dir, 0) };
        if !fnmatch::is_pattern(first) {
            return self.parts(&dir.join(first), rest);
        }
        let names = match self.files.list(dir) {
            Ok(names) => names,
            Err(_) if self.optional => return Ok(()),
            Err(cause) => return Err(format!("cannot open the directory {}: {cause}", dir.display())),
        };
        let mut none = true;
        for name in names.iter().filter(|name| fnmatch::matches(first, name)) {
            let path = dir.join(name);
            if rest.is_empty() || self.files.is_dir(&path) {
                none = false;
                self.parts(&path, rest)?;
            }
        }
        if none && !self.optional {
            return Err(format!(
                "nothing matches '{first}' in {}; use IncludeOptional if that is meant",
                dir.display()
            ));
        }
        Ok(())
    }

    fn plain(&mut self, path: &Path, depth: u32) -> Result<(), String> {
        if !self.files.is_dir(path) {
            if !self.optional || exists(self.files, path) {
                self.found.push(path.to_owned());
            }
            return Ok(());
        }
        if depth >= DEEPEST {
            return Err(format!(
                "{} is nested deeper than {DEEPEST} directories; it may contain itself",
                path.display()
            ));
        }
        let names = self.files.list(path);
        let names = names.map_err(|cause| format!("cannot open the directory {}: {cause}", path.display()))?;
        names.iter().try_for_each(|name| self.plain(&path.join(name), depth + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stand_under_the_server_root() {
        assert_eq!(under(Path::new("/etc/apache2"), "conf/../a//b/./c/"), Path::new("/etc/apache2/a/b/c"));
        assert_eq!(under(Path::new("/etc/apache2"), "/x/../../y"), Path::new("/y"));
    }
}
