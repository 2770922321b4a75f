//! Which suites an OpenSSL cipher string admits (openssl-ciphers(1)), as far as that can be told without OpenSSL.

use std::sync::LazyLock;

static TEXT: &str = include_str!("suites.txt");
static SUITES: LazyLock<Vec<Suite>> = LazyLock::new(|| TEXT.lines().filter_map(Suite::read).collect());

/// One suite of TLS 1.2 or older.
#[derive(Debug, PartialEq, Eq)]
pub struct Suite {
    pub name: &'static str,
    /// The version that brought it.
    pub since: &'static str,
    pub exchange: &'static str,
    pub authentication: &'static str,
    pub cipher: &'static str,
    bits: &'static str,
    pub mac: &'static str,
    strength: &'static str,
    default: bool,
    /// No build of today has it.
    pub gone: bool,
}

/// What a cipher string comes to.
#[derive(Debug)]
pub struct Admitted {
    pub suites: Vec<&'static Suite>,
    /// `@SECLEVEL=…`, where the string says it.
    pub level: Option<u8>,
}

/// The suites that a string admits, in no order; none where the host's own policy decides (`PROFILE=SYSTEM`).
pub fn admitted(text: &str) -> Option<Admitted> {
    if text.contains("PROFILE=") {
        return None;
    }
    let (mut held, mut killed) = (Vec::<&'static Suite>::new(), Vec::<&'static Suite>::new());
    let mut level = None;
    for word in text.split([':', ',', ';', ' ']).filter(|word| !word.is_empty()) {
        if let Some(command) = word.strip_prefix('@') {
            level = command.strip_prefix("SECLEVEL=").and_then(|level| level.parse().ok()).or(level);
            continue;
        }
        let (sign, term) = match word.split_at_checked(1) {
            Some((sign @ ("!" | "-" | "+"), term)) => (sign, term),
            _ => ("", word),
        };
        let chosen = |suite: &&Suite| suite.is_all_of(term);
        match sign {
            "!" => {
                killed.extend(SUITES.iter().filter(|suite| chosen(suite)));
                held.retain(|suite| !suite.is_all_of(term));
            }
            "-" => held.retain(|suite| !suite.is_all_of(term)),
            // It only moves suites to the end.
            "+" => {}
            _ => {
                let fresh = SUITES.iter().filter(chosen).filter(|suite| !killed.contains(suite));
                let fresh: Vec<&Suite> = fresh.filter(|suite| !held.contains(suite)).collect();
                held.extend(fresh);
            }
        }
    }
    Some(Admitted { suites: held, level })
}

impl Suite {
    fn read(line: &'static str) -> Option<Self> {
        if line.starts_with('#') {
            return None;
        }
        let mut words = line.split(' ');
        let mut next = || words.next();
        Some(Self {
            name: next()?,
            since: next()?,
            exchange: next()?,
            authentication: next()?,
            cipher: next()?,
            bits: next()?,
            mac: next()?,
            strength: next()?,
            default: false,
            gone: false,
        })
        .map(|suite| {
            let last = line.rsplit(' ').next().unwrap_or_default();
            Self { default: last == "default", gone: last == "gone", ..suite }
        })
    }

    /// Several aliases joined by `+`: all must fit.
    fn is_all_of(&self, term: &str) -> bool {
        term == self.name || term.split('+').all(|alias| self.is_of(alias))
    }

