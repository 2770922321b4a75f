//! mod_remoteip: whose word about the client the server takes.

use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;

use crate::formats::Files;
use crate::formats::apache::evaluate::{Effective, include};
use crate::formats::apache::words;
use crate::model::{RealIp, Spot};

/// What one server or virtual host declares.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    header: Option<(String, Spot)>,
    /// None: no list of its own.
    proxies: Option<Vec<IpNet>>,
    proxy_protocol: bool,
}

impl Declared {
    /// From the directives directly within a server or virtual host.
    pub fn read(files: &dyn Files, root: &Path, directives: &[Effective], problems: &mut Vec<String>) -> Self {
        let mut declared = Self::default();
        for directive in directives {
            match directive.name.to_ascii_lowercase().as_str() {
                "remoteipheader" => {
                    let name = directive.args().first().map(|name| name.to_ascii_lowercase());
                    declared.header = name.map(|name| (name, directive.at.clone()));
                }
                "remoteipinternalproxy" | "remoteiptrustedproxy" => {
                    declared.trust(&directive.args(), directive, problems);
                }
                "remoteipinternalproxylist" | "remoteiptrustedproxylist" => {
                    let proxies = listed(files, root, directive, problems);
                    declared.trust(&proxies, directive, problems);
                }
                "remoteipproxyprotocol" => {
                    declared.proxy_protocol = directive.args().first().is_some_and(|on| on.eq_ignore_ascii_case("on"));
                }
                _ => {}
            }
        }
        declared
    }

    /// What holds: a list of its own replaces the main server's. Without any list httpd believes everyone.
    pub fn settle(&self, main: &Self) -> RealIp {
        let Some((header, _)) = self.header.as_ref().or(main.header.as_ref()) else {
            return RealIp { rewrites: self.proxy_protocol || main.proxy_protocol, ..RealIp::default() };
        };
        let everyone =
            || [IpAddr::from([0; 4]), IpAddr::from([0; 16])].into_iter().filter_map(|any| IpNet::new(any, 0).ok());
        let proxies = self.proxies.as_ref().or(main.proxies.as_ref());
        let trusted = proxies.map_or_else(|| everyone().collect(), Clone::clone);
        RealIp { header: Some(header.clone()), trusted, rewrites: true }
    }

    /// Told where anyone may name the client.
    pub fn doubt(&self, main: &Self) -> Option<String> {
        let (header, at) = self.header.as_ref().filter(|_| self.proxies.is_none() && main.proxies.is_none())?;
        Some(format!(
            "{at}: every client is believed in its {header} header; name your proxies with RemoteIPInternalProxy or \
             RemoteIPTrustedProxy"
        ))
    }

    fn trust(&mut self, proxies: &[String], directive: &Effective, problems: &mut Vec<String>) {
        let known = self.proxies.get_or_insert_default();
        for proxy in proxies {
            match network(proxy) {
                Some(network) => known.push(network),
                None => {
                    problems.push(format!("{}: proxy '{proxy}' is not an address; it is not followed", directive.at))
                }
            }
        }
    }
}

/// The words of a list's lines; `#` begins a comment.
fn listed(files: &dyn Files, root: &Path, directive: &Effective, problems: &mut Vec<String>) -> Vec<String> {
    let args = directive.args();
    let path = include::under(root, args.first().map_or("", String::as_str));
    match files.read(&path) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            text.lines().flat_map(|line| words::all(line.split('#').next().unwrap_or_default())).collect()
        }
        Err(cause) => {
            problems.push(format!("{}: cannot read {}: {cause}", directive.at, path.display()));
            Vec::new()
        }
    }
}

/// An address, or one with a prefix length or netmask; abbreviated IPv4 (`10.8`, `10.`) as `apr_ipsubnet_create` takes it.
fn network(text: &str) -> Option<IpNet> {
    if let Ok(network) = text.parse::<IpNet>() {
        return Some(network.trunc());
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(IpNet::from(address));
    }
    if let Some((address, mask)) = text.split_once('/') {
        return IpNet::with_netmask(address.parse().ok()?, mask.parse().ok()?).ok().map(|network| network.trunc());
    }
    let parts: Vec<u8> = text.trim_end_matches('.').split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let mut octets = [0; 4];
    octets.get_mut(..parts.len())?.copy_from_slice(&parts);
    let length = u8::try_from(parts.len() * 8).ok()?;
    IpNet::new(IpAddr::from(octets), length).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_way_to_write_a_network() {
        for (text, expected) in [
            ("10.0.0.0/8", Some("10.0.0.0/8")),
            ("10.1.2.3/255.255.0.0", Some("10.1.0.0/16")),
            ("192.0.2.1", Some("192.0.2.1/32")),
            ("2001:db8::/32", Some("2001:db8::/32")),
            ("10.8", Some("10.8.0.0/16")),
            ("10.", Some("10.0.0.0/8")),
            ("proxy.example.org", None),
            ("1.2.3.4.5", None),
            ("", None),
        ] {
            assert_eq!(network(text), expected.map(|network| network.parse().unwrap()), "{text}");
        }
    }
}
