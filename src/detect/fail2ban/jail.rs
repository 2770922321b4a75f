//! An imported jail: its lines through its filter, its failures counted per client, as fail2ban counts them.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::detect::fail2ban::date::Calendar;
use crate::detect::fail2ban::filter::{Compiler, Filter, FilterError};
use crate::detect::fail2ban::state::Reading;
use crate::formats::fail2ban::{Definition, Place, Value};
use crate::formats::glob;
use crate::model::{Alert, AlertId, At, Class, Confidence, Count, Evidence, Millis, Severity, Standing, Subject, Via};

/// The detector that speaks for all imported jails.
pub const DETECTOR: &str = "imported-jail";
/// Clients counted at once; the one seen longest ago goes first.
const MOST_CLIENTS: usize = 100_000;

const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

/// What an imported jail says; a table of `fail2ban.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JailRules {
    pub name: String,
    pub enabled: bool,
    /// The filter as the jail names it; for people.
    pub filter: String,
    /// May hold `*`.
    pub logs: Vec<PathBuf>,
    /// So many failures within `findtime` seconds.
    pub maxretry: u32,
    pub findtime: u32,
    #[serde(default)]
    pub ports: String,
    /// Never counted.
    #[serde(default)]
    pub allow: Vec<IpNet>,
    pub patterns: Patterns,
}

impl JailRules {
    /// True where a path is one of its logs, or what rotation made of one.
    pub fn reads(&self, path: &Path) -> bool {
        self.logs.iter().any(|log| fits(log, path))
    }
}

fn fits(pattern: &Path, path: &Path) -> bool {
    let names = |path: &Path| path.iter().map(|name| name.to_string_lossy().into_owned()).collect::<Vec<_>>();
    let (pattern, path) = (names(pattern), names(path));
    let (Some((last, dirs)), Some((file, folders))) = (pattern.split_last(), path.split_last()) else { return false };
    let same = dirs.len() == folders.len() && dirs.iter().zip(folders).all(|(dir, folder)| glob::matches(dir, folder));
    same && [last.clone(), format!("{last}.*"), format!("{last}-*")].iter().any(|name| glob::matches(name, file))
}

/// The filter's patterns, everything put in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Patterns {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prefregex: String,
    pub failregex: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignoreregex: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub datepattern: String,
    pub maxlines: u32,
}

impl Patterns {
    pub fn of(definition: &Definition) -> Self {
        let text = |value: &Option<Value>| value.as_ref().map(|value| value.text.clone()).unwrap_or_default();
        let all = |values: &[Value]| values.iter().map(|value| value.text.clone()).collect();
        Self {
            prefregex: text(&definition.prefregex),
            failregex: all(&definition.failregex),
            ignoreregex: all(&definition.ignoreregex),
            datepattern: text(&definition.datepattern),
            maxlines: definition.maxlines.max(1),
        }
    }

    fn definition(&self, jail: &str) -> Definition {
        let place = Place::new(&format!("jail {jail}"), 0);
        let value = |text: &String| Value { text: text.clone(), place: place.clone() };
        let some = |text: &String| Some(value(text)).filter(|value| !value.text.is_empty());
        Definition {
            prefregex: some(&self.prefregex),
            failregex: self.failregex.iter().map(value).collect(),
            ignoreregex: self.ignoreregex.iter().map(value).collect(),
            datepattern: some(&self.datepattern),
            maxlines: self.maxlines.max(1),
            place: Some(place.clone()),
            ..Definition::default()
        }
    }
}

/// A line as a jail sees it.
#[derive(Clone, Copy, Debug)]
pub struct JailLine<'a> {
    pub file: &'a str,
    pub at: At,
    /// The log clock.
    pub now: Millis,
    /// The stamp that the log's own format gave.
    pub stamp: Option<Millis>,
    pub raw: &'a [u8],
}

/// What counts against whom.
pub type Tallies = BTreeMap<IpAddr, Tally>;

/// What counts against a client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tally {
    count: u32,
    first: Millis,
    last: Millis,
    lines: VecDeque<Evidence>,
}

