//! `listen`: where a server block answers, and whether it is the default there.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::effective::nginx::Line;
use crate::effective::nginx::names::Names;
use crate::model::Spot;

/// More would be a typo, not a server.
const MOST_PORTS: u16 = 1_000;

/// One address and port of a server block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    pub address: IpAddr,
    pub port: u16,
    pub tls: bool,
    /// Declared as the default of its address.
    pub default: bool,
    pub at: Spot,
}

/// The addresses of a server block; without any `listen` nginx takes `*:80`. Sockets of the file system and host
/// names are left out: no request of the network is told by them.
pub(super) fn listens(server: &Line, tls_for_all: bool) -> Vec<Listen> {
    let declared: Vec<&Line> = server.inside().iter().filter(|line| line.name == "listen").collect();
    if declared.is_empty() {
        return vec![Listen { address: any_v4(), port: 80, tls: tls_for_all, default: false, at: server.at.clone() }];
    }
    declared.into_iter().flat_map(|line| of_line(line, tls_for_all)).collect()
}

fn of_line(line: &Line, tls_for_all: bool) -> Vec<Listen> {
    let options = line.args.get(1..).unwrap_or_default();
    let has = |word: &str| options.iter().any(|option| option == word);
    let Some((address, low, high)) = endpoint(line.first()) else { return Vec::new() };
    let one = |port| Listen {
        address,
        port,
        tls: tls_for_all || has("ssl") || has("quic"),
        default: has("default_server") || has("default"),
        at: line.at.clone(),
    };
    (low..=high).take(usize::from(MOST_PORTS)).map(one).collect()
}

fn endpoint(text: &str) -> Option<(IpAddr, u16, u16)> {
    if let Some((low, high)) = ports(text) {
        return Some((any_v4(), low, high));
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(host, port)| (host, port.strip_prefix(':')))?,
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let (low, high) = port.map_or(Some((80, 80)), ports)?;
    let address = match host {
        "*" => any_v4(),
        "localhost" => Ipv4Addr::LOCALHOST.into(),
        host => host.parse().ok()?,
    };
    Some((address, low, high))
}

fn ports(text: &str) -> Option<(u16, u16)> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let (low, high): (u16, u16) = (low.parse().ok()?, high.parse().ok()?);
    (low > 0 && low <= high).then_some((low, high))
}

fn any_v4() -> IpAddr {
    Ipv4Addr::UNSPECIFIED.into()
}

/// The server blocks of one address and port.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// In the order they are read.
    pub(super) sites: Vec<usize>,
    explicit: Option<usize>,
    pub(super) tls: bool,
    /// Read when first asked.
    pub(super) names: OnceCell<Names>,
}

impl Group {
    pub(super) fn default_site(&self) -> Option<usize> {
        self.explicit.or_else(|| self.sites.first().copied())
    }
}

/// Server blocks by address and port.
#[derive(Debug, Default)]
pub(super) struct Groups(HashMap<(IpAddr, u16), Group>);

impl Groups {
    pub(super) fn add(&mut self, site: usize, listen: &Listen) {
        let group = self.0.entry((listen.address, listen.port)).or_default();
        if group.sites.last() != Some(&site) {
            group.sites.push(site);
        }
        group.tls |= listen.tls;
        if listen.default && group.explicit.is_none() {
            group.explicit = Some(site);
        }
    }

    /// The group that answers a connection to this address: one of that very address before the wildcard; a dual-stack
    /// wildcard (`[::]` with `ipv6only=off`) where there is no other.
    pub(super) fn of(&self, address: IpAddr, port: u16) -> Option<&Group> {
        let wildcard = if address.is_ipv4() { any_v4() } else { Ipv6Addr::UNSPECIFIED.into() };
        let candidates = [address, wildcard, Ipv6Addr::UNSPECIFIED.into()];
        candidates.into_iter().find_map(|address| self.0.get(&(address, port)))
    }
}
