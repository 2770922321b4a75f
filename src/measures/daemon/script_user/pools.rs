//! Pools of php-fpm as their files declare them.

use std::path::{Path, PathBuf};

use crate::host::Host;
use crate::model::{Proof, Spot};

/// Debian's and Red Hat's places, glob(3).
const FILES: [&str; 3] = ["/etc/php/*/fpm/pool.d/*.conf", "/etc/php-fpm.d/*.conf", "/etc/php/*/fpm/php-fpm.conf"];

/// One pool: its settings, the last of each.
#[derive(Clone, Debug)]
pub struct Pool {
    pub name: String,
    at: Spot,
    settings: Vec<(String, String, Spot)>,
}

/// Where a pool is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    Socket(PathBuf),
    /// The host as written; empty for all addresses.
    Tcp(String, u16),
}

pub fn pools(host: &Host) -> Vec<Pool> {
    let files = FILES.iter().flat_map(|pattern| host.glob(Path::new(pattern)));
    files.flat_map(|file| host.read_file(&file).map(|bytes| read(&file, &bytes)).unwrap_or_default()).collect()
}

/// `[global]` is about the master.
fn read(file: &Path, bytes: &[u8]) -> Vec<Pool> {
    let mut pools: Vec<Pool> = Vec::new();
    for (line, number) in String::from_utf8_lossy(bytes).lines().zip(1..) {
        let at = Spot { file: file.to_owned(), line: number };
        let line = line.split(';').next().unwrap_or_default().trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            pools.push(Pool { name: name.trim().to_owned(), at, settings: Vec::new() });
        } else if let (Some((name, value)), Some(pool)) = (line.split_once('='), pools.last_mut()) {
            let value = value.trim().trim_matches('"').replace("$pool", &pool.name);
            pool.settings.push((name.trim().to_owned(), value, at));
        }
    }
    pools.retain(|pool| pool.name != "global");
    pools
}

impl Pool {
    fn setting(&self, name: &str) -> Option<&(String, String, Spot)> {
        self.settings.iter().rfind(|(known, ..)| known == name)
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        self.setting(name).map(|(_, value, _)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The line of a setting, or that there is none.
    pub fn proof(&self, name: &str) -> Proof {
        match self.setting(name) {
            Some((name, value, spot)) => Proof::Line { spot: spot.clone(), text: format!("{name} = {value}") },
            None => Proof::Line { spot: self.at.clone(), text: format!("no {name} in pool {}", self.name) },
        }
    }

    /// Permission bits of its socket; 0660 where it does not say.
    pub fn mode(&self) -> u32 {
        self.value("listen.mode").and_then(|mode| u32::from_str_radix(mode, 8).ok()).unwrap_or(0o660)
    }

    pub fn address(&self) -> Option<Address> {
        self.value("listen").map(Address::of_pool)
    }
}

impl Address {
    /// `/run/php/a.sock`, `9000`, `127.0.0.1:9000`, `[::1]:9000`.
    fn of_pool(text: &str) -> Self {
        match text.rsplit_once(':') {
            _ if text.starts_with('/') => Self::socket(text),
            Some((host, port)) => {
                port.parse().map_or_else(|_| Self::socket(text), |port| Self::Tcp(host.to_owned(), port))
            }
            None => text.parse().map_or_else(|_| Self::socket(text), |port| Self::Tcp(String::new(), port)),
        }
    }

    /// As servers name it: `unix:/run/php/a.sock`, with or without `|fcgi://localhost`, or `fcgi://127.0.0.1:9000/`.
    pub fn of_server(text: &str) -> Option<Self> {
        if let Some((_, rest)) = text.split_once("unix:") {
            return Some(Self::socket(rest.split('|').next().unwrap_or(rest)));
        }
        let rest = text.split_once("fcgi://").map_or(text, |(_, rest)| rest);
        let (host, port) = rest.split('/').next()?.rsplit_once(':')?;
        Some(Self::Tcp(host.to_owned(), port.parse().ok()?))
    }

    /// `/var/run` is `/run`.
    fn socket(path: &str) -> Self {
        Self::Socket(PathBuf::from(path.strip_prefix("/var").filter(|rest| rest.starts_with("/run/")).unwrap_or(path)))
    }

    /// Whether two names lead to the same place on this host.
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tcp(_, one), Self::Tcp(_, other)) => one == other,
            _ => self == other,
        }
    }

    /// Whether it can be spoken to from other hosts, as far as the address tells.
    pub fn is_open(&self) -> bool {
        let loopback = |host: &str| host.starts_with("127.") || host == "[::1]" || host == "localhost";
        matches!(self, Self::Tcp(host, _) if !loopback(host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_and_servers_name_the_same_places() {
        let text = b"[global]\nuser = no\n[shop]\nuser = shop ; its own\nlisten = /var/run/php/$pool.sock\nlisten.mode = 0666\n";
        let pools = read(Path::new("/p"), text);
        assert_eq!(pools.len(), 1);
        let shop = &pools[0];
        assert_eq!((shop.value("user"), shop.mode()), (Some("shop"), 0o666));
        let server = Address::of_server("proxy:unix:/run/php/shop.sock|fcgi://localhost").unwrap();
        assert!(shop.address().unwrap().is(&server));
        assert!(Address::of_pool("9000").is(&Address::of_server("fcgi://127.0.0.1:9000/srv").unwrap()));
        assert!(Address::of_pool("9000").is_open() && !Address::of_pool("127.0.0.1:9000").is_open());
        assert_eq!(Address::of_server("backend"), None);
    }
}
