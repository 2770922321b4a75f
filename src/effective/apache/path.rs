//! URL paths: how httpd writes them plainly, and which file one stands for.

use crate::effective::apache::pattern::{self, Pattern};

/// Without empty, `.` and `..` segments, as httpd takes a path before it looks at it (`MergeSlashes On`); a last slash
/// stays.
pub fn normal(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut ends = false;
    for segment in path.split('/') {
        ends = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            name => kept.push(name),
        }
    }
    let mut plain = String::with_capacity(path.len() + 1);
    for segment in &kept {
        plain.push('/');
        plain.push_str(segment);
    }
    if ends || kept.is_empty() {
        plain.push('/');
    }
    plain
}

/// A prefix of mod_alias: it ends at a segment, and a slash at its end must be there. Gives what follows.
pub fn after_prefix<'u>(uri: &'u str, prefix: &str) -> Option<&'u str> {
    let rest = uri.strip_prefix(prefix)?;
    (prefix.ends_with('/') || rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

/// What an `Alias`, `AliasMatch`, `Redirect` or `RedirectMatch` makes of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    Target(String),
    No,
    /// Its pattern cannot be run here.
    Unknown,
}

/// `from` is a prefix, or a pattern where `regex`.
pub fn made(uri: &str, from: &str, to: &str, regex: bool) -> Made {
    if regex {
        return match Pattern::new(from).groups(uri) {
            None => Made::Unknown,
            Some(None) => Made::No,
            Some(Some(groups)) => Made::Target(pattern::fill(to, &groups)),
        };
    }
    after_prefix(uri, from).map_or(Made::No, |rest| Made::Target(format!("{to}{rest}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_plain() {
        for (written, plain) in
            [("/a//b/./c", "/a/b/c"), ("/a/../../b/", "/b/"), ("/a/..", "/"), ("", "/"), ("/a/.", "/a/"), ("//", "/")]
        {
            assert_eq!(normal(written), plain, "{written}");
        }
    }

    #[test]
    fn prefixes_end_with_a_segment() {
        assert_eq!(made("/icons/a", "/icons", "/srv", false), Made::Target("/srv/a".into()));
        assert_eq!(made("/iconsa", "/icons", "/srv", false), Made::No);
        assert_eq!(made("/icons/a", "/icons/", "/srv/", false), Made::Target("/srv/a".into()));
        assert_eq!(made("/icons", "/icons/", "/srv/", false), Made::No);
        assert_eq!(made("/x/7", "^/x/(.)", "/y/$1", true), Made::Target("/y/7".into()));
        assert_eq!(made("/x/7", "(?<", "/y/$1", true), Made::Unknown);
    }
}
