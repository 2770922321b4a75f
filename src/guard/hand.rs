//! The keeper's hand: decides, enforces, then writes down. Enforcement comes first, for speed; should we die in between,
//! the alert arises again from the last checkpoint under the same id.

mod by_hand;

use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use ipnet::IpNet;

use crate::act::packet_filter::{Element, FilterError, PacketFilter, Ports};
use crate::guard::config::Config;
use crate::guard::error::GuardError;
use crate::guard::message::Sighting;
use crate::guard::said::Said;
use crate::guard::state;
use crate::host::Host;
use crate::model::{Action, Alert, Decision, DecisionId, Millis, Point, Subject};
use crate::respond::proof::{self, Look};
use crate::respond::reconcile::Report;
use crate::respond::{Ground, Mode, Proof, Reconciler, Respond, World, ground};
use crate::store::{self, Batch, Change, Checkpoint, LoginSeen, Reading, Store, StoreError};

/// How long something may wait to be written down.
const COMMIT_WITHIN: Duration = Duration::from_millis(50);
/// What may wait at once.
const COMMIT_AT: usize = 1000;
/// How long a store that could not be written is left alone.
const RETRY: Duration = Duration::from_secs(1);
/// What may wait while the disk is full; beyond, the reader has to wait too.
const MOST_WAITING: usize = 100_000;

/// Store, policy and packet filter, and what waits to be written down.
pub struct Hand {
    store: Store,
    respond: Respond,
    reconciler: Reconciler,
    proof: Proof,
    config: Config,
    /// Opened when there is something to enforce.
    filter: Option<PacketFilter>,
    batch: Batch,
    waiting_since: Option<Instant>,
    /// Set while the store cannot be written.
    retry_at: Option<Instant>,
    sessions: Vec<IpAddr>,
    logins: Vec<(IpAddr, Millis)>,
    pub good_clients: u64,
}

/// A client whose ban is to be proven, or no longer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    pub added: Vec<IpAddr>,
    pub removed: Vec<IpAddr>,
}

impl Hand {
    /// Takes up where an earlier keeper left off: its decisions stand in the store, its bans in the kernel.
    pub fn open(dir: &Path, config: Config, ground: Ground, now: Millis) -> Result<Self, GuardError> {
        let store = Store::open(state::store(dir))?;
        let mut hand = Self {
            respond: Respond::new(config.policy.clone(), ground),
            reconciler: Reconciler::default(),
            proof: Proof::default(),
            config,
            filter: None,
            batch: Batch::default(),
            waiting_since: None,
            retry_at: None,
            sessions: Vec::new(),
            logins: Vec::new(),
            good_clients: 0,
            store,
        };
        hand.take_allowed(now)?;
        hand.resume(now)?;
        Ok(hand)
    }

    fn resume(&mut self, now: Millis) -> Result<(), GuardError> {
        let observing = self.respond.policy().mode == Mode::Observe;
        for (_, decision) in self.store.active(now)? {
            self.respond.resume(&decision);
            let by_hand = decision.rules.iter().any(|rule| rule == BY_HAND);
            if by_hand || !observing {
                self.reconciler.want(&decision);
                self.proof.watch(&decision, decision.at);
            }
        }
        let since = now - self.respond.policy().lock_out.after_login.duration();
        self.logins = self.store.admin_logins(since)?.into_iter().map(|login| (login.address, login.at)).collect();
        Ok(())
    }

    pub fn reading(&self) -> &Reading {
        &self.store
    }

    pub fn mode(&self) -> Mode {
        self.respond.policy().mode
    }

    /// Decisions that should stand in the packet filter.
    pub fn in_force(&self) -> usize {
        self.reconciler.len()
    }

    /// One alert: decided and enforced when it returns, written down soon after.
    pub fn alert(&mut self, alert: Alert, now: Millis, clock: Instant) -> Result<(), GuardError> {
        let waiting = self.batch.alerts.iter().any(|known| known.id == alert.id);
        if waiting || self.store.knows(alert.id)? {
            return Ok(());
        }
        let world = world(&self.sessions, &self.logins, self.good_clients, now);
        let decision = self.respond.decide(&alert, &world);
        if let Some(decision) = &decision {
            self.take(decision, now)?;
        }
        self.batch.alerts.push(alert);
        self.batch.decisions.extend(decision);
        self.waiting_since.get_or_insert(clock);
        Ok(())
    }

    fn take(&mut self, decision: &Decision, now: Millis) -> Result<(), GuardError> {
        self.reconciler.want(decision);
        self.proof.watch(decision, now);
        if decision.point != Point::PacketFilter {
            return Ok(());
        }
        let outcome = match self.reconcile(now) {
            Ok(_) => "done".to_owned(),
            Err(cause) => cause.to_string(),
        };
        let who = subject_text(&decision.subject);
        self.batch.journal.push(Change {
            at: now,
            what: if decision.action == Action::Ban { "ban".to_owned() } else { "limit".to_owned() },
            detail: format!("{who}: {}", decision.why),
            undo: format!("peelhouse unban {who}"),
            outcome,
        });
        Ok(())
    }

    /// Makes the packet filter what it should be. Does nothing while there never was anything to enforce.
    pub fn reconcile(&mut self, now: Millis) -> Result<Report, FilterError> {
        if self.filter.is_none() && self.reconciler.is_empty() && self.mode() == Mode::Observe {
            return Ok(Report::default());
        }
        let filter = match &mut self.filter {
            Some(filter) => filter,
            none => {
                let mut filter = PacketFilter::open(self.config.packet_filter.clone())?;
                filter.ensure()?;
                filter.allow(&ground::always_allowed(now, self.respond.ground(), self.respond.policy()))?;
                none.insert(filter)
            }
        };
        self.reconciler.run(filter, now)
    }

