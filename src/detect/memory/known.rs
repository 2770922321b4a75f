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
    fn put(&self, out: &mut Vec<u8>) {
        self.tags.put(out);
    }

    fn get(from: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        let tags: Vec<u32> = Vec::get(from)?;
        if tags.len() < WAYS || !tags.len().is_power_of_two() {
            return Err(SnapshotError::Damaged);
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
}
