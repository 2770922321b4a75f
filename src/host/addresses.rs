//! Addresses that belong to this host or that it lives by: its own, its gateways, its resolvers. Never to be banned.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use crate::host::{CouldNotLook, Host};

impl Host {
    /// The host's own addresses, loopback included (`/proc/net/fib_trie`, `/proc/net/if_inet6`).
    pub fn own_addresses(&self) -> Result<BTreeSet<IpAddr>, CouldNotLook> {
        let trie = self.text("/proc/net/fib_trie")?;
        let mut found: BTreeSet<IpAddr> = local_v4(&trie).map(IpAddr::V4).collect();
        // Absent where the kernel runs without IPv6.
        if self.exists(Path::new("/proc/net/if_inet6")) {
            let table = self.text("/proc/net/if_inet6")?;
            found.extend(table.lines().filter_map(|line| hex_v6(line.split_whitespace().next()?)).map(IpAddr::V6));
        }
        Ok(found)
    }

    /// Where its default routes lead (`/proc/net/route`, `/proc/net/ipv6_route`).
    pub fn gateways(&self) -> Result<BTreeSet<IpAddr>, CouldNotLook> {
        let routes = self.text("/proc/net/route")?;
        let mut found: BTreeSet<IpAddr> = routes.lines().filter_map(gateway_v4).map(IpAddr::V4).collect();
        if self.exists(Path::new("/proc/net/ipv6_route")) {
            let routes = self.text("/proc/net/ipv6_route")?;
            found.extend(routes.lines().filter_map(gateway_v6).map(IpAddr::V6));
        }
        Ok(found)
    }

    /// The name servers it asks (resolv.conf(5)), behind systemd's stub too.
    pub fn resolvers(&self) -> BTreeSet<IpAddr> {
        let files = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];
        let texts: Vec<String> = files.iter().filter_map(|path| self.text(path).ok()).collect();
        texts.iter().flat_map(|text| text.lines()).filter_map(nameserver).collect()
    }

    fn text(&self, path: &str) -> Result<String, CouldNotLook> {
        Ok(String::from_utf8_lossy(&self.read_file(Path::new(path))?).into_owned())
    }
}

/// `|-- 192.0.2.2` with `/32 host LOCAL` on the next line.
fn local_v4(trie: &str) -> impl Iterator<Item = Ipv4Addr> {
    let pairs = trie.lines().zip(trie.lines().skip(1));
    pairs
        .filter(|(_, next)| next.trim() == "/32 host LOCAL")
        .filter_map(|(line, _)| line.trim().strip_prefix("|-- ").and_then(|address| address.parse().ok()))
}

fn hex_v6(text: &str) -> Option<Ipv6Addr> {
    if text.len() != 32 { None } else { u128::from_str_radix(text, 16).ok().map(Ipv6Addr::from) }
}

/// Interface, destination, gateway (both as the bytes stand in memory), …
fn gateway_v4(line: &str) -> Option<Ipv4Addr> {
    let mut fields = line.split_whitespace().skip(1);
    let (destination, gateway) = (fields.next()?, fields.next()?);
    let gateway = u32::from_str_radix(gateway, 16).ok()?;
    (destination == "00000000" && gateway != 0).then(|| Ipv4Addr::from(gateway.to_ne_bytes()))
}

/// Destination, its prefix length, source, its prefix length, next hop, …
fn gateway_v6(line: &str) -> Option<Ipv6Addr> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [destination, length, _, _, hop, ..] = fields.as_slice() else { return None };
    let default = hex_v6(destination)?.is_unspecified() && *length == "00";
    hex_v6(hop).filter(|hop| default && !hop.is_unspecified())
}

fn nameserver(line: &str) -> Option<IpAddr> {
    let mut words = line.split_whitespace();
    let address = (words.next()? == "nameserver").then(|| words.next())??;
    address.split('%').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(files: &[(&str, &str)]) -> (tempfile::TempDir, Host) {
        let scratch = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = scratch.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let host = Host::recorded(scratch.path());
        (scratch, host)
    }

    fn set(addresses: &[&str]) -> BTreeSet<IpAddr> {
        addresses.iter().map(|address| address.parse().unwrap()).collect()
    }

    #[test]
    fn addresses_are_read_as_the_kernel_writes_them() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 192.0.2.0\n        /24 link UNICAST\n     |-- 192.0.2.2\n        /32 host LOCAL\n     |-- 192.0.2.255\n        /32 link BROADCAST\n";
        let inet6 = "20010db8000000000000000000000002 04 40 00 82     eth0\n";
        let route = "Iface\tDestination\tGateway\neth0\t00000000\t010200C0\t0003\neth0\t000200C0\t00000000\t0001\n";
        let route6 = format!(
            "{0} 00 {0} 00 fe800000000000000000000000000001 00000400\n{0} 00 {0} 00 {0} ffffffff\n",
            "0".repeat(32)
        );
        let (_scratch, host) = recorded(&[
            ("proc/net/fib_trie", trie),
            ("proc/net/if_inet6", inet6),
            ("proc/net/route", route),
            ("proc/net/ipv6_route", &route6),
            ("etc/resolv.conf", "# c\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\noptions x\n"),
        ]);
        assert_eq!(host.own_addresses().unwrap(), set(&["192.0.2.2", "2001:db8::2"]));
        assert_eq!(host.gateways().unwrap(), set(&["192.0.2.1", "fe80::1"]));
        assert_eq!(host.resolvers(), set(&["192.0.2.53", "fe80::1"]));
    }

    #[test]
    fn what_cannot_be_read_is_an_error_not_an_empty_set() {
        let (_scratch, host) = recorded(&[]);
        assert!(host.own_addresses().is_err());
        assert!(host.gateways().is_err());
    }

    #[test]
    fn this_host_knows_loopback() {
        let own = Host::live().own_addresses().unwrap();
        assert!(own.contains(&IpAddr::from([127, 0, 0, 1])), "{own:?}");
    }
}
