//! From log lines to decisions, as the daemon goes: parser, engine, policy.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, OnceLock};

use peelhouse::detect::rules::RuleSet;
use peelhouse::detect::{Detector, Engine, Settings};
use peelhouse::formats::logs::{Line, LineFormat, Parser};
use peelhouse::measure::Facet;
use peelhouse::measures;
use peelhouse::model::{
    Action, Alert, At, Client, DeclaredFormat, Event, FormatSyntax, LogKind, Millis, SourceIx, Via,
};
use peelhouse::respond::{Ground, Policy, Respond, World};

use crate::traffic::{Hit, SITE};

/// One line of a log.
pub struct Entry {
    pub at: i64,
    pub text: String,
    pub kind: LogKind,
}

/// Traffic with what is expected of its judgement.
pub struct Case {
    pub name: &'static str,
    pub entries: Vec<Entry>,
    /// A limit is defensible, a ban is not.
    pub limit_allowed: bool,
    /// From so many clients that only its target can be told.
    pub by_target: bool,
    pub policy: Policy,
}

impl Case {
    pub fn new(name: &'static str, hits: Vec<Hit>) -> Self {
        let entries = hits.iter().map(|hit| Entry { at: hit.at, text: hit.line(), kind: LogKind::Access });
        Self::of(name, entries.collect())
    }

    pub fn of(name: &'static str, mut entries: Vec<Entry>) -> Self {
        entries.sort_by_key(|entry| entry.at);
        Self { name, entries, limit_allowed: false, by_target: false, policy: Policy::default() }
    }

    pub fn limit_allowed(mut self) -> Self {
        self.limit_allowed = true;
        self
    }

    pub fn by_target(mut self) -> Self {
        self.by_target = true;
        self
    }
}

/// What came of a case.
#[derive(Default)]
pub struct Outcome {
    pub alerts: usize,
    /// Action, lines of the judged client up to it, and why.
    decisions: Vec<(Action, usize, String)>,
}

impl Outcome {
    pub fn first(&self, action: Action) -> Option<usize> {
        self.decisions.iter().find(|(kind, ..)| *kind == action).map(|(_, lines, _)| *lines)
    }

    /// Lines until the first ban or limit.
    pub fn first_stop(&self) -> Option<usize> {
        self.first(Action::Ban).into_iter().chain(self.first(Action::Limit)).min()
    }

    pub fn why(&self) -> String {
        let harsh = self.decisions.iter().find(|(kind, ..)| *kind == Action::Ban);
        harsh
            .or(self.decisions.first())
            .map(|(kind, lines, why)| format!("{kind:?} at {lines}: {why}"))
            .unwrap_or_default()
    }
}

fn rules() -> Arc<RuleSet> {
    static RULES: OnceLock<Arc<RuleSet>> = OnceLock::new();
    Arc::clone(RULES.get_or_init(|| Arc::new(RuleSet::embedded().unwrap())))
}

fn detectors() -> Vec<&'static Detector> {
    let of = |measure: &peelhouse::measure::Measure| match measure.watch {
        Facet::Has(detectors) => detectors,
        Facet::Without(_) => &[],
    };
    measures::catalogue().flat_map(|measure| of(measure).iter().copied()).collect()
}

fn parser(kind: LogKind) -> Parser {
    let combined = DeclaredFormat {
        syntax: FormatSyntax::Apache,
        name: "combined".into(),
        pattern: "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"".into(),
    };
    match kind {
        LogKind::Access => Parser::new(LineFormat::compile(&combined).unwrap()),
        other => Parser::new(LineFormat::for_kind(other)),
    }
}

pub fn judge(case: &Case) -> Outcome {
    let mut engine = Engine::new(&detectors(), rules(), Settings::default(), 42);
    let mut respond = Respond::new(case.policy.clone(), Ground::default());
    let (mut access, mut auth) = (parser(LogKind::Access), parser(LogKind::Auth));
    let mut lines: HashMap<IpAddr, usize> = HashMap::new();
    let mut outcome = Outcome::default();
    for (entry, n) in case.entries.iter().zip(1..) {
        let parser = if entry.kind == LogKind::Access { &mut access } else { &mut auth };
        parser.near(Millis(entry.at));
        let Ok(Line::Record(record)) = parser.parse(entry.text.as_bytes()) else { continue };
        let Some(ip) = record.client else { continue };
        *lines.entry(whose(ip)).or_default() += 1;
        let event = Event {
            now: Millis(entry.at),
            stamp: record.stamp,
            at: At { source: SourceIx(0), offset: n * 200, line: n },
            client: Some(Client { ip, via: Via::Direct }),
            site: SITE.as_bytes(),
            raw: entry.text.as_bytes(),
            what: record.what,
        };
        let mut alerts = Vec::new();
        engine.see(&event, &mut alerts);
        for alert in alerts {
            outcome.alerts += 1;
            decide(&mut respond, &engine, &alert, lines[&whose(ip)], &mut outcome);
        }
    }
    outcome
}

/// One who owns an IPv6 /64 is one client.
fn whose(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    }
}

fn decide(respond: &mut Respond, engine: &Engine, alert: &Alert, lines: usize, outcome: &mut Outcome) {
    let world = World {
        now: alert.last,
        admin_sessions: &[],
        admin_logins: &[],
        good_clients: engine.good_clients(),
        server_map: true,
    };
    if let Some(decision) = respond.decide(alert, &world) {
        let why = format!("{}: {} {:?}", alert.detector, alert.sentence, alert.rules);
        outcome.decisions.push((decision.action, lines, why));
    }
}
