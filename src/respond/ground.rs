//! Who is never stopped, whatever happens, and under which reason.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::model::Millis;
use crate::respond::policy::Policy;

/// Nets known from the machine and from files, beside those of the policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ground {
    /// The host's own addresses, its gateways and resolvers.
    pub own: Vec<IpNet>,
    /// Proxies that the sites trust: many clients stand behind each.
    pub proxies: Vec<IpNet>,
    /// The policy's `cdn_ranges`, read.
    pub cdn: Vec<IpNet>,
}

/// Why a net is left alone, in words.
pub(super) fn spared(net: IpNet, from: Millis, now: Millis, ground: &Ground, policy: &Policy) -> Option<String> {
    let meets = |list: &[IpNet]| list.iter().any(|other| overlap(*other, net));
    if special(net) || meets(&ground.own) {
        return Some("it is this host itself, its gateway or its resolver".into());
    }
    for scanner in policy.scanners.iter().filter(|scanner| meets(&scanner.nets)) {
        if scanner.from.is_none_or(|start| start <= from) && scanner.until.is_none_or(|end| from <= end) {
            return Some(format!("own scanner {}", scanner.name));
        }
    }
    for allowed in policy.allowed.iter().filter(|allowed| meets(&allowed.nets)) {
        if allowed.until.is_none_or(|end| now < end) {
            return Some(format!("allowed: {}", allowed.reason));
        }
    }
    if meets(&ground.proxies) {
        return Some("it is a trusted proxy with other clients behind it".into());
    }
    meets(&ground.cdn).then(|| "it belongs to a content delivery network with other clients behind it".into())
}

/// All nets that the packet filter must let through, whatever else stands there; expired ones are left out.
pub fn always_allowed(now: Millis, ground: &Ground, policy: &Policy) -> Vec<IpNet> {
    let allowed = policy.allowed.iter().filter(|allowed| allowed.until.is_none_or(|end| now < end));
    let scanners = policy
        .scanners
        .iter()
        .filter(|scanner| scanner.from.is_none_or(|start| start <= now) && scanner.until.is_none_or(|end| now <= end));
    let mut nets: Vec<IpNet> = allowed.flat_map(|allowed| &allowed.nets).copied().collect();
    nets.extend(scanners.flat_map(|scanner| &scanner.nets));
    nets.extend(ground.own.iter().chain(&ground.proxies).chain(&ground.cdn));
    nets
}

/// One net or address a line; `#` begins a comment. Also the numbers of lines that are neither.
pub fn parse_nets(text: &str) -> (Vec<IpNet>, Vec<usize>) {
    let mut nets = Vec::new();
    let mut wrong = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        match line.parse::<IpNet>().or_else(|_| line.parse::<IpAddr>().map(IpNet::from)) {
            Ok(net) => nets.push(net.trunc()),
            Err(_) if line.is_empty() => {}
            Err(_) => wrong.push(number + 1),
        }
    }
    (nets, wrong)
}

pub(super) fn overlap(one: IpNet, other: IpNet) -> bool {
    one.contains(&other) || other.contains(&one)
}

/// An IPv4 client of a socket that speaks both versions is that client (`::ffff:192.0.2.1`).
pub(super) fn plain(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

/// Nobody's client: this network, loopback, link-local, multicast, broadcast, IPv4 in IPv6's clothes.
const SPECIAL: [IpNet; 9] = [
    v4([0, 0, 0, 0], 8),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([224, 0, 0, 0], 4),
    v4([255, 255, 255, 255], 32),
    v6(0, 0, 127),
    v6(0, 0xffff << 32, 96),
    v6(0xfe80 << 48, 0, 10),
    v6(0xff00 << 48, 0, 8),
];

const fn v4(octets: [u8; 4], width: u8) -> IpNet {
    let [a, b, c, d] = octets;
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), width))
}

const fn v6(high: u64, low: u64, width: u8) -> IpNet {
    let bits = (high as u128) << 64 | low as u128;
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::from_bits(bits), width))
}

fn special(net: IpNet) -> bool {
    SPECIAL.iter().any(|known| overlap(*known, net))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_nets_tells_its_wrong_lines() {
        let (nets, wrong) = parse_nets("# edge\n192.0.2.7/24\n\n2001:db8::1 # one\nnonsense\n");
        assert_eq!(nets.iter().map(ToString::to_string).collect::<Vec<_>>(), ["192.0.2.0/24", "2001:db8::1/128"]);
        assert_eq!(wrong, [5]);
    }

    #[test]
    fn the_machine_is_spared_without_being_told() {
        for net in [
            "127.0.0.53/32",
            "::1/128",
            "fe80::1/128",
            "169.254.1.1/32",
            "0.0.0.0/0",
            "::ffff:127.0.0.1/128",
            "126.0.0.0/7",
            "fe00::/8",
        ] {
            let spared = spared(net.parse().unwrap(), Millis(0), Millis(0), &Ground::default(), &Policy::default());
            assert!(spared.is_some(), "{net}");
        }
        let free =
            spared("203.0.113.7/32".parse().unwrap(), Millis(0), Millis(0), &Ground::default(), &Policy::default());
        assert_eq!(free, None);
    }
}
