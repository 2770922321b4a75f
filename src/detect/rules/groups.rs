//! The counters of all correlations by group, within one bound on memory.

use std::collections::HashMap;

use foldhash::quality::FixedState;

use crate::detect::rules::window::State;

/// Groups of one generation of one correlation, where few correlations share the memory.
const GROUPS: usize = 8192;
/// What all may take together, in entries of a window: about 50 MB.
const BUDGET: usize = 1 << 21;
/// Entries that a group takes beside those of its window and the bytes of its key.
const OVERHEAD: usize = 8;
const ENTRY: usize = 24;

/// The groups of every correlation of a set.
#[derive(Debug)]
pub(super) struct Groups {
    each: Vec<Generations>,
    hasher: FixedState,
    weight: usize,
}

type Map = HashMap<Vec<u8>, State, FixedState>;

/// When the young are full, the old, untouched since, are forgotten.
#[derive(Debug)]
struct Generations {
    young: Map,
    old: Map,
}

impl Groups {
    /// Of so many correlations; keys are hashed with a seed, for attackers choose them.
    pub fn new(correlations: usize, hasher: &FixedState) -> Self {
        let each = (0..correlations).map(|_| Generations::new(hasher)).collect();
        Self { each, hasher: hasher.clone(), weight: 0 }
    }

    /// Lets the state of a group of a correlation be changed; None where there is no such correlation.
    pub fn with<T>(
        &mut self,
        correlation: usize,
        key: &[u8],
        new: impl FnOnce() -> State,
        change: impl FnOnce(&mut State) -> T,
    ) -> Option<T> {
        let most = (BUDGET / OVERHEAD / 4 / self.each.len().max(1)).clamp(16, GROUPS);
        let groups = self.each.get_mut(correlation)?;
        let (before, forgotten, state) = groups.young_state(key, most, &self.hasher, new);
        let result = change(state);
        self.weight = (self.weight + weight(key, state)).saturating_sub(before + forgotten);
        // A generation at a time, until it fits: what was touched lately stays longest.
        for _ in 0..2 {
            if self.weight > BUDGET {
                self.forget();
            }
        }
        Some(result)
    }

    fn forget(&mut self) {
        self.each.iter_mut().for_each(|groups| drop(groups.turn(&self.hasher)));
        self.weight = self.each.iter().map(Generations::weight).sum();
    }

    /// The groups of a correlation: oldest generation first, keys in order.
    pub fn list(&self, correlation: usize) -> Vec<(Vec<u8>, State)> {
        let sorted = |map: &Map| {
            let mut list: Vec<_> = map.iter().map(|(key, state)| (key.clone(), state.clone())).collect();
            list.sort_by(|a, b| a.0.cmp(&b.0));
            list
        };
        self.each.get(correlation).map_or(Vec::new(), |groups| [sorted(&groups.old), sorted(&groups.young)].concat())
    }
}

fn weight(key: &[u8], state: &State) -> usize {
    OVERHEAD + key.len() / ENTRY + state.weight()
}

impl Generations {
    fn new(hasher: &FixedState) -> Self {
        Self { young: HashMap::with_hasher(hasher.clone()), old: HashMap::with_hasher(hasher.clone()) }
    }

    /// The state of a group, among the young; what it weighed, and what was forgotten for it.
    fn young_state(
        &mut self,
        key: &[u8],
        most: usize,
        hasher: &FixedState,
        new: impl FnOnce() -> State,
    ) -> (usize, usize, &mut State) {
        let (mut before, mut forgotten) = (0, 0);
        if !self.young.contains_key(key) {
            let known = self.old.remove(key);
            before = known.as_ref().map_or(0, |state| weight(key, state));
            if self.young.len() >= most {
                forgotten = self.turn(hasher).iter().map(|(key, state)| weight(key, state)).sum();
            }
            self.young.insert(key.to_vec(), known.unwrap_or_else(new));
        } else if let Some(state) = self.young.get(key) {
            before = weight(key, state);
        }
        let state = self.young.entry(key.to_vec()).or_insert_with(|| State::Parts(Vec::new()));
        (before, forgotten, state)
    }

    /// The young become old; the old.
    fn turn(&mut self, hasher: &FixedState) -> Map {
        let young = std::mem::replace(&mut self.young, HashMap::with_hasher(hasher.clone()));
        std::mem::replace(&mut self.old, young)
    }

    fn weight(&self) -> usize {
        self.young.iter().chain(&self.old).map(|(key, state)| weight(key, state)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(count: usize) -> impl FnOnce() -> State {
        move || State::Parts(vec![None; count])
    }

    fn groups(correlations: usize) -> Groups {
        Groups::new(correlations, &FixedState::with_seed(1))
    }

    #[test]
    fn many_groups_never_take_more_than_two_generations() {
        let mut groups = groups(1);
        for client in 0..100_000u32 {
            groups.with(0, &client.to_be_bytes(), parts(1), |_| {});
        }
        assert!(groups.list(0).len() <= 2 * GROUPS);
        assert_eq!(groups.weight, groups.each[0].weight());
    }

    #[test]
    fn what_is_touched_again_is_kept() {
        let mut groups = groups(1);
        groups.with(0, b"mine", parts(3), |_| {});
        for client in 0..20_000u32 {
            groups.with(0, &client.to_be_bytes(), parts(1), |_| {});
            if client % 5000 == 0 {
                groups.with(0, b"mine", parts(1), |_| {});
            }
        }
        assert_eq!(groups.with(0, b"mine", parts(1), |state| state.weight()), Some(3));
    }

    #[test]
    fn all_correlations_together_keep_within_the_budget() {
        let mut groups = groups(2000);
        for client in 0..20_000u32 {
            let at = client as usize % 2000;
            groups.with(at, &client.to_be_bytes(), parts(0), |state| *state = State::Parts(vec![None; 1000]));
            assert!(groups.weight <= BUDGET);
        }
        assert_eq!(groups.weight, groups.each.iter().map(Generations::weight).sum::<usize>());
        assert!(groups.weight > BUDGET / 8, "much is kept all the same");
    }
}
