//! The table of weaknesses, and which of them a server has.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::formats::tls::Version;
use crate::model::Severity;
use crate::probe::catalogue::Suite;
use crate::probe::tls::Seen;
use crate::probe::weak::Outcome;

/// Primes up to this size are within reach of states, export ones of anybody.
const WEAK_PRIME_BITS: usize = 1024;
/// A list of suites is named by its first ones.
const NAMED: usize = 3;

static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("../data/weaknesses.toml")).unwrap_or_default());

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    date: String,
    #[serde(rename = "weakness")]
    weaknesses: Vec<Weakness>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Weakness {
    id: String,
    title: String,
    #[serde(default)]
    cve: Vec<String>,
    severity: Severity,
    cap: Option<String>,
    fix: String,
    #[serde(default)]
    any: Vec<Condition>,
}

/// What a suite must be to show a weakness; what is not said does not matter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    protocols: Option<Vec<String>>,
    exchange: Option<Vec<String>>,
    authentication: Option<Vec<String>>,
    cipher: Option<Vec<String>>,
    mode: Option<Vec<String>>,
    export: Option<bool>,
    bits_below: Option<u16>,
    #[serde(default)]
    bits_from: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Found,
    Absent,
    CouldNotLook,
}

/// One weakness of the table at one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Vulnerability {
    pub id: &'static str,
    pub title: &'static str,
    pub cve: &'static [String],
    pub severity: Severity,
    pub verdict: Verdict,
    /// What showed it, or why it could not be looked for.
    pub evidence: String,
    pub fix: &'static str,
    #[serde(skip)]
    pub cap: Option<&'static str>,
}

/// The day the table is of.
pub fn date() -> &'static str {
    &TABLE.date
}

/// Every weakness of the table, in its order.
pub fn judge(seen: &Seen) -> Vec<Vulnerability> {
    TABLE.weaknesses.iter().map(|weakness| weakness.at(seen)).collect()
}

impl Weakness {
    fn at(&'static self, seen: &Seen) -> Vulnerability {
        let outcome = if self.any.is_empty() { trial(&self.id, seen) } else { self.by_suites(seen) };
        let (verdict, evidence) = match outcome {
            Outcome::Found(evidence) => (Verdict::Found, evidence),
            Outcome::Absent(evidence) => (Verdict::Absent, evidence),
            Outcome::CouldNotLook(why) => (Verdict::CouldNotLook, why),
        };
        Vulnerability {
            id: &self.id,
            title: &self.title,
            cve: &self.cve,
            severity: self.severity,
            verdict,
            evidence,
            fix: &self.fix,
            cap: self.cap.as_deref(),
        }
    }

    fn by_suites(&self, seen: &Seen) -> Outcome {
        let (mut versions, mut names) = (Vec::new(), Vec::new());
        for offered in &seen.versions {
            let fits = |suite: &&&Suite| self.any.iter().any(|condition| condition.fits(offered.version, suite));
            let fitting: Vec<&str> = offered.suites.iter().filter(fits).map(|suite| suite.name).collect();
            if !fitting.is_empty() {
                versions.push(offered.version.name());
            }
            names.extend(fitting.into_iter().filter(|_| !self.any.iter().all(Condition::is_about_versions)));
        }
        names.sort_unstable();
        names.dedup();
        let concerned = |version: Version| self.any.iter().any(|condition| condition.concerns(version));
        match seen.unclear.iter().find(|(version, _)| concerned(*version)) {
            _ if !versions.is_empty() => Outcome::Found(told(&names, &versions)),
            Some((version, failure)) => Outcome::CouldNotLook(format!("{}: {failure}", version.name())),
            None => Outcome::Absent("nothing of the kind is taken".to_owned()),
        }
    }
}

impl Condition {
    /// True where any suite of the versions will do.
    fn is_about_versions(&self) -> bool {
        let Self { protocols: _, exchange, authentication, cipher, mode, export, bits_below, bits_from } = self;
        let lists = [exchange, authentication, cipher, mode];
        lists.iter().all(|list| list.is_none()) && export.is_none() && bits_below.is_none() && *bits_from == 0
    }

    fn concerns(&self, version: Version) -> bool {
        self.protocols.as_ref().is_none_or(|names| names.iter().any(|name| name == version.name()))
    }