    /// Somebody who administers this host got in.
    pub fn login(&mut self, login: LoginSeen, clock: Instant) {
        self.logins.retain(|(address, _)| *address != login.address);
        self.logins.push((login.address, login.at));
        self.batch.logins.push(login);
        self.waiting_since.get_or_insert(clock);
    }

    /// When the waiting has to be written down.
    pub fn commit_due(&self) -> Option<Instant> {
        self.waiting_since.map(|since| self.retry_at.unwrap_or(since + COMMIT_WITHIN))
    }

    pub fn is_full(&self) -> bool {
        self.retry_at.is_none() && self.batch.alerts.len() >= COMMIT_AT
    }

    /// True where so much waits for a full disk that reading on would lose something.
    pub fn is_stuck(&self) -> bool {
        self.batch.alerts.len() >= MOST_WAITING
    }

    /// Writes down what waits, and says it. After an error everything waits on.
    pub fn commit(&mut self, clock: Instant, say: &mut dyn FnMut(&Said<'_>)) -> Result<Watched, StoreError> {
        if self.waiting_since.is_none() {
            return Ok(Watched::default());
        }
        self.retry_at = Some(clock + RETRY);
        let recorded = self.store.record(self.batch.clone())?;
        (self.waiting_since, self.retry_at) = (None, None);
        let batch = std::mem::take(&mut self.batch);
        for alert in &batch.alerts {
            say(&Said::Alert { alert });
        }
        let mut watched = Watched::default();
        for (decision, id) in batch.decisions.iter().zip(recorded.decisions) {
            self.say_decision(id, decision, say);
            watched.added.extend(watchable(decision));
        }
        Ok(watched)
    }

    fn say_decision(&self, id: DecisionId, decision: &Decision, say: &mut dyn FnMut(&Said<'_>)) {
        let enforced = decision.point == Point::PacketFilter;
        say(&Said::Decision { id: Some(id), enforced, decision });
    }

    /// Everything before this checkpoint is written down already, or it is not taken.
    pub fn checkpoint(
        &mut self,
        point: &Checkpoint,
        clock: Instant,
        say: &mut dyn FnMut(&Said<'_>),
    ) -> Result<Watched, StoreError> {
        let watched = self.commit(clock, say)?;
        self.store.save_checkpoint(&point.positions, &point.snapshot)?;
        Ok(watched)
    }

    /// Clients whose bans are in force: their traffic is proof against them.
    pub fn watch(&self, now: Millis) -> Result<Vec<IpAddr>, StoreError> {
        Ok(self.store.active(now)?.iter().filter_map(|(_, decision)| watchable(decision)).collect())
    }

    pub fn tidy(&mut self, now: Millis) {
        self.respond.tidy(now);
        self.proof.tidy(now);
    }

    /// Administrators' sessions as they are now.
    pub fn refresh_sessions(&mut self, host: &Host) -> Vec<String> {
        let sessions = host.admin_sessions();
        self.sessions = sessions.addresses.into_iter().collect();
        sessions.problems
    }

    /// A banned client came again: written down, and told where the ban does not hold.
    pub fn sighting(
        &mut self,
        seen: &Sighting,
        clock: Instant,
        say: &mut dyn FnMut(&Said<'_>),
    ) -> Result<(), GuardError> {
        let Sighting { client, via, site, began, last, evidence, .. } = seen;
        let request = proof::Sighting { client: *client, via: *via, site, began: *began, at: *last };
        let Some(subject) = self.proof.seen(&request) else { return Ok(()) };
        let look = self.look(&subject);
        let Some(ineffective) = self.proof.explain(&subject, look) else { return Ok(()) };
        let Some(past) = self.store.decisions_of(&subject, 1)?.pop() else { return Ok(()) };
        self.batch.sightings.push(store::Sighting {
            decision: past.id,
            at: *last,
            place: evidence.file.clone(),
            line: evidence.line,
            text: evidence.text.clone(),
        });
        self.waiting_since.get_or_insert(clock);
        say(&Said::Ineffective { decision: past.id, cause: ineffective.to_string() });
        Ok(())
    }

    fn look(&mut self, subject: &Subject) -> Look {
        let net = net(subject);
        let held = self.filter.as_mut().zip(net).map(|(filter, net)| filter.get(&Element::drop(net, None)));
        Look {
            table_stands: !matches!(held, None | Some(Err(_))),
            element_held: matches!(held, Some(Ok(Some(_)))),
            port_excluded: self.config.packet_filter.ports != Ports::All,
        }
    }
}

/// Names decisions that a person ordered.
pub const BY_HAND: &str = "by-hand";

fn watchable(decision: &Decision) -> Option<IpAddr> {
    match decision.subject {
        Subject::Client(ip) if decision.action == Action::Ban && decision.point == Point::PacketFilter => Some(ip),
        _ => None,
    }
}

fn net(subject: &Subject) -> Option<IpNet> {
    match subject {
        Subject::Client(ip) => Some(IpNet::from(*ip)),
        Subject::Prefix(net) => Some(*net),
        _ => None,
    }
}

fn world<'a>(sessions: &'a [IpAddr], logins: &'a [(IpAddr, Millis)], good_clients: u64, now: Millis) -> World<'a> {
    World { now, admin_sessions: sessions, admin_logins: logins, good_clients, server_map: false }
}

fn subject_text(subject: &Subject) -> String {
    match subject {
        Subject::Client(ip) => ip.to_string(),
        Subject::Prefix(net) => net.to_string(),
        Subject::User { service, user } => format!("user {user:?} of {service}"),
        Subject::Target { site, path } => format!("{site:?} {path:?}"),
        Subject::Source(name) => format!("{name:?}"),
    }
}
