//! The counters of one correlation by group, in two generations.

use std::collections::HashMap;

use foldhash::quality::FixedState;

use crate::detect::rules::window::State;

/// Groups of all correlations of a set together, of each generation, and the entries they keep.
const GROUPS: usize = 65_536;
const ENTRIES: usize = 1 << 20;

/// What one correlation of a set may keep in a generation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    groups: usize,
    entries: usize,
}

impl Share {
    /// Of so many correlations.
    pub fn of(correlations: usize) -> Self {
        let each = |all: usize, least: usize, most: usize| (all / correlations.max(1)).clamp(least, most);
        Self { groups: each(GROUPS, 16, 8192), entries: each(ENTRIES, 4096, 131_072) }
    }
}

/// When the young are full, the old, untouched since, are forgotten.
#[derive(Debug)]
pub(super) struct Groups {
    young: HashMap<Vec<u8>, State, FixedState>,
    old: HashMap<Vec<u8>, State, FixedState>,
    /// Entries of the young.
    weight: usize,
    share: Share,
}

impl Groups {
    pub fn new(hasher: &FixedState, share: Share) -> Self {
        let empty = || HashMap::with_hasher(hasher.clone());
        Self { young: empty(), old: empty(), weight: 0, share }
    }

    /// Lets a group's state be changed.
    pub fn with<T>(&mut self, key: &[u8], new: impl FnOnce() -> State, change: impl FnOnce(&mut State) -> T) -> T {
        if !self.young.contains_key(key) {
            let state = self.old.remove(key).unwrap_or_else(new);
            if self.young.len() >= self.share.groups || self.weight >= self.share.entries {
                let empty = HashMap::with_hasher(self.old.hasher().clone());
                self.old = std::mem::replace(&mut self.young, empty);
                self.weight = 0;
            }
            self.weight += state.weight();
            return self.change(key, || state, change);
        }
        self.change(key, new, change)
    }

    fn change<T>(&mut self, key: &[u8], new: impl FnOnce() -> State, change: impl FnOnce(&mut State) -> T) -> T {
        let state = self.young.entry(key.to_vec()).or_insert_with(new);
        let before = state.weight();
        let result = change(state);
        self.weight = (self.weight + state.weight()).saturating_sub(before);
        result
    }

    /// Oldest generation first, keys in order.
    pub fn list(&self) -> Vec<(Vec<u8>, State)> {
        let sorted = |map: &HashMap<Vec<u8>, State, FixedState>| {
            let mut list: Vec<_> = map.iter().map(|(key, state)| (key.clone(), state.clone())).collect();
            list.sort_by(|a, b| a.0.cmp(&b.0));
            list
        };
        [sorted(&self.old), sorted(&self.young)].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::rules::window::{Hits, State};

    #[test]
    fn many_groups_never_take_more_than_two_generations() {
        let mut groups = Groups::new(&FixedState::with_seed(1), Share::of(1));
        for client in 0..100_000u32 {
            groups.with(&client.to_be_bytes(), || State::Hits(Hits::default()), |_| {});
        }
        assert!(groups.young.len() + groups.old.len() <= 2 * 8192);
    }

    #[test]
    fn what_is_touched_again_is_kept() {
        let mut groups = Groups::new(&FixedState::with_seed(1), Share::of(1));
        let parts = |count| move || State::Parts(vec![None; count]);
        groups.with(b"mine", parts(3), |_| {});
        for client in 0..20_000u32 {
            groups.with(&client.to_be_bytes(), parts(1), |_| {});
            if client % 5000 == 0 {
                groups.with(b"mine", parts(1), |_| {});
            }
        }
        assert_eq!(groups.with(b"mine", parts(1), |state| state.weight()), 3);
    }
}
