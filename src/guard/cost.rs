//! What rules cost: the time each takes, alone, for the lines that all of them carry as samples.

use std::sync::Arc;
use std::time::Duration;

use crate::detect::rules::{Hit, Rule, RuleIx, RuleSet, Scanner};
use crate::detect::samples;
use crate::host::clock;
use crate::model::Event;

/// Rules measured in one pass over the samples: each has tables of its own.
const AT_ONCE: usize = 64;

/// Time a sample of all rules together, and of each alone, beside what a scan without rules takes.
pub fn of_rules(set: &Arc<RuleSet>) -> (Duration, Vec<(&Rule, Duration)>) {
    let carried = set.rules().iter().flat_map(|rule| rule.samples.must_match.iter().chain(&rule.samples.quiet));
    let lines: Vec<String> = carried.map(|sample| samples::line_of(sample)).collect();
    let all = best(&[Arc::clone(set)], &lines);
    let alone: Vec<Arc<RuleSet>> =
        set.rules().iter().zip((0..).map(RuleIx)).map(|(_, at)| Arc::new(set.only(at))).collect();
    let each = alone.chunks(AT_ONCE).flat_map(|some| best(some, &lines));
    (all.first().copied().unwrap_or_default(), set.rules().iter().zip(each).collect())
}

/// Time a line, of each set: the better of two passes, for in the first regexes are compiled.
fn best(sets: &[Arc<RuleSet>], lines: &[String]) -> Vec<Duration> {
    let first = times(sets, lines);
    first.into_iter().zip(times(sets, lines)).map(|(a, b)| a.min(b)).collect()
}

fn times(sets: &[Arc<RuleSet>], lines: &[String]) -> Vec<Duration> {
    let without = Arc::new(RuleSet::default());
    let mut scanners: Vec<(Scanner, Duration)> = std::iter::once(without)
        .chain(sets.iter().cloned())
        .map(|set| (Scanner::new(set, 0), Duration::ZERO))
        .collect();
    let mut hits = Vec::new();
    for line in lines {
        samples::read(line, |event| {
            scanners.iter_mut().for_each(|(scanner, time)| *time += scan(scanner, event, &mut hits));
        });
    }
    let count = u32::try_from(lines.len().max(1)).unwrap_or(u32::MAX);
    let mut times = scanners.into_iter().map(|(_, time)| time / count);
    let nothing = times.next().unwrap_or_default();
    times.map(|time| time.saturating_sub(nothing)).collect()
}

fn scan(scanner: &mut Scanner, event: &Event<'_>, hits: &mut Vec<Hit>) -> Duration {
    hits.clear();
    let start = clock::monotonic();
    scanner.scan(event, hits);
    clock::monotonic().saturating_duration_since(start)
}
