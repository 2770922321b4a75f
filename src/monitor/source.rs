//! What is to be followed: where the lines stand, what they look like, whose they are.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::model::{DeclaredFormat, LogKind, RealIp};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Absolute; `*` and `?` in any component.
    pub path: PathBuf,
    pub kind: LogKind,
    /// None: to be recognised by the first lines, where the kind does not settle it.
    pub format: Option<DeclaredFormat>,
    /// The site's name; empty where several share the log.
    pub site: String,
    /// What the server declares, or the owner says.
    pub real_ip: RealIp,
}

/// One log of several sites is read once, for none of them.
pub(super) fn merge(sources: Vec<Source>) -> Vec<Source> {
    let mut merged: Vec<Source> = Vec::new();
    for source in sources {
        match merged.iter_mut().find(|other| other.path == source.path) {
            Some(other) if other.site != source.site => other.site.clear(),
            Some(_) => {}
            None => merged.push(source),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_log_belongs_to_no_site() {
        let source = |path: &str, site: &str| Source {
            path: path.into(),
            kind: LogKind::Access,
            format: None,
            site: site.into(),
            real_ip: RealIp::default(),
        };
        let merged = merge(vec![source("/a", "x"), source("/b", "x"), source("/a", "y"), source("/b", "x")]);
        assert_eq!(merged, [source("/a", ""), source("/b", "x")]);
    }
}
