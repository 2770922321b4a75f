//! Which rules good traffic meets, the exceptions that would spare it, and what else those would hide.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use crate::detect::Engine;
use crate::detect::rules::RuleIx;
use crate::guard::trial::legitimate;
use crate::model::{Alert, Event, SourceIx, Subject, What};

/// Rules and paths counted apart at most; clients of one of them.
const MAX_PLACES: usize = 20_000;
const MAX_CLIENTS: usize = 1000;

/// Counts, over finished logs, which rules are met where and by whom.
pub struct Tune {
    engine: Engine,
    alerts: Vec<Alert>,
    met: HashMap<(RuleIx, Box<str>), Met>,
    /// Clients that a detector told of: what they ask for is no good traffic, however it was answered.
    accused: HashSet<IpAddr>,
    /// Hits that found no room.
    pub left_out: u64,
}

/// By client: how many lines, and the first of them.
type Met = BTreeMap<IpAddr, (u32, String)>;

/// A rule and a path where good clients meet it.
#[derive(Clone, Debug, PartialEq)]
pub struct Exception {
    pub rule: RuleIx,
    pub path: String,
    pub good: Side,
    /// What a filter would hide besides: the same rule at the same path, met by all others.
    pub hidden: Side,
}

/// Lines and clients of one side, and one line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Side {
    pub lines: u32,
    pub clients: u32,
    pub example: String,
}

impl Tune {
    pub fn new(engine: Engine) -> Self {
        Self { engine, alerts: Vec::new(), met: HashMap::new(), accused: HashSet::new(), left_out: 0 }
    }

    pub fn source(&mut self, ix: SourceIx, name: &str) {
        self.engine.source(ix, name);
    }

    pub fn see(&mut self, event: &Event<'_>) {
        self.engine.see(event, &mut self.alerts);
        self.accused.extend(self.alerts.drain(..).filter_map(|alert| match alert.subject {
            Subject::Client(ip) => Some(ip),
            _ => None,
        }));
        let (What::Request(request), Some(client)) = (&event.what, event.client) else { return };
        let Ok(path) = std::str::from_utf8(request.path()) else { return };
        let Self { engine, met, left_out, .. } = self;
        for hit in engine.hits() {
            let place = (hit.rule, Box::from(path));
            if met.len() >= MAX_PLACES && !met.contains_key(&place) {
                *left_out += 1;
                continue;
            }
            let lines = met.entry(place).or_default();
            if lines.len() >= MAX_CLIENTS && !lines.contains_key(&client.ip) {
                *left_out += 1;
                continue;
            }
            let raw = &event.raw[..event.raw.len().min(Alert::MAX_LINE)];
            lines.entry(client.ip).or_insert_with(|| (0, String::from_utf8_lossy(raw).into_owned())).0 += 1;
        }
    }

    /// Who is good is known at the end; the exception that spares most lines first.
    pub fn end(self) -> Vec<Exception> {
        let Self { engine, met, accused, .. } = self;
        let is_good =
            |ip: &IpAddr| !accused.contains(&ip.to_canonical()) && legitimate(&engine.standing(&Subject::Client(*ip)));
        let each = met.into_iter().map(|((rule, path), met)| {
            let (good, others): (Vec<_>, Vec<_>) = met.into_iter().partition(|(ip, _)| is_good(ip));
            Exception { rule, path: path.into(), good: side(good), hidden: side(others) }
        });
        let mut all: Vec<Exception> = each.filter(|exception| exception.good.lines > 0).collect();
        all.sort_by(|a, b| b.good.lines.cmp(&a.good.lines).then_with(|| (a.rule, &a.path).cmp(&(b.rule, &b.path))));
        all
    }
}

fn side(clients: Vec<(IpAddr, (u32, String))>) -> Side {
    let count = u32::try_from(clients.len()).unwrap_or(u32::MAX);
    let lines = clients.iter().map(|(_, (lines, _))| lines).sum();
    let example = clients.into_iter().next().map(|(_, (_, line))| line).unwrap_or_default();
    Side { lines, clients: count, example }
}

impl Exception {
    /// The exception as a Sigma filter document, for a file of the owner's.
    pub fn filter(&self, id: &str) -> String {
        let path = self.path.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?").replace('\'', "''");
        format!(
            "title: Good traffic that {id} meets\nlogsource: {{category: webserver}}\nfilter:\n  rules: [{id}]\n  \
             here: {{cs-uri-stem: '{path}'}}\n  condition: not here\n"
        )
    }
}
