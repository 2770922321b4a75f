//! What is remembered of an IPv4 /24 or IPv6 /64: whom it holds, and the logins that failed from it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::detect::memory::client::leak;
use crate::detect::memory::persist::persist;
use crate::detect::memory::table::Record;
use crate::detect::settings::Bucket;

/// One prefix's counters.
#[derive(Clone, Debug, PartialEq)]
pub struct Prefix {
    /// The upper 64 bits of an IPv6 address, or the upper 24 of an IPv4 one: no global IPv6 address starts so low.
    pub net: u64,
    pub evidence: u64,
    /// Clients that failed to log in since the bucket was last empty: one bit each.
    pub failing: u32,
    pub last: u32,
    pub failures: f32,
    pub clients: u16,
    pub hostile: u16,
    pub good: u16,
    /// Addresses of it that came for the first time and at once with something hostile.
    pub strangers: u16,
    /// What they did, in points.
    pub suspicion: f32,
}

const _: () = assert!(size_of::<Prefix>() <= 40, "the cap of a million clients is counted in this size");

persist!(Prefix { net, evidence, failing, last, failures, clients, hostile, good, strangers, suspicion });

impl Prefix {
    pub fn new(net: u64, now: u32) -> Self {
        Self {
            net,
            evidence: 0,
            failing: 0,
            last: now,
            failures: 0.0,
            clients: 0,
            hostile: 0,
            good: 0,
            strangers: 0,
            suspicion: 0.0,
        }
    }

    pub fn advance(&mut self, now: u32, bucket: Bucket) {
        leak(&mut self.failures, bucket, now.saturating_sub(self.last) as f32);
        self.last = now.max(self.last);
        if self.failures == 0.0 {
            self.failing = 0;
        }
    }

    /// Whom it holds stays.
    pub fn pardon(&mut self) {
        let Self { net, last, clients, hostile, good, .. } = *self;
        *self = Self { clients, hostile, good, ..Self::new(net, last) };
    }

    pub fn net(&self) -> IpNet {
        match u32::try_from(self.net) {
            Ok(v4) => Ipv4Net::new_assert(Ipv4Addr::from_bits(v4 << 8), 24).into(),
            Err(_) => Ipv6Net::new_assert(Ipv6Addr::from_bits(u128::from(self.net) << 64), 64).into(),
        }
    }
}

impl Record for Prefix {
    fn key(&self) -> [u64; 2] {
        [self.net, 0]
    }

    fn worth(&self) -> u64 {
        let rank = u64::from(self.hostile > 0) * 2 + u64::from(self.failures > 1.0 || self.good > 0);
        rank << 32 | u64::from(self.last)
    }
}

/// The key of the prefix that holds an address.
pub fn net_of(ip: IpAddr) -> u64 {
    match ip.to_canonical() {
        IpAddr::V4(v4) => u64::from(v4.to_bits() >> 8),
        IpAddr::V6(v6) => (v6.to_bits() >> 64) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_net_of_an_address() {
        for (ip, net) in [("203.0.113.9", "203.0.113.0/24"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64")] {
            assert_eq!(Prefix::new(net_of(ip.parse().unwrap()), 0).net().to_string(), net);
        }
        assert_eq!(net_of("::ffff:203.0.113.9".parse().unwrap()), net_of("203.0.113.1".parse().unwrap()));
    }
}