/// A jail at work.
#[derive(Debug)]
pub struct Jail {
    rules: JailRules,
    reading: Reading,
    clients: Tallies,
    clock: Millis,
    /// Lines on which a pattern was given up.
    pub costly: u64,
}

impl Jail {
    /// # Errors
    /// Where its patterns cannot be compiled.
    pub fn new(rules: JailRules, compiler: &Compiler, calendar: Calendar) -> Result<Self, FilterError> {
        let filter: Filter = compiler.compile(&rules.name, rules.patterns.definition(&rules.name))?;
        let reading = Reading::new(Arc::new(filter), calendar);
        Ok(Self { rules, reading, clients: BTreeMap::new(), clock: Millis(0), costly: 0 })
    }

    pub fn rules(&self) -> &JailRules {
        &self.rules
    }

    /// Looks at one line of its log; speaks where a client reached the limit, and counts anew from there.
    pub fn see(&mut self, line: &JailLine<'_>) -> Option<Alert> {
        if let Ok(now) = jiff::Timestamp::from_millisecond(line.now.0) {
            self.reading.at(now);
        }
        let text = String::from_utf8_lossy(line.raw);
        let outcome = self.reading.line(text.trim_end_matches('\r'));
        self.costly += u64::from(outcome.costly);
        let failure = outcome.failures.into_iter().find(|failure| !failure.harmless)?;
        let ip = failure.ip?;
        if self.rules.allow.iter().any(|net| net.contains(&ip)) {
            return None;
        }
        let stamp = self.stamp(failure.time, line);
        self.count(ip, stamp, line)
    }

    /// A date may lie behind the log's clock, where lines are read late; ahead of it, it is odd. Where only the filter
    /// knows dates, they move on by a day a line at most.
    fn stamp(&mut self, found: Option<i64>, line: &JailLine<'_>) -> Millis {
        let Some(found) = found.map(Millis) else { return line.now.max(self.clock) };
        if line.stamp.is_some() {
            return found.min(line.now);
        }
        let stamp = found.min(self.clock.max(line.now) + DAY);
        self.clock = self.clock.max(stamp);
        stamp
    }

    fn count(&mut self, ip: IpAddr, stamp: Millis, line: &JailLine<'_>) -> Option<Alert> {
        if self.clients.len() >= MOST_CLIENTS && !self.clients.contains_key(&ip) {
            let oldest = self.clients.iter().min_by_key(|(_, tally)| tally.last).map(|(ip, _)| *ip);
            oldest.map(|oldest| self.clients.remove(&oldest));
        }
        let new = || Tally { count: 0, first: stamp, last: stamp, lines: VecDeque::new() };
        let tally = self.clients.entry(ip).or_insert_with(new);
        let span = i64::from(self.rules.findtime) * 1000;
        if stamp.0 < tally.last.0 - span {
            return None;
        }
        if tally.last.0 < stamp.0 - span {
            *tally = new();
        }
        tally.count += 1;
        tally.last = stamp.max(tally.last);
        tally.lines.push_back(evidence(line));
        if tally.lines.len() > Alert::MAX_EVIDENCE {
            tally.lines.pop_front();
        }
        if tally.count < self.rules.maxretry {
            return None;
        }
        let Tally { count, first, last, lines } = self.clients.remove(&ip)?;
        Some(self.alert(ip, count, first, last, lines.into()))
    }

    pub fn tallies(&self) -> &Tallies {
        &self.clients
    }

    pub fn restore(&mut self, tallies: Tallies) {
        self.clients = tallies;
    }

    /// Forgets what counts against the clients of a net.
    pub fn forget(&mut self, net: IpNet) {
        self.clients.retain(|ip, _| !net.contains(ip));
    }

