//! The keeper's hand: decides, enforces, then writes down. Enforcement comes first, for speed; should we die in between,
//! the alert arises again from the last checkpoint under the same id.

mod by_hand;
mod proving;
mod web_map;

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use ipnet::IpNet;

use crate::act::Done;
use crate::act::packet_filter::{FilterError, PacketFilter};
use crate::act::server_map::MapError;
use crate::guard::config::Config;
use crate::guard::error::GuardError;
use crate::guard::hand::proving::Unproven;
use crate::guard::hand::web_map::WebMap;
use crate::guard::said::Said;
use crate::guard::state;
use crate::host::Host;
use crate::model::{Action, Alert, AlertId, Decision, DecisionId, Millis, Point, Subject};
use crate::respond::reconcile::Report;
use crate::respond::{Ground, Mode, Proof, Reconciler, Respond, World, ground};
use crate::store::{Batch, Change, Checkpoint, LoginSeen, Reading, Store, StoreError};

/// How long something may wait to be written down.
const COMMIT_WITHIN: Duration = Duration::from_millis(50);
/// What may wait at once.
const COMMIT_AT: usize = 1000;
/// Addresses of recent administrator logins that are spared.
const ADMINS: usize = 1000;
/// How long a store that could not be written is left alone.
const RETRY: Duration = Duration::from_secs(1);
/// What may wait while the disk is full; beyond, the reader has to wait too.
const MOST_WAITING: usize = 100_000;

/// Store, policy and packet filter, and what waits to be written down.
pub struct Hand {
    store: Store,
    respond: Respond,
    reconciler: Reconciler,
    web: WebMap,
    proof: Proof,
    unproven: VecDeque<Unproven>,
    config: Config,
    /// Opened when there is something to enforce.
    filter: Option<PacketFilter>,
    batch: Batch,
    /// Alerts in the batch.
    waiting: HashSet<AlertId>,
    waiting_since: Option<Instant>,
    /// Set while the store cannot be written.
    retry_at: Option<Instant>,
    sessions: Vec<IpAddr>,
    logins: Vec<(IpAddr, Millis)>,
    pub good_clients: u64,
}

/// Clients whose ban is to be proven, and those who are free.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    pub added: Vec<IpNet>,
    pub pardoned: Vec<IpNet>,
}

