//! Alert → Decision: deterministic, without I/O or clock. The alert never bans; the policy decides, and what must not be
//! stopped is held back here.

mod memory;
mod words;

use std::net::IpAddr;

use ipnet::IpNet;

use crate::model::{Action, Alert, Decision, Millis, Point, Severity, Standing, Subject, Via};
use crate::respond::budget::Budget;
use crate::respond::ground::{Ground, plain, spared};
use crate::respond::policy::{Mode, Policy};
use memory::{Known, Memory};

/// What is true at the moment of deciding.
#[derive(Clone, Debug)]
pub struct World<'a> {
    pub now: Millis,
    /// Peers of open administrator sessions.
    pub admin_sessions: &'a [IpAddr],
    /// Peers of successful administrator logins, with their latest.
    pub admin_logins: &'a [(IpAddr, Millis)],
    /// Clients that used the sites well of late.
    pub good_clients: u64,
    /// True where the site of the alert denies by our map.
    pub server_map: bool,
}

/// The policy and what it remembers.
pub struct Respond {
    policy: Policy,
    ground: Ground,
    memory: Memory,
    pub budget: Budget,
}

/// What an alert comes down to, before it is written down.
struct Verdict {
    action: Action,
    point: Point,
    /// What held the policy back, or is worth knowing.
    note: String,
}

impl Verdict {
    fn tell(note: impl Into<String>) -> Self {
        Self { action: Action::Tell, point: Point::Nowhere, note: note.into() }
    }
}

impl Respond {
    pub fn new(policy: Policy, ground: Ground) -> Self {
        Self { policy, ground, memory: Memory::default(), budget: Budget::default() }
    }

    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    pub fn ground(&self) -> &Ground {
        &self.ground
    }

    /// A new policy or new own addresses, after a reload; what is remembered stays.
    pub fn reload(&mut self, policy: Policy, ground: Ground) {
        self.policy = policy;
        self.ground = ground;
    }

    /// Takes up decisions and pardons of an earlier run, oldest first.
    pub fn resume(&mut self, decision: &Decision) {
        if let Some(net) = net(&decision.subject) {
            self.memory.note(net, decision);
        }
    }

    /// What to do, and nothing where this alert changes nothing: its subject is stopped already.
    pub fn decide(&mut self, alert: &Alert, world: &World<'_>) -> Option<Decision> {
        let Some(net) = net(&alert.subject) else {
            return Some(self.written(alert, world, Verdict::tell("nobody to stop"), 0));
        };
        let known = self.memory.known(net, alert, world.now, self.policy.times.forget.duration());
        let verdict = self.judge(alert, net, &known, world);
        if verdict.action == Action::Tell {
            // An alert in the wake of a ban is part of the same story.
            return known.active.is_none().then(|| self.written(alert, world, verdict, known.offences));
        }
        let decision = self.written(alert, world, verdict, known.next_offence());
        if !known.adds(&decision, world.now) {
            return None;
        }
        if decision.action == Action::Ban && known.active != Some(Action::Ban) {
            self.budget.spend(long_good(alert), world.now);
        }
        self.memory.note(net, &decision);
        self.memory.evidence(net, alert);
        Some(decision)
    }

    /// Ends what is active against a subject and remembers when: evidence up to then bans nobody again.
    pub fn pardon(&mut self, subject: &Subject, at: Millis) {
        if let Some(net) = net(subject) {
            self.memory.pardon(net, at);
        }
    }

    /// Forgets what has lapsed; call it now and then.
    pub fn tidy(&mut self, now: Millis) {
        self.memory.tidy(now, self.policy.times.forget.duration());
    }

    fn judge(&mut self, alert: &Alert, net: IpNet, known: &Known, world: &World<'_>) -> Verdict {
        let wanted = self.policy.action(alert);
        if wanted == Action::Tell {
            return Verdict::tell("");
        }
        if let Some(reason) = spared(net, alert.first, world.now, &self.ground, &self.policy) {
            return Verdict::tell(format!("not stopped: {reason}"));
        }
        if known.pardoned.is_some_and(|at| alert.first <= at) {
            return Verdict::tell("not stopped: pardoned, and nothing here is newer than that");
        }
        let single = net.prefix_len() == net.max_prefix_len();
        if let Some(reason) = self.prefix_refused(alert, net, world).filter(|_| !single) {
            return Verdict::tell(format!("its single addresses are judged on their own: {reason}"));
        }
        let (point, mut note) = self.point(alert.via, world);
        if let Via::Proxy(_) = alert.via
            && point == Point::Nowhere
        {
            return Verdict::tell(note);
        }
        let (action, held) = self.held_back(wanted, alert, net, known, world);
        note = [held, note].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
        if action == Action::Ban && known.active != Some(Action::Ban) {
            let refused = self.budget.refuses(long_good(alert), world.good_clients, &self.policy.budget, world.now);
            if let Some(why) = refused {
                return Verdict::tell(format!("not stopped: the ban budget is used up, {why}"));
            }
        }
        let point = if self.policy.mode == Mode::Observe { Point::Nowhere } else { point };
        Verdict { action, point, note }
    }

