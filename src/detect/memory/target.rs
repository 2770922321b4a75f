//! What is remembered of one login path of one site: how it answers, and how many strangers fail at it.

use crate::detect::memory::persist::persist;
use crate::detect::memory::shapes::Shapes;
use crate::detect::memory::table::Record;

#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub hash: u64,
    pub evidence: u64,
    pub last: u32,
    /// Answers to POST: 2xx, redirects, denials (401, 403, 422, 429).
    pub plain: u32,
    pub redirects: u32,
    pub denials: u32,
    /// Low bits of the hash of the first client that was redirected.
    pub redirected: u32,
    /// Number of the time bin that the counters below belong to.
    pub bin: u32,
    /// Distinct clients in this bin that failed and did little else: one bit each.
    pub strangers: [u64; 4],
    pub passed: u32,
    /// Mean of strangers a bin, so far.
    pub usual: f32,
    /// 1 where this bin was told already.
    pub told: u8,
    /// 1 where its name says that it takes logins.
    pub named: u8,
    /// How it answers POST, and what clients do next.
    pub shapes: Shapes,
}

persist!(Target { hash, evidence, last, plain, redirects, denials, redirected, bin, strangers, passed, usual, told, named, shapes });

impl Target {
    pub fn new(hash: u64, now: u32) -> Self {
        Self {
            hash,
            evidence: 0,
            last: now,
            plain: 0,
            redirects: 0,
            denials: 0,
            redirected: 0,
            bin: 0,
            strangers: [0; 4],
            passed: 0,
            usual: 0.0,
            told: 0,
            named: 0,
            shapes: Shapes::default(),
        }
    }

    /// Closes bins that have passed; one that raised an alert teaches nothing.
    pub fn advance(&mut self, now: u32, seconds: u32) {
        self.last = now.max(self.last);
        let bin = now / seconds.max(1);
        if bin <= self.bin {
            return;
        }
        if self.told == 0 {
            self.usual += (self.distinct() - self.usual) * 0.2;
        }
        let empty = (bin - self.bin - 1).min(100);
        self.usual *= 0.8_f32.powi(empty as i32);
        (self.bin, self.strangers, self.passed, self.told) = (bin, [0; 4], 0, 0);
    }

    pub fn stranger(&mut self, client: u64) {
        let bit = client >> 56;
        self.strangers[(bit >> 6) as usize & 3] |= 1 << (bit & 63);
    }

    /// How many distinct clients the bits stand for (linear counting).
    pub fn distinct(&self) -> f32 {
        let set: u32 = self.strangers.iter().map(|word| word.count_ones()).sum();
        let unset = (256 - set).max(1) as f32;
        256.0 * (256.0 / unset).ln()
    }
}

impl Record for Target {
    fn key(&self) -> [u64; 2] {
        [self.hash, 0]
    }

    fn worth(&self) -> u64 {
        // Any path may be posted to: those that are no login by name make room first.
        let rank = u64::from(self.named > 0) << 16 | u64::from(self.redirects.saturating_add(self.plain).min(1000));
        rank << 32 | u64::from(self.last)
    }
}
