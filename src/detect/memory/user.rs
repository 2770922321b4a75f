//! What is remembered of one user name of one service: who failed to log in with it.

use crate::detect::memory::client::leak;
use crate::detect::memory::persist::persist;
use crate::detect::memory::table::Record;
use crate::detect::settings::Bucket;

#[derive(Clone, Debug, PartialEq)]
pub struct User {
    pub hash: u64,
    pub evidence: u64,
    /// Clients that failed with this name since the bucket was last empty: one bit each.
    pub clients: u64,
    pub last: u32,
    pub failures: f32,
}

persist!(User { hash, evidence, clients, last, failures });

impl User {
    pub fn new(hash: u64, now: u32) -> Self {
        Self { hash, evidence: 0, clients: 0, last: now, failures: 0.0 }
    }

    pub fn advance(&mut self, now: u32, bucket: Bucket) {
        leak(&mut self.failures, bucket, now.saturating_sub(self.last) as f32);
        self.last = now.max(self.last);
        if self.failures == 0.0 {
            self.clients = 0;
        }
    }
}

impl Record for User {
    fn key(&self) -> [u64; 2] {
        [self.hash, 0]
    }

    fn worth(&self) -> u64 {
        (self.failures.min(1e6) as u64) << 32 | u64::from(self.last)
    }
}
