//! Seeded hashing: keys are written by attackers, so nobody outside may foresee where they land.

use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;

use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;

use crate::detect::memory::client::key;

/// The hash of one engine; it travels with a snapshot, for records hold hashes.
#[derive(Clone)]
pub struct Seed {
    number: u64,
    state: SeedableRandomState,
}

impl Seed {
    pub fn new(number: u64) -> Self {
        Self { number, state: SeedableRandomState::with_seed(number, SharedSeed::global_fixed()) }
    }

    pub fn number(&self) -> u64 {
        self.number
    }

    /// Of an address.
    pub fn address(&self, ip: IpAddr) -> u64 {
        self.words(key(ip))
    }

    pub fn words(&self, words: [u64; 2]) -> u64 {
        let mut hasher = self.state.build_hasher();
        hasher.write_u64(words[0]);
        hasher.write_u64(words[1]);
        hasher.finish()
    }

    pub fn bytes(&self, bytes: &[u8]) -> u64 {
        let mut hasher = self.state.build_hasher();
        hasher.write(bytes);
        hasher.finish()
    }

    /// Of two byte strings; the length of the first keeps `ab`+`c` apart from `a`+`bc`.
    pub fn pair(&self, first: &[u8], second: &[u8]) -> u64 {
        let mut hasher = self.state.build_hasher();
        hasher.write_usize(first.len());
        hasher.write(first);
        hasher.write(second);
        hasher.finish()
    }
}
