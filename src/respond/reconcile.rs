//! Desired against actual: idempotent, periodic and signalled. Whatever failed or was taken away is done again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ipnet::{IpNet, Ipv6Net};

use crate::act::packet_filter::{Effect, Element, Ensured};
use crate::model::{Action, Decision, Millis, Point, Subject};
use crate::respond::decide::net;
use crate::respond::enforcer::Enforcer;

/// The longest a kernel timeout runs: what lasts longer is asserted anew in time, and should we be gone for good, nobody
/// is stopped for ever.
const LEASE: Duration = Duration::from_hours(24);
/// A lease is renewed this long before it lapses.
const AHEAD: Duration = Duration::from_hours(4);
/// Elements handed over at once, so that a large restore needs no second copy of everything.
const BATCH: usize = 20_000;

/// What should stand in the packet filter.
#[derive(Default)]
pub struct Reconciler {
    desired: BTreeMap<IpNet, Wanted>,
    /// Nets to look at again, and when: a lease to renew, or a decision that ends.
    due: BTreeSet<(Millis, IpNet)>,
    /// To be asserted at the next run.
    dirty: BTreeSet<IpNet>,
    /// To be removed at the next run, unless something still needs it.
    ended: BTreeSet<(Effect, IpNet)>,
    started: bool,
}

#[derive(Clone, Copy)]
struct Wanted {
    effect: Effect,
    until: Option<Millis>,
    /// Its place in `due`.
    due: Option<Millis>,
}

/// What one run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The table had to be made or mended.
    pub mended: bool,
    /// Elements had been lost.
    pub emptied: bool,
    pub added: usize,
    pub removed: usize,
}

impl Reconciler {
    /// Takes a decision up; those that are not for the packet filter change nothing.
    pub fn want(&mut self, decision: &Decision) {
        let Some(net) = net(&decision.subject).filter(|_| decision.point == Point::PacketFilter) else { return };
        let effect = match decision.action {
            Action::Tell => return,
            Action::Limit => Effect::Limit,
            Action::Ban => Effect::Drop,
        };
        let due = self.desired.get(&net).and_then(|old| old.due);
        let wanted = Wanted { effect, until: decision.until, due };
        if let Some(old) = self.desired.insert(net, wanted).filter(|old| old.effect != effect) {
            self.ended.insert((old.effect, net));
        }
        self.dirty.insert(net);
    }

    /// Ends whatever is wanted of a subject.
    pub fn end(&mut self, subject: &Subject) {
        if let Some(net) = net(subject)
            && let Some(old) = self.desired.remove(&net)
        {
            self.dirty.remove(&net);
            self.ended.insert((old.effect, net));
            old.due.map(|at| self.due.remove(&(at, net)));
        }
    }

    /// Whether something is wanted of exactly this subject now.
    pub fn wants(&self, subject: &Subject, now: Millis) -> Option<Effect> {
        let wanted = self.desired.get(&net(subject)?)?;
        live(wanted.until, now).then_some(wanted.effect)
    }

    pub fn len(&self) -> usize {
        self.desired.len()
    }

    pub fn is_empty(&self) -> bool {
        self.desired.is_empty()
    }

    /// Makes it so. On an error, nothing is forgotten: the next run tries again.
    pub fn run<E: Enforcer>(&mut self, enforcer: &mut E, now: Millis) -> Result<Report, E::Error> {
        let mut report = Report::default();
        if let Ensured::Mended { emptied } = enforcer.ensure()? {
            report.mended = true;
            report.emptied = emptied;
            if emptied {
                self.dirty.extend(self.desired.keys());
            }
        }
        if !self.started {
            self.adopt(enforcer, now)?;
            self.started = true;
        }
        self.come_due(now);
        report.removed = self.remove(enforcer, now)?;
        report.added = self.assert(enforcer, now)?;
        Ok(report)
    }

