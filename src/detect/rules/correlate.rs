//! Counts hits over time for correlations. Time is the event's; memory is bounded; the state survives restarts.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use foldhash::quality::FixedState;
use serde::{Deserialize, Serialize};

use crate::detect::rules::correlation::{Correlation, CorrelationIx, Kind};
use crate::detect::rules::field::Field;
use crate::detect::rules::scanner::Hit;
use crate::detect::rules::set::RuleSet;
use crate::model::event::Event;
use crate::model::time::Millis;

/// A correlation that came true with the event just seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CorrelationHit {
    pub correlation: CorrelationIx,
    /// The earliest hit that counted.
    pub first: Millis,
    pub last: Millis,
    /// Hits, distinct values or rules that came together.
    pub count: u32,
}

/// Counts for all correlations of a set; one a run, fed in the order of events.
#[derive(Debug)]
pub struct Correlator {
    set: Arc<RuleSet>,
    seed: u64,
    hasher: FixedState,
    /// By rule: the correlations it counts for, with its places in them.
    uses: HashMap<u16, Vec<(u16, usize)>>,
    /// By correlation.
    groups: Vec<Groups>,
    key: Vec<u8>,
}

/// Bytes of one field in a group's key.
const MAX_PART: usize = 128;

/// Counters by group in two generations: when the young are full, the old, untouched since, are forgotten.
#[derive(Debug)]
struct Groups {
    young: HashMap<Vec<u8>, State, FixedState>,
    old: HashMap<Vec<u8>, State, FixedState>,
}

/// Groups of one generation of one correlation.
const GENERATION: usize = 8192;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// Stamps of the latest hits.
    Times(VecDeque<i64>),
    /// Seeded hashes of values and when each was last seen, oldest first.
    Values(Vec<(u64, i64)>),
    /// By rule of the correlation: last seen; where order counts, the latest start of a chain up to it.
    Rules(Vec<Option<i64>>),
}

impl Correlator {
    /// `seed` is random in service, fixed in tests.
    pub fn new(set: Arc<RuleSet>, seed: u64) -> Self {
        let hasher = FixedState::with_seed(seed);
        let mut uses: HashMap<u16, Vec<(u16, usize)>> = HashMap::new();
        for (correlation, at) in set.correlations().iter().zip(0..=u16::MAX) {
            for (place, rule) in correlation.rules.iter().enumerate() {
                uses.entry(rule.0).or_default().push((at, place));
            }
        }
        let groups = set.correlations().iter().map(|_| Groups::new(&hasher)).collect();
        Self { set, seed, hasher, uses, groups, key: Vec::new() }
    }

    /// Counts the event's hits; adds what came true. A window that came true starts anew.
    pub fn see(&mut self, event: &Event<'_>, hits: &[Hit], out: &mut Vec<CorrelationHit>) {
        for hit in hits {
            let Some(uses) = self.uses.get(&hit.rule.0) else { continue };
            for (at, place) in uses {
                let correlation = self.set.correlations().get(usize::from(*at));
                let (Some(correlation), Some(groups)) = (correlation, self.groups.get_mut(usize::from(*at))) else {
                    continue;
                };
                if !write_key(&correlation.group_by, event, &mut self.key) {
                    continue;
                }
                let state = groups.state(&self.key, || State::new(correlation));
                let value = value_hash(correlation, event, &self.hasher);
                if let Some((first, count)) = state.count(correlation, *place, value, event.now.0) {
                    *state = State::new(correlation);
                    out.push(CorrelationHit {
                        correlation: CorrelationIx(*at),
                        first: Millis(first),
                        last: event.now,
                        count,
                    });
                }
            }
        }
    }

    /// All counters, for [`Correlator::restore`].
    pub fn snapshot(&self) -> Vec<u8> {
        let groups = self.set.correlations().iter().zip(&self.groups);
        let groups = groups.map(|(correlation, groups)| (self.print(correlation), groups.list())).collect();
        serde_json::to_vec(&Snapshot { seed: self.seed, groups }).unwrap_or_default()
    }

    /// Takes up the counters of a snapshot; of correlations that changed since, none.
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<(), serde_json::Error> {
        let mut snapshot: Snapshot = serde_json::from_slice(snapshot)?;
        self.seed = snapshot.seed;
        self.hasher = FixedState::with_seed(snapshot.seed);
        for (at, correlation) in self.set.correlations().iter().enumerate() {
            let print = self.print(correlation);
            let mut groups = Groups::new(&self.hasher);
            for (key, state) in snapshot.groups.remove(&print).unwrap_or_default() {
                if state.fits(correlation) {
                    *groups.state(&key, || State::new(correlation)) = state;
                }
            }
            if let Some(slot) = self.groups.get_mut(at) {
                *slot = groups;
            }
        }
        Ok(())
    }

