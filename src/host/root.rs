//! Paths of a recorded host: its symbolic links, absolute ones too, stay inside its root.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// As many links as Linux follows (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// The place of a path below a root, links followed; a name that is not there ends the following.
pub(super) fn resolve(root: &Path, path: &Path) -> PathBuf {
    let mut inside: Vec<OsString> = Vec::new();
    let mut todo = parts(path);
    let mut links = 0;
    while let Some(part) = todo.pop() {
        if part == ".." {
            inside.pop();
            continue;
        }
        let here = below(root, &inside).join(&part);
        match std::fs::read_link(&here) {
            Ok(target) if links < MOST_LINKS => {
                links += 1;
                if target.is_absolute() {
                    inside.clear();
                }
                todo.extend(parts(&target));
            }
            _ => inside.push(part),
        }
    }
    below(root, &inside)
}

/// Names of a path, last first.
fn parts(path: &Path) -> Vec<OsString> {
    let named = |part: Component<'_>| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    };
    path.components().rev().filter_map(named).collect()
}

fn below(root: &Path, inside: &[OsString]) -> PathBuf {
    let mut path = root.to_owned();
    path.extend(inside);
    path
}

#[cfg(test)]
mod tests {
    use super::resolve;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    #[test]
    fn links_never_leave_the_root() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path();
        std::fs::create_dir_all(root.join("etc/real")).unwrap();
        std::fs::create_dir_all(root.join("var/lib")).unwrap();
        symlink("/etc/real", root.join("var/lib/conf")).unwrap();
        symlink("../../../../../etc/real/up", root.join("var/lib/up")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        assert_eq!(resolve(root, Path::new("/var/lib/conf/x")), root.join("etc/real/x"));
        assert_eq!(resolve(root, Path::new("/var/lib/up")), root.join("etc/real/up"));
        assert_eq!(resolve(root, Path::new("/../../etc")), root.join("etc"));
        assert_eq!(resolve(root, Path::new("/loop/x")), root.join("loop/x"));
    }
}
