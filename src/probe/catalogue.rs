//! The suites and groups there are, as data: names and properties by number.

use std::sync::LazyLock;

use serde::Serialize;

use crate::formats::tls::Version;
use crate::formats::tls::server::Exchange;

/// A cipher suite by its IANA name, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    /// Two bytes; three for SSLv2.
    pub code: u32,
    pub name: &'static str,
    /// `RSA`, `DHE`, `ECDHE`, `PSK`, …; `any` in TLS 1.3.
    pub exchange: &'static str,
    /// `RSA`, `ECDSA`, `DSS`, `none`, …; `any` in TLS 1.3.
    pub authentication: &'static str,
    pub cipher: &'static str,
    /// Effective strength, 112 for 3DES.
    pub bits: u16,
    /// `aead`, `cbc`, `stream`, `ctr` or `null`.
    pub mode: &'static str,
    pub mac: &'static str,
    pub export: bool,
}

/// How strong what stands behind a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    pub code: u16,
    pub name: &'static str,
    /// As bits of an RSA key that is as strong.
    pub rsa_bits: u32,
    /// TLS 1.3 has it.
    pub modern: bool,
    /// Older versions have it.
    pub old: bool,
}

static SUITES: LazyLock<Vec<Suite>> = LazyLock::new(|| suites(include_str!("data/suites.csv")));
static SSL2: LazyLock<Vec<Suite>> = LazyLock::new(|| suites(include_str!("data/ssl2.csv")));
static GROUPS: LazyLock<Vec<Group>> =
    LazyLock::new(|| rows(include_str!("data/groups.csv")).filter_map(|row| group(&row)).collect());
static SIGNATURES: LazyLock<Vec<(u16, &'static str)>> = LazyLock::new(|| {
    rows(include_str!("data/signatures.csv")).filter_map(|row| Some((number(row.first()?)?, *row.get(1)?))).collect()
});

/// The lines of a table, cut at commas.
pub(super) fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| line.split(',').collect())
}

fn number(hex: &str) -> Option<u16> {
    u16::from_str_radix(hex, 16).ok()
}

fn suites(table: &'static str) -> Vec<Suite> {
    rows(table).filter_map(|row| suite(&row)).collect()
}

fn suite(row: &[&'static str]) -> Option<Suite> {
    let &[code, name, exchange, authentication, cipher, bits, mode, mac, export] = row else { return None };
    let (code, bits) = (u32::from_str_radix(code, 16).ok()?, bits.parse().ok()?);
    Some(Suite { code, name, exchange, authentication, cipher, bits, mode, mac, export: export == "export" })
}

fn group(row: &[&'static str]) -> Option<Group> {
    let &[code, name, rsa_bits, from] = row else { return None };
    Some(Group {
        code: number(code)?,
        name,
        rsa_bits: rsa_bits.parse().ok()?,
        modern: from != "old",
        old: from != "1.3",
    })
}

/// The suites that a version knows, by number.
pub fn of_version(version: Version) -> Vec<&'static Suite> {
    if version == Version::Ssl2 {
        return SSL2.iter().collect();
    }
    SUITES.iter().filter(|suite| suite.belongs_to(version)).collect()
}

pub fn find(version: Version, code: u32) -> Option<&'static Suite> {
    let table: &[Suite] = if version == Version::Ssl2 { &SSL2 } else { &SUITES };
    table.iter().find(|suite| suite.code == code)
}

/// Every group, in the order in which they are offered.
pub fn groups() -> &'static [Group] {
    &GROUPS
}

/// Every signature algorithm with its name, in the order in which they are offered.
pub fn signatures() -> &'static [(u16, &'static str)] {
    &SIGNATURES
}

/// The name of a group, its number where it has none.
pub fn group_name(code: u16) -> String {
    GROUPS
        .iter()
        .find(|group| group.code == code)
        .map_or_else(|| format!("0x{code:04x}"), |group| group.name.to_owned())
}

impl Suite {
    fn belongs_to(&self, version: Version) -> bool {
        let modern = self.exchange == "any";
        let young = matches!(self.mode, "aead" | "ctr") || matches!(self.mac, "SHA256" | "SHA384");
        match version {
            Version::Tls13 => modern,
            Version::Tls12 => !modern,
            _ => !modern && !young,
        }
    }

    /// Keys that are thrown away: TLS 1.3, DHE and ECDHE.
    pub fn is_forward_secret(&self) -> bool {
        matches!(self.exchange, "any" | "DHE" | "ECDHE")
    }

    /// How its key exchange message is read.
    pub fn message(&self) -> Option<Exchange> {
        match self.exchange {
            "ECDHE" if self.authentication != "PSK" => Some(Exchange::Ecdhe),
            "DHE" if self.authentication != "PSK" => Some(Exchange::Dhe),
            "RSA" if self.export => Some(Exchange::RsaExport),
            _ => None,
        }
    }

    /// Its number in hellos of SSLv3 and later.
    pub fn number(&self) -> u16 {
        u16::try_from(self.code).unwrap_or(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_tables_is_read() {
        let lines = |table: &'static str| rows(table).count();
        assert_eq!(SUITES.len(), lines(include_str!("data/suites.csv")));
        assert_eq!(SSL2.len(), lines(include_str!("data/ssl2.csv")));
        assert_eq!(GROUPS.len(), lines(include_str!("data/groups.csv")));
        assert_eq!(SIGNATURES.len(), lines(include_str!("data/signatures.csv")));
    }

    #[test]
    fn a_version_is_offered_its_own_suites() {
        let has = |version, code| of_version(version).iter().any(|suite| suite.code == code);
        assert!(has(Version::Tls13, 0x1301) && !has(Version::Tls12, 0x1301));
        assert!(has(Version::Tls12, 0xc02f) && !has(Version::Tls11, 0xc02f));
        assert!(has(Version::Ssl3, 0x0005) && has(Version::Ssl2, 0x01_0080));
        assert_eq!(find(Version::Tls12, 0xc013).map(|suite| (suite.exchange, suite.bits)), Some(("ECDHE", 128)));
    }
}
