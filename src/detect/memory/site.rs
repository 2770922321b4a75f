//! What is remembered of one site: how many pages its clients ask for.

use crate::detect::memory::persist::persist;
use crate::detect::memory::table::Record;

#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    pub hash: u64,
    pub last: u32,
    pub seen: u32,
    /// Mean and variance of pages that one client asks for in a time bin.
    pub mean: f32,
    pub variance: f32,
    /// Sizes of the last few 2xx answers, each with the path it answered.
    pub sizes: [u64; 8],
    pub paths: [u64; 8],
    pub next: u8,
}

persist!(Site { hash, last, seen, mean, variance, sizes, paths, next });

impl Site {
    pub fn new(hash: u64, now: u32) -> Self {
        Self { hash, last: now, seen: 0, mean: 0.0, variance: 0.0, sizes: [0; 8], paths: [0; 8], next: 0 }
    }

    /// Learns from a finished bin; what lies far out is cut, so that an attack does not become usual.
    pub fn learn(&mut self, pages: u16) {
        self.seen = self.seen.saturating_add(1);
        let rate = (1.0 / self.seen as f32).max(0.01);
        let seen = f32::from(pages).min(self.mean + 3.0 * self.spread() + 10.0);
        let off = seen - self.mean;
        self.mean += off * rate;
        self.variance += (off * off - self.variance) * rate;
    }

    /// Standard deviation, never under 5 pages: a quiet site has no spread to speak of.
    pub fn spread(&self) -> f32 {
        self.variance.max(0.0).sqrt().max(5.0)
    }

    /// Notes the size of a 2xx answer; true where another path was lately answered with the same: a page for everything.
    pub fn same_for_all(&mut self, size: u64, path: u64) -> bool {
        let mut known = false;
        for (kept, of) in self.sizes.iter().zip(&self.paths) {
            if *kept == size && *of == path {
                known = true;
            } else if *kept == size && *of != 0 {
                return true;
            }
        }
        if !known {
            let at = usize::from(self.next) % self.sizes.len();
            (self.sizes[at], self.paths[at]) = (size, path);
            self.next = self.next.wrapping_add(1);
        }
        false
    }
}

impl Record for Site {
    fn key(&self) -> [u64; 2] {
        [self.hash, 0]
    }

    fn worth(&self) -> u64 {
        u64::from(self.seen.min(1000)) << 32 | u64::from(self.last)
    }
}