    /// At start: what stands and is wanted for no longer is kept; what nobody wants any more is removed.
    fn adopt<E: Enforcer>(&mut self, enforcer: &mut E, now: Millis) -> Result<(), E::Error> {
        for effect in [Effect::Drop, Effect::Limit] {
            for held in enforcer.list(effect)? {
                match self.element(effect, held.net, now) {
                    None => {
                        self.ended.insert((effect, held.net));
                    }
                    Some(element) if hashed(held.net) && close(element.ttl, held.left) => {
                        self.dirty.remove(&held.net);
                        self.plan(held.net, held.left, now);
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }

    fn come_due(&mut self, now: Millis) {
        while let Some((at, net)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.due.remove(&(at, net));
            match self.desired.get(&net) {
                Some(wanted) if live(wanted.until, now) => {
                    self.dirty.insert(net);
                }
                // The kernel has dropped it by itself; removing it as well forgives a clock that was set.
                Some(wanted) => {
                    self.ended.insert((wanted.effect, net));
                    self.desired.remove(&net);
                }
                None => {}
            }
        }
    }

    fn remove<E: Enforcer>(&mut self, enforcer: &mut E, now: Millis) -> Result<usize, E::Error> {
        let mut removed = 0;
        loop {
            let batch: Vec<(Effect, IpNet)> = self.ended.iter().take(BATCH).copied().collect();
            if batch.is_empty() {
                return Ok(removed);
            }
            let elements: Vec<Element> = batch
                .iter()
                .map(|(effect, net)| made(*effect, *net, None))
                .filter(|element| self.element(element.effect, element.net, now).is_none())
                .collect();
            if !elements.is_empty() {
                enforcer.remove(&elements)?;
            }
            removed += elements.len();
            batch.iter().for_each(|gone| {
                self.ended.remove(gone);
            });
        }
    }

    fn assert<E: Enforcer>(&mut self, enforcer: &mut E, now: Millis) -> Result<usize, E::Error> {
        let mut added = 0;
        loop {
            let batch: Vec<IpNet> = self.dirty.iter().take(BATCH).copied().collect();
            if batch.is_empty() {
                return Ok(added);
            }
            let elements: Vec<(IpNet, Element)> = batch
                .iter()
                .filter_map(|net| Some((*net, self.element(self.desired.get(net)?.effect, *net, now)?)))
                .collect();
            let plain: Vec<Element> = elements.iter().map(|(_, element)| *element).collect();
            if !plain.is_empty() {
                enforcer.add(&plain)?;
            }
            added += plain.len();
            for net in &batch {
                self.dirty.remove(net);
            }
            for (net, element) in elements {
                self.plan(net, element.ttl, now);
            }
        }
    }

    /// The element that holds a net, for as long as the longest decision that shares it; none where nobody wants it.
    fn element(&self, effect: Effect, net: IpNet, now: Millis) -> Option<Element> {
        let shared = made(effect, net, None).net;
        let widest = if shared == net && !shares(effect, net) { net..=net } else { all_of(shared) };
        let holders = self.desired.range(widest).filter(|(net, wanted)| {
            wanted.effect == effect && live(wanted.until, now) && made(effect, **net, None).net == shared
        });
        let ttl = holders.map(|(_, wanted)| ttl(wanted.until, now)).max()?;
        Some(made(effect, net, Some(ttl)))
    }

    /// Looks at a net again when its lease is to be renewed, or when it ends.
    fn plan(&mut self, net: IpNet, ttl: Option<Duration>, now: Millis) {
        let (Some(wanted), Some(ttl)) = (self.desired.get_mut(&net), ttl) else { return };
        let lapses = now + ttl;
        let at = match wanted.until {
            Some(until) if until <= lapses => until,
            _ => (lapses - AHEAD).max(now + ttl / 2),
        };
        if let Some(old) = wanted.due.replace(at) {
            self.due.remove(&(old, net));
        }
        self.due.insert((at, net));
    }
}

fn made(effect: Effect, net: IpNet, ttl: Option<Duration>) -> Element {
    match effect {
        Effect::Drop => Element::drop(net, ttl),
        Effect::Limit => Element::limit(net, ttl),
    }
}

/// IPv6 addresses are limited by /64, so several decisions may share one element.
fn shares(effect: Effect, net: IpNet) -> bool {
    effect == Effect::Limit && matches!(net, IpNet::V6(six) if six.prefix_len() >= 64)
}

/// Every net that begins inside this one, in the order of the map.
fn all_of(net: IpNet) -> std::ops::RangeInclusive<IpNet> {
    match net {
        IpNet::V4(_) => net..=IpNet::from(net.broadcast()),
        IpNet::V6(six) => {
            let first = Ipv6Net::new(six.network(), 0).map_or(net, IpNet::V6);
            first..=IpNet::from(net.broadcast())
        }
    }
}

fn live(until: Option<Millis>, now: Millis) -> bool {
    until.is_none_or(|until| now < until)
}

fn ttl(until: Option<Millis>, now: Millis) -> Duration {
    until.map_or(LEASE, |until| until.since(now).min(LEASE))
}

/// Only these stand by themselves: the packet filter rewrites wider prefixes from what it was told since it began.
fn hashed(net: IpNet) -> bool {
    net.prefix_len() == net.max_prefix_len() || matches!(net, IpNet::V6(six) if six.prefix_len() == 64)
}

/// Within a second: nothing to gain by writing it again.
fn close(wanted: Option<Duration>, held: Option<Duration>) -> bool {
    match (wanted, held) {
        (Some(wanted), Some(held)) => wanted.abs_diff(held) <= Duration::from_secs(1),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
