//! How many different values lately: exact while they are few, then by sampling.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

/// Values that are counted exactly.
pub(super) const EXACT: usize = 1024;

/// Hashes of the values of a sliding window. Beyond [`EXACT`] only those that end in `depth` zero bits are kept, and
/// each stands for 2^depth: adaptive sampling (Flajolet, Computing 43, 1990), off by about 4 %. A value costs the
/// logarithm of what is kept, never the window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Distinct {
    depth: u32,
    /// When each was last seen.
    seen: BTreeMap<u64, i64>,
    /// In the order of time; what was seen again since stands here more than once.
    order: VecDeque<(i64, u64)>,
}

impl Distinct {
    /// Takes a value; true where it is new to the window.
    pub fn see(&mut self, hash: u64, now: i64, since: i64) -> bool {
        self.expire(since);
        if hash.trailing_zeros() < self.depth {
            return false;
        }
        let before = self.seen.insert(hash, now);
        if before != Some(now) {
            self.order.push_back((now, hash));
        }
        while self.seen.len() > EXACT {
            self.depth += 1;
            let depth = self.depth;
            self.seen.retain(|hash, _| hash.trailing_zeros() >= depth);
        }
        if self.order.len() > 2 * EXACT {
            let seen = &self.seen;
            self.order.retain(|(time, hash)| seen.get(hash) == Some(time));
        }
        before.is_none()
    }

    pub fn count(&self) -> f64 {
        self.seen.len() as f64 * f64::from(self.depth).exp2()
    }

    /// The earliest sight that still counts.
    pub fn first(&self) -> Option<i64> {
        self.order.front().map(|(time, _)| *time)
    }

    /// What it takes in memory, in entries.
    pub fn weight(&self) -> usize {
        self.seen.len() + self.order.len()
    }

    fn expire(&mut self, since: i64) {
        while let Some((time, hash)) = self.order.front().copied() {
            let current = self.seen.get(&hash) == Some(&time);
            if current && time >= since {
                break;
            }
            self.order.pop_front();
            if current {
                self.seen.remove(&hash);
            }
        }
        // A smaller sample would count too few for one window, and too few raises nothing.
        if self.seen.len() < EXACT / 8 {
            self.depth = self.depth.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hash like any (SplitMix64).
    fn hash(number: u64) -> u64 {
        let mixed = (number.wrapping_add(0x9E37_79B9_7F4A_7C15)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    #[test]
    fn few_values_are_counted_exactly_and_leave_with_the_window() {
        let mut values = Distinct::default();
        for number in 0..1000 {
            assert!(values.see(hash(number), number as i64, 0));
            assert!(!values.see(hash(number / 2), number as i64, 0) || number == 0);
        }
        assert_eq!(values.count(), 1000.0);
        values.see(hash(999), 1000, 999);
        assert!(values.count() <= 3.0, "{}", values.count());
        assert!(values.first().unwrap() >= 999);
    }

    #[test]
    fn many_values_are_counted_nearly_in_little_memory() {
        let mut values = Distinct::default();
        for number in 0..100_000 {
            values.see(hash(number), 1, 0);
            values.see(hash(number / 3), 1, 0);
            assert!(values.weight() <= 3 * EXACT + 2);
        }
        assert!((values.count() / 1e5 - 1.0).abs() < 0.12, "{}", values.count());
    }
}
