//! What a name below a docroot is likely to be, and how bad it would be to hand it out.

use std::path::Path;

use crate::host::Host;
use crate::model::Severity::{self, High, Low, Medium};

/// One sort of thing that nobody means to serve; `many` names it in findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    pub many: &'static str,
    pub severity: Severity,
}

pub const REPOSITORY: Sort = Sort { many: "repositories with their whole history", severity: High };
const SECRETS: Sort = Sort { many: "files of settings and passwords", severity: High };
const KEYS: Sort = Sort { many: "private keys", severity: High };
const DUMPS: Sort = Sort { many: "dumps and files of databases", severity: High };
const ARCHIVES: Sort = Sort { many: "archives that look like a backup of the site", severity: High };
const COPIES: Sort = Sort { many: "copies that editors and people left", severity: Medium };
pub const SOURCES: Sort = Sort { many: "scripts and parts of them, as text", severity: Medium };
const LOGS: Sort = Sort { many: "logs", severity: Medium };
const RULES: Sort = Sort { many: "files with rules of the server", severity: Medium };
const SCHEMAS: Sort = Sort { many: "files of SQL without data at their beginning", severity: Low };
const HIDDEN: Sort = Sort { many: "hidden files", severity: Low };

/// A repository by its folder, and a file that every one of its kind has.
pub const REPOSITORIES: [(&str, &str); 5] =
    [(".git", "HEAD"), (".svn", "wc.db"), (".hg", "requires"), (".bzr", "README"), ("CVS", "Entries")];

/// Names that hold passwords, whatever else lies there.
const PASSWORDS: [&str; 8] =
    [".htpasswd", ".htdigest", ".pgpass", ".netrc", ".my.cnf", ".git-credentials", ".dockercfg", ".npmrc"];
/// `.env.example` and the like are made to be shown.
const EXAMPLES: [&str; 4] = [".example", ".sample", ".dist", ".template"];
/// `.phps` is made to be shown.
const SCRIPTS: [&str; 4] = [".php", ".phtml", ".php5", ".inc"];
const COPIED: [&str; 8] = ["~", ".bak", ".old", ".orig", ".save", ".swp", ".swo", ".dist"];
/// A copy of one of these has passwords in it.
const SETTINGS: [&str; 6] = ["wp-config", "config", "settings", "database", "localsettings", ".env"];
const PACKED: [&str; 11] =
    [".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tgz", ".tar", ".zip", ".7z", ".rar", ".gz", ".bz2"];
/// Words in the name of an archive that make it one of the site.
const WHOLE: [&str; 10] =
    ["backup", "backups", "bak", "dump", "htdocs", "www", "wwwroot", "public_html", "webroot", "docroot"];
/// What is looked at of a file where its name does not say enough.
const PEEKED: u64 = 256 << 10;

/// The sort of a file that lies below a docroot, by its path below it; none for what may well be meant to be served.
/// `site` is the name the site is known by.
pub fn sort(host: &Host, file: &Path, below: &Path, site: &str) -> Option<Sort> {
    let name = below.file_name()?.to_str()?.to_ascii_lowercase();
    let ends = |with: &&str| name.ends_with(*with);
    if name == ".htaccess" {
        return Some(RULES);
    }
    if PASSWORDS.contains(&name.as_str()) {
        return Some(SECRETS);
    }
    if name == ".env" || name.starts_with(".env.") || name.ends_with(".env") {
        return Some(if EXAMPLES.iter().any(ends) { HIDDEN } else { SECRETS });
    }
    if [".p12", ".pfx", ".ppk"].iter().any(ends) {
        return Some(KEYS);
    }
    if [".pem", ".key"].iter().any(ends) || name.starts_with("id_") {
        let key = peek(host, file).windows(11).any(|bytes| bytes == b"PRIVATE KEY");
        return if key { Some(KEYS) } else { hidden(below) };
    }
    database(host, file, &name)
        .or_else(|| archive(&name, site))
        .or_else(|| copy(&name))
        .or_else(|| name.ends_with(".log").then_some(LOGS))
        .or_else(|| SCRIPTS.iter().any(ends).then_some(SOURCES))
        .or_else(|| hidden(below))
}

fn database(host: &Host, file: &Path, name: &str) -> Option<Sort> {
    let plain = PACKED.iter().find_map(|end| name.strip_suffix(end));
    if plain.is_some_and(|plain| plain.ends_with(".sql")) || name.ends_with(".sqlite") || name.ends_with(".sqlite3") {
        return Some(DUMPS);
    }
    if !name.ends_with(".sql") {
        return None;
    }
    let text = peek(host, file).to_ascii_uppercase();
    let has = |word: &[u8]| text.windows(word.len()).any(|bytes| bytes == word);
    Some(if has(b"INSERT INTO") || has(b"FROM STDIN") { DUMPS } else { SCHEMAS })
}

fn archive(name: &str, site: &str) -> Option<Sort> {
    let stem = PACKED.iter().find_map(|end| name.strip_suffix(end))?;
    let named = site.contains('.') && stem.starts_with(&site.to_ascii_lowercase());
    let word = |word: &str| WHOLE.contains(&word);
    (named || word(stem) || stem.split(|letter: char| !letter.is_alphanumeric()).any(word)).then_some(ARCHIVES)
}

fn copy(name: &str) -> Option<Sort> {
    let of = COPIED.iter().find_map(|end| name.strip_suffix(end))?;
    let of = of.strip_prefix('.').filter(|_| name.ends_with(".swp") || name.ends_with(".swo")).unwrap_or(of);
    Some(if SETTINGS.iter().any(|word| of.starts_with(word)) { SECRETS } else { COPIES })
}

/// `.well-known` is made to be asked for (RFC 8615).
fn hidden(below: &Path) -> Option<Sort> {
    let dotted = |part: &str| part.starts_with('.') && part != ".well-known";
    below.iter().any(|part| part.to_str().is_some_and(dotted)).then_some(HIDDEN)
}

fn peek(host: &Host, file: &Path) -> Vec<u8> {
    host.beginning(file, PEEKED).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Option<Sort> {
        sort(&Host::recorded("/nowhere"), &Path::new("/srv").join(name), Path::new(name), "shop.example.org")
    }

    #[test]
    fn names_tell_the_sort() {
        assert_eq!(of(".env.production"), Some(SECRETS));
        assert_eq!(of(".env.example"), Some(HIDDEN));
        assert_eq!(of("wp-config.php.bak"), Some(SECRETS));
        assert_eq!(of(".wp-config.php.swp"), Some(SECRETS));
        assert_eq!(of("index.php~"), Some(COPIES));
        assert_eq!(of("2024.sql.gz"), Some(DUMPS));
        assert_eq!(of("shop.example.org-2024.zip"), Some(ARCHIVES));
        assert_eq!(of("old_backup.tar.gz"), Some(ARCHIVES));
        assert_eq!(of("index.php"), Some(SOURCES));
        assert_eq!(of(".ssh/known_hosts"), Some(HIDDEN));
    }

    #[test]
    fn what_may_be_meant_is_left_alone() {
        for name in ["index.html", "theme.zip", "ca.pem", ".well-known/security.txt", "backup-howto.html", "a.js.gz"] {
            assert_eq!(of(name), None, "{name}");
        }
    }
}