    fn fits(&self, version: Version, suite: &Suite) -> bool {
        let among = |list: &Option<Vec<String>>, value: &str| {
            list.as_ref().is_none_or(|list| list.iter().any(|known| known == value))
        };
        self.concerns(version)
            && among(&self.exchange, suite.exchange)
            && among(&self.authentication, suite.authentication)
            && among(&self.cipher, suite.cipher)
            && among(&self.mode, suite.mode)
            && self.export.is_none_or(|export| export == suite.export)
            && self.bits_below.is_none_or(|below| suite.bits < below)
            && suite.bits >= self.bits_from
    }
}

/// `A, B, C and 2 more, in TLSv1.0, TLSv1.1`
fn told(names: &[&str], versions: &[&str]) -> String {
    let first = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let versions = versions.join(", ");
    match names.len() {
        0 => versions,
        count if count > NAMED => format!("{first} and {} more, in {versions}", count - NAMED),
        _ => format!("{first}, in {versions}"),
    }
}

/// Those that suites alone do not show.
fn trial(id: &str, seen: &Seen) -> Outcome {
    let features = &seen.features;
    let takes = |from: Version, to: Version| seen.versions.iter().any(|offered| (from..to).contains(&offered.version));
    let old = takes(Version::Ssl3, Version::Tls13);
    match id {
        "logjam" => primes(seen),
        "crime" if old => known(features.compression, true, "DEFLATE is taken", "compression is off"),
        "insecure-renegotiation" if old => {
            let found = "it does not answer the signal of RFC 5746";
            known(features.secure_renegotiation, false, found, "it is protected")
        }
        "crime" | "insecure-renegotiation" => {
            Outcome::Absent("only TLS 1.3 is taken, which does not have it".to_owned())
        }
        // Since TLS 1.3 a fallback from it shows in the handshake itself (RFC 8446 §4.1.3).
        "fallback" if !takes(Version::Ssl3, Version::Tls12) => {
            Outcome::Absent("no version is taken that a fallback could harm".to_owned())
        }
        "fallback" if seen.versions.iter().filter(|offered| offered.version > Version::Ssl2).count() < 2 => {
            Outcome::Absent("one version is taken, there is nothing to fall back to".to_owned())
        }
        "fallback" => known(features.fallback_scsv, false, "TLS_FALLBACK_SCSV is passed over", "it is refused"),
        "intolerance" if features.intolerant.is_empty() => Outcome::Absent("it reads all that was tried".to_owned()),
        "intolerance" => Outcome::Found(features.intolerant.join(", ")),
        _ => {
            let tried = seen.trials.iter().find(|(name, _)| *name == id).map(|(_, outcome)| outcome.clone());
            tried.unwrap_or_else(|| Outcome::CouldNotLook("it was not tried".to_owned()))
        }
    }
}

/// A feature that is a fault where it is `bad`; one that did not show is not taken for good.
fn known(value: Option<bool>, bad: bool, found: &str, absent: &str) -> Outcome {
    match value {
        Some(value) if value == bad => Outcome::Found(found.to_owned()),
        Some(_) => Outcome::Absent(absent.to_owned()),
        None => Outcome::CouldNotLook("it did not answer when it was tried".to_owned()),
    }
}

fn primes(seen: &Seen) -> Outcome {
    let weak = seen.primes.iter().filter(|prime| prime.bits <= WEAK_PRIME_BITS || prime.export);
    let said: Vec<String> = weak
        .map(|prime| {
            let known = prime.known_as.map(|name| format!(", shared by many servers: {name}")).unwrap_or_default();
            format!("a prime of {} bits{}{known}", prime.bits, if prime.export { " for export suites" } else { "" })
        })
        .collect();
    let dhe = seen
        .versions
        .iter()
        .flat_map(|offered| &offered.suites)
        .any(|suite| suite.exchange == "DHE" && suite.authentication != "PSK");
    match (said.is_empty(), seen.primes.is_empty()) {
        (false, _) => Outcome::Found(said.join("; ")),
        (true, true) if dhe => Outcome::CouldNotLook("it takes DHE, but its prime could not be seen".to_owned()),
        _ => Outcome::Absent("no prime of 1024 bits or less is used".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_every_id_stands_once() {
        toml::from_str::<Table>(include_str!("../data/weaknesses.toml")).unwrap();
        let mut ids: Vec<&str> = TABLE.weaknesses.iter().map(|weakness| weakness.id.as_str()).collect();
        assert!(ids.contains(&"heartbleed") && !date().is_empty());
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}
