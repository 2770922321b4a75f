//! What one group of a correlation remembers: bounded, whatever comes.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::detect::rules::correlation::{Correlation, Kind};
use crate::detect::rules::distinct::Distinct;

/// Hits that a window keeps one by one.
const EXACT: usize = 1024;

/// What one hit brings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub now: i64,
    /// The place of its rule among the correlation's parts.
    pub place: usize,
    /// Seeded hash of the counted value.
    pub hash: u64,
    /// The summed or ranked value.
    pub number: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Hits(Hits),
    Values(Distinct),
    Spread(Spread),
    /// By part: last hit; where order counts, the latest start of a chain up to it.
    Parts(Vec<Option<i64>>),
    Bucket(Bucket, Distinct),
}

/// Stamps, how many hits stand behind each, and the sum of their values. Beyond [`EXACT`] stamps the older ones are
/// merged in pairs: such hits leave the window a little early, never late.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Hits {
    entries: VecDeque<(i64, u32, f64)>,
    count: u64,
    sum: f64,
}

/// The latest values, by time and in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Spread {
    latest: VecDeque<(i64, f64)>,
    sorted: Vec<f64>,
}

/// A leaky bucket (CrowdSec's term): what is in it, and since when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Bucket {
    level: f64,
    at: i64,
    first: i64,
}

impl State {
    pub fn new(correlation: &Correlation) -> Self {
        match (correlation.kind, correlation.leak) {
            (_, Some(_)) => Self::Bucket(Bucket::default(), Distinct::default()),
            (Kind::ValueCount, None) => Self::Values(Distinct::default()),
            (Kind::ValuePercentile(_), None) => Self::Spread(Spread::default()),
            (Kind::Temporal | Kind::TemporalOrdered, None) => Self::Parts(vec![None; correlation.parts.len()]),
            (Kind::EventCount | Kind::ValueSum | Kind::ValueAvg, None) => Self::Hits(Hits::default()),
        }
    }

    /// What it takes in memory, in entries.
    pub fn weight(&self) -> usize {
        match self {
            Self::Hits(hits) => hits.entries.len(),
            Self::Values(values) => values.weight(),
            Self::Spread(spread) => 2 * spread.latest.len(),
            Self::Parts(seen) => seen.len(),
            Self::Bucket(_, values) => 1 + values.weight(),
        }
    }

    /// Takes one hit; the earliest stamp and the measure where the correlation is met now.
    pub fn take(&mut self, correlation: &Correlation, hit: Hit) -> Option<(i64, f64)> {
        let since = hit.now.saturating_sub(millis(correlation.timespan));
        let (first, measured) = match self {
            Self::Hits(hits) => hits.take(correlation.kind, hit, since),
            Self::Values(values) => {
                values.see(hit.hash, hit.now, since);
                (values.first().unwrap_or(hit.now), values.count())
            }
            Self::Spread(spread) => spread.take(correlation.kind, hit, since),
            Self::Parts(seen) if correlation.kind == Kind::TemporalOrdered => {
                return ordered(seen, correlation, hit, since);
            }
            Self::Parts(seen) => return together(seen, correlation, hit, since),
            Self::Bucket(bucket, values) => {
                let counts = correlation.kind != Kind::ValueCount || values.see(hit.hash, hit.now, since);
                bucket.take(millis(correlation.leak?), hit.now, counts)
            }
        };
        correlation.is_met(measured).then_some((first, measured))
    }

    /// False where the state is of another kind of correlation.
    pub fn fits(&self, correlation: &Correlation) -> bool {
        let new = Self::new(correlation);
        let parts = |state: &Self| if let Self::Parts(seen) = state { seen.len() } else { 0 };
        std::mem::discriminant(self) == std::mem::discriminant(&new) && parts(self) == parts(&new)
    }
}