impl Hand {
    /// Takes up where an earlier keeper left off: its decisions stand in the store, its bans in the kernel. `denying`:
    /// names of the sites whose web server reads our deny map.
    pub fn open(
        dir: &Path,
        config: Config,
        ground: Ground,
        denying: BTreeSet<String>,
        now: Millis,
    ) -> Result<Self, GuardError> {
        let store = Store::open(state::store(dir))?;
        let mut hand = Self {
            respond: Respond::new(config.policy.clone(), ground),
            reconciler: Reconciler::default(),
            web: WebMap::open(dir, denying)?,
            proof: Proof::default(),
            unproven: VecDeque::new(),
            config,
            filter: None,
            batch: Batch::default(),
            waiting: HashSet::new(),
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
                self.reconciler.resume(&decision);
                self.web.want(&decision);
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

    /// Decisions that should stand in the packet filter and in the web servers' map.
    pub fn in_force(&self) -> usize {
        self.reconciler.len() + self.web.len()
    }

    /// One alert: decided and enforced when it returns, written down soon after.
    pub fn alert(&mut self, alert: Alert, now: Millis, clock: Instant) -> Result<(), GuardError> {
        if self.waiting.contains(&alert.id) || self.store.knows(alert.id)? {
            return Ok(());
        }
        let server_map = self.web.covers(&alert.site);
        let world = World { server_map, ..world(&self.sessions, &self.logins, self.good_clients, now) };
        let decision = self.respond.decide(&alert, &world);
        if let Some(decision) = &decision {
            self.take(decision, now, clock);
        }
        self.waiting.insert(alert.id);
        self.batch.alerts.push(alert);
        self.batch.decisions.extend(decision);
        self.waiting_since.get_or_insert(clock);
        Ok(())
    }

    fn take(&mut self, decision: &Decision, now: Millis, clock: Instant) {
        self.reconciler.want(decision);
        self.web.want(decision);
        self.proof.watch(decision, now);
        let made = match decision.point {
            Point::PacketFilter => self.reconcile(now).map(drop).map_err(|cause| cause.to_string()),
            Point::WebServer => self.keep_map(now, clock).map(drop).map_err(|cause| cause.to_string()),
            Point::Nowhere => return,
        };
        let outcome = made.map_or_else(|cause| cause, |()| "done".to_owned());
        let who = subject_text(&decision.subject);
        self.batch.journal.push(Change {
            at: now,
            what: if decision.action == Action::Ban { "ban".to_owned() } else { "limit".to_owned() },
            detail: format!("{who}: {}", decision.why),
            undo: format!("peelhouse unban {who}"),
            outcome,
        });
    }

    /// Makes the web servers' map what it should be; what was changed.
    pub fn keep_map(&mut self, now: Millis, clock: Instant) -> Result<Vec<Done>, MapError> {
        self.web.keep(now, clock)
    }

    /// Makes the packet filter what it should be. Does nothing while there never was anything to enforce or to take back.
    pub fn reconcile(&mut self, now: Millis) -> Result<Report, FilterError> {
        if self.filter.is_none() && self.reconciler.is_idle() && self.mode() == Mode::Observe {
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
        // More administrators than this are made up; the oldest is let go.
        if self.logins.len() >= ADMINS {
            self.logins.remove(0);
        }
        self.logins.push((login.address, login.at));
        self.batch.logins.push(login);
        self.waiting_since.get_or_insert(clock);
    }

    /// When the waiting has to be written down.
    pub fn commit_due(&self) -> Option<Instant> {
        self.waiting_since.map(|since| self.retry_at.unwrap_or(since + COMMIT_WITHIN))
    }

    pub fn is_full(&self) -> bool {
        self.retry_at.is_none() && self.batch.alerts.len() + self.batch.logins.len() >= COMMIT_AT
    }

    /// True where so much waits for a full disk that reading on would lose something.
    pub fn is_stuck(&self) -> bool {
        self.batch.alerts.len() >= MOST_WAITING
    }

    /// Writes down what waits, and says it. After an error everything waits on. No ban waits for a disk: after a power cut
    /// the log is read again from the last checkpoint there is.
    pub fn commit(&mut self, clock: Instant, say: &mut dyn FnMut(&Said<'_>)) -> Result<Watched, StoreError> {
        if self.waiting_since.is_none() {
            return Ok(Watched::default());
        }
        self.retry_at = Some(clock + RETRY);
        let recorded = self.store.record_soon(&self.batch)?;
        (self.waiting_since, self.retry_at) = (None, None);
        let batch = std::mem::take(&mut self.batch);
        self.waiting.clear();
        for alert in &batch.alerts {
            say(&Said::Alert { alert });
        }
        let mut watched = Watched::default();
        for (decision, id) in batch.decisions.iter().zip(recorded.decisions) {
            self.say_decision(id, decision, say);
            watched.added.extend(watchable(decision));
            self.prove_later(id, decision);
        }
        Ok(watched)
    }

    fn say_decision(&self, id: DecisionId, decision: &Decision, say: &mut dyn FnMut(&Said<'_>)) {
        let enforced = decision.point != Point::Nowhere;
        say(&Said::Decision { id: Some(id), enforced, decision });
    }

    /// Everything before this checkpoint is written down already, or it is not taken.
    pub fn checkpoint(
        &mut self,
        point: Checkpoint,
        clock: Instant,
        say: &mut dyn FnMut(&Said<'_>),
    ) -> Result<Watched, StoreError> {
        let watched = self.commit(clock, say)?;
        self.store.record_soon(&Batch { checkpoint: Some(point), ..Batch::default() })?;
        Ok(watched)
    }

    /// Clients whose bans are in force: their traffic is proof against them.
    pub fn watch(&self, now: Millis) -> Result<Vec<IpNet>, StoreError> {
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
}

/// Names decisions that a person ordered.
pub const BY_HAND: &str = "by-hand";

fn watchable(decision: &Decision) -> Option<IpNet> {
    net(&decision.subject).filter(|_| decision.action == Action::Ban && decision.point != Point::Nowhere)
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
