//! What is known of each directive: how it is inherited, which server block decides, what holds without it.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::effective::version::Version;

/// How the lines of several levels make one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The innermost level that declares it decides.
    One,
    /// All lines of the innermost level that declares any.
    List,
    /// The same, their words joined into one set.
    Bits,
    /// Only where it is written.
    Here,
    /// Of the server block, and never inherited.
    Own,
    /// Each level adds to the outer ones.
    Append,
}

/// Which server block a request takes it from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decider {
    /// The one that the Host header chose.
    Host,
    /// The one known before that header is read: by SNI, else the default server of the address.
    Early,
    /// The default server of the address, whatever SNI says.
    Hello,
}

/// One row of `directives.txt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: &'static str,
    pub kind: Kind,
    pub decider: Decider,
    /// Where it may stand, as letters: h http, s server, l location, i if in location, I if in server, x `limit_except`.
    pub contexts: &'static str,
    defaults: &'static str,
}

/// Directives that one slot holds: a level that declares one of them has declared the others too.
const SHARED: [&[&str]; 2] = [&["allow", "deny"], &["root", "alias"]];

/// One the table does not know (of a module that is not nginx's own).
const UNKNOWN: Row = Row { name: "", kind: Kind::One, decider: Decider::Host, contexts: "", defaults: "" };

/// The row of a directive; an unknown one counts as inherited until declared anew.
pub fn row(name: &str) -> &'static Row {
    table().get(name).unwrap_or(&UNKNOWN)
}

/// The directives that share a slot with this one, itself among them.
pub(super) fn slot(name: &str) -> Vec<&str> {
    SHARED.iter().find(|names| names.contains(&name)).map_or_else(|| vec![name], |names| names.to_vec())
}

impl Row {
    /// What holds where nothing is declared; none where nothing holds then, or it is not known.
    pub fn default(&self, version: Option<Version>) -> Option<&'static str> {
        let mut variants = self.defaults.split(" | ");
        let mut value = variants.next()?;
        for (since, later) in variants.filter_map(|variant| variant.split_once(": ")) {
            if version.is_none_or(|version| Version::parse(since).is_some_and(|since| version >= since)) {
                value = later;
            }
        }
        (!value.is_empty()).then_some(value)
    }

    /// As `decider`, in this version: since 1.29.2 the protocols follow SNI.
    pub(super) fn decider_in(&self, version: Option<Version>) -> Decider {
        let follows_sni = version.is_some_and(|version| version >= Version(1, 29, 2));
        match self.name {
            "ssl_protocols" if follows_sni => Decider::Early,
            _ => self.decider,
        }
    }
}

fn table() -> &'static HashMap<&'static str, Row> {
    static TABLE: OnceLock<HashMap<&'static str, Row>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let lines = include_str!("directives.txt").lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(read).map(|row| (row.name, row)).collect()
    })
}

fn read(line: &'static str) -> Option<Row> {
    let mut words = line.splitn(5, ' ');
    let (name, kind, decider, contexts) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let kind = match kind {
        "one" => Kind::One,
        "list" => Kind::List,
        "bits" => Kind::Bits,
        "here" => Kind::Here,
        "own" => Kind::Own,
        "append" => Kind::Append,
        _ => return None,
    };
    let decider = match decider {
        "host" => Decider::Host,
        "early" => Decider::Early,
        "hello" => Decider::Hello,
        _ => return None,
    };
    Some(Row { name, kind, decider, contexts, defaults: words.next().unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = include_str!("directives.txt").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(table().len(), lines);
        assert!(lines > 450, "{lines}");
        assert!(
            table().values().all(|row| !row.contexts.is_empty() && row.contexts.chars().all(|c| "hsliIx".contains(c)))
        );
    }

    #[test]
    fn defaults_follow_the_version() {
        let protocols = |version: &str| row("ssl_protocols").default(Version::parse(version));
        assert_eq!(protocols("1.22.1"), Some("TLSv1 TLSv1.1 TLSv1.2"));
        assert_eq!(protocols("1.26.0"), Some("TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"));
        assert_eq!(row("ssl_protocols").default(None), Some("TLSv1.2 TLSv1.3"));
        assert_eq!((row("add_header").default(None), row("no_such").default(None)), (None, None));
        assert_eq!(row("ssl_protocols").decider_in(Version::parse("1.29.2")), Decider::Early);
        assert_eq!(row("ssl_protocols").decider_in(Version::parse("1.29.1")), Decider::Hello);
    }
}
