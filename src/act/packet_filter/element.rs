//! What stands in a set, and in which.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use ipnet::{IpNet, Ipv6Net};
use serde::{Deserialize, Serialize};

/// What happens to the packets of an element's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    Drop,
    Limit,
}

/// Addresses that are dropped or limited, for `ttl` or (none) until removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Element {
    pub effect: Effect,
    pub net: IpNet,
    pub ttl: Option<Duration>,
}

impl Element {
    pub fn drop(net: impl Into<IpNet>, ttl: Option<Duration>) -> Self {
        Self { effect: Effect::Drop, net: net.into().trunc(), ttl }
    }

    /// IPv6 addresses are limited by their /64: its owner has all of them.
    pub fn limit(net: impl Into<IpNet>, ttl: Option<Duration>) -> Self {
        Self { effect: Effect::Limit, net: widened(net.into().trunc()), ttl }
    }

    /// True where it stands in a set that is rewritten whole, from what its writer remembers.
    pub fn is_rewritten(&self) -> bool {
        self.place().holds_intervals()
    }

    pub(super) fn place(&self) -> Set {
        match (self.effect, self.net, self.net.prefix_len()) {
            (Effect::Drop, IpNet::V4(_), 32) => Set::Drop4,
            (Effect::Drop, IpNet::V4(_), _) => Set::DropPrefix4,
            (Effect::Drop, IpNet::V6(_), 128) => Set::Drop6,
            (Effect::Drop, IpNet::V6(_), 64) => Set::Drop6Net64,
            (Effect::Drop, IpNet::V6(_), _) => Set::DropPrefix6,
            (Effect::Limit, IpNet::V4(_), 32) => Set::Limit4,
            (Effect::Limit, IpNet::V4(_), _) => Set::LimitPrefix4,
            (Effect::Limit, IpNet::V6(_), 64) => Set::Limit6Net64,
            (Effect::Limit, IpNet::V6(_), _) => Set::LimitPrefix6,
        }
    }
}

fn widened(net: IpNet) -> IpNet {
    match net {
        IpNet::V6(six) if six.prefix_len() > 64 => {
            Ipv6Net::new(six.addr(), 64).map_or(net, |wide| IpNet::V6(wide.trunc()))
        }
        _ => net,
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let single = self.net.prefix_len() == self.net.max_prefix_len();
        if single { write!(f, "{}", self.net.addr()) } else { write!(f, "{}", self.net) }
    }
}

/// The sets of the table. Single addresses and /64 stand in hash sets (8 µs each at any size), everything else in
/// interval sets, which are kept small and are rewritten whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Set {
    Drop4,
    Drop6,
    Drop6Net64,
    DropPrefix4,
    DropPrefix6,
    Limit4,
    Limit6Net64,
    LimitPrefix4,
    LimitPrefix6,
    Allow4,
    Allow6,
    /// Banned clients that came again, the rules' own notes: none of [`Set::ALL`], and lost without harm.
    Tried4,
    Tried6,
}

impl Set {
    pub(super) const ALL: [Self; 11] = [
        Self::Drop4,
        Self::Drop6,
        Self::Drop6Net64,
        Self::DropPrefix4,
        Self::DropPrefix6,
        Self::Limit4,
        Self::Limit6Net64,
        Self::LimitPrefix4,
        Self::LimitPrefix6,
        Self::Allow4,
        Self::Allow6,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Drop4 => "drop4",
            Self::Drop6 => "drop6",
            Self::Drop6Net64 => "drop6net64",
            Self::DropPrefix4 => "dropprefix4",
            Self::DropPrefix6 => "dropprefix6",
            Self::Limit4 => "limit4",
            Self::Limit6Net64 => "limit6net64",
            Self::LimitPrefix4 => "limitprefix4",
            Self::LimitPrefix6 => "limitprefix6",
            Self::Allow4 => "allow4",
            Self::Allow6 => "allow6",
            Self::Tried4 => "tried4",
            Self::Tried6 => "tried6",
        }
    }

    pub(super) const fn is_v4(self) -> bool {
        matches!(
            self,
            Self::Drop4 | Self::DropPrefix4 | Self::Limit4 | Self::LimitPrefix4 | Self::Allow4 | Self::Tried4
        )
    }

    /// Bits of an address in it.
    pub(super) const fn bits(self) -> u8 {
        if self.is_v4() { 32 } else { 128 }
    }

    pub(super) const fn holds_intervals(self) -> bool {
        matches!(
            self,
            Self::DropPrefix4
                | Self::DropPrefix6
                | Self::LimitPrefix4
                | Self::LimitPrefix6
                | Self::Allow4
                | Self::Allow6
        )
    }

    pub(super) const fn limits(self) -> bool {
        matches!(self, Self::Limit4 | Self::LimitPrefix4 | Self::Limit6Net64 | Self::LimitPrefix6)
    }

    /// The named counter of what this set stopped; none for what it lets through.
    pub(super) const fn counter(self) -> Option<&'static str> {
        match self {
            Self::Allow4 | Self::Allow6 | Self::Tried4 | Self::Tried6 => None,
            Self::Limit4 | Self::LimitPrefix4 => Some("limit4"),
            Self::Limit6Net64 | Self::LimitPrefix6 => Some("limit6"),
            _ => Some(self.name()),
        }
    }

    /// An address that no packet comes from, in every set for good: where it is missing, somebody emptied the set, and
    /// we know without listing it. IPv6: the discard prefix of RFC 6666.
    pub(super) fn sentinel(self) -> IpAddr {
        if self.is_v4() {
            IpAddr::from([255, 255, 255, 255])
        } else {
            IpAddr::V6(Ipv6Addr::new(0x0100, 0, 0, 0, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_net_stands_in_the_set_of_its_width() {
        let place = |net: &str| Element::drop(net.parse::<IpNet>().unwrap(), None).place();
        assert_eq!(place("192.0.2.7/32"), Set::Drop4);
        assert_eq!(place("192.0.2.7/24"), Set::DropPrefix4);
        assert_eq!(place("2001:db8::7/128"), Set::Drop6);
        assert_eq!(place("2001:db8::7/64"), Set::Drop6Net64);
        assert_eq!(place("2001:db8::7/56"), Set::DropPrefix6);
    }

    #[test]
    fn an_ipv6_address_is_limited_by_its_64() {
        let element = Element::limit("2001:db8::7/128".parse::<IpNet>().unwrap(), None);
        assert_eq!(element.net.to_string(), "2001:db8::/64");
        assert_eq!(element.place(), Set::Limit6Net64);
    }
}