    fn is_of(&self, alias: &str) -> bool {
        let (anonymous, open) = (self.authentication == "NULL", self.cipher == "NULL");
        let sized = |cipher: &str| self.cipher.starts_with(cipher) && alias.ends_with(self.bits);
        match alias {
            "ALL" => !open,
            "COMPLEMENTOFALL" | "eNULL" | "NULL" => open,
            "DEFAULT" => self.default,
            "COMPLEMENTOFDEFAULT" => !self.default && !open && !self.gone,
            "HIGH" | "MEDIUM" | "LOW" => self.strength.eq_ignore_ascii_case(alias),
            "EXP" | "EXPORT" => self.strength == "export",
            "kRSA" => self.exchange == "RSA",
            "RSA" => self.exchange == "RSA" && self.authentication == "RSA",
            "aRSA" => self.authentication == "RSA",
            "kECDHE" | "kEECDH" | "ECDH" => self.exchange == "ECDHE",
            "ECDHE" | "EECDH" => self.exchange == "ECDHE" && !anonymous,
            "AECDH" => self.exchange == "ECDHE" && anonymous,
            "kDHE" | "kEDH" | "DH" => self.exchange == "DHE",
            "DHE" | "EDH" => self.exchange == "DHE" && !anonymous,
            "ADH" => self.exchange == "DHE" && anonymous,
            "aNULL" => anonymous,
            "aECDSA" | "ECDSA" => self.authentication == "ECDSA",
            "aDSS" | "DSS" => self.authentication == "DSS",
            "AES" | "ARIA" => self.cipher.starts_with(alias),
            "AES128" | "AES256" => sized("AES"),
            "ARIA128" | "ARIA256" => sized("ARIA"),
            "CAMELLIA128" | "CAMELLIA256" => sized("CAMELLIA"),
            "AESCCM" => self.cipher.starts_with("AESCCM"),
            "SHA" | "SHA1" => self.mac == "SHA1",
            "MD5" | "SHA256" | "SHA384" => self.mac == alias,
            "SSLv3" => self.since == "SSLv3",
            // OpenSSL counts by the version that brought a suite.
            "TLSv1" | "TLSv1.0" => self.since == "TLSv1",
            "TLSv1.2" => self.since == "TLSv1.2",
            cipher => self.cipher == cipher,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        admitted(text).unwrap().suites.iter().filter(|suite| !suite.gone).count()
    }

    /// Counts of `openssl ciphers -v 'TEXT:@SECLEVEL=0'` of 3.0.19, without PSK, SRP and TLS 1.3.
    #[test]
    fn as_many_as_openssl_says() {
        for (text, expected) in ORACLE {
            assert_eq!(count(text), expected, "{text}");
        }
    }

    const ORACLE: [(&str, usize); 28] = [
        ("ALL", 83),
        ("HIGH:!aNULL", 71),
        ("HIGH:!aNULL:!MD5", 71),
        ("DEFAULT", 27),
        ("ALL:!aNULL:!eNULL", 71),
        ("ECDHE+AESGCM:DHE+AESGCM", 8),
        ("EECDH+AESGCM:EDH+AESGCM", 8),
        ("kRSA", 19),
        ("RSA+AES", 10),
        ("HIGH:!kRSA:!SHA1", 49),
        ("ECDH:!aNULL:-SHA1", 22),
        ("ALL:eNULL", 89),
        ("TLSv1.2:!aNULL", 56),
        ("SSLv3", 18),
        ("TLSv1", 9),
        ("AESCCM", 12),
        ("AES256:!SHA", 18),
        ("CAMELLIA128", 10),
        ("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-SHA", 2),
        ("COMPLEMENTOFDEFAULT", 56),
        ("DH", 39),
        ("ECDSA:!aNULL:+SHA1", 16),
        ("ARIA128", 5),
        ("CHACHA20", 3),
        ("!ALL:AES", 0),
        ("ARIA", 10),
        ("ADH", 10),
        ("aNULL", 13),
    ];

    #[test]
    fn what_the_host_decides_is_not_told() {
        assert!(admitted("PROFILE=SYSTEM").is_none());
        assert_eq!(admitted("DEFAULT:@SECLEVEL=0").unwrap().level, Some(0));
    }

    #[test]
    fn what_is_gone_is_still_told() {
        let named = |text: &str| admitted(text).unwrap().suites.iter().any(|suite| suite.gone);
        assert!(named("RC4") && named("ALL:!aNULL") && named("HIGH:3DES"));
        assert!(!named("HIGH:!aNULL:!MD5") && !named("ALL:!MEDIUM:!LOW:!EXP") && !named("RC4:!RC4"));
    }
}