    /// What makes a correlation the same one: counters of another must not be taken for its own.
    fn print(&self, correlation: &Correlation) -> String {
        let rules: Vec<_> =
            correlation.rules.iter().filter_map(|at| self.set.rule(*at)).map(|rule| rule.id.as_str()).collect();
        let Correlation { id, kind, group_by, timespan, .. } = correlation;
        format!("{id} {kind:?} {rules:?} {group_by:?} {timespan:?}")
    }
}

#[derive(Serialize, Deserialize)]
struct Snapshot {
    seed: u64,
    groups: HashMap<String, Vec<(Vec<u8>, State)>>,
}

/// False where the event lacks the client that hits are grouped by.
fn write_key(fields: &[Field], event: &Event<'_>, key: &mut Vec<u8>) -> bool {
    key.clear();
    for field in fields {
        let start = key.len();
        match field.text(event) {
            Some(text) => key.extend_from_slice(text.get(..MAX_PART).unwrap_or(text)),
            None if !field.print(event, key) && *field == Field::Client => return false,
            None => {}
        }
        let len = u8::try_from(key.len() - start).unwrap_or(u8::MAX);
        key.push(len);
    }
    true
}

fn value_hash(correlation: &Correlation, event: &Event<'_>, hasher: &FixedState) -> u64 {
    let Kind::ValueCount { field, .. } = correlation.kind else { return 0 };
    let mut hash = hasher.build_hasher();
    match field.text(event) {
        Some(text) => hash.write(text),
        None => {
            let mut text = Vec::new();
            field.print(event, &mut text);
            hash.write(&text);
        }
    }
    hash.finish()
}

impl Groups {
    fn new(hasher: &FixedState) -> Self {
        Self { young: HashMap::with_hasher(hasher.clone()), old: HashMap::with_hasher(hasher.clone()) }
    }

    fn state(&mut self, key: &[u8], new: impl FnOnce() -> State) -> &mut State {
        if !self.young.contains_key(key) {
            let state = self.old.remove(key).unwrap_or_else(new);
            if self.young.len() >= GENERATION {
                let empty = HashMap::with_hasher(self.old.hasher().clone());
                self.old = std::mem::replace(&mut self.young, empty);
            }
            return self.young.entry(key.to_vec()).or_insert(state);
        }
        self.young.entry(key.to_vec()).or_insert_with(new)
    }

    /// Oldest generation first, keys in order.
    fn list(&self) -> Vec<(Vec<u8>, State)> {
        let sorted = |map: &HashMap<Vec<u8>, State, FixedState>| {
            let mut list: Vec<_> = map.iter().map(|(key, state)| (key.clone(), state.clone())).collect();
            list.sort_by(|a, b| a.0.cmp(&b.0));
            list
        };
        [sorted(&self.old), sorted(&self.young)].concat()
    }
}

impl State {
    fn new(correlation: &Correlation) -> Self {
        match correlation.kind {
            Kind::EventCount { .. } => Self::Times(VecDeque::new()),
            Kind::ValueCount { .. } => Self::Values(Vec::new()),
            Kind::Temporal | Kind::TemporalOrdered => Self::Rules(vec![None; correlation.rules.len()]),
        }
    }

    fn fits(&self, correlation: &Correlation) -> bool {
        match (self, correlation.kind) {
            (Self::Times(_), Kind::EventCount { .. }) | (Self::Values(_), Kind::ValueCount { .. }) => true,
            (Self::Rules(seen), Kind::Temporal | Kind::TemporalOrdered) => seen.len() == correlation.rules.len(),
            _ => false,
        }
    }

    /// Takes one hit; the earliest stamp and the count where the condition is met now.
    fn count(&mut self, correlation: &Correlation, place: usize, value: u64, now: i64) -> Option<(i64, u32)> {
        let since = start_of(correlation.timespan, now);
        match (self, correlation.kind) {
            (Self::Times(times), Kind::EventCount { at_least }) => {
                times.retain(|time| *time >= since);
                times.push_back(now);
                reached(times.len(), at_least, times.front().copied())
            }
            (Self::Values(values), Kind::ValueCount { at_least, .. }) => {
                values.retain(|(hash, time)| *time >= since && *hash != value);
                values.push((value, now));
                reached(values.len(), at_least, values.first().map(|(_, time)| *time))
            }
            (Self::Rules(seen), Kind::Temporal) => {
                *seen.get_mut(place)? = Some(now);
                let all: Option<Vec<i64>> = seen.iter().map(|time| time.filter(|time| *time >= since)).collect();
                let all = all?;
                reached(all.len(), 1, all.iter().min().copied())
            }
            (Self::Rules(starts), Kind::TemporalOrdered) => {
                let start = match place.checked_sub(1) {
                    None => now,
                    Some(before) => starts.get(before).copied().flatten().filter(|start| *start >= since)?,
                };
                *starts.get_mut(place)? = Some(start);
                (place + 1 == starts.len()).then(|| (start, u32::try_from(starts.len()).unwrap_or(u32::MAX)))
            }
            _ => None,
        }
    }
}

