//! An imported jail: its lines through its filter, its failures counted per client, as fail2ban counts them.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::detect::fail2ban::date::Calendar;
use crate::detect::fail2ban::filter::{Filter, FilterError, Loader};
use crate::detect::fail2ban::state::Reading;
use crate::formats::fail2ban::{Definition, Place, Value};
use crate::model::{Alert, AlertId, At, Class, Confidence, Count, Evidence, Millis, Severity, Standing, Subject, Via};

/// The detector that speaks for all imported jails.
pub const DETECTOR: &str = "imported-jail";
/// Clients counted at once; the one seen longest ago goes first.
const MOST_CLIENTS: usize = 100_000;
/// Stamps that lie this far from the log's own clock count as now (milliseconds), as fail2ban treats them.
const ODD_STAMP: i64 = 60_000;

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
    pub raw: &'a [u8],
}

/// What counts against a client.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Tally {
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
    clients: BTreeMap<IpAddr, Tally>,
    /// Lines on which a pattern was given up.
    pub costly: u64,
}

impl Jail {
    /// # Errors
    /// Where its patterns cannot be compiled.
    pub fn new(rules: JailRules, loader: &Loader<'_>, calendar: Calendar) -> Result<Self, FilterError> {
        let filter: Filter = loader.compile(&rules.name, rules.patterns.definition(&rules.name))?;
        let reading = Reading::new(Arc::new(filter), calendar);
        Ok(Self { rules, reading, clients: BTreeMap::new(), costly: 0 })
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
        let stamp = failure.time.map(Millis).filter(|at| (at.0 - line.now.0).abs() <= ODD_STAMP).unwrap_or(line.now);
        self.count(ip, stamp, line)
    }

    fn count(&mut self, ip: IpAddr, stamp: Millis, line: &JailLine<'_>) -> Option<Alert> {
        if self.clients.len() >= MOST_CLIENTS && !self.clients.contains_key(&ip) {
            let oldest = self.clients.iter().min_by_key(|(_, tally)| tally.last).map(|(ip, _)| *ip);
            oldest.map(|oldest| self.clients.remove(&oldest));
        }
        let new = || Tally { count: 0, first: stamp, last: stamp, lines: VecDeque::new() };
        let tally = self.clients.entry(ip).or_insert_with(new);
        if tally.last.0 < stamp.0 - i64::from(self.rules.findtime) * 1000 {
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
                limit: f64::from(*maxretry),
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
