//! What is wrong: an alert with its reason in words and the raw lines behind it.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::model::event::Via;
use crate::model::time::Millis;

/// The same alert has the same id in every run over the same lines: reading again never counts twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AlertId(pub u64);

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for AlertId {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AlertId {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        u64::from_str_radix(&text, 16).map(Self).map_err(serde::de::Error::custom)
    }
}

/// What a detector says is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    pub id: AlertId,
    /// Which detector spoke: `probing`, `brute-force`, `content-score`, …
    pub detector: String,
    /// Ids of the rules whose hits counted; empty for pure behaviour.
    pub rules: Vec<String>,
    pub class: Class,
    pub subject: Subject,
    /// The site concerned, empty where several or none.
    pub site: String,
    pub via: Via,
    pub severity: Severity,
    pub confidence: Confidence,
    pub first: Millis,
    pub last: Millis,
    /// How many lines counted towards it.
    pub lines: u32,
    /// Why, in one sentence that a tired person understands.
    pub sentence: String,
    /// The counters that crossed their limits; with them "what it would have taken" is told.
    pub counts: Vec<Count>,
    /// What else is known of the subject; decides how legitimate it looks.
    pub standing: Standing,
    /// At most [`Alert::MAX_EVIDENCE`] raw lines, oldest first.
    pub evidence: Vec<Evidence>,
}

impl Alert {
    pub const MAX_EVIDENCE: usize = 10;
    /// Bytes of a raw line kept as evidence.
    pub const MAX_LINE: usize = 1024;
}

/// Whom or what an alert is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Client(IpAddr),
    Prefix(IpNet),
    User {
        service: String,
        user: String,
    },
    /// One login or path attacked by many.
    Target {
        site: String,
        path: String,
    },
    /// A log that stopped parsing, a source that vanished.
    Source(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(ip) => ip.fmt(f),
            Self::Prefix(net) => net.fmt(f),
            Self::User { service, user } => write!(f, "user {user} of {service}"),
            Self::Target { site, path } => write!(f, "{site}{path}"),
            Self::Source(name) => f.write_str(name),
        }
    }
}

/// The kind of wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    Sqli,
    Xss,
    Traversal,
    Rce,
    Injection,
    Ssrf,
    Secrets,
    Scanner,
    WebShell,
    Probing,
    AuthFailure,
    Stuffing,
    Volume,
    Protocol,
    FalseCrawler,
    Intrusion,
    Unparsed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

/// One counter that crossed its limit: "11 of 10 distinct missing paths in 100 s".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    pub what: String,
    pub seen: f64,
    pub limit: f64,
    /// Seconds the counter looks back.
    pub window: u64,
}

/// What else is known of a client or prefix: the good and the bad beside each other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    pub requests: u32,
    /// Answers 2xx and 3xx.
    pub good: u32,
    /// Logins that succeeded.
    pub logins: u32,
    /// Of a prefix: clients seen in it, those that are hostile, those that are good.
    pub clients: u32,
    pub hostile: u32,
    pub good_clients: u32,
    pub first_seen: Millis,
}

/// One raw line: attacker-written bytes, to be escaped by whoever shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    pub file: String,
    /// From 1.
    pub line: u64,
    /// Byte offset of the line's start, in the decompressed text.
    pub offset: u64,
    /// The line, cut to [`Alert::MAX_LINE`] bytes, invalid UTF-8 replaced.
    pub text: String,
    /// The part that made the rule fire, as bytes from..to of `text`, where a rule did.
    pub span: Option<(u32, u32)>,
}