fn reached(count: usize, at_least: u32, first: Option<i64>) -> Option<(i64, u32)> {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    if count >= at_least { Some((first?, count)) } else { None }
}

fn start_of(span: Duration, now: i64) -> i64 {
    now.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::detect::rules::field::Field;
    use crate::detect::rules::rule::RuleIx;
    use crate::detect::rules::set::RuleText;
    use crate::detect::rules::views::View;
    use crate::model::event::{At, Client, Request, Via, What};

    const RULES: &str = "
title: a
name: a
logsource: {category: webserver}
detection: {s: {cs-uri|contains: a}, condition: s}
---
title: b
name: b
logsource: {category: webserver}
detection: {s: {cs-uri|contains: b}, condition: s}
---
title: c
name: c
correlation: {type: KIND, rules: [a, b], group-by: [c-ip], timespan: 10s, condition: CONDITION}
";

    fn correlator(kind: &str, condition: &str) -> Correlator {
        let text = RULES.replace("KIND", kind).replace("CONDITION", condition);
        let (set, errors) = RuleSet::load(&[RuleText { file: "c.yml", text: &text }]);
        assert_eq!(errors, []);
        Correlator::new(Arc::new(set), 1)
    }

    /// One hit of `rule` by client `client` at `secs` on `/secs`; whether the correlation came true.
    fn hit(correlator: &mut Correlator, rule: u16, client: u32, secs: i64, target: &str) -> bool {
        let what = What::Request(Request { target: target.as_bytes(), ..Request::default() });
        let client = Some(Client { ip: IpAddr::V4(Ipv4Addr::from_bits(client)), via: Via::Direct });
        let now = Millis::from_secs(secs);
        let event = Event { now, stamp: None, at: At::default(), client, site: b"", raw: b"", what };
        let hit = Hit { rule: RuleIx(rule), field: Field::Target, view: View::Raw, span: (0, 0) };
        let mut out = Vec::new();
        correlator.see(&event, &[hit], &mut out);
        !out.is_empty()
    }

    #[test]
    fn events_are_counted_by_client_in_a_sliding_window() {
        let mut c = correlator("event_count", "{gte: 3}");
        let seen: Vec<bool> = [0, 8, 11, 12, 13, 14].map(|secs| hit(&mut c, 0, 1, secs, "/")).into();
        assert_eq!(seen, [false, false, false, true, false, false]);
        assert!(!hit(&mut c, 0, 2, 14, "/"));
    }

    #[test]
    fn equal_values_count_once() {
        let mut c = correlator("value_count", "{field: cs-uri, gte: 3}");
        let seen: Vec<bool> = ["/x", "/x", "/y", "/y", "/z"].map(|target| hit(&mut c, 0, 1, 1, target)).into();
        assert_eq!(seen, [false, false, false, false, true]);
    }

    #[test]
    fn order_counts_where_it_is_asked_for() {
        for (kind, backwards) in [("temporal", true), ("temporal_ordered", false)] {
            let mut c = correlator(kind, "{gte: 1}");
            assert!(!hit(&mut c, 1, 1, 1, "/"));
            assert_eq!(hit(&mut c, 0, 1, 2, "/"), backwards, "{kind}");
            let mut c = correlator(kind, "{gte: 1}");
            assert!(!hit(&mut c, 0, 1, 1, "/") && !hit(&mut c, 1, 1, 12, "/"), "{kind} ignores the timespan");
            assert!(!hit(&mut c, 0, 2, 1, "/"));
            assert!(hit(&mut c, 1, 2, 11, "/"), "{kind}");
        }
    }

    #[test]
    fn counters_survive_a_restart() {
        let mut before = correlator("event_count", "{gte: 3}");
        assert!(!hit(&mut before, 0, 1, 1, "/") && !hit(&mut before, 0, 1, 2, "/"));
        let mut after = correlator("event_count", "{gte: 3}");
        after.restore(&before.snapshot()).unwrap();
        assert!(hit(&mut after, 0, 1, 3, "/"));
        let mut changed = correlator("event_count", "{gte: 4}");
        changed.restore(&before.snapshot()).unwrap();
        assert!(!hit(&mut changed, 0, 1, 3, "/"));
    }

    #[test]
    fn many_clients_never_take_more_than_two_generations() {
        let mut c = correlator("event_count", "{gte: 3}");
        for client in 0..100_000 {
            hit(&mut c, 0, client, 1, "/");
        }
        assert!(c.groups.iter().all(|groups| groups.young.len() + groups.old.len() <= 2 * GENERATION));
    }
}
