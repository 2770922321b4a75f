//! Whole days of a busy site, many people and many attackers in one log, through the way that `replay` goes: which kinds
//! of attackers are found, after how many of their lines, and whether anybody else is touched. Kinds marked as held out
//! and the last seed were never looked at while thresholds were chosen. `--nocapture` prints the table.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod bad;
mod day;
mod good;
mod grammar;
mod judge;
mod products;

use day::day;
use judge::{Found, judge};

/// The last one is held out.
const SEEDS: [u64; 3] = [11, 12, 13];

#[test]
fn attackers_of_whole_days_are_found_and_nobody_else_is_touched() {
    let mut all: Vec<Found> = Vec::new();
    for seed in SEEDS {
        let kinds: Vec<_> = good::kinds().into_iter().chain(bad::kinds()).collect();
        let day = day(seed, &kinds);
        for (n, found) in judge(&day, &kinds).into_iter().enumerate() {
            match all.get_mut(n) {
                Some(before) => before.add(&found),
                None => all.push(found),
            }
        }
    }
    all.iter().for_each(|found| println!("{found}"));
    let wrong: Vec<String> = all.iter().filter(|found| found.is_wrong()).map(ToString::to_string).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_day_without_attackers_ends_without_a_decision_against_anybody() {
    let kinds = good::kinds();
    let found = judge(&day(21, &kinds), &kinds);
    let touched: Vec<String> = found.iter().filter(|found| found.stopped > 0).map(ToString::to_string).collect();
    assert!(touched.is_empty(), "{}", touched.join("\n"));
}
