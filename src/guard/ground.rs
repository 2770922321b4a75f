//! Who must never be stopped, gathered from the machine: its own addresses, trusted proxies, declared networks.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::formats::Files;
use crate::guard::config::Config;
use crate::host::Host;
use crate::model::Server;
use crate::respond::Ground;
use crate::respond::ground::parse_nets;

/// The ground, and what could not be looked at.
pub fn of(host: &Host, servers: &[Server], config: &Config) -> (Ground, Vec<String>) {
    let mut problems = Vec::new();
    let mut own: BTreeSet<IpAddr> = host.resolvers();
    for addresses in [host.own_addresses(), host.gateways()] {
        match addresses {
            Ok(addresses) => own.extend(addresses),
            Err(cause) => problems.push(cause.to_string()),
        }
    }
    let logs =
        servers.iter().flat_map(|server| server.logs.iter().chain(server.sites.iter().flat_map(|site| &site.logs)));
    let mut proxies: Vec<IpNet> = logs.flat_map(|log| log.real_ip.trusted.iter().copied()).collect();
    proxies.sort_unstable();
    proxies.dedup();
    let cdn = cdn(host, config, &mut problems);
    (Ground { own: own.into_iter().map(IpNet::from).collect(), proxies, cdn }, problems)
}

fn cdn(host: &Host, config: &Config, problems: &mut Vec<String>) -> Vec<IpNet> {
    let Some(file) = &config.policy.cdn_ranges else { return Vec::new() };
    match host.read(file) {
        Ok(bytes) => {
            let (nets, wrong) = parse_nets(&String::from_utf8_lossy(&bytes));
            problems.extend(wrong.iter().map(|line| format!("{}:{line}: no net", file.display())));
            nets
        }
        Err(cause) => {
            problems.push(format!("cannot read {}: {cause}", file.display()));
            Vec::new()
        }
    }
}