fn millis(span: std::time::Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// Any order: how many parts were hit, or whether the condition holds of those that were.
fn together(seen: &mut [Option<i64>], correlation: &Correlation, hit: Hit, since: i64) -> Option<(i64, f64)> {
    *seen.get_mut(hit.place)? = Some(hit.now);
    let lately = |at: usize| seen.get(at).copied().flatten().filter(|time| *time >= since);
    let hits: Vec<i64> = (0..seen.len()).filter_map(lately).collect();
    let met = match &correlation.threshold.parts {
        Some(tree) => tree.holds(&|at| lately(at).is_some()),
        None => correlation.is_met(hits.len() as f64),
    };
    met.then_some((hits.iter().min().copied()?, hits.len() as f64))
}

/// The order of the parts: each place knows the latest start of a chain up to it.
fn ordered(starts: &mut [Option<i64>], correlation: &Correlation, hit: Hit, since: i64) -> Option<(i64, f64)> {
    let start = match hit.place.checked_sub(1) {
        None => hit.now,
        Some(before) => starts.get(before).copied().flatten().filter(|start| *start >= since)?,
    };
    *starts.get_mut(hit.place)? = Some(start);
    let chain = starts.iter().take_while(|start| start.is_some_and(|start| start >= since)).count();
    let met = match &correlation.threshold.parts {
        Some(tree) => hit.place + 1 == starts.len() && tree.holds(&|at| at < chain),
        None => hit.place + 1 == chain && correlation.is_met(chain as f64),
    };
    met.then_some((start, chain as f64))
}

impl Hits {
    fn take(&mut self, kind: Kind, hit: Hit, since: i64) -> (i64, f64) {
        while let Some((_, count, sum)) = self.entries.front().copied().filter(|(time, ..)| *time < since) {
            self.entries.pop_front();
            self.count -= u64::from(count);
            self.sum -= sum;
        }
        if self.entries.is_empty() {
            // What additions and subtractions of fractions leave behind.
            self.sum = 0.0;
        }
        self.entries.push_back((hit.now, 1, hit.number));
        self.count += 1;
        self.sum += hit.number;
        if self.entries.len() > EXACT {
            self.thin();
        }
        let measured = match kind {
            Kind::ValueSum => self.sum,
            Kind::ValueAvg => self.sum / self.count as f64,
            _ => self.count as f64,
        };
        (self.entries.front().map_or(hit.now, |(time, ..)| *time), measured)
    }

    /// Merges the older half in pairs, each under its earlier stamp.
    fn thin(&mut self) {
        let mut old: Vec<_> = self.entries.drain(..EXACT / 2).collect();
        let merged = old.chunks_mut(2).filter_map(|pair| match pair {
            [(time, count, sum), (_, more, plus)] => Some((*time, count.saturating_add(*more), *sum + *plus)),
            [one] => Some(*one),
            _ => None,
        });
        for entry in merged.collect::<Vec<_>>().into_iter().rev() {
            self.entries.push_front(entry);
        }
    }
}

impl Spread {
    fn take(&mut self, kind: Kind, hit: Hit, since: i64) -> (i64, f64) {
        while let Some((_, value)) =
            self.latest.front().copied().filter(|(time, _)| *time < since || self.latest.len() >= EXACT)
        {
            self.latest.pop_front();
            let at = self.place(value);
            self.sorted.remove(at.min(self.sorted.len().saturating_sub(1)));
        }
        self.latest.push_back((hit.now, hit.number));
        self.sorted.insert(self.place(hit.number), hit.number);
        let rank = if let Kind::ValuePercentile(rank) = kind { rank } else { 50.0 };
        (self.latest.front().map_or(hit.now, |(time, _)| *time), self.percentile(rank))
    }

    fn place(&self, value: f64) -> usize {
        self.sorted.partition_point(|known| *known < value)
    }

    /// Interpolated between neighbours (Hyndman and Fan's definition 7).
    fn percentile(&self, rank: f64) -> f64 {
        let at = rank / 100.0 * self.sorted.len().saturating_sub(1) as f64;
        let value = |at: f64| self.sorted.get(at as usize).copied().unwrap_or_default();
        value(at.floor()) + (value(at.ceil()) - value(at.floor())) * at.fract()
    }
}

impl Bucket {
    /// What is in it once a hit came, or not; a part of a hit that has not leaked counts whole.
    fn take(&mut self, leak: i64, now: i64, counts: bool) -> (i64, f64) {
        let leaked = now.saturating_sub(self.at).max(0) as f64 / leak as f64;
        self.level = (self.level - leaked).max(0.0);
        if self.level == 0.0 {
            self.first = now;
        }
        self.at = now;
        self.level += f64::from(u8::from(counts));
        (self.first, self.level.ceil())
    }
}
