//! Which paths somebody got an answer from: asking for one of them is no probing.

use crate::detect::memory::persist::{Persist, Reader, SnapshotError};
use crate::sys::prefetch::prefetch;

const WAYS: usize = 4;

/// A bounded set of hashes, four to a bucket; a full bucket gives one up.
pub struct KnownPaths {
    tags: Vec<u32>,
}

impl KnownPaths {
    /// `size` is rounded up to a power of two.
    pub fn new(size: usize) -> Self {
        Self { tags: vec![0; size.clamp(WAYS, 1 << 26).next_power_of_two()] }
    }

    pub fn bytes(&self) -> usize {
        self.tags.capacity() * size_of::<u32>()
    }

    /// Asks for the bucket of a hash.
    pub fn fetch(&self, hash: u64) {
        prefetch(&self.tags[self.bucket(hash).0]);
    }

    pub fn learn(&mut self, hash: u64) {
        let (bucket, tag) = self.bucket(hash);
        let ways = &mut self.tags[bucket..bucket + WAYS];
        if ways.contains(&tag) {
            return;
        }
        let free = ways.iter().position(|way| *way == 0).unwrap_or(tag as usize >> 8 & (WAYS - 1));
        ways[free] = tag;
    }

    pub fn knows(&self, hash: u64) -> bool {
        let (bucket, tag) = self.bucket(hash);
        self.tags[bucket..bucket + WAYS].contains(&tag)
    }

    fn bucket(&self, hash: u64) -> (usize, u32) {
        let buckets = self.tags.len() / WAYS;
        (((hash >> 32) as usize & (buckets - 1)) * WAYS, hash as u32 | 1)
    }
}

impl Persist for KnownPaths {
    /// The size, then of each eight tags which are there, and those: a table is written whole only where it is full.
    fn put(&self, out: &mut Vec<u8>) {
        (self.tags.len() as u64).put(out);
        for eight in self.tags.chunks(8) {
            let here = |mask, (at, tag): (usize, &u32)| mask | u8::from(*tag != 0) << at;
            eight.iter().enumerate().fold(0, here).put(out);
            eight.iter().filter(|tag| **tag != 0).for_each(|tag| tag.put(out));
        }
    }

    fn get(from: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        let size = usize::try_from(u64::get(from)?).map_err(|_| SnapshotError::Damaged)?;
        if size < WAYS || !size.is_power_of_two() || size.div_ceil(8) > from.rest().len() {
            return Err(SnapshotError::Damaged);
        }
        let mut tags = vec![0; size];
        for eight in tags.chunks_mut(8) {
            let mask = u8::get(from)?;
            for (at, tag) in eight.iter_mut().enumerate() {
                if mask >> at & 1 == 1 {
                    *tag = u32::get(from)?;
                }
            }
        }
        Ok(Self { tags })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::memory::seed::Seed;

    #[test]
    fn knows_what_it_learnt_and_stays_bounded() {
        let seed = Seed::new(3);
        let mut known = KnownPaths::new(1024);
        for n in 0..200u64 {
            known.learn(seed.words([n, 0]));
        }
        assert!((0..200u64).filter(|n| known.knows(seed.words([*n, 0]))).count() >= 198);
        assert_eq!((1000..2000u64).filter(|n| known.knows(seed.words([*n, 0]))).count(), 0);
        let before = known.bytes();
        for n in 0..100_000u64 {
            known.learn(seed.words([n, 9]));
        }
        assert_eq!(known.bytes(), before);
    }

    #[test]
    fn is_written_as_large_as_what_it_knows() {
        for size in [4, 1 << 18] {
            let mut known = KnownPaths::new(size);
            (0..3u64).for_each(|n| known.learn(n << 40 | n << 8));
            let mut bytes = Vec::new();
            known.put(&mut bytes);
            assert!(bytes.len() <= 8 + size.div_ceil(8) + 3 * 4, "{}", bytes.len());
            let mut from = Reader::new(&bytes);
            assert_eq!(KnownPaths::get(&mut from).unwrap().tags, known.tags);
            assert!(from.rest().is_empty());
            assert!(KnownPaths::get(&mut Reader::new(&bytes[..bytes.len() - 1])).is_err());
        }
    }
}
