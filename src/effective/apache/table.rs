//! What every directive is to httpd, as data: its module, where it may stand, which classes of `AllowOverride` admit it in
//! `.htaccess`. Told by `apache2 -L` and the modules of 2.4.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::formats::apache::evaluate::Modules;

static TEXT: &str = include_str!("directives.txt");
static MODULES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = TEXT.lines().filter(|line| !line.starts_with([' ', '#']));
    lines.filter_map(|line| line.split_ascii_whitespace().next()).collect()
});
static KNOWN: LazyLock<HashMap<String, Known>> = LazyLock::new(read);

/// Classes of `AllowOverride`, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overrides(pub u8);

impl Overrides {
    pub const ALL: Self = Self(0b1_1111);
    pub const NONE: Self = Self(0);

    /// One class by its name in `AllowOverride`.
    pub fn named(name: &str) -> Option<Self> {
        let names = ["authconfig", "fileinfo", "indexes", "limit", "options"];
        let at = names.iter().position(|known| name.eq_ignore_ascii_case(known))?;
        Some(Self(1 << at))
    }

    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Where in the main files a directive may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// Of a server or virtual host alone.
    Outside,
    /// In sections alone.
    Inside,
    Both,
}

/// A directive that httpd's own modules bring.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// As its module writes it; a section with its `<`.
    pub name: &'static str,
    /// By its source, as in `mod_alias.c`.
    pub module: &'static str,
    pub context: Context,
    /// Any of these classes admits it in `.htaccess`; none: it never stands there.
    pub overrides: Overrides,
    /// Its module merges no sections: one of its directives in a section drops all that was inherited of the module.
    pub whole_section: bool,
    /// Likewise for virtual hosts and what belongs to servers.
    pub whole_server: bool,
}

/// A directive by its name, in any case; a section is asked with its `<`.
pub fn known(name: &str) -> Option<&'static Known> {
    KNOWN.get(name).or_else(|| KNOWN.get(&name.to_ascii_lowercase()))
}

/// Whether every loaded module is one of these: then a directive that is not known here is not known to httpd.
pub fn knows_all(modules: &Modules) -> bool {
    modules.sources().all(|source| MODULES.contains(source) || is_php(source))
}

/// A directive whose module is loaded.
pub fn loaded(name: &str, modules: &Modules) -> Option<&'static Known> {
    let php = |known: &Known| is_php(known.module) && modules.sources().any(is_php);
    known(name).filter(|known| modules.has(known.module) || modules.has_directive(name) || php(known))
}

/// PHP names its module by its version.
fn is_php(source: &str) -> bool {
    source.strip_prefix("mod_php").is_some_and(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()) == ".c")
}

fn read() -> HashMap<String, Known> {
    let mut found = HashMap::new();
    let (mut module, mut whole_section, mut whole_server) = ("", false, false);
    for line in TEXT.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_ascii_whitespace();
        let first = words.next().unwrap_or_default();
        if !line.starts_with(' ') {
            let marks: Vec<&str> = words.collect();
            (module, whole_section, whole_server) =
                (first, marks.contains(&"whole-section"), marks.contains(&"whole-server"));
            continue;
        }
        let overrides = admitted(words.next().unwrap_or_default().trim_end_matches(':'));
        for name in words {
            let known = Known { name, module, context: context(first), overrides, whole_section, whole_server };
            found.entry(name.to_ascii_lowercase()).or_insert(known);
        }
    }
    found
}

fn context(word: &str) -> Context {
    match word {
        "outside" => Context::Outside,
        "inside" => Context::Inside,
        _ => Context::Both,
    }
}

fn admitted(word: &str) -> Overrides {
    if word == "any" {
        return Overrides::ALL;
    }
    word.split('+').filter_map(Overrides::named).fold(Overrides::NONE, Overrides::and)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_directive_has_its_place() {
        assert!(KNOWN.len() > 790, "{}", KNOWN.len());
        let header = known("header").unwrap();
        assert_eq!((header.name, header.module, header.context), ("Header", "mod_headers.c", Context::Both));
        assert_eq!(Some(header.overrides), Overrides::named("FileInfo"));
        assert_eq!(known("AllowOverride").unwrap().overrides, Overrides::NONE);
        let limit = known("<Limit").unwrap().overrides;
        assert!(limit.meets(Overrides::named("Limit").unwrap()) && !limit.meets(Overrides::named("Options").unwrap()));
        assert!(known("Order").unwrap().whole_section && !known("Require").unwrap().whole_section);
        assert!(known("NoSuchDirective").is_none());
    }
}