    fn alert(&self, ip: IpAddr, count: u32, first: Millis, last: Millis, evidence: Vec<Evidence>) -> Alert {
        let JailRules { name, maxretry, findtime, .. } = &self.rules;
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("{DETECTOR}\0{name}\0{ip}\0").as_bytes());
        if let Some(line) = evidence.last() {
            hasher.update(&line.offset.to_le_bytes()).update(&line.line.to_le_bytes()).update(line.text.as_bytes());
        }
        let mut half = [0; 8];
        half.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        let window = u64::from(*findtime);
        Alert {
            id: AlertId(u64::from_le_bytes(half)),
            detector: DETECTOR.to_owned(),
            rules: vec![format!("fail2ban:{name}")],
            class: Class::AuthFailure,
            subject: Subject::Client(ip),
            site: String::new(),
            via: Via::Direct,
            severity: Severity::Medium,
            confidence: Confidence::Medium,
            first,
            last,
            lines: count,
            sentence: format!(
                "{count} failures within {findtime} s by the imported jail {name}, which bans at {maxretry}"
            ),
            counts: vec![Count {
                what: "failures".to_owned(),
                seen: f64::from(count),
                limit: f64::from(maxretry.saturating_sub(1)),
                window,
            }],
            standing: Standing::default(),
            evidence,
        }
    }
}

fn evidence(line: &JailLine<'_>) -> Evidence {
    let kept = &line.raw[..line.raw.len().min(Alert::MAX_LINE)];
    Evidence {
        file: line.file.to_owned(),
        line: line.at.line,
        offset: line.at.offset,
        text: String::from_utf8_lossy(kept).into_owned(),
        span: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    fn jail(allow: &str) -> Jail {
        let rules = JailRules {
            name: "door".to_owned(),
            enabled: true,
            filter: "door".to_owned(),
            logs: vec!["/var/log/door.log".into()],
            maxretry: 3,
            findtime: 60,
            ports: String::new(),
            allow: allow.parse().into_iter().collect(),
            patterns: Patterns {
                failregex: vec!["^ bad key from <HOST>$".to_owned()],
                maxlines: 1,
                ..Patterns::default()
            },
        };
        let calendar = Calendar { now: jiff::Timestamp::UNIX_EPOCH, zone: TimeZone::UTC };
        Jail::new(rules, &Compiler::new(2030), calendar).unwrap()
    }

    /// Shows lines with a date in the filter's words, so many seconds after midnight; the lines that made it speak.
    fn speaks(jail: &mut Jail, seconds: &[u64]) -> Vec<(u64, u32)> {
        let midnight = Millis::from_secs(1_767_225_600);
        let mut spoken = Vec::new();
        for (number, second) in (1u64..).zip(seconds) {
            let now = midnight + std::time::Duration::from_secs(*second);
            let raw = format!("2026-01-01 00:{:02}:{:02} bad key from 203.0.113.7", second / 60, second % 60);
            let at = At { line: number, ..At::default() };
            let line = JailLine { file: "/var/log/door.log", at, now, stamp: Some(now), raw: raw.as_bytes() };
            spoken.extend(jail.see(&line).map(|alert| (number, alert.lines)));
        }
        spoken
    }

    #[test]
    fn failures_within_the_time_are_counted_and_counting_begins_anew() {
        assert_eq!(speaks(&mut jail("x"), &[0, 30, 60, 61, 62, 63]), [(3, 3), (6, 3)]);
        assert_eq!(speaks(&mut jail("x"), &[0, 61, 122, 183]), []);
        assert_eq!(speaks(&mut jail("203.0.113.0/24"), &[0, 1, 2, 3]), []);
    }

    #[test]
    fn an_alert_shows_its_lines_and_says_its_numbers() {
        let mut jail = jail("x");
        let line = |number, raw| JailLine {
            file: "f",
            at: At { line: number, ..At::default() },
            now: Millis(1_767_225_600_000),
            stamp: None,
            raw,
        };
        let raw = b"2026-01-01 00:00:00 bad key from 203.0.113.7";
        assert!(jail.see(&line(1, raw)).is_none() && jail.see(&line(2, raw)).is_none());
        let kept = jail.tallies().clone();
        let alert = jail.see(&line(3, raw)).unwrap();
        assert_eq!(alert.sentence, "3 failures within 60 s by the imported jail door, which bans at 3");
        assert_eq!((alert.class, alert.evidence.len()), (Class::AuthFailure, 3));
        jail.restore(kept);
        assert_eq!(jail.see(&line(3, raw)).unwrap().id, alert.id);
    }
}
