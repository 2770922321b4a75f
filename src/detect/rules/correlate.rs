//! Counts hits over time for correlations. Time is the event's; memory is bounded; the state survives restarts.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use foldhash::quality::FixedState;
use serde::{Deserialize, Serialize};

use crate::detect::rules::column::Column;
use crate::detect::rules::correlation::{Correlation, CorrelationIx, Kind, Part, Source};
use crate::detect::rules::field::Field;
use crate::detect::rules::groups::{Groups, Share};
use crate::detect::rules::scanner::Hit;
use crate::detect::rules::set::RuleSet;
use crate::detect::rules::window::{self, State};
use crate::model::event::Event;
use crate::model::time::Millis;

/// A correlation that came true with the event just seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CorrelationHit {
    pub correlation: CorrelationIx,
    /// The earliest hit that counted.
    pub first: Millis,
    pub last: Millis,
    /// Hits, distinct values or rules that came together, or the sum, average or percentile of values.
    pub measured: f64,
}

/// Counts for all correlations of a set; one a run, fed in the order of events.
#[derive(Debug)]
pub struct Correlator {
    set: Arc<RuleSet>,
    seed: u64,
    hasher: FixedState,
    /// The correlations that a rule or correlation counts for, with its place in them.
    uses: HashMap<Source, Vec<(u16, u16)>>,
    /// By correlation.
    groups: Vec<Groups>,
    key: Vec<u8>,
    /// What the event at hand counts for, and what came true with it.
    work: Vec<(u16, u16)>,
    fired: Vec<CorrelationIx>,
}

/// Bytes of one field in a group's key.
const MAX_PART: usize = 128;

impl Correlator {
    /// `seed` is random in service, fixed in tests.
    pub fn new(set: Arc<RuleSet>, seed: u64) -> Self {
        let hasher = FixedState::with_seed(seed);
        let mut uses: HashMap<Source, Vec<(u16, u16)>> = HashMap::new();
        for (correlation, at) in set.correlations().iter().zip(0..=u16::MAX) {
            for (part, place) in correlation.parts.iter().zip(0..=u16::MAX) {
                uses.entry(part.source).or_default().push((at, place));
            }
        }
        let share = Share::of(set.correlations().len());
        let groups = set.correlations().iter().map(|_| Groups::new(&hasher, share)).collect();
        Self { set, seed, hasher, uses, groups, key: Vec::new(), work: Vec::new(), fired: Vec::new() }
    }

    /// Counts the event's hits; adds what came true. A window that came true starts anew.
    pub fn see(&mut self, event: &Event<'_>, hits: &[Hit], out: &mut Vec<CorrelationHit>) {
        self.work.clear();
        self.fired.clear();
        self.work.extend(hits.iter().filter_map(|hit| self.uses.get(&Source::Rule(hit.rule))).flatten());
        // One line may be the first and the second of an order.
        self.work.sort_unstable();
        let mut done = 0;
        while let Some((at, place)) = self.work.get(done).copied() {
            done += 1;
            let Some(hit) = self.count(usize::from(at), usize::from(place), event) else { continue };
            out.push(CorrelationHit { correlation: CorrelationIx(at), ..hit });
            // Once an event, or correlations of correlations would multiply.
            if !self.fired.contains(&CorrelationIx(at)) {
                self.fired.push(CorrelationIx(at));
                self.work.extend(self.uses.get(&Source::Correlation(CorrelationIx(at))).into_iter().flatten());
            }
        }
    }

    fn count(&mut self, at: usize, place: usize, event: &Event<'_>) -> Option<CorrelationHit> {
        let correlation = self.set.correlations().get(at)?;
        let part = correlation.parts.get(place)?;
        let groups = self.groups.get_mut(at)?;
        if !write_key(&part.group_by, event, &mut self.key) {
            return None;
        }
        let (hash, number) = measured(correlation.kind, part, event, &self.hasher)?;
        let hit = window::Hit { now: event.now.0, place, hash, number };
        let met = groups.with(
            &self.key,
            || State::new(correlation),
            |state| {
                let met = state.take(correlation, hit);
                if met.is_some() {
                    *state = State::new(correlation);
                }
                met
            },
        );
        let (first, measured) = met?;
        Some(CorrelationHit { correlation: CorrelationIx(0), first: Millis(first), last: event.now, measured })
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
        let share = Share::of(self.set.correlations().len());
        for (at, correlation) in self.set.correlations().iter().enumerate() {
            let print = self.print(correlation);
            let mut groups = Groups::new(&self.hasher, share);
            for (key, state) in snapshot.groups.remove(&print).unwrap_or_default() {
                if state.fits(correlation) {
                    groups.with(&key, || State::new(correlation), |slot| *slot = state);
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
        let Correlation { id, kind, parts, timespan, leak, threshold, .. } = correlation;
        let sources: Vec<_> =
            parts.iter().map(|part| (self.set.id_of(part.source), &part.group_by, &part.values)).collect();
        format!("{id} {kind:?} {sources:?} {timespan:?} {leak:?} {threshold:?}")
    }
}

#[derive(Serialize, Deserialize)]
struct Snapshot {
    seed: u64,
    groups: HashMap<String, Vec<(Vec<u8>, State)>>,
}

/// False where the event lacks the client that hits are grouped by.
fn write_key(columns: &[Column], event: &Event<'_>, key: &mut Vec<u8>) -> bool {
    key.clear();
    for column in columns {
        let start = key.len();
        match column.text(event) {
            Some(text) => key.extend_from_slice(text.get(..MAX_PART).unwrap_or(text)),
            None if !column.print(event, key) && *column == Column::Field(Field::Client) => return false,
            None => {}
        }
        let len = u8::try_from(key.len() - start).unwrap_or(u8::MAX);
        key.push(len);
    }
    true
}

/// What a hit brings to the measure: a seeded hash, or a number; None where the event lacks it.
fn measured(kind: Kind, part: &Part, event: &Event<'_>, hasher: &FixedState) -> Option<(u64, f64)> {
    match kind {
        Kind::EventCount | Kind::Temporal | Kind::TemporalOrdered => Some((0, 0.0)),
        Kind::ValueCount => Some((value_hash(&part.values, event, hasher)?, 0.0)),
        Kind::ValueSum | Kind::ValueAvg | Kind::ValuePercentile(_) => {
            Some((0, part.values.first().and_then(|column| column.number(event))?))
        }
    }
}

fn value_hash(columns: &[Column], event: &Event<'_>, hasher: &FixedState) -> Option<u64> {
    let mut hash = hasher.build_hasher();
    for column in columns {
        let mut printed = Vec::new();
        let text = match column.text(event) {
            Some(text) => text,
            None => {
                column.print(event, &mut printed);
                &printed
            }
        };
        if text.is_empty() {
            return None;
        }
        hash.write(text);
        hash.write_usize(text.len());
    }
    Some(hash.finish())
}
