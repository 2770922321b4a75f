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
pub const LEASE: Duration = Duration::from_hours(24);
/// A lease is renewed this long before it lapses.
const AHEAD: Duration = Duration::from_hours(4);
/// Elements handed over at once, so that a large restore needs no second copy of everything.
const BATCH: usize = 20_000;

/// Elements of an earlier run that are looked for in the kernel: none may be missing.
const SAMPLES: usize = 256;

/// Decisions that ended, and leases to renew, are looked for this often: one pass over everything.
const SWEEP: Duration = Duration::from_secs(60);

/// What should stand in the packet filter. The kernel is never asked what stands: to list a set of a million takes
/// minutes. What we no longer know of lapses with its lease.
#[derive(Default)]
pub struct Reconciler {
    desired: BTreeMap<IpNet, Wanted>,
    /// To be asserted at the next run.
    dirty: BTreeSet<IpNet>,
    /// Everything from here on is to be asserted: at once where it was lost, else in slices that let new bans through.
    restore: Option<IpNet>,
    lost: bool,
    /// What was resumed has yet to be looked for.
    unproven: bool,
    /// To be removed at the next run, unless something still needs it.
    ended: BTreeSet<(Effect, IpNet)>,
    swept: Option<Millis>,
}

#[derive(Clone, Copy)]
struct Wanted {
    effect: Effect,
    /// Millis of the far future where it ends only when undone: a million of these are held.
    until: Millis,
    /// When the kernel drops what was asserted last.
    lapses: Millis,
}

const NEVER: Millis = Millis(i64::MAX);

/// What one run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The table had to be made or mended.
    pub mended: bool,
    /// Elements had been lost.
    pub emptied: bool,
    pub added: usize,
    pub removed: usize,
    /// More is to be asserted: run again soon.
    pub unfinished: bool,
}

impl Reconciler {
    /// Takes a decision up, for the next run; those that are not for the packet filter change nothing.
    pub fn want(&mut self, decision: &Decision) {
        if let Some(net) = self.take(decision) {
            self.dirty.insert(net);
        }
    }

    /// Takes up a decision of an earlier run, which asserted it: it stands in the kernel as long as the table was not
    /// touched, and is not asserted anew before its lease lapses.
    pub fn resume(&mut self, decision: &Decision) {
        let Some(net) = self.take(decision) else { return };
        let Some(wanted) = self.desired.get_mut(&net) else { return };
        if made(wanted.effect, net, None).is_rewritten() {
            self.dirty.insert(net);
        } else {
            wanted.lapses = wanted.until.min(decision.at + LEASE);
            self.unproven = true;
        }
    }

    fn take(&mut self, decision: &Decision) -> Option<IpNet> {
        let net = net(&decision.subject).filter(|_| decision.point == Point::PacketFilter)?;
        let effect = match decision.action {
            Action::Tell => return None,
            Action::Limit => Effect::Limit,
            Action::Ban => Effect::Drop,
        };
        let wanted = Wanted { effect, until: decision.until.unwrap_or(NEVER), lapses: Millis::default() };
        if let Some(old) = self.desired.insert(net, wanted).filter(|old| old.effect != effect) {
            self.ended.insert((old.effect, net));
        }
        Some(net)
    }

    /// Ends whatever is wanted of a subject, and removes it even if it was asserted by an earlier run: call it at start
    /// for all that was pardoned while no guard ran.
    pub fn end(&mut self, subject: &Subject) {
        if let Some(net) = net(subject) {
            self.desired.remove(&net);
            self.dirty.remove(&net);
            self.ended.extend([(Effect::Drop, net), (Effect::Limit, net)]);
        }
    }

    /// Whether something is wanted of exactly this subject now.
    pub fn wants(&self, subject: &Subject, now: Millis) -> Option<Effect> {
        let wanted = self.desired.get(&net(subject)?)?;
        (now < wanted.until).then_some(wanted.effect)
    }

    pub fn len(&self) -> usize {
        self.desired.len()
    }

    pub fn is_empty(&self) -> bool {
        self.desired.is_empty()
    }

    /// Nothing is wanted, and nothing is left to take back.
    pub fn is_idle(&self) -> bool {
        self.desired.is_empty() && self.ended.is_empty()
    }

    /// Makes it so. On an error, nothing is forgotten: the next run tries again. Call it for every new decision and each
    /// second; where the report says so, again soon.
    pub fn run<E: Enforcer>(&mut self, enforcer: &mut E, now: Millis) -> Result<Report, E::Error> {
        let mut report = Report::default();
        if let Ensured::Mended { emptied } = enforcer.ensure()? {
            report.mended = true;
            report.emptied = emptied;
            if emptied {
                self.restore = self.desired.keys().next().copied();
                self.lost = true;
                self.dirty.clear();
            }
        }
        if std::mem::take(&mut self.unproven) && !report.emptied && !self.samples_stand(enforcer, now)? {
            self.restore = self.desired.keys().next().copied();
        }
        self.change(enforcer, now, &mut report)?;
        if self.swept.is_none_or(|at| now.since(at) >= SWEEP || now < at) {
            self.sweep(now);
            self.change(enforcer, now, &mut report)?;
        }
        report.added += self.assert_all(enforcer, now)?;
        report.unfinished = self.restore.is_some();
        Ok(report)
    }

