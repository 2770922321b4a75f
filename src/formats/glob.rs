//! File name patterns of glob(3) with no flags: `*`, `?`, `[…]`, `\`; a leading dot is matched by a dot alone.

use std::path::{Component, Path, PathBuf};

use crate::formats::Files;

/// Names a hostile or runaway pattern may bring.
const MOST_PATHS: usize = 10_000;

/// True where a text holds a character that glob(3) reads as a pattern.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// The paths that stand behind an absolute pattern, sorted by bytes; empty where none does.
pub fn expand(files: &dyn Files, pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("/")];
    let names: Vec<&str> = pattern.components().filter_map(plain_name).collect();
    for (depth, name) in names.iter().enumerate() {
        let last = depth + 1 == names.len();
        found = found.iter().flat_map(|dir| step(files, dir, name, last)).take(MOST_PATHS).collect();
    }
    found.sort_unstable_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    found
}

fn plain_name(part: Component<'_>) -> Option<&str> {
    match part {
        Component::Normal(name) => name.to_str(),
        Component::ParentDir => Some(".."),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    }
}

fn step(files: &dyn Files, dir: &Path, name: &str, last: bool) -> Vec<PathBuf> {
    if !last && !is_pattern(name) {
        return vec![dir.join(name)];
    }
    let there = files.list(dir).unwrap_or_default();
    let fits = there.iter().filter(|entry| matches(name, entry)).map(|entry| dir.join(entry));
    fits.filter(|path| last || files.is_dir(path)).collect()
}

/// True where one name, without slashes, fits a pattern. Time is the product of the two lengths at most.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    if name.first() == Some(&b'.') && pattern.first() != Some(&b'.') {
        return false;
    }
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(p), name.get(n)) {
            (Some(b'*'), _) => {
                retry = Some((p + 1, n));
                p += 1;
                continue;
            }
            (None, None) => return true,
            (Some(_), Some(&byte)) => {
                if let Some(width) = one(pattern.get(p..).unwrap_or_default(), byte) {
                    (p, n) = (p + width, n + 1);
                    continue;
                }
            }
            _ => {}
        }
        match retry {
            Some((after_star, from)) if from < name.len() => {
                retry = Some((after_star, from + 1));
                (p, n) = (after_star, from + 1);
            }
            _ => return false,
        }
    }
}

/// How many pattern bytes match this one byte of the name, where they do.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'\\', escaped, ..] => (*escaped == byte).then_some(2),
        [b'[', rest @ ..] => match class(rest, byte) {
            Some((width, hit)) => hit.then_some(width + 1),
            None => (byte == b'[').then_some(1),
        },
        [plain, ..] => (*plain == byte).then_some(1),
        [] => None,
    }
}

/// The width of a bracket class after its `[`, and whether it holds the byte; none where it is never closed.
fn class(text: &[u8], byte: u8) -> Option<(usize, bool)> {
    let negated = matches!(text.first(), Some(b'!' | b'^'));
    let start = usize::from(negated);
    let mut at = start;
    let mut hit = false;
    loop {
        let low = *text.get(at)?;
        if low == b']' && at > start {
            return Some((at + 1, hit != negated));
        }
        let (high, width) = match (text.get(at + 1), text.get(at + 2)) {
            (Some(b'-'), Some(&high)) if high != b']' => (high, 3),
            _ => (low, 1),
        };
        hit |= (low..=high).contains(&byte);
        at += width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_fit_as_glob_says() {
        for (pattern, name, fits) in [
            ("*.conf", "a.conf", true),
            ("*.conf", ".a.conf", false),
            (".*", ".a", true),
            ("*", "", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("[0-9][!a-c]", "5d", true),
            ("[0-9][!a-c]", "5b", false),
            ("[]x]", "]", true),
            ("[a-]", "-", true),
            ("[open", "[open", true),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("?", "", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} against {name}");
        }
    }

    proptest! {
        #[test]
        fn any_pattern_ends(pattern in "[*?a\\[\\]\\\\!-]{0,40}", name in "[a!\\[\\]-]{0,60}") {
            matches(&pattern, &name);
        }

        #[test]
        fn a_star_fits_everything_around_a_part(before in "[a-z]{0,9}", part in "[a-z]{1,9}", after in "[a-z]{0,9}") {
            let fits = matches(&format!("*{part}*"), &format!("{before}{part}{after}"));
            prop_assert!(fits);
        }
    }
}
