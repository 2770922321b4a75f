//! `server_name`: the block that a Host header or SNI chooses among those of one address
//! (nginx's documentation, Server names).

use std::collections::{HashMap, HashSet};

use crate::effective::nginx::Line;
use crate::effective::nginx::pattern::{Caught, Matched, Pattern};

/// The names of one address.
#[derive(Debug, Default)]
pub(super) struct Names {
    exact: HashMap<String, usize>,
    /// Exact names and those behind a first dot: nginx takes `.a.org` for a double of `a.org`, and the other way round,
    /// even where it goes on to leave `.a.org` out for an earlier `*.a.org`.
    taken: HashSet<String>,
    /// `*.example.org` and `.example.org`, by what stands behind the asterisk and its dot.
    heads: HashMap<String, Head>,
    /// `www.example.*`, by what stands before the dot and its asterisk.
    tails: HashMap<String, usize>,
    patterns: Vec<(Pattern, usize)>,
}

#[derive(Debug)]
struct Head {
    site: usize,
    /// `.example.org` is also the name without anything before the dot.
    bare: bool,
}

/// A name's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Site(usize, Option<Caught>),
    /// No name fits: the default server answers.
    Default,
    /// A pattern that could not be run stands before the answer.
    Untold,
}

impl Names {
    /// Takes in the names of a server block; one that an earlier block has is left to that block.
    pub(super) fn add(&mut self, site: usize, server: &Line) {
        let lines = || server.inside().iter().filter(|line| line.name == "server_name");
        if lines().next().is_none() {
            self.exact.entry(String::new()).or_insert(site);
        }
        for name in lines().flat_map(|line| &line.args) {
            self.add_name(site, name);
        }
    }

    pub(super) fn add_name(&mut self, site: usize, name: &str) {
        if let Some(pattern) = name.strip_prefix('~') {
            return self
                .patterns
                .push((Pattern::new(pattern, pattern.contains(|c: char| c.is_ascii_uppercase())), site));
        }
        let name = name.to_ascii_lowercase();
        if let Some(rest) = name.strip_prefix("*.") {
            self.heads.entry(rest.to_owned()).or_insert(Head { site, bare: false });
        } else if let Some(rest) = name.strip_prefix('.') {
            if self.taken.insert(rest.to_owned()) {
                self.heads.entry(rest.to_owned()).or_insert(Head { site, bare: true });
            }
        } else if let Some(rest) = name.strip_suffix(".*") {
            self.tails.entry(rest.to_owned()).or_insert(site);
        } else if self.taken.insert(name.clone()) {
            self.exact.entry(name).or_insert(site);
        }
    }

    /// Exact name, longest leading wildcard, longest trailing one, first pattern; `host` as `host_name` gives it.
    pub(super) fn find(&self, host: &str) -> Named {
        if let Some(site) = self.exact.get(host).or_else(|| self.head(host)).or_else(|| self.tail(host)) {
            return Named::Site(*site, None);
        }
        for (pattern, site) in self.patterns.iter().filter(|_| !host.is_empty()) {
            match pattern.search(host) {
                Matched::Yes(caught) => return Named::Site(*site, Some(caught)),
                Matched::No => {}
                Matched::Untold => return Named::Untold,
            }
        }
        Named::Default
    }

    fn head(&self, host: &str) -> Option<&usize> {
        if let Some(head) = self.heads.get(host).filter(|head| head.bare) {
            return Some(&head.site);
        }
        let dots = host.match_indices('.').filter(|(at, _)| *at > 0);
        dots.filter_map(|(at, _)| self.heads.get(host.get(at + 1..)?)).map(|head| &head.site).next()
    }

    fn tail(&self, host: &str) -> Option<&usize> {
        host.rmatch_indices('.').filter_map(|(at, _)| self.tails.get(host.get(..at)?)).next()
    }
}

/// A Host header as names are compared: lower case, without port and last dot; none where nginx answers 400.
pub(super) fn host_name(host: &str) -> Option<String> {
    let name = match host.starts_with('[') {
        true => host.split_inclusive(']').next().unwrap_or_default(),
        false => host.split(':').next().unwrap_or_default(),
    };
    let bad = name.contains("..") || name.bytes().any(|byte| byte <= b' ' || byte == 0x7f || byte == b'/');
    let name = name.strip_suffix('.').unwrap_or(name);
    (!bad && !name.is_empty()).then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Spot;

    fn names(blocks: &[&[&str]]) -> Names {
        let at = Spot { file: "n".into(), line: 1 };
        let line = |name: &str, args: &[&str], block| Line {
            name: name.to_owned(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            at: at.clone(),
            block,
        };
        let mut names = Names::default();
        for (site, block) in blocks.iter().enumerate() {
            names.add(site, &line("server", &[], Some(vec![line("server_name", block, None)])));
        }
        names
    }

    #[test]
    fn names_take_precedence_as_documented() {
        let names = names(&[&["~^www\\d"], &["www.*", ".b.org"], &["*.a.b.org", "Exact.b.org"], &["~(?R)"]]);
        for (host, expected) in
            [("exact.b.org", 2), ("b.org", 1), ("x.b.org", 1), ("x.a.b.org", 2), ("www.net", 1), ("www1.net", 0)]
        {
            assert!(
                matches!(names.find(host), Named::Site(site, _) if site == expected),
                "{host}: {:?}",
                names.find(host)
            );
        }
        assert_eq!(names.find("a.b.org"), Named::Site(1, None));
        assert_eq!(names.find("other"), Named::Untold);
    }

    #[test]
    fn a_host_is_compared_without_port_and_last_dot() {
        assert_eq!(host_name("A.Org.:80").as_deref(), Some("a.org"));
        assert_eq!(host_name("[::1]:80").as_deref(), Some("[::1]"));
        assert_eq!((host_name("a..b"), host_name("a/b"), host_name("")), (None, None, None));
    }
}
