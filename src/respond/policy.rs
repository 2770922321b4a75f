//! What the owner wants done about which wrong: part `[policy]` of the configuration.

mod error;

use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::model::bounds;
use crate::model::{Action, Alert, Class, Confidence, Millis, Severity};
use crate::respond::span::Span;

pub use error::{ConfigError, located};

/// The whole policy; every part has a default, and the shipped file says the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    pub mode: Mode,
    pub times: Times,
    pub lock_out: LockOut,
    pub budget: Limits,
    pub prefix: Prefixes,
    /// A file of nets, one a line, that are never dropped: content delivery networks.
    pub cdn_ranges: Option<PathBuf>,
    /// The first that fits an alert decides; where none fits, it is told.
    #[serde(rename = "match")]
    pub matches: Vec<Match>,
    #[serde(rename = "allow")]
    pub allowed: Vec<Allowed>,
    #[serde(rename = "scanner")]
    pub scanners: Vec<Scanner>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Decide everything, enforce nothing.
    #[default]
    Observe,
    Enforce,
}

/// How long bans and limits last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Times {
    pub first: Span,
    /// The first time for alerts of critical severity.
    pub critical: Span,
    /// Each further offence lasts this many times longer.
    pub growth: u32,
    pub longest: Span,
    /// Offences are forgotten this long after the last of them.
    pub forget: Span,
}

/// Who administers this host is limited and never dropped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LockOut {
    /// How long a successful administrator login protects its address.
    pub after_login: Span,
}

/// Where automation stops and asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Percent of the recent good clients that may be banned in an hour.
    #[serde(deserialize_with = "bounds::percent")]
    pub good_share: f64,
    /// But at least so many.
    pub good_least: u32,
    pub bans_per_minute: u32,
}

/// When a whole prefix is stopped and not its single addresses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Prefixes {
    /// Percent of the clients seen in it that are hostile.
    #[serde(deserialize_with = "bounds::whole_percent")]
    pub hostile_share: u32,
    pub clients: u32,
    /// Widths that may be stopped.
    #[serde(deserialize_with = "bounds::widths_v4")]
    pub ipv4: Vec<u8>,
    #[serde(deserialize_with = "bounds::widths_v6")]
    pub ipv6: Vec<u8>,
}

/// One row of the table from alert to action. What is left out fits everything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class: Vec<Class>,
    /// At least.
    #[serde(default = "any_severity")]
    pub severity: Severity,
    /// At least.
    #[serde(default = "any_confidence")]
    pub confidence: Confidence,
    pub action: Action,
}

/// Nets that are never limited nor dropped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    pub nets: Vec<IpNet>,
    pub reason: String,
    #[serde(default)]
    pub owner: String,
    #[serde(default)]
    pub until: Option<Millis>,
}

/// Our own scanner: what it does is told under its name and never stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scanner {
    pub name: String,
    pub nets: Vec<IpNet>,
    #[serde(default)]
    pub from: Option<Millis>,
    #[serde(default)]
    pub until: Option<Millis>,
}

impl Policy {
    /// The action of the first row that fits.
    pub fn action(&self, alert: &Alert) -> Action {
        self.matches.iter().find(|row| row.fits(alert)).map_or(Action::Tell, |row| row.action)
    }
}

impl Match {
    fn fits(&self, alert: &Alert) -> bool {
        (self.class.is_empty() || self.class.contains(&alert.class))
            && alert.severity >= self.severity
            && alert.confidence >= self.confidence
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            times: Times::default(),
            lock_out: LockOut::default(),
            budget: Limits::default(),
            prefix: Prefixes::default(),
            cdn_ranges: None,
            matches: default_matches(),
            allowed: Vec::new(),
            scanners: Vec::new(),
        }
    }
}

impl Default for Times {
    fn default() -> Self {
        Self {
            first: Span::minutes(10),
            critical: Span::hours(24),
            growth: 2,
            longest: Span::days(7),
            forget: Span::days(30),
        }
    }
}

impl Default for LockOut {
    fn default() -> Self {
        Self { after_login: Span::days(7) }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { good_share: 1.0, good_least: 3, bans_per_minute: 600 }
    }
}

impl Default for Prefixes {
    fn default() -> Self {
        Self { hostile_share: 80, clients: 4, ipv4: vec![24], ipv6: vec![64, 56, 48] }
    }
}

fn default_matches() -> Vec<Match> {
    let row =
        |class: &[Class], severity, confidence, action| Match { class: class.to_vec(), severity, confidence, action };
    vec![
        row(&[Class::Unparsed], Severity::Info, Confidence::Low, Action::Tell),
        row(&[Class::Intrusion, Class::FalseCrawler], Severity::Info, Confidence::High, Action::Ban),
        row(&[Class::Intrusion], Severity::Info, Confidence::Low, Action::Tell),
        row(&[Class::Volume, Class::FalseCrawler], Severity::Low, Confidence::Low, Action::Limit),
        row(&[Class::AuthFailure, Class::Stuffing], Severity::Medium, Confidence::Medium, Action::Ban),
        row(&[], Severity::High, Confidence::Medium, Action::Ban),
        row(&[], Severity::Medium, Confidence::High, Action::Ban),
        row(&[], Severity::Medium, Confidence::Low, Action::Limit),
    ]
}

fn any_severity() -> Severity {
    Severity::Info
}

fn any_confidence() -> Confidence {
    Confidence::Low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Shipped {
        policy: Policy,
    }

    #[test]
    fn the_shipped_policy_is_the_default() {
        let shipped: Shipped = toml::from_str(include_str!("../../etc/peelhouse.toml")).unwrap();
        assert_eq!(shipped.policy, Policy::default());
    }

    #[test]
    fn lists_are_read() {
        let text = r#"
            mode = "enforce"
            [[allow]]
            nets = ["192.0.2.0/24"]
            reason = "monitoring"
            owner = "ops"
            until = "2027-01-01T00:00:00Z"
            [[scanner]]
            name = "weekly scan"
            nets = ["198.51.100.9/32"]
        "#;
        let policy: Policy = toml::from_str(text).unwrap();
        assert_eq!(policy.mode, Mode::Enforce);
        assert_eq!(policy.allowed[0].until, Some(Millis::from_secs(1_798_761_600)));
        assert_eq!(policy.scanners[0].name, "weekly scan");
        assert_eq!(policy.matches, default_matches());
    }
}
