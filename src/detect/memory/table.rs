//! A table of records with a hard cap: when it is full, the least worth keeping of a sample makes room.

use crate::detect::memory::persist::{Persist, Reader, SnapshotError};
use crate::detect::memory::seed::Seed;
use crate::sys::prefetch::prefetch;

/// What a [`Table`] holds; it carries its own key.
pub trait Record {
    fn key(&self) -> [u64; 2];
    /// How much would be lost with it: the smaller goes first.
    fn worth(&self) -> u64;
}

/// Where a record stands; good until the next insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(usize);

/// Dense records plus an open-addressed index of four bytes an entry (eight bits of hash, 24 of slot), so that a
/// record costs its own size and eight bytes at the cap.
pub struct Table<R> {
    records: Vec<R>,
    index: Vec<u32>,
    max: usize,
    hand: usize,
    evicted: u64,
}

const EMPTY: u32 = 0;
const SLOT_BITS: u32 = 24;
const SLOT_MASK: u32 = (1 << SLOT_BITS) - 1;
/// Records looked at to find one to give up.
const SAMPLE: usize = 16;

/// A record's place, and what had to go for it.
pub struct Placed<R> {
    pub slot: Slot,
    pub fresh: bool,
    pub evicted: Option<R>,
}

impl<R: Record> Table<R> {
    pub fn new(max: usize) -> Self {
        let max = max.clamp(1, SLOT_MASK as usize - 1);
        Self { records: Vec::new(), index: vec![EMPTY; 16], max, hand: 0, evicted: 0 }
    }

    pub fn len(&self) -> usize {
        self.records.len()
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Heap bytes held.
    pub fn bytes(&self) -> usize {
        self.records.capacity() * size_of::<R>() + self.index.capacity() * size_of::<u32>()
    }

    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.records.iter()
    }

    /// Whoever changes a key breaks the index.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut R> {
        self.records.iter_mut()
    }

    pub fn at(&self, slot: Slot) -> &R {
        &self.records[slot.0]
    }

    pub fn at_mut(&mut self, slot: Slot) -> &mut R {
        &mut self.records[slot.0]
    }

    /// Asks for the part of the index that a key with this hash belongs to.
    pub fn announce(&self, hash: u64) {
        prefetch(&self.index[hash as usize & (self.index.len() - 1)]);
    }

    /// Asks for the record that probably is that of a key with this hash.
    pub fn fetch(&self, hash: u64) {
        let mask = self.index.len() - 1;
        let mut place = hash as usize & mask;
        while self.index[place] != EMPTY {
            if self.index[place] >> SLOT_BITS == tag(hash) {
                return prefetch(&self.records[slot_of(self.index[place])]);
            }
            place = (place + 1) & mask;
        }
    }

    pub fn find(&self, seed: &Seed, key: [u64; 2]) -> Option<Slot> {
        self.find_hashed(seed.words(key), key)
    }

    fn find_hashed(&self, hash: u64, key: [u64; 2]) -> Option<Slot> {
        let mask = self.index.len() - 1;
        let mut place = hash as usize & mask;
        loop {
            let entry = self.index[place];
            if entry == EMPTY {
                return None;
            }
            let slot = slot_of(entry);
            if entry >> SLOT_BITS == tag(hash) && self.records[slot].key() == key {
                return Some(Slot(slot));
            }
            place = (place + 1) & mask;
        }
    }

    /// The record of `key`, made by `new` where there is none yet.
    pub fn place(&mut self, seed: &Seed, key: [u64; 2], new: impl FnOnce() -> R) -> Placed<R> {
        self.place_hashed(seed, seed.words(key), key, new)
    }

    /// The same, where the hash of the key is known already.
    pub fn place_hashed(&mut self, seed: &Seed, hash: u64, key: [u64; 2], new: impl FnOnce() -> R) -> Placed<R> {
        if let Some(slot) = self.find_hashed(hash, key) {
            return Placed { slot, fresh: false, evicted: None };
        }
        if self.records.len() >= self.max {
            let victim = self.victim();
            self.unlink(seed, victim);
            let old = std::mem::replace(&mut self.records[victim], new());
            self.evicted += 1;
            self.link(seed, victim);
            return Placed { slot: Slot(victim), fresh: true, evicted: Some(old) };
        }
        self.grow(seed);
        self.records.push(new());
        let slot = self.records.len() - 1;
        self.link(seed, slot);
        Placed { slot: Slot(slot), fresh: true, evicted: None }
    }

    /// The least worth keeping of the next sample, taken far apart: neighbours often came together and are alike.
    fn victim(&mut self) -> usize {
        let len = self.records.len();
        let stride = len * 618 / 1000 + 1;
        let mut victim = self.hand;
        for _ in 0..SAMPLE.min(len) {
            self.hand = (self.hand + stride) % len;
            if self.records[self.hand].worth() < self.records[victim].worth() {
                victim = self.hand;
            }
        }
        self.hand = (self.hand + 1) % len;
        victim
    }

    /// Room for one more: records by a quarter at a time, the index doubled at half full.
    fn grow(&mut self, seed: &Seed) {
        if self.records.len() == self.records.capacity() {
            let step = (self.records.len() / 4).max(16).min(self.max - self.records.len());
            self.records.reserve_exact(step);
        }
        if (self.records.len() + 1) * 2 > self.index.len() {
            self.index = vec![EMPTY; self.index.len() * 2];
            for slot in 0..self.records.len() {
                self.link(seed, slot);
            }
        }
    }

    fn link(&mut self, seed: &Seed, slot: usize) {
        let hash = seed.words(self.records[slot].key());
        let mask = self.index.len() - 1;
        let mut place = hash as usize & mask;
        while self.index[place] != EMPTY {
            place = (place + 1) & mask;
        }
        self.index[place] = tag(hash) << SLOT_BITS | (slot as u32 + 1);
    }

    /// Takes a record out of the index and moves later ones up, so that no chain is broken.
    fn unlink(&mut self, seed: &Seed, slot: usize) {
        let mask = self.index.len() - 1;
        let mut hole = seed.words(self.records[slot].key()) as usize & mask;
        while self.index[hole] & SLOT_MASK != slot as u32 + 1 {
            hole = (hole + 1) & mask;
        }
        let mut next = (hole + 1) & mask;
        while self.index[next] != EMPTY {
            let home = seed.words(self.records[slot_of(self.index[next])].key()) as usize & mask;
            if (next.wrapping_sub(home) & mask) >= (next.wrapping_sub(hole) & mask) {
                self.index[hole] = self.index[next];
                hole = next;
            }
            next = (next + 1) & mask;
        }
        self.index[hole] = EMPTY;
    }
}

