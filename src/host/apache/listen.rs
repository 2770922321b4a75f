//! Addresses and ports: `Listen`, and what a `<VirtualHost>` says it answers to.

use std::collections::HashSet;
use std::net::IpAddr;

use crate::formats::apache::evaluate::Effective;
use crate::model::{Listener, Spot};

/// `address:port`, each none where it stands for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    pub address: Option<IpAddr>,
    pub port: Option<u16>,
}

/// One `Listen`; port and protocol as written.
#[derive(Clone, Debug)]
pub struct Listen {
    pub address: Option<IpAddr>,
    pub port: u16,
    pub https: bool,
    pub at: Spot,
}

impl Endpoint {
    /// `*:80`, `_default_:443`, `[::1]:80`, `192.0.2.1`, `name:80`; a name stands for all addresses.
    pub fn parse(text: &str) -> Self {
        let (address, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, rest)) => (address, rest.strip_prefix(':')),
            None => match text.rsplit_once(':') {
                Some((address, port)) => (address, Some(port)),
                None => (text, None),
            },
        };
        let address = address.split('%').next().unwrap_or_default().parse().ok();
        Self {
            address: address.filter(|address: &IpAddr| !address.is_unspecified()),
            port: port.and_then(|port| port.parse().ok()),
        }
    }

    fn meets(self, listen: &Listen) -> bool {
        let same = self.address.is_none() || listen.address.is_none() || self.address == listen.address;
        same && self.port.is_none_or(|port| port == listen.port)
    }
}

impl Listen {
    /// `Listen [address:]port [protocol]`; a lone number is a port.
    pub fn read(directive: &Effective) -> Option<Self> {
        let args = directive.args();
        let first = args.first()?;
        let endpoint = match first.parse() {
            Ok(port) => Endpoint { address: None, port: Some(port) },
            Err(_) => Endpoint::parse(first),
        };
        let https = args.get(1).is_some_and(|protocol| protocol.eq_ignore_ascii_case("https"));
        Some(Self { address: endpoint.address, port: endpoint.port?, https, at: directive.at.clone() })
    }

    /// Whether anything that comes in here is answered by no virtual host.
    pub fn is_left_by(&self, taken: &HashSet<Endpoint>) -> bool {
        let addresses = [None, self.address];
        let mut taking = addresses
            .iter()
            .flat_map(|address| [None, Some(self.port)].map(|port| Endpoint { address: *address, port }));
        !taking.any(|endpoint| taken.contains(&endpoint))
    }

    pub fn listener(&self, address: Option<IpAddr>, engine: Option<bool>) -> Listener {
        Listener { address, port: self.port, tls: engine.unwrap_or(self.https), at: self.at.clone() }
    }
}

/// What a virtual host answers on. `engine` is its SSLEngine; without one the protocol of the Listen decides. An endpoint
/// that nothing listens on is kept as it is written.
pub fn listeners(endpoints: &[Endpoint], listens: &[Listen], engine: Option<bool>, at: &Spot) -> Vec<Listener> {
    let mut found: Vec<Listener> = Vec::new();
    for endpoint in endpoints {
        let mut met = listens.iter().filter(|listen| endpoint.meets(listen)).peekable();
        if met.peek().is_none()
            && let Some(port) = endpoint.port
        {
            push(
                &mut found,
                Listener { address: endpoint.address, port, tls: engine.unwrap_or(false), at: at.clone() },
            );
        }
        for listen in met {
            let address = endpoint.address.or(listen.address);
            push(&mut found, listen.listener(address, engine));
        }
    }
    found
}

fn push(found: &mut Vec<Listener>, listener: Listener) {
    if !found.iter().any(|known| (known.address, known.port) == (listener.address, listener.port)) {
        found.push(listener);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_way_to_write_an_endpoint() {
        let address = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        for (text, expected, port) in [
            ("*:80", None, Some(80)),
            ("*", None, None),
            ("*:*", None, None),
            ("_default_:443", None, Some(443)),
            ("[::]:80", None, Some(80)),
            ("[2001:db8::1]:8080", address("2001:db8::1"), Some(8080)),
            ("[2001:db8::1]", address("2001:db8::1"), None),
            ("192.0.2.1", address("192.0.2.1"), None),
            ("192.0.2.1:80", address("192.0.2.1"), Some(80)),
            ("www.example.org:80", None, Some(80)),
            ("", None, None),
        ] {
            assert_eq!(Endpoint::parse(text), Endpoint { address: expected, port }, "{text}");
        }
    }
}
