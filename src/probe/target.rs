//! What is to be looked at: `HOST[:PORT]`, a URL, or `[v6]:port`.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;

const HTTPS: u16 = 443;
const HTTP: u16 = 80;

/// One server by name or address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Without brackets.
    pub host: String,
    pub port: u16,
    /// False for a URL that begins with `http://`.
    pub tls: bool,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text} is no target: {why}; say www.example.org, www.example.org:8443, [2001:db8::1]:443 or https://www.example.org/"
)]
pub struct NotATarget {
    text: String,
    why: &'static str,
}

impl FromStr for Target {
    type Err = NotATarget;

    fn from_str(text: &str) -> Result<Self, NotATarget> {
        let not = |why| NotATarget { text: text.to_owned(), why };
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(not("only http and https are looked at")),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (host, port) = split(authority).map_err(not)?;
        if !named(host) {
            return Err(not("the name has characters that no host name has"));
        }
        let port = port.unwrap_or(if tls { HTTPS } else { HTTP });
        Ok(Self { host: host.trim_end_matches('.').to_ascii_lowercase(), port, tls })
    }
}

fn split(authority: &str) -> Result<(&str, Option<u16>), &'static str> {
    if authority.parse::<Ipv6Addr>().is_ok() {
        return Ok((authority, None));
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or("the bracket is not closed")?;
            host.parse::<Ipv6Addr>().map_err(|_| "no IPv6 address stands between the brackets")?;
            (host, port.strip_prefix(':').or((!port.is_empty()).then_some("-")))
        }
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map(|port| port.parse::<u16>().ok().filter(|port| *port > 0).ok_or("the port is no number"));
    Ok((host, port.transpose()?))
}

fn named(host: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    !host.is_empty() && host.len() <= 253 && host.chars().all(fine)
}

impl Target {
    /// The name for SNI and the certificate; addresses are not sent as names (RFC 6066 §3).
    pub fn name(&self) -> Option<&str> {
        if self.host.parse::<IpAddr>().is_ok() { None } else { Some(&self.host) }
    }

    /// The host as it stands in a `Host:` header.
    pub fn authority(&self) -> String {
        let usual = if self.tls { HTTPS } else { HTTP };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }

    /// The first address that the resolver has; what it cannot resolve is said.
    pub fn resolve(&self) -> Result<SocketAddr, String> {
        let mut found = (self.host.as_str(), self.port)
            .to_socket_addrs()
            .map_err(|cause| format!("{} does not resolve: {cause}", self.host))?;
        found.next().ok_or_else(|| format!("{} has no address", self.host))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "" } else { "http://" };
        if self.host.contains(':') {
            write!(f, "{scheme}[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_names_urls_and_addresses() {
        for (text, shown) in [
            ("www.Example.org", "www.example.org:443"),
            ("h:8443", "h:8443"),
            ("https://h/path:1?x", "h:443"),
            ("http://h", "http://h:80"),
            ("[2001:db8::1]:8443", "[2001:db8::1]:8443"),
            ("2001:db8::1", "[2001:db8::1]:443"),
            ("https://[::1]/", "[::1]:443"),
            ("127.0.0.1:1", "127.0.0.1:1"),
        ] {
            assert_eq!(text.parse::<Target>().map(|target| target.to_string()), Ok(shown.to_owned()), "{text}");
        }
        for wrong in ["", ":443", "h:0", "h:99999", "h:x", "[::1", "[::1]x", "ftp://h", "a b", "h\r\nx", "a@b"] {
            assert!(wrong.parse::<Target>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_address_is_no_name() {
        let target: Target = "127.0.0.1:8443".parse().unwrap();
        assert_eq!((target.name(), target.authority().as_str()), (None, "127.0.0.1:8443"));
        assert_eq!("http://h:80".parse::<Target>().map(|target| target.authority()), Ok("h".to_owned()));
    }
}
