//! The grade of a server and its reasons, by the numbers of `data/grading.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::model::Severity;
use crate::probe::catalogue::{self, Suite};
use crate::probe::tls::Seen;
use crate::probe::tls::certificate::Chain;
use crate::probe::weak::{Verdict, Vulnerability};

static RULES: LazyLock<Rules> = LazyLock::new(|| toml::from_str(include_str!("data/grading.toml")).unwrap_or_default());

/// From the best to the worst; T is not trusted, M is for other names.
const LETTERS: [&str; 10] = ["A+", "A", "A-", "B", "C", "D", "E", "F", "T", "M"];

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Rules {
    date: String,
    weights: BTreeMap<String, u32>,
    protocol: BTreeMap<String, u32>,
    exchange: Scale,
    cipher: Scale,
    letters: BTreeMap<String, u32>,
    limits: Limits,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Scale {
    steps: Vec<Step>,
    best: u32,
    anonymous: u32,
    export: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Step {
    below: u32,
    score: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Limits {
    no_tls12: String,
    no_forward_secrecy: String,
    no_aead: String,
    weak_signature: String,
    old_signature: String,
    weak_key_bits: u32,
    weak_key: String,
    untrusted: String,
    name_mismatch: String,
    plus_hsts_days: u64,
}

/// A letter, the score behind it, and what holds it down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grade {
    pub letter: &'static str,
    /// Of 100.
    pub score: u32,
    /// The letter that a server would have whose certificate is trusted.
    pub if_trusted: &'static str,
    pub reasons: Vec<String>,
}

/// The day the rules are of.
pub fn date() -> &'static str {
    &RULES.date
}

/// Grades what was seen; `None` where nothing was. `hsts` is the span of Strict-Transport-Security in seconds.
pub fn grade(seen: &Seen, weaknesses: &[Vulnerability], hsts: Option<u64>) -> Option<Grade> {
    if seen.versions.is_empty() {
        return None;
    }
    let score = score(seen);
    let by_score = LETTERS.iter().copied().find(|letter| RULES.letters.get(*letter).is_some_and(|from| score >= *from));
    let by_score = by_score.unwrap_or("F");
    let caps = caps(seen, weaknesses);
    let worst = |trust: bool| {
        let held = caps.iter().filter(|(letter, _)| trust || !matches!(*letter, "T" | "M")).map(|(letter, _)| *letter);
        held.chain([by_score]).max_by_key(|letter| rank(letter)).unwrap_or(by_score)
    };
    let mut reasons: Vec<String> = caps.iter().map(|(letter, why)| format!("{letter} at best: {why}")).collect();
    let mild: Vec<&Vulnerability> = weaknesses
        .iter()
        .filter(|weak| {
            weak.verdict == Verdict::Found && weak.cap.is_none() && weak.severity == Severity::Low && weak.id != "beast"
        })
        .collect();
    let plus = hsts.is_some_and(|secs| secs >= RULES.limits.plus_hsts_days * 86_400);
    let finer = |letter: &'static str| match letter {
        "A" if !mild.is_empty() => "A-",
        "A" if plus => "A+",
        other => other,
    };
    reasons.extend(mild.iter().map(|weak| format!("A- at best: {}", weak.title)));
    if finer(worst(true)) == "A" && !plus {
        reasons.push(format!("A+ takes Strict-Transport-Security of {} days", RULES.limits.plus_hsts_days));
    }
    if rank(by_score) > rank("A") {
        reasons.push(format!("{by_score} by its score of {score}"));
    }
    Some(Grade { letter: finer(worst(true)), score, if_trusted: finer(worst(false)), reasons })
}

fn rank(letter: &str) -> usize {
    LETTERS.iter().position(|known| *known == letter).unwrap_or(LETTERS.len())
}

fn score(seen: &Seen) -> u32 {
    let weight = |name: &str| RULES.weights.get(name).copied().unwrap_or(0);
    let protocols = seen.versions.iter().filter_map(|offered| RULES.protocol.get(offered.version.name()).copied());
    let ciphers = suites(seen).map(|suite| RULES.cipher.at(u32::from(suite.bits)));
    (weight("protocol") * middle(protocols) + weight("exchange") * exchange(seen) + weight("cipher") * middle(ciphers))
        / 100
}

fn suites(seen: &Seen) -> impl Iterator<Item = &'static Suite> + Clone {
    seen.versions.iter().flat_map(|offered| offered.suites.iter().copied())
}

