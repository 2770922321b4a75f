//! Who is never stopped, whatever happens, and under which reason.

use std::net::IpAddr;

use ipnet::IpNet;

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

/// Loopback, unspecified, multicast and link-local addresses are nobody's client.
fn special(net: IpNet) -> bool {
    let address = net.network();
    let here = match address {
        IpAddr::V4(four) => four.is_link_local() || four.is_broadcast() || four.octets().first() == Some(&0),
        IpAddr::V6(six) => six.is_unicast_link_local() || six.to_ipv4_mapped().is_some(),
    };
    here || address.is_loopback() || address.is_unspecified() || address.is_multicast()
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
        for net in ["127.0.0.53/32", "::1/128", "fe80::1/128", "169.254.1.1/32", "0.0.0.0/0", "::ffff:127.0.0.1/128"] {
            let spared = spared(net.parse().unwrap(), Millis(0), Millis(0), &Ground::default(), &Policy::default());
            assert!(spared.is_some(), "{net}");
        }
    }
}
