//! What the policy remembers of a net: what is active, how often it offended, when it was pardoned.

use std::collections::BTreeMap;
use std::time::Duration;

use ipnet::IpNet;

use crate::model::{Action, Alert, AlertId, Decision, Millis};

/// Nets remembered; beyond, the one whose last offence is oldest goes first.
const MOST: usize = 200_000;

#[derive(Default)]
pub(super) struct Memory {
    records: BTreeMap<IpNet, Record>,
}

#[derive(Clone, Copy, Default)]
struct Record {
    active: Option<Active>,
    offences: u32,
    last_offence: Millis,
    /// The latest line that counted, and the alert it counted for.
    evidence: Millis,
    alert: Option<AlertId>,
    pardoned: Option<Millis>,
}

#[derive(Clone, Copy)]
struct Active {
    action: Action,
    until: Option<Millis>,
}

/// A net as an alert finds it.
pub(super) struct Known {
    pub active: Option<Action>,
    pub offences: u32,
    pub pardoned: Option<Millis>,
    since: Option<Active>,
    /// The alert is not one that was counted already.
    newer: bool,
    /// It goes on after the last line that was counted.
    pub later: bool,
}

impl Known {
    /// What is active is the same offence still.
    pub fn next_offence(&self) -> u32 {
        if self.active.is_some() || !self.newer { self.offences.max(1) } else { self.offences.saturating_add(1) }
    }

    /// True where the decision goes further than what is active: a harder action, or half its time longer at least.
    pub fn adds(&self, decision: &Decision, now: Millis) -> bool {
        let Some(active) = self.since else { return self.newer };
        if decision.action != active.action {
            return self.newer && decision.action > active.action;
        }
        match (active.until, decision.until) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(old), Some(new)) => self.newer && new.since(old) * 2 >= new.since(now),
        }
    }
}

impl Memory {
    pub fn known(&self, net: IpNet, alert: &Alert, now: Millis, forget: Duration) -> Known {
        let record = self.records.get(&net).copied().unwrap_or_default();
        let active = record.active.filter(|active| active.until.is_none_or(|until| now < until));
        let forgotten = now.since(record.last_offence) >= forget && active.is_none();
        let later = alert.last > record.evidence || record.offences == 0;
        Known {
            active: active.map(|active| active.action),
            offences: if forgotten { 0 } else { record.offences },
            pardoned: record.pardoned,
            since: active,
            newer: later || (alert.last == record.evidence && record.alert != Some(alert.id)),
            later,
        }
    }

    /// Writes a decision down as the net's active one.
    pub fn note(&mut self, net: IpNet, decision: &Decision) {
        if decision.action == Action::Tell {
            return;
        }
        let record = self.records.entry(net).or_default();
        record.active = Some(Active { action: decision.action, until: decision.until });
        record.offences = decision.offence;
        record.last_offence = decision.at;
        record.evidence = record.evidence.max(decision.at);
        record.alert = decision.alerts.last().copied();
    }

    /// The log's clock may be behind ours: what counts is the line, not when we judged it.
    pub fn evidence(&mut self, net: IpNet, alert: &Alert) {
        if let Some(record) = self.records.get_mut(&net) {
            record.evidence = alert.last;
        }
    }

    pub fn pardon(&mut self, net: IpNet, at: Millis) {
        self.records.insert(net, Record { pardoned: Some(at), last_offence: at, ..Record::default() });
    }

    pub fn tidy(&mut self, now: Millis, forget: Duration) {
        self.records.retain(|_, record| {
            let active = record.active.is_some_and(|active| active.until.is_none_or(|until| now < until));
            active || now.since(record.last_offence) < forget
        });
        if self.records.len() > MOST {
            let mut ages: Vec<Millis> = self.records.values().map(|record| record.last_offence).collect();
            let surplus = self.records.len() - MOST;
            let (_, oldest_kept, _) = ages.select_nth_unstable(surplus);
            let oldest_kept = *oldest_kept;
            self.records.retain(|_, record| record.last_offence >= oldest_kept);
        }
    }
}