fn tag(hash: u64) -> u32 {
    (hash >> 56) as u32
}

fn slot_of(entry: u32) -> usize {
    (entry & SLOT_MASK) as usize - 1
}

impl<R: Record + Persist> Table<R> {
    pub fn put(&self, out: &mut Vec<u8>) {
        (self.hand as u64).put(out);
        self.evicted.put(out);
        self.records.put(out);
    }

    /// # Errors
    /// [`SnapshotError::Damaged`], also where a key stands twice.
    pub fn get(from: &mut Reader<'_>, seed: &Seed, max: usize) -> Result<Self, SnapshotError> {
        let mut table = Self::new(max);
        let hand = u64::get(from)?;
        let evicted = u64::get(from)?;
        for record in Vec::<R>::get(from)? {
            if !table.place(seed, record.key(), || record).fresh {
                return Err(SnapshotError::Damaged);
            }
        }
        table.hand = usize::try_from(hand).unwrap_or(0) % table.len().max(1);
        table.evicted = evicted;
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone)]
    struct Plain {
        key: u64,
        worth: u64,
    }

    impl Record for Plain {
        fn key(&self) -> [u64; 2] {
            [self.key, 0]
        }
        fn worth(&self) -> u64 {
            self.worth
        }
    }

    proptest! {
        #[test]
        fn finds_exactly_what_it_kept(keys in prop::collection::vec(0u64..400, 1..900), max in 1usize..120) {
            let seed = Seed::new(7);
            let mut table = Table::new(max);
            let mut kept = HashSet::new();
            for key in keys {
                let placed = table.place(&seed, [key, 0], || Plain { key, worth: key });
                if let Some(gone) = placed.evicted {
                    prop_assert!(kept.remove(&gone.key));
                }
                prop_assert_eq!(placed.fresh, kept.insert(key));
                prop_assert_eq!(table.at(placed.slot).key, key);
                prop_assert!(table.len() <= max);
            }
            for key in 0..400 {
                prop_assert_eq!(table.find(&seed, [key, 0]).is_some(), kept.contains(&key));
            }
        }
    }

    #[test]
    fn a_spray_of_new_keys_does_not_push_out_the_worthy() {
        let seed = Seed::new(1);
        let mut table = Table::new(1000);
        for key in 0..1000u64 {
            table.place(&seed, [key, 0], || Plain { key, worth: if key % 4 == 0 { 100 } else { 1 } });
        }
        for key in 1000..20_000u64 {
            table.place(&seed, [key, 0], || Plain { key, worth: 2 });
        }
        let lost = (0..1000u64).step_by(4).filter(|key| table.find(&seed, [*key, 0]).is_none()).count();
        assert_eq!(lost, 0);
        assert_eq!(table.evicted(), 19_000);
    }
}
