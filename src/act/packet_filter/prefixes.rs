//! The prefixes of one interval set. The kernel refuses overlapping intervals, so only the widest of nested prefixes is
//! written; the set is small, and is rewritten whole.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ipnet::IpNet;

/// Desired prefixes, each until an instant or (none) for ever.
#[derive(Default)]
pub(super) struct Prefixes {
    wanted: BTreeMap<IpNet, Option<Instant>>,
    /// When the first written prefix that hides a narrower one lapses.
    uncovers: Option<Instant>,
}

impl Prefixes {
    pub(super) fn put(&mut self, net: IpNet, ttl: Option<Duration>, now: Instant) {
        self.wanted.insert(net, ttl.and_then(|ttl| now.checked_add(ttl)));
    }

    pub(super) fn remove(&mut self, net: IpNet) {
        self.wanted.remove(&net);
    }

    pub(super) fn holds(&self, net: IpNet, now: Instant) -> bool {
        self.wanted.get(&net).is_some_and(|until| live(*until, now))
    }

    /// True where a lapsed prefix has uncovered a narrower one that still lasts.
    pub(super) fn stale(&self, now: Instant) -> bool {
        self.uncovers.is_some_and(|at| at <= now)
    }

    /// What to write now: disjoint, each with the time left. Forgets what has lapsed.
    pub(super) fn disjoint(&mut self, now: Instant) -> Vec<(IpNet, Option<Duration>)> {
        self.wanted.retain(|_, until| live(*until, now));
        self.uncovers = None;
        let mut written: Vec<(IpNet, Option<Instant>)> = Vec::new();
        // Sorted by address, then width: what covers a prefix comes directly before all that it covers.
        for (net, until) in &self.wanted {
            match written.last() {
                Some((wide, wide_until)) if wide.contains(net) => {
                    if outlasts(*until, *wide_until) {
                        self.uncovers = self.uncovers.min(*wide_until).or(*wide_until);
                    }
                }
                _ => written.push((*net, *until)),
            }
        }
        written.into_iter().map(|(net, until)| (net, until.map(|at| at.saturating_duration_since(now)))).collect()
    }
}

fn live(until: Option<Instant>, now: Instant) -> bool {
    until.is_none_or(|at| at > now)
}

fn outlasts(inner: Option<Instant>, outer: Option<Instant>) -> bool {
    match (inner, outer) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(inner), Some(outer)) => inner > outer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    #[test]
    fn a_nested_prefix_is_written_once_its_cover_lapses() {
        let start = Instant::now();
        let mut prefixes = Prefixes::default();
        prefixes.put(net("10.0.0.0/8"), Some(Duration::from_secs(10)), start);
        prefixes.put(net("10.1.0.0/16"), Some(Duration::from_secs(60)), start);
        prefixes.put(net("192.0.2.0/24"), None, start);
        let nets = |list: Vec<(IpNet, Option<Duration>)>| list.into_iter().map(|(net, _)| net).collect::<Vec<_>>();
        assert_eq!(nets(prefixes.disjoint(start)), [net("10.0.0.0/8"), net("192.0.2.0/24")]);
        assert!(!prefixes.stale(start));
        let later = start + Duration::from_secs(11);
        assert!(prefixes.stale(later));
        assert_eq!(nets(prefixes.disjoint(later)), [net("10.1.0.0/16"), net("192.0.2.0/24")]);
        assert!(!prefixes.stale(later));
    }
}
