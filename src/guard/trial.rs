//! What the guard would have done: the same engine and policy over finished logs, with the log's own time.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use serde::Serialize;

use crate::detect::{Engine, Looked};
use crate::model::{Action, Alert, Decision, Event, Evidence, Millis, SourceIx, Standing, What};
use crate::respond::{Ground, Policy, Respond, World};

/// One policy tried on finished logs.
pub struct Trial {
    engine: Engine,
    respond: Respond,
    alerts: Vec<Alert>,
    logins: Vec<(IpAddr, Millis)>,
    would: HashMap<(String, Action), Would>,
}

/// What would have been decided about one client, several decisions of one kind made one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Would {
    /// An address or prefix; for what is only told also a user, a login or a log.
    pub client: String,
    pub action: Action,
    /// Ids of detectors and rules.
    pub rules: BTreeSet<String>,
    pub first: Millis,
    pub last: Millis,
    /// Lines that counted, of the alert with most of them.
    pub lines: u32,
    /// How many decisions.
    pub decisions: u32,
    pub why: String,
    /// Logged in, or answered well nearly throughout: perhaps no attacker.
    pub legitimate: bool,
    pub standing: Standing,
    pub evidence: Vec<Evidence>,
}

impl Trial {
    pub fn new(engine: Engine, policy: Policy, ground: Ground) -> Self {
        let respond = Respond::new(policy, ground);
        Self { engine, respond, alerts: Vec::new(), logins: Vec::new(), would: HashMap::new() }
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    pub fn source(&mut self, ix: SourceIx, name: &str) {
        self.engine.source(ix, name);
    }

    /// The next event; nothing is allocated while nothing is wrong.
    pub fn see(&mut self, event: &Event<'_>) {
        self.take(event, None);
    }

    /// The same, perhaps looked at already by eyes of [`Trial::engine`].
    pub fn take(&mut self, event: &Event<'_>, looked: Option<&Looked>) {
        if let (What::Login(login), Some(client)) = (&event.what, event.client)
            && login.ok
            && login.admin
        {
            self.logins.retain(|(ip, _)| *ip != client.ip);
            self.logins.push((client.ip, event.now));
        }
        match looked {
            Some(looked) => self.engine.take(event, looked, &mut self.alerts),
            None => self.engine.see(event, &mut self.alerts),
        }
        while let Some(alert) = self.alerts.pop() {
            self.alert(alert);
        }
    }

    /// Also for alerts that come from elsewhere: a log that does not parse.
    pub fn alert(&mut self, alert: Alert) {
        let world = World {
            now: alert.last,
            admin_sessions: &[],
            admin_logins: &self.logins,
            good_clients: self.engine.good_clients(),
            server_map: true,
        };
        if let Some(decision) = self.respond.decide(&alert, &world) {
            self.note(decision, alert);
        }
    }

    fn note(&mut self, decision: Decision, alert: Alert) {
        let client = decision.subject.to_string();
        let would = self.would.entry((client.clone(), decision.action)).or_insert_with(|| Would {
            client,
            action: decision.action,
            rules: BTreeSet::new(),
            first: alert.first,
            last: alert.last,
            lines: 0,
            decisions: 0,
            why: decision.why,
            legitimate: false,
            standing: Standing::default(),
            evidence: Vec::new(),
        });
        would.rules.extend(decision.rules);
        would.first = would.first.min(alert.first);
        would.last = would.last.max(alert.last);
        would.lines = would.lines.max(alert.lines);
        would.decisions += 1;
        would.legitimate = legitimate(&alert.standing);
        would.standing = alert.standing;
        for evidence in alert.evidence {
            if would.evidence.len() < Alert::MAX_EVIDENCE && !would.evidence.contains(&evidence) {
                would.evidence.push(evidence);
            }
        }
    }

    /// All of it, by time.
    pub fn end(self) -> Vec<Would> {
        let mut all: Vec<Would> = self.would.into_values().collect();
        all.sort_by(|a, b| (a.first, &a.client, a.action).cmp(&(b.first, &b.client, b.action)));
        all
    }
}

/// Logged in, or answered well nearly throughout.
pub fn legitimate(standing: &Standing) -> bool {
    let Standing { requests, good, logins, .. } = *standing;
    logins > 0 || (requests >= 20 && u64::from(good) * 100 >= u64::from(requests) * 80)
}
