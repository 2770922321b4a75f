//! Which modules are there, by both of their names, and which directives they bring.

use std::collections::{HashMap, HashSet};

/// One line a module: its source name, then its directives (what `apache2 -L` prints with every module loaded).
static DIRECTIVES: &str = include_str!("directives.txt");

/// Modules whose source is not `mod_NAME.c`.
static SOURCES: &[(&str, &str)] = &[
    ("core_module", "core.c"),
    ("http_module", "http_core.c"),
    ("mpm_event_module", "event.c"),
    ("mpm_worker_module", "worker.c"),
    ("mpm_prefork_module", "prefork.c"),
    ("mpm_itk_module", "mpm_itk.c"),
    ("ldap_module", "util_ldap.c"),
    ("shib_module", "mod_shib.cpp"),
    ("mod_shib", "mod_shib.cpp"),
];

/// What Debian compiles in; Red Hat loads the later ones, which makes no difference once they are loaded.
static BUILT_IN: &[&str] = &[
    "core_module",
    "so_module",
    "watchdog_module",
    "http_module",
    "log_config_module",
    "logio_module",
    "version_module",
    "unixd_module",
];

/// The modules loaded so far.
#[derive(Clone, Debug)]
pub struct Modules {
    names: HashSet<String>,
    directives: HashSet<String>,
    table: HashMap<&'static str, &'static str>,
}

impl Default for Modules {
    fn default() -> Self {
        Self::stock()
    }
}

impl Modules {
    /// Those compiled in.
    pub fn stock() -> Self {
        let table = DIRECTIVES.lines().filter_map(|line| line.split_once(' ')).collect();
        let mut modules = Self { names: HashSet::new(), directives: HashSet::new(), table };
        for identifier in BUILT_IN {
            modules.load(identifier);
        }
        modules
    }

    /// By its identifier, as `LoadModule` names it.
    pub fn load(&mut self, identifier: &str) {
        let source = source_of(identifier);
        let directives = self.table.get(source.as_str()).copied().unwrap_or_default();
        self.directives.extend(directives.split(' ').map(str::to_ascii_lowercase));
        self.names.extend([identifier.to_owned(), source]);
    }

    /// By identifier (`ssl_module`) or source (`mod_ssl.c`); case matters.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The source names of those loaded, as in `mod_ssl.c`.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str).filter(|name| name.contains('.'))
    }

    /// Whether a loaded module brings a directive; a section is asked with its `<`.
    pub fn has_directive(&self, name: &str) -> bool {
        self.directives.contains(&name.to_ascii_lowercase())
    }
}

fn source_of(identifier: &str) -> String {
    let known = SOURCES.iter().find(|(known, _)| *known == identifier);
    known.map_or_else(
        || format!("mod_{}.c", identifier.strip_suffix("_module").unwrap_or(identifier)),
        |(_, source)| (*source).to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loaded_module_has_two_names_and_its_directives() {
        let mut modules = Modules::stock();
        assert!(modules.has("mod_so.c") && modules.has("core.c") && !modules.has("mod_ssl.c"));
        assert!(modules.has_directive("customlog") && modules.has_directive("<VirtualHost"));
        assert!(!modules.has_directive("SSLEngine"));
        modules.load("ssl_module");
        assert!(modules.has("ssl_module") && modules.has("mod_ssl.c") && !modules.has("MOD_SSL.C"));
        assert!(modules.has_directive("SSLEngine"));
        modules.load("mpm_event_module");
        assert!(modules.has("event.c") && !modules.has("mod_mpm_event.c"));
    }
}