/// Half way between the best and the worst.
fn middle(scores: impl Iterator<Item = u32> + Clone) -> u32 {
    (scores.clone().max().unwrap_or(0) + scores.min().unwrap_or(0)) / 2
}

/// The weakest of certificate keys, primes and groups.
fn exchange(seen: &Seen) -> u32 {
    let keys = seen.chains.iter().map(Chain::rsa_bits);
    let primes = seen.primes.iter().map(|prime| u32::try_from(prime.bits).unwrap_or(u32::MAX));
    let weakest = keys.chain(primes).min().unwrap_or(0);
    let mut score = RULES.exchange.at(weakest);
    if suites(seen).any(|suite| suite.export) {
        score = score.min(RULES.exchange.export);
    }
    if suites(seen).any(|suite| suite.authentication == "none") {
        score = score.min(RULES.exchange.anonymous);
    }
    score
}

impl Scale {
    fn at(&self, value: u32) -> u32 {
        self.steps.iter().find(|step| value < step.below).map_or(self.best, |step| step.score)
    }
}

/// What holds the letter down, the hardest first.
fn caps(seen: &Seen, weaknesses: &[Vulnerability]) -> Vec<(&'static str, String)> {
    let limits = &RULES.limits;
    let mut caps: Vec<(&'static str, String)> = Vec::new();
    let mut hold = |holds: bool, letter: &'static str, why: String| {
        if holds {
            caps.push((letter, why));
        }
    };
    for weak in weaknesses.iter().filter(|weak| weak.verdict == Verdict::Found) {
        hold(weak.cap.is_some(), weak.cap.unwrap_or_default(), weak.title.to_owned());
    }
    let has = |fits: fn(&Suite) -> bool| suites(seen).any(fits);
    let young = seen.versions.iter().any(|offered| offered.version >= crate::formats::tls::Version::Tls12);
    hold(!young, &limits.no_tls12, "neither TLS 1.2 nor 1.3 is taken".to_owned());
    hold(
        !has(Suite::is_forward_secret),
        &limits.no_forward_secrecy,
        "no suite with forward secrecy is taken".to_owned(),
    );
    hold(
        !has(|suite| suite.mode == "aead"),
        &limits.no_aead,
        "no suite with authenticated encryption is taken".to_owned(),
    );
    for chain in &seen.chains {
        let signature = chain.signature.to_ascii_lowercase();
        hold(
            signature.contains("md5") || signature.contains("md2"),
            &limits.weak_signature,
            format!("its certificate is signed with {}", chain.signature),
        );
        hold(
            signature.contains("sha1"),
            &limits.old_signature,
            format!("its certificate is signed with {}", chain.signature),
        );
        hold(
            chain.rsa_bits() < limits.weak_key_bits,
            &limits.weak_key,
            format!("its {} key has {} bits", chain.key, chain.key_bits),
        );
        let why = chain.distrusted_because.clone().unwrap_or_default();
        hold(!chain.trusted, &limits.untrusted, format!("its certificate is not trusted: {why}"));
        hold(chain.name_matches == Some(false), &limits.name_mismatch, "its certificate is for other names".to_owned());
    }
    let small = seen
        .groups
        .iter()
        .flat_map(|(_, groups)| groups)
        .filter_map(|code| catalogue::groups().iter().find(|group| group.code == *code))
        .find(|group| group.rsa_bits < limits.weak_key_bits);
    if let Some(group) = small {
        hold(true, &limits.weak_key, format!("the weak group {} is taken", group.name));
    }
    caps.sort_by_key(|(letter, _)| std::cmp::Reverse(rank(letter)));
    caps.dedup();
    caps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_read_and_their_letters_known() {
        let rules: Rules = toml::from_str(include_str!("data/grading.toml")).unwrap();
        assert_eq!(rules.weights.values().sum::<u32>(), 100);
        assert_eq!(rules.cipher.at(112), 20);
        assert_eq!((RULES.exchange.at(2048), RULES.exchange.at(4096), RULES.exchange.at(0)), (90, 100, 0));
        assert!(rules.letters.keys().all(|letter| LETTERS.contains(&letter.as_str())));
    }

    #[test]
    fn scores_stand_half_way_between_best_and_worst() {
        assert_eq!(middle([80, 100].into_iter()), 90);
        assert_eq!(middle(std::iter::empty()), 0);
    }
}
