//! A whole log → one verdict a line, as fail2ban-regex gives it.

use std::net::IpAddr;
use std::sync::Arc;

use serde::Serialize;

use crate::detect::fail2ban::date::Calendar;
use crate::detect::fail2ban::filter::Filter;
use crate::detect::fail2ban::state::{Outcome, Piece, Reading};
use crate::model::Millis;

/// What a filter says of one line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The line shows a failure, or is part of one that spans lines.
    pub matched: bool,
    /// An ignoreregex matched, or the pattern says that it is none.
    pub ignored: bool,
    /// The address in its usual form, the name of a host, or another id.
    pub host: Option<String>,
    /// The address, where the host is one; names are never resolved.
    pub ip: Option<IpAddr>,
    pub time: Option<Millis>,
    pub user: Option<String>,
    /// A pattern was given up at its cost limit: whether the line matches is not known.
    pub costly: bool,
}

/// Verdicts of all lines of a log, one a line in its order; comments (`#`) and empty lines match nothing, as there.
pub fn verdicts(filter: &Arc<Filter>, calendar: &Calendar, log: &[u8]) -> Vec<Verdict> {
    let mut reading = Reading::of_every_pattern(Arc::clone(filter), calendar.clone());
    let mut all = Vec::new();
    // Lines that wait in the buffer, for what they are part of.
    let mut waiting: Vec<(Piece, usize)> = Vec::new();
    let log = log.strip_suffix(b"\n").unwrap_or(log);
    for (at, line) in log.split(|byte| *byte == b'\n').enumerate() {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() || line.starts_with('#') {
            all.push(Verdict::default());
            continue;
        }
        let full = reading.buffer.len() >= filter.maxlines;
        let before = if filter.maxlines > 1 { reading.buffer.clone() } else { Vec::new() };
        let outcome = reading.line(line);
        all.push(verdict(&outcome));
        let consumed = before.iter().skip(usize::from(full)).filter(|piece| !reading.buffer.contains(piece));
        for piece in consumed {
            if let Some(found) = waiting.iter().position(|(known, _)| known == piece) {
                let (_, line) = waiting.remove(found);
                all[line].matched = true;
            }
        }
        if filter.maxlines > 1 {
            waiting.extend(reading.buffer.last().map(|piece| (piece.clone(), at)));
            let surplus = waiting.len().saturating_sub(filter.maxlines + 1);
            waiting.drain(..surplus);
        }
    }
    all
}

fn verdict(outcome: &Outcome) -> Verdict {
    let ignored = outcome.ignored || outcome.failures.iter().any(|failure| failure.harmless);
    let first = outcome.failures.iter().find(|failure| !failure.harmless);
    let known = outcome.failures.iter().find(|failure| !failure.harmless && failure.host.is_some());
    Verdict {
        matched: first.is_some() && !ignored,
        ignored,
        host: known.and_then(|failure| failure.host.clone()),
        ip: known.and_then(|failure| failure.ip),
        time: first.and_then(|failure| failure.time).map(Millis),
        user: known.and_then(|failure| failure.user.clone()),
        costly: outcome.costly,
    }
}

impl Filter {
    /// Verdicts of all lines of a log; see [`verdicts`].
    pub fn lines(self: &Arc<Self>, calendar: &Calendar, log: &[u8]) -> Vec<Verdict> {
        verdicts(self, calendar, log)
    }
}
