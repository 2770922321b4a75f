//! What is remembered of a rule that people meet where they use the site as it is meant to be used.

use crate::detect::memory::persist::persist;
use crate::detect::memory::table::Record;

/// One rule, at one path asked for with the same names of parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Habit {
    pub hash: u64,
    pub last: u32,
    /// Networks (/24, /64) of good clients that met it: one bit each.
    nets: u64,
}

persist!(Habit { hash, last, nets });

impl Habit {
    pub fn new(hash: u64, now: u32) -> Self {
        Self { hash, last: now, nets: 0 }
    }

    /// `net`: a seeded hash of the network.
    pub fn met(&mut self, net: u64, now: u32) {
        self.nets |= 1 << (net >> 58);
        self.last = now.max(self.last);
    }

    /// How many networks, at least.
    pub fn nets(&self) -> u32 {
        self.nets.count_ones()
    }
}

impl Record for Habit {
    fn key(&self) -> [u64; 2] {
        [self.hash, 0]
    }

    fn worth(&self) -> u64 {
        u64::from(self.nets()) << 32 | u64::from(self.last)
    }
}