    /// Administrators are limited at most; clients in good standing are, first.
    fn held_back(
        &self,
        wanted: Action,
        alert: &Alert,
        net: IpNet,
        known: &Known,
        world: &World<'_>,
    ) -> (Action, String) {
        if wanted != Action::Ban {
            return (wanted, String::new());
        }
        if let Some(reason) = self.administers(net, world) {
            return (Action::Limit, format!("limited, not banned: {reason}"));
        }
        let limited_before = known.offences > 0 && known.later;
        if long_good(alert) && alert.severity < Severity::Critical && !limited_before {
            return (Action::Limit, "limited first: it was in good standing".into());
        }
        (Action::Ban, String::new())
    }

    fn administers(&self, net: IpNet, world: &World<'_>) -> Option<&'static str> {
        if world.admin_sessions.iter().any(|ip| net.contains(&plain(*ip))) {
            return Some("an administrator session is open from it");
        }
        let span = self.policy.lock_out.after_login.duration();
        let recent = |(ip, at): &(IpAddr, Millis)| net.contains(&plain(*ip)) && world.now.since(*at) < span;
        world.admin_logins.iter().any(recent).then_some("an administrator logged in from it not long ago")
    }

    fn prefix_refused(&self, alert: &Alert, net: IpNet, world: &World<'_>) -> Option<String> {
        let limits = &self.policy.prefix;
        let widths = if matches!(net, IpNet::V4(_)) { &limits.ipv4 } else { &limits.ipv6 };
        let Standing { clients, hostile, good_clients, .. } = alert.standing;
        if !widths.contains(&net.prefix_len()) {
            return Some(format!("/{} is no width that the policy stops", net.prefix_len()));
        }
        if let Some(reason) = self.administers(net, world) {
            return Some(reason.into());
        }
        if good_clients > 0 {
            return Some(format!("{good_clients} good clients are inside"));
        }
        let share = u64::from(hostile) * 100 >= u64::from(clients) * u64::from(limits.hostile_share);
        (clients < limits.clients || !share).then(|| format!("{hostile} of {clients} clients in it are hostile"))
    }

    fn point(&self, via: Via, world: &World<'_>) -> (Point, String) {
        match via {
            Via::Direct => (Point::PacketFilter, String::new()),
            Via::Proxy(_) | Via::PerhapsProxy if world.server_map => (Point::WebServer, String::new()),
            Via::Proxy(proxy) => (Point::Nowhere, words::include_the_map(proxy)),
            Via::PerhapsProxy => (Point::PacketFilter, "the log does not say whether it came through a proxy".into()),
        }
    }

    fn written(&self, alert: &Alert, world: &World<'_>, verdict: Verdict, offence: u32) -> Decision {
        let Verdict { action, point, note } = verdict;
        let times = &self.policy.times;
        let first = if alert.severity == Severity::Critical { times.critical } else { times.first };
        let span = first.grown(times.growth, offence.saturating_sub(1), times.longest);
        let until = if action == Action::Tell { world.now } else { world.now + span.duration() };
        let mut rules = vec![alert.detector.clone()];
        rules.extend(alert.rules.iter().cloned());
        Decision {
            subject: plain_subject(&alert.subject),
            action,
            point,
            at: world.now,
            until: Some(until),
            offence,
            why: words::why(&alert.sentence, action, span, offence, &note),
            rules,
            alerts: vec![alert.id],
        }
    }
}

/// The addresses of a subject, where it has any.
pub(super) fn net(subject: &Subject) -> Option<IpNet> {
    match plain_subject(subject) {
        Subject::Client(ip) => Some(IpNet::from(ip)),
        Subject::Prefix(net) => Some(net),
        Subject::User { .. } | Subject::Target { .. } | Subject::Source(_) => None,
    }
}

fn plain_subject(subject: &Subject) -> Subject {
    match subject {
        Subject::Client(ip) => Subject::Client(plain(*ip)),
        Subject::Prefix(net) => Subject::Prefix(net.trunc()),
        other => other.clone(),
    }
}

/// Logged in, or known for an hour before the attack and answered well: not what a scanner looks like, even one that is
/// answered 200 throughout.
fn long_good(alert: &Alert) -> bool {
    let Standing { requests, good, logins, first_seen, .. } = alert.standing;
    let known_before = alert.first.since(first_seen).as_secs() >= 3600;
    logins > 0 || (known_before && requests >= 50 && u64::from(good) * 100 >= u64::from(requests) * 80)
}

#[cfg(test)]
mod tests;
