//! ngx_http_realip_module: whose word about the client is taken.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::formats::nginx::scope::Scope;
use crate::model::RealIp;

/// The module puts the client into `$remote_addr` and so into the log: `rewrites` wherever anyone is trusted.
pub(super) fn real_ip(scope: &Scope<'_>, problems: &mut Vec<String>) -> RealIp {
    if scope.trusted.is_empty() {
        return RealIp::default();
    }
    let header = scope.real_ip_header.map_or("X-Real-IP", |setting| setting.first());
    let mut trusted = Vec::new();
    for setting in &scope.trusted {
        match network(setting.first()) {
            Some(net) => trusted.push(net),
            None if setting.first() == "unix:" => {}
            None => problems.push(format!(
                "{}: set_real_ip_from {}: only addresses and networks are understood, name the proxy's address",
                setting.at,
                setting.first()
            )),
        }
    }
    RealIp { header: Some(header.to_ascii_lowercase()), trusted, rewrites: true }
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
