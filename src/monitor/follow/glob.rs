//! Paths with `*` and `?` in them: never across a `/`, never a leading dot.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use crate::host::logs;

pub(super) fn is_glob(path: &Path) -> bool {
    wild(path.as_os_str().as_bytes())
}

/// What stands there now, sorted.
pub(super) fn expand(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for component in pattern.components() {
        let Component::Normal(part) = component else {
            found.iter_mut().for_each(|path| path.push(component));
            continue;
        };
        found = found.into_iter().flat_map(|dir| step(dir, part)).collect();
    }
    found
}

/// Whether one path is of the pattern.
pub(super) fn matches(pattern: &Path, path: &Path) -> bool {
    let (mut pattern, mut path) = (pattern.components(), path.components());
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(part), Some(name)) if fits(part.as_os_str().as_bytes(), name.as_os_str().as_bytes()) => {}
            _ => return false,
        }
    }
}

fn step(dir: PathBuf, part: &OsStr) -> Vec<PathBuf> {
    if !wild(part.as_bytes()) {
        return vec![dir.join(part)];
    }
    // A directory that is absent or closed to us has no matches now; the next look may find some.
    let names = logs::names(&dir).unwrap_or_default();
    names.iter().filter(|name| fits(part.as_bytes(), name.as_bytes())).map(|name| dir.join(name)).collect()
}

fn wild(part: &[u8]) -> bool {
    memchr::memchr2(b'*', b'?', part).is_some()
}

/// Linear in practice: goes back to the last star only.
fn fits(part: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'.') && part.first() != Some(&b'.') {
        return false;
    }
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match part.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(b'?') => (p, n) = (p + 1, n + 1),
            Some(byte) if Some(byte) == name.get(n) => (p, n) = (p + 1, n + 1),
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (p, n) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    part.get(p..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_in_its_component() {
        let fits = |pattern: &str, path: &str| matches(Path::new(pattern), Path::new(path));
        assert!(fits("/logs/access.*.txt", "/logs/access.2026-11-22.txt"));
        assert!(fits("/home/*/logs/*.log", "/home/ann/logs/access.log"));
        assert!(fits("/logs/a?c", "/logs/abc"));
        assert!(fits("/logs/**", "/logs/abc"));
        assert!(!fits("/logs/*.log", "/logs/old/access.log"));
        assert!(!fits("/logs/*.log", "/logs/.access.log"));
        assert!(!fits("/logs/*.log", "/logs/access.log.1"));
    }

    #[test]
    fn many_stars_do_not_explode() {
        let part = "*a".repeat(50);
        assert!(!fits(part.as_bytes(), "a".repeat(49).as_bytes()));
        assert!(fits(part.as_bytes(), "a".repeat(255).as_bytes()));
    }
}
