//! A day through parser, engine and policy: what was decided about which client, and after how many of its lines.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use peelhouse::detect::Settings;
use peelhouse::formats::logs::{Line, LineFormat, Parser};
use peelhouse::guard::engine::engine;
use peelhouse::model::{Action, At, Client, DeclaredFormat, Event, FormatSyntax, Millis, SourceIx, Subject, Via};
use peelhouse::respond::{Ground, Policy, Respond, World};

use crate::day::Entry;
use crate::grammar::{Finds, Kind};

/// What became of a kind's clients.
pub struct Found {
    name: &'static str,
    hostile: bool,
    held: bool,
    finds: Finds,
    clients: usize,
    pub stopped: usize,
    told: usize,
    targets: usize,
    /// Lines of a client until it was decided about, all of them.
    lines: Vec<usize>,
    why: String,
}

impl Found {
    fn of(kind: &Kind) -> Self {
        let Kind { name, hostile, held, clients, finds, .. } = *kind;
        Self {
            name,
            hostile,
            held,
            finds,
            clients,
            stopped: 0,
            told: 0,
            targets: 0,
            lines: Vec::new(),
            why: String::new(),
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.clients += other.clients;
        self.stopped += other.stopped;
        self.told += other.told;
        self.targets += other.targets;
        self.lines.extend(&other.lines);
        if self.why.is_empty() {
            self.why.clone_from(&other.why);
        }
    }

    pub fn is_wrong(&self) -> bool {
        match self.finds {
            _ if !self.hostile => self.stopped > 0,
            Finds::Stop => self.stopped < self.clients,
            Finds::Tell => self.stopped + self.told < self.clients,
            Finds::Target => self.targets == 0 && self.stopped < self.clients,
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if self.hostile { "attack" } else { "good" };
        let held = if self.held { "held out" } else { "tuned" };
        let mut lines = self.lines.clone();
        lines.sort_unstable();
        let middle = lines.get(lines.len() / 2).copied().unwrap_or_default();
        let most = lines.last().copied().unwrap_or_default();
        write!(
            f,
            "{side:<6} {held:<8} {:<36} stopped {:>3}, told {:>3} of {:>3}, lines until then {middle:>3} (most {most:>3})  {}",
            self.name, self.stopped, self.told, self.clients, self.why
        )
    }
}

/// What is known of a client while the day goes on.
#[derive(Default)]
struct State {
    lines: usize,
    stopped: bool,
    told: bool,
}

pub fn judge(day: &[Entry], kinds: &[Kind]) -> Vec<Found> {
    let mut engine = engine(Settings::default(), 7).unwrap();
    let mut respond = Respond::new(Policy::default(), Ground::default());
    let mut found: Vec<Found> = kinds.iter().map(Found::of).collect();
    let mut states: HashMap<(usize, usize), State> = HashMap::new();
    let mut whose: HashMap<IpAddr, (usize, usize)> = HashMap::new();
    let mut parser = Parser::new(combined());
    for (entry, n) in day.iter().zip(1..) {
        whose.insert(entry.ip, (entry.kind, entry.client));
        states.entry((entry.kind, entry.client)).or_default().lines += 1;
        let Ok(Line::Record(record)) = parser.parse(entry.text.as_bytes()) else { panic!("no line: {}", entry.text) };
        let event = Event {
            now: Millis(entry.at),
            stamp: record.stamp,
            at: At { source: SourceIx(0), offset: n * 200, line: n },
            client: Some(Client { ip: entry.ip, via: Via::Direct }),
            site: b"shop.example",
            raw: entry.text.as_bytes(),
            what: record.what,
        };
        let mut alerts = Vec::new();
        engine.see(&event, &mut alerts);
        for alert in alerts {
            let good_clients = engine.good_clients();
            let world =
                World { now: alert.last, admin_sessions: &[], admin_logins: &[], good_clients, server_map: true };
            let Some(decision) = respond.decide(&alert, &world) else { continue };
            let by_target = !matches!(alert.subject, Subject::Client(_) | Subject::Prefix(_));
            found[entry.kind].targets += usize::from(by_target);
            for key in met(&decision.subject.to_string(), &whose) {
                note(
                    &mut found[key.0],
                    states.entry(key).or_default(),
                    decision.action,
                    &alert.sentence,
                    &alert.detector,
                );
            }
        }
    }
    found
}

/// The clients that a decision is about.
fn met(subject: &str, whose: &HashMap<IpAddr, (usize, usize)>) -> Vec<(usize, usize)> {
    let net = subject.parse::<IpNet>().ok().or_else(|| subject.parse::<IpAddr>().ok().map(IpNet::from));
    let Some(net) = net else { return Vec::new() };
    let mut keys: Vec<_> = whose.iter().filter(|(ip, _)| net.contains(*ip)).map(|(_, key)| *key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn note(found: &mut Found, state: &mut State, action: Action, sentence: &str, detector: &str) {
    let stops = action != Action::Tell;
    if !(state.stopped || state.told) {
        found.lines.push(state.lines);
    }
    if stops && !state.stopped {
        found.stopped += 1;
        found.told -= usize::from(state.told);
        if found.why.is_empty() || !found.hostile {
            found.why = format!("{detector}: {sentence}");
        }
    } else if !stops && !state.stopped && !state.told {
        found.told += 1;
    }
    state.stopped |= stops;
    state.told |= !stops && !state.stopped;
}

fn combined() -> LineFormat {
    let declared = DeclaredFormat {
        syntax: FormatSyntax::Apache,
        name: "combined".to_owned(),
        pattern: "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"".to_owned(),
    };
    LineFormat::compile(&declared).unwrap()
}
