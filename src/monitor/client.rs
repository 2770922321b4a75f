//! Who the client is, once trusted proxies are taken off. Nobody outside the trusted list is believed.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::model::{Client, RealIp, Via};

/// What a log line says of where a request came from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin<'a> {
    /// The log's client field.
    pub client: Option<IpAddr>,
    /// The TCP peer, where it is logged besides.
    pub peer: Option<IpAddr>,
    /// The forwarding header as logged; empty without one.
    pub forwarded: &'a [u8],
}

/// None where a trusted proxy stands in front and does not say for whom.
pub fn client(origin: Origin<'_>, real_ip: &RealIp) -> Option<Client> {
    let client = plain(origin.client?);
    let peer = origin.peer.map(plain);
    if real_ip.rewrites {
        return rewritten(client, peer, real_ip);
    }
    let peer = peer.unwrap_or(client);
    if !trusted(peer, real_ip) {
        return Some(Client { ip: peer, via: Via::Direct });
    }
    let ip = behind(origin.forwarded, real_ip)?;
    Some(Client { ip, via: Via::Proxy(peer) })
}

/// The server itself put the client into the field.
fn rewritten(client: IpAddr, peer: Option<IpAddr>, real_ip: &RealIp) -> Option<Client> {
    match peer {
        // The proxy's own requests, or one that named nobody: not to be banned.
        _ if trusted(client, real_ip) => None,
        Some(peer) if peer == client => Some(Client { ip: client, via: Via::Direct }),
        Some(peer) if trusted(peer, real_ip) => Some(Client { ip: client, via: Via::Proxy(peer) }),
        // The server believed somebody we do not: it is the peer who did it.
        Some(peer) if !real_ip.trusted.is_empty() => Some(Client { ip: peer, via: Via::Direct }),
        Some(_) | None if real_ip.trusted.is_empty() && peer.is_none() => Some(Client { ip: client, via: Via::Direct }),
        _ => Some(Client { ip: client, via: Via::PerhapsProxy }),
    }
}

/// The last address in the header that is no trusted proxy: everything left of it may be forged.
fn behind(forwarded: &[u8], real_ip: &RealIp) -> Option<IpAddr> {
    for hop in forwarded.rsplit(|byte| *byte == b',') {
        let hop = plain(address(hop)?);
        if !trusted(hop, real_ip) {
            return Some(hop);
        }
    }
    None
}

fn trusted(ip: IpAddr, real_ip: &RealIp) -> bool {
    real_ip.trusted.iter().any(|net: &IpNet| net.contains(&ip))
}

/// `::ffff:203.0.113.7` is 203.0.113.7.
fn plain(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

/// `203.0.113.7`, `203.0.113.7:4711`, `[2001:db8::7]:4711`, `"…"`, `for=…` (RFC 7239).
fn address(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop).ok()?.trim();
    let hop = match hop.split_once('=') {
        Some(_) => named_for(hop)?,
        None => hop,
    };
    let hop = hop.trim_matches('"');
    let hop = hop.strip_suffix('\\').unwrap_or(hop);
    hop.parse().ok().or_else(|| hop.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip())).or_else(|| {
        let inside = hop.strip_prefix('[')?.strip_suffix(']')?;
        inside.parse().ok()
    })
}

fn named_for(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(trusted: &[&str], rewrites: bool) -> RealIp {
        let trusted = trusted.iter().map(|net| net.parse().unwrap()).collect();
        RealIp { header: Some("x-forwarded-for".into()), trusted, rewrites }
    }

    fn seen(client: &str, peer: &str, forwarded: &str, real_ip: &RealIp) -> Option<(String, Via)> {
        let origin = Origin { client: client.parse().ok(), peer: peer.parse().ok(), forwarded: forwarded.as_bytes() };
        super::client(origin, real_ip).map(|client| (client.ip.to_string(), client.via))
    }

    fn proxy() -> Via {
        Via::Proxy("10.0.0.1".parse().unwrap())
    }

    #[test]
    fn without_trusted_proxies_the_header_is_nothing() {
        let nobody = RealIp::default();
        assert_eq!(seen("203.0.113.7", "", "198.51.100.1", &nobody), Some(("203.0.113.7".into(), Via::Direct)));
        assert_eq!(seen("", "", "198.51.100.1", &nobody), None);
    }

    #[test]
    fn a_forged_header_from_an_untrusted_peer_is_ignored() {
        let ours = owners(&["10.0.0.0/8"], false);
        assert_eq!(seen("203.0.113.7", "", "198.51.100.1, 10.0.0.1", &ours), Some(("203.0.113.7".into(), Via::Direct)));
    }

    #[test]
    fn the_last_untrusted_hop_is_the_client_whatever_stands_before_it() {
        let ours = owners(&["10.0.0.0/8"], false);
        for forwarded in [
            "203.0.113.7",
            "198.51.100.1, 203.0.113.7",
            "127.0.0.1, junk, 203.0.113.7, 10.9.9.9",
            "::ffff:203.0.113.7",
            "203.0.113.7:4711",
            "for=198.51.100.1, for=\"203.0.113.7:80\";proto=https",
        ] {
            assert_eq!(seen("10.0.0.1", "", forwarded, &ours), Some(("203.0.113.7".into(), proxy())), "{forwarded}");
        }
        assert_eq!(seen("10.0.0.1", "", "[2001:db8::7]:80", &ours), Some(("2001:db8::7".into(), proxy())));
    }

    #[test]
    fn the_proxy_is_never_taken_for_the_client() {
        let ours = owners(&["10.0.0.0/8"], false);
        for forwarded in ["", "-", "junk", "203.0.113.7, junk", "10.0.0.2", "203.0.113.7,", "\u{0}"] {
            assert_eq!(seen("10.0.0.1", "", forwarded, &ours), None, "{forwarded}");
        }
        assert_eq!(seen("10.0.0.1", "10.0.0.1", "", &owners(&["10.0.0.0/8"], true)), None);
    }

    #[test]
    fn a_client_the_server_took_from_the_header_came_through_the_peer() {
        let server = owners(&["10.0.0.0/8"], true);
        assert_eq!(seen("203.0.113.7", "10.0.0.1", "", &server), Some(("203.0.113.7".into(), proxy())));
        assert_eq!(seen("203.0.113.7", "203.0.113.7", "", &server), Some(("203.0.113.7".into(), Via::Direct)));
        assert_eq!(seen("203.0.113.7", "::ffff:203.0.113.7", "", &server), Some(("203.0.113.7".into(), Via::Direct)));
        assert_eq!(seen("203.0.113.7", "", "", &server), Some(("203.0.113.7".into(), Via::PerhapsProxy)));
        assert_eq!(seen("203.0.113.7", "192.0.2.1", "", &server), Some(("192.0.2.1".into(), Via::Direct)));
        assert_eq!(seen("203.0.113.7", "", "", &owners(&[], true)), Some(("203.0.113.7".into(), Via::Direct)));
    }
}
