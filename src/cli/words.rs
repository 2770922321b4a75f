//! How the command line says subjects, spans of time, actions, places.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use serde::Serialize;

use crate::model::{Action, AlertId, Class, Count, DecisionId, Evidence, Millis, Point};

/// A value's own name, as rules and JSON write it.
pub fn name(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A class by its name.
pub fn class(text: &str) -> Result<Class, String> {
    serde_json::from_value(text.into()).map_err(|_| "no such class; `peelhouse rules list` shows them".to_owned())
}

/// What a person asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Client(IpAddr),
    Prefix(IpNet),
    Decision(DecisionId),
    Alert(AlertId),
}

#[derive(Debug, thiserror::Error)]
#[error("{0} is no address (203.0.113.7), prefix (2001:db8::/64), decision (d12) or alert (16 hexadecimal digits)")]
pub struct NotAsked(String);

impl FromStr for Asked {
    type Err = NotAsked;

    fn from_str(text: &str) -> Result<Self, NotAsked> {
        if let Ok(ip) = text.parse() {
            return Ok(Self::Client(ip));
        }
        if let Ok(net) = text.parse::<IpNet>() {
            let one = net.prefix_len() == net.max_prefix_len();
            return Ok(if one { Self::Client(net.addr()) } else { Self::Prefix(net.trunc()) });
        }
        if let Some(Ok(id)) = text.strip_prefix('d').filter(|_| text.len() < 16).map(str::parse) {
            return Ok(Self::Decision(DecisionId(id)));
        }
        match u64::from_str_radix(text, 16) {
            Ok(id) if text.len() == 16 => Ok(Self::Alert(AlertId(id))),
            _ => Err(NotAsked(text.to_owned())),
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(ip) => ip.fmt(f),
            Self::Prefix(net) => net.fmt(f),
            Self::Decision(id) => id.fmt(f),
            Self::Alert(id) => id.fmt(f),
        }
    }
}

/// An address or a prefix, for what can be banned or allowed.
pub fn net(text: &str) -> Result<IpNet, String> {
    let parsed = text.parse::<IpAddr>().map(IpNet::from).or_else(|_| text.parse::<IpNet>());
    parsed.map(|net| net.trunc()).map_err(|_| "no address (203.0.113.7) and no prefix (203.0.113.0/24)".to_owned())
}

/// `90s`, `15m`, `1h`, `7d`, `2w`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..).unwrap_or_default() {
        "" | "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        "w" => Some(604_800),
        _ => None,
    };
    let span = unit.zip(digits.parse::<u64>().ok()).and_then(|(unit, count)| count.checked_mul(unit));
    span.filter(|secs| (1..=315_360_000).contains(secs))
        .map(Duration::from_secs)
        .ok_or_else(|| "no span of time: say 90s, 15m, 1h, 7d or 2w, ten years at most".to_owned())
}

/// The two biggest units: `2 h 5 min`.
pub fn span(span: Duration) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut left = span.as_secs();
    let mut parts = Vec::new();
    for (size, unit) in UNITS {
        if left >= size && parts.len() < 2 {
            parts.push(format!("{} {unit}", left / size));
            left %= size;
        }
    }
    if parts.is_empty() { format!("{} ms", span.as_millis()) } else { parts.join(" ") }
}

/// `2026-11-22 19:03:08`, UTC.
pub fn stamp(at: Millis) -> String {
    Millis::from_secs(at.secs()).to_string().replace('T', " ").trim_end_matches('Z').to_owned()
}

pub fn action(action: Action) -> &'static str {
    match action {
        Action::Tell => "tell",
        Action::Limit => "limit",
        Action::Ban => "ban",
    }
}

pub fn point(point: Point) -> &'static str {
    match point {
        Point::PacketFilter => "packet filter",
        Point::WebServer => "web server",
        Point::Nowhere => "observed only",
    }
}

/// The counter, and what it would have taken.
pub fn count(count: &Count) -> String {
    let Count { what, seen, limit, window } = count;
    let within = span(Duration::from_secs(*window));
    format!("{seen} of {limit} {what} in {within}: with {limit} or fewer in {within} it would not have been")
}

/// `file:line`, as editors take it.
pub fn place(evidence: &Evidence) -> String {
    format!("{}:{}", evidence.file, evidence.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_about_is_told_apart() {
        let asked = |text: &str| text.parse::<Asked>().ok();
        assert_eq!(asked("203.0.113.7"), Some(Asked::Client("203.0.113.7".parse().unwrap())));
        assert_eq!(asked("2001:db8::1/64"), Some(Asked::Prefix("2001:db8::/64".parse().unwrap())));
        assert_eq!(asked("203.0.113.7/32"), Some(Asked::Client("203.0.113.7".parse().unwrap())));
        assert_eq!(asked("d12"), Some(Asked::Decision(DecisionId(12))));
        assert_eq!(asked("d123456789abcdef"), Some(Asked::Alert(AlertId(0xd123_4567_89ab_cdef))));
        assert_eq!(asked("nonsense"), None);
    }

    #[test]
    fn spans_are_read_and_said() {
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3_600)));
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert!(duration("0s").is_err() && duration("1y").is_err() && duration("99999999999999999999d").is_err());
        assert_eq!(span(Duration::from_secs(7_500)), "2 h 5 min");
        assert_eq!(span(Duration::from_millis(40)), "40 ms");
    }

    #[test]
    fn a_counter_says_what_it_would_have_taken() {
        let eleven = Count { what: "distinct missing paths".to_owned(), seen: 11.0, limit: 10.0, window: 100 };
        let told =
            "11 of 10 distinct missing paths in 1 min 40 s: with 10 or fewer in 1 min 40 s it would not have been";
        assert_eq!(count(&eleven), told);
    }
}
