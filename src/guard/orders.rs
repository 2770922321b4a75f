//! What a person may order, and how the hand carries it out.

use std::path::Path;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::act::packet_filter::FilterError;
use crate::act::server_map::ServerMap;
use crate::guard::config::Config;
use crate::guard::control::{self, Answer};
use crate::guard::error::GuardError;
use crate::guard::ground;
use crate::guard::hand::{Hand, Watched};
use crate::guard::lock::Lock;
use crate::host::{Host, clock};
use crate::model::{Action, Millis, Subject};
use crate::respond::order::{self, Refused};
use crate::respond::reconcile::LEASE;
use crate::store::StoreError;

/// An order of a person, from the command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// Ban for so many seconds, or until undone.
    Ban {
        net: IpNet,
        seconds: Option<u64>,
        reason: String,
    },
    /// End every decision on exactly this address or prefix.
    Unban {
        net: IpNet,
    },
    /// Never limit or ban it.
    Allow {
        net: IpNet,
        seconds: Option<u64>,
        reason: String,
    },
    Disallow {
        net: IpNet,
    },
    Status,
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("nothing is in force on {0}; `peelhouse bans` lists what is")]
    NotBanned(IpNet),
    #[error("{0} is not on the list; `peelhouse allow list` shows it")]
    NotAllowed(IpNet),
    #[error("written down, but not enforced yet: {0}; it is tried again every second")]
    Filter(#[from] FilterError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Has an order carried out: by the running guard or, where none runs, here.
pub fn give(order: &Order, dir: &Path, config: &Path) -> Result<Answer, GuardError> {
    if let Some(answer) = control::ask(dir, order)? {
        return Ok(answer);
    }
    let _lock = Lock::take(dir)?;
    let host = Host::live();
    let config = Config::read(&host, config)?;
    let servers = host.servers();
    let (ground, _) = ground::of(&host, &servers, &config);
    let [nginx, apache] = ServerMap::paths(dir);
    let now = clock::now();
    let mut hand = Hand::open(dir, config, ground, host.denying_sites(&servers, &nginx, &apache), now)?;
    hand.refresh_sessions(&host);
    let (answer, _) = hand.order(order, "root", now);
    hand.keep_map(now, clock::monotonic())?;
    Ok(match answer {
        Answer::Done(text) if outlives_lease(order) => Answer::Done(text + NOBODY_RENEWS),
        other => other,
    })
}

/// Said of a ban that is to last longer than the kernel holds it by itself.
const NOBODY_RENEWS: &str = "; no guard runs: the kernel lifts it in 24 h, unless one is started by then and renews it";

fn outlives_lease(order: &Order) -> bool {
    matches!(order, Order::Ban { seconds, .. } if seconds.is_none_or(|seconds| seconds > LEASE.as_secs()))
}

impl Hand {
    /// Carries an order out; done and written down when it returns.
    pub fn order(&mut self, order: &Order, by: &str, now: Millis) -> (Answer, Watched) {
        let mut watched = Watched::default();
        let done = match order {
            Order::Ban { net, seconds, reason } => self.ban(*net, end(*seconds, now), reason, now, &mut watched),
            Order::Unban { net } => self.unban(*net, "undone by hand", by, now, &mut watched),
            Order::Allow { net, seconds, reason } => {
                self.allow(*net, end(*seconds, now), reason, by, now, &mut watched)
            }
            Order::Disallow { net } => self.disallow(*net, now),
            Order::Status => Ok(format!("{} decisions in force", self.in_force())),
        };
        (done.map_or_else(|refused| Answer::Refused(refused.to_string()), Answer::Done), watched)
    }

    fn ban(
        &mut self,
        net: IpNet,
        until: Option<Millis>,
        reason: &str,
        now: Millis,
        watched: &mut Watched,
    ) -> Result<String, OrderError> {
        let order = order::Order { subject: subject(net), action: Action::Ban, until, reason: reason.to_owned() };
        let decision = self.decide_order(&order, now)?;
        let enforced = self.reconcile(now);
        let id = self.record_order(&decision, watched)?;
        enforced?;
        let who = short(net);
        Ok(format!("{id}: banned {who}; undo with `peelhouse unban {who}`"))
    }

    fn allow(
        &mut self,
        net: IpNet,
        until: Option<Millis>,
        reason: &str,
        by: &str,
        now: Millis,
        watched: &mut Watched,
    ) -> Result<String, OrderError> {
        self.add_allowed(net, until, reason, by, now)?;
        let mut ended = 0;
        for inside in self.banned_within(net, now)? {
            self.unban(inside, "allowed by hand", by, now, watched)?;
            ended += 1;
        }
        self.let_through(now)?;
        Ok(format!("{net} is never limited or banned now; {ended} decisions ended"))
    }

    fn disallow(&mut self, net: IpNet, now: Millis) -> Result<String, OrderError> {
        if !self.remove_allowed(net, now)? {
            return Err(OrderError::NotAllowed(net));
        }
        self.let_through(now)?;
        Ok(format!("{net} is judged like any other again"))
    }

    fn unban(
        &mut self,
        net: IpNet,
        why: &str,
        by: &str,
        now: Millis,
        watched: &mut Watched,
    ) -> Result<String, OrderError> {
        let ended = self.end(&subject(net), why, by, now)?;
        if ended == 0 {
            return Err(OrderError::NotBanned(net));
        }
        watched.pardoned.push(net);
        self.reconcile(now)?;
        Ok(format!("{} is free; {ended} decisions ended, and nothing it did before now bans it again", short(net)))
    }
}

/// An address, or a prefix where it is wider.
pub fn subject(net: IpNet) -> Subject {
    if net.prefix_len() == net.max_prefix_len() { Subject::Client(net.addr()) } else { Subject::Prefix(net.trunc()) }
}

/// An address without its `/32`.
fn short(net: IpNet) -> String {
    if net.prefix_len() == net.max_prefix_len() { net.addr().to_string() } else { net.to_string() }
}

fn end(seconds: Option<u64>, now: Millis) -> Option<Millis> {
    seconds.map(|seconds| now + Duration::from_secs(seconds))
}
