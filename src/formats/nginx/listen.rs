//! `listen`: address, port and TLS of a server block (ngx_http_core_module).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::formats::nginx::evaluate::Setting;
use crate::model::{Listener, Spot};

/// More would be a typo, not a server.
const MOST_PORTS: u16 = 1_000;

/// The listeners of a server block; without any `listen` nginx takes `*:80`.
pub(super) fn listeners(server: &Setting, problems: &mut Vec<String>) -> Vec<Listener> {
    let tls_for_all = server.inside().iter().any(|setting| setting.name == "ssl" && setting.first() == "on");
    let mut listeners = Vec::new();
    let mut declared = false;
    for setting in server.inside().iter().filter(|setting| setting.name == "listen") {
        declared = true;
        let tls = tls_for_all || setting.args.iter().skip(1).any(|word| word == "ssl" || word == "quic");
        match Endpoint::parse(setting.first()) {
            Ok(Endpoint::Unix) => problems.push(format!(
                "{}: listens on {}: its clients come through a local proxy and the log holds no address of theirs",
                setting.at,
                setting.first()
            )),
            Ok(Endpoint::Tcp { address, ports: (low, high) }) => {
                let at = &setting.at;
                let ports = (low..=high).take(usize::from(MOST_PORTS));
                listeners.extend(ports.map(|port| Listener { address, port, tls, at: at.clone() }));
            }
            Err(cause) => problems.push(format!("{}: listen {}: {cause}", setting.at, setting.first())),
        }
    }
    if !declared {
        listeners.push(any_address(80, tls_for_all, &server.at));
    }
    listeners
}

fn any_address(port: u16, tls: bool, at: &Spot) -> Listener {
    Listener { address: None, port, tls, at: at.clone() }
}

#[derive(Debug, PartialEq, Eq)]
enum Endpoint {
    Unix,
    Tcp { address: Option<IpAddr>, ports: (u16, u16) },
}

impl Endpoint {
    fn parse(text: &str) -> Result<Self, &'static str> {
        if text.starts_with("unix:") {
            return Ok(Self::Unix);
        }
        if let Some(ports) = port_range(text) {
            return Ok(Self::Tcp { address: None, ports });
        }
        let (host, port) = split(text).ok_or("is no address and no port")?;
        let ports = port.map_or(Some((80, 80)), port_range).ok_or("has no port from 1 to 65535")?;
        Ok(Self::Tcp { address: address(host)?, ports })
    }
}

fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        return Some((host, port.strip_prefix(':')));
    }
    match text.split_once(':') {
        Some((host, port)) => Some((host, Some(port))),
        None => (!text.is_empty()).then_some((text, None)),
    }
}

fn port_range(text: &str) -> Option<(u16, u16)> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let (low, high): (u16, u16) = (low.parse().ok()?, high.parse().ok()?);
    (low > 0 && low <= high).then_some((low, high))
}

fn address(host: &str) -> Result<Option<IpAddr>, &'static str> {
    match host {
        "*" | "0.0.0.0" => Ok(None),
        "::" => Ok(Some(Ipv6Addr::UNSPECIFIED.into())),
        "localhost" => Ok(Some(Ipv4Addr::LOCALHOST.into())),
        host => host.parse().map(Some).map_err(|_| "is a host name, which is not looked up: declare its address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_reads_as_nginx_documents_it() {
        let tcp = |address: &str, low, high| Ok(Endpoint::Tcp { address: address.parse().ok(), ports: (low, high) });
        assert_eq!(Endpoint::parse("8000"), tcp("", 8000, 8000));
        assert_eq!(Endpoint::parse("*:8000-8010"), tcp("", 8000, 8010));
        assert_eq!(Endpoint::parse("127.0.0.1"), tcp("127.0.0.1", 80, 80));
        assert_eq!(Endpoint::parse("127.0.0.1:81"), tcp("127.0.0.1", 81, 81));
        assert_eq!(Endpoint::parse("[::]:443"), tcp("::", 443, 443));
        assert_eq!(Endpoint::parse("[2001:db8::1]"), tcp("2001:db8::1", 80, 80));
        assert_eq!(Endpoint::parse("unix:/run/x.sock"), Ok(Endpoint::Unix));
        for broken in ["", "www.example.org:80", "127.0.0.1:99999", "[::1", "0", "*:5-4"] {
            assert!(Endpoint::parse(broken).is_err(), "{broken}");
        }
    }
}
