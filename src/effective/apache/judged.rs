//! How directives inherit, as data: the kind of merge, where a value is kept, what httpd does where nothing is set.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::effective::apache::table::{self, Context};

static TEXT: &str = include_str!("judged.txt");
static JUDGED: LazyLock<Vec<Judged>> = LazyLock::new(|| TEXT.lines().filter_map(Judged::read).collect());
static BY_NAME: LazyLock<HashMap<String, &'static Judged>> = LazyLock::new(|| {
    let named =
        JUDGED.iter().flat_map(|judged| judged.names.iter().map(move |name| (name.to_ascii_lowercase(), judged)));
    named.collect()
});

/// How a value that is set again meets the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// The last one holds.
    Replace,
    /// All hold, outer first.
    Append,
    /// All hold, inner first.
    Prepend,
    /// The lines of one section add up, and replace those of outer ones.
    List,
    /// One holds for every first argument.
    Key,
    /// One holds for every argument after the first.
    Last,
    /// Words with `+` and `-` change what is there, words without replace it.
    Bits,
    /// As `AuthMerging` says.
    Require,
    /// mod_rewrite's rules, which pass on only where `RewriteOptions` says so.
    Rewrite,
    /// PHP's settings: one a name, and those of the administrator beat others.
    Php,
}

/// Where httpd keeps a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// With every section: main server, virtual host, directories, `.htaccess`, files, locations.
    Sections,
    /// With the server: main server, then the virtual host.
    Server,
    /// With the server, and what decides is the first virtual host of the address.
    First,
    /// With the server; where the virtual host says nothing, the first of the address does, then the main server.
    OwnOrFirst,
    /// What stands outside of sections with the server, the rest with its section; the two are not merged.
    Split,
}

/// What is known of a directive, or of several that share one order.
#[derive(Clone, Debug)]
pub struct Judged {
    pub names: Vec<&'static str>,
    pub merge: Merge,
    pub kept: Kept,
    /// A virtual host does not inherit it.
    pub own: bool,
    /// The main server's alone.
    pub main: bool,
    /// As it would be written; empty where nothing holds.
    pub default: &'static str,
    /// What that means, in a few words.
    pub meaning: &'static str,
}

/// A directive's way to inherit; of one that is not judged, plain replacement, and false.
pub fn judged(name: &str) -> (Judged, bool) {
    match BY_NAME.get(&name.to_ascii_lowercase()) {
        Some(judged) => ((*judged).clone(), true),
        None => (unjudged(name), false),
    }
}

/// All that is judged.
pub fn all() -> &'static [Judged] {
    &JUDGED
}

/// httpd's own modules replace most of what they keep.
fn unjudged(name: &str) -> Judged {
    let known = table::known(name);
    let kept = match known.map(|known| known.context) {
        Some(Context::Outside) => Kept::Server,
        _ => Kept::Sections,
    };
    let names = known.map(|known| known.name).into_iter().collect();
    Judged { names, merge: Merge::Replace, kept, own: false, main: false, default: "", meaning: "" }
}

impl Judged {
    fn read(line: &'static str) -> Option<Self> {
        let mut columns = line.split('|').map(str::trim);
        let (names, kind) = (columns.next()?, columns.next()?);
        if names.starts_with('#') {
            return None;
        }
        let kept = match columns.next()? {
            "server" => Kept::Server,
            "first" => Kept::First,
            "own-or-first" => Kept::OwnOrFirst,
            "split" => Kept::Split,
            _ => Kept::Sections,
        };
        let (default, meaning) = (columns.next()?, columns.next()?);
        let words: Vec<&str> = kind.split(' ').collect();
        let (own, main) = (words.contains(&"own"), words.contains(&"main"));
        let names = names.split(' ').collect();
        Some(Self { names, merge: merge(words.last()?), kept, own, main, default, meaning })
    }
}

fn merge(word: &str) -> Merge {
    match word {
        "append" => Merge::Append,
        "prepend" => Merge::Prepend,
        "list" => Merge::List,
        "key" => Merge::Key,
        "last" => Merge::Last,
        "bits" => Merge::Bits,
        "require" => Merge::Require,
        "rewrite" => Merge::Rewrite,
        "php" => Merge::Php,
        _ => Merge::Replace,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_judged_is_a_directive() {
        assert!(all().len() > 70);
        for judged in all() {
            for name in &judged.names {
                assert!(table::known(name).is_some_and(|known| known.name.eq_ignore_ascii_case(name)), "{name}");
            }
            assert!(!judged.meaning.is_empty(), "{:?}", judged.names);
        }
    }

    #[test]
    fn what_is_not_judged_replaces() {
        let (judged, sure) = judged("IndexOrderDefault");
        assert_eq!((judged.merge, judged.kept, sure), (Merge::Replace, Kept::Sections, false));
        assert_eq!(super::judged("EnableMMAP").0.names, ["EnableMMAP"]);
    }
}