    /// Looks for some of what was resumed, evenly spread.
    fn samples_stand<E: Enforcer>(&self, enforcer: &mut E, now: Millis) -> Result<bool, E::Error> {
        let standing = |wanted: &Wanted| now < wanted.lapses && now < wanted.until;
        for (net, wanted) in self.desired.iter().step_by(self.desired.len() / SAMPLES + 1) {
            if standing(wanted) && !enforcer.holds(&made(wanted.effect, *net, None))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn change<E: Enforcer>(&mut self, enforcer: &mut E, now: Millis, report: &mut Report) -> Result<(), E::Error> {
        report.added += self.assert_dirty(enforcer, now)?;
        report.removed += self.remove(enforcer, now)?;
        Ok(())
    }

    /// Finds what has ended and which leases are to be renewed.
    fn sweep(&mut self, now: Millis) {
        self.swept = Some(now);
        let (dirty, ended) = (&mut self.dirty, &mut self.ended);
        self.desired.retain(|net, wanted| {
            if now >= wanted.until {
                // The kernel has dropped it by itself; removing it as well forgives a clock that was set.
                ended.insert((wanted.effect, *net));
                return false;
            }
            let asserted = wanted.lapses != Millis::default();
            if asserted && wanted.lapses < wanted.until && now + AHEAD >= wanted.lapses {
                dirty.insert(*net);
            }
            true
        });
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

    fn assert_dirty<E: Enforcer>(&mut self, enforcer: &mut E, now: Millis) -> Result<usize, E::Error> {
        let mut added = 0;
        loop {
            let batch: Vec<IpNet> = self.dirty.iter().take(BATCH).copied().collect();
            if batch.is_empty() {
                return Ok(added);
            }
            added += self.assert(enforcer, &batch, now)?;
            batch.iter().for_each(|net| {
                self.dirty.remove(net);
            });
        }
    }

    fn assert_all<E: Enforcer>(&mut self, enforcer: &mut E, now: Millis) -> Result<usize, E::Error> {
        let mut added = 0;
        while let Some(start) = self.restore {
            let mut rest = self.desired.range(start..);
            let batch = rest.by_ref().take(BATCH);
            let elements: Vec<Element> = batch.filter_map(|(net, wanted)| self.held_by(wanted, *net, now)).collect();
            let next = rest.next().map(|(net, _)| *net);
            if !elements.is_empty() {
                enforcer.add(&elements)?;
            }
            added += elements.len();
            for (_, wanted) in self.desired.range_mut(start..).take(BATCH) {
                wanted.lapses = now + ttl(wanted.until, now);
            }
            self.restore = next;
            if !self.lost {
                break;
            }
        }
        self.lost &= self.restore.is_some();
        Ok(added)
    }

    fn assert<E: Enforcer>(&mut self, enforcer: &mut E, nets: &[IpNet], now: Millis) -> Result<usize, E::Error> {
        let wanted = nets.iter().filter_map(|net| Some((net, self.desired.get(net)?.effect)));
        let elements: Vec<Element> = wanted.filter_map(|(net, effect)| self.element(effect, *net, now)).collect();
        if !elements.is_empty() {
            enforcer.add(&elements)?;
        }
        for net in nets {
            if let Some(wanted) = self.desired.get_mut(net) {
                wanted.lapses = now + ttl(wanted.until, now);
            }
        }
        Ok(elements.len())
    }

    /// The same as [`Self::element`], where what is wanted of the net is at hand.
    fn held_by(&self, wanted: &Wanted, net: IpNet, now: Millis) -> Option<Element> {
        if shares(wanted.effect, net) {
            return self.element(wanted.effect, net, now);
        }
        (now < wanted.until).then(|| made(wanted.effect, net, Some(ttl(wanted.until, now))))
    }

    /// The element that holds a net, for as long as the longest decision that shares it; none where nobody wants it.
    fn element(&self, effect: Effect, net: IpNet, now: Millis) -> Option<Element> {
        let serves = |wanted: &Wanted| wanted.effect == effect && now < wanted.until;
        let until = if shares(effect, net) {
            let shared = made(effect, net, None).net;
            let holders = self.desired.range(all_of(shared)).filter(|(net, _)| made(effect, **net, None).net == shared);
            holders.filter(|(_, wanted)| serves(wanted)).map(|(_, wanted)| wanted.until).max()?
        } else {
            self.desired.get(&net).filter(|wanted| serves(wanted))?.until
        };
        Some(made(effect, net, Some(ttl(until, now))))
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

fn ttl(until: Millis, now: Millis) -> Duration {
    until.since(now).min(LEASE)
}

#[cfg(test)]
mod tests;
