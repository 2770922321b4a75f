//! Which virtual host answers: by local address and port first, by name among those of one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::effective::apache::block::{Block, Scope, Server};
use crate::formats::apache::evaluate::{Effective as Written, Evaluation};
use crate::model::Spot;

/// A whole configuration, indexed for questions.
pub struct Sites<'a> {
    evaluation: &'a Evaluation,
    main: Arc<Server>,
    hosts: Vec<&'a Written>,
    /// By address and port, none for all; `Ok` where the address is one.
    chains: HashMap<(Option<IpAddr>, Option<u16>), Chain>,
    /// Addresses that are names: which they mean, only the resolver knows.
    unresolved: Vec<(String, Spot)>,
}

/// The virtual hosts of one address and port, in order.
#[derive(Default)]
struct Chain {
    first: Option<usize>,
    exact: HashMap<String, usize>,
    wild: Vec<(String, usize)>,
}

/// One server as it answers on an address.
#[derive(Clone)]
pub struct Site<'a> {
    pub(super) evaluation: &'a Evaluation,
    pub(super) main: Arc<Server>,
    /// The virtual host; the main server itself where none has the address.
    pub(super) own: Arc<Server>,
    /// The first virtual host of the address, which reads requests until it knows their name.
    pub(super) first: Arc<Server>,
    /// Sections of both, in the order in which they are tried.
    pub(super) directories: Arc<Vec<Arc<Block>>>,
    pub(super) port: u16,
}

impl<'a> Sites<'a> {
    pub fn of(evaluation: &'a Evaluation) -> Self {
        let is_host = |written: &&Written| written.is("VirtualHost") && written.children.is_some();
        let hosts: Vec<&Written> = evaluation.directives.iter().filter(is_host).collect();
        let main = Arc::new(Server::of(&evaluation.directives, None));
        let mut sites = Self { evaluation, main, hosts, chains: HashMap::new(), unresolved: Vec::new() };
        for at in 0..sites.hosts.len() {
            sites.enter(at);
        }
        sites
    }

    /// The site that answers a name (of `Host`, or of SNI) on a local address and port.
    pub fn answering(&self, address: IpAddr, port: u16, name: &str) -> Site<'a> {
        let chain = self.chain(address, port);
        let first = chain.and_then(|chain| chain.first);
        let found = chain.and_then(|chain| chain.named(name)).or(first);
        self.site(found, first, port)
    }

    /// A virtual host by its place in the configuration, where it is the one that answers its first address.
    pub fn at(&self, number: usize) -> Option<Site<'a>> {
        let host = self.hosts.get(number)?;
        let (address, port) = host.args().first().and_then(|text| endpoint(text))?;
        let first = self.chains.get(&(address, port)).and_then(|chain| chain.first);
        Some(self.site(Some(number), first, port.unwrap_or(80)))
    }

    /// How many virtual hosts there are.
    pub fn len(&self) -> usize {
        self.hosts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// Virtual hosts whose address is a name: which connections they get cannot be told from files.
    pub fn unresolved(&self) -> &[(String, Spot)] {
        &self.unresolved
    }

    fn enter(&mut self, at: usize) {
        let Some(host) = self.hosts.get(at).copied() else { return };
        let (names, wild) = names(host, &self.main);
        for text in host.args() {
            let Some(key) = endpoint(&text) else {
                self.unresolved.push((text, host.at.clone()));
                continue;
            };
            let chain = self.chains.entry(key).or_default();
            chain.first.get_or_insert(at);
            for name in &names {
                chain.exact.entry(name.clone()).or_insert(at);
            }
            chain.wild.extend(wild.iter().map(|pattern| (pattern.clone(), at)));
        }
    }

    /// The exact address before all addresses; within either the exact port before any port.
    fn chain(&self, address: IpAddr, port: u16) -> Option<&Chain> {
        let keys = [(Some(address), Some(port)), (Some(address), None), (None, Some(port)), (None, None)];
        keys.iter().find_map(|key| self.chains.get(key))
    }

    fn site(&self, found: Option<usize>, first: Option<usize>, port: u16) -> Site<'a> {
        let own = self.server(found);
        let first = if first == found { Arc::clone(&own) } else { self.server(first) };
        let mut directories = self.main.directories.clone();
        if found.is_some() {
            directories.extend(own.directories.iter().cloned());
        }
        // Stable: those of one depth stay in the order of the configuration.
        directories.sort_by_key(|block| match &block.scope {
            Scope::Path(path) => (path.is_regex(), path.depth()),
            _ => (true, 0),
        });
        let main = Arc::clone(&self.main);
        Site { evaluation: self.evaluation, main, own, first, directories: Arc::new(directories), port }
    }

    fn server(&self, at: Option<usize>) -> Arc<Server> {
        match at.and_then(|at| self.hosts.get(at)) {
            Some(host) => Arc::new(Server::of(host.children(), Some(host.at.clone()))),
            None => Arc::clone(&self.main),
        }
    }
}

impl Site<'_> {
    /// Where it is written; of the main server, its first file.
    pub(super) fn here(&self) -> Spot {
        let main = || self.evaluation.files.first().cloned().unwrap_or_default();
        self.own.at.clone().unwrap_or_else(|| Spot { file: main(), line: 1 })
    }

    /// Where the virtual host begins; none for the main server.
    pub fn at_line(&self) -> Option<&Spot> {
        self.own.at.as_ref()
    }

    /// The main server, then the virtual host if there is one.
    pub(super) fn servers(&self) -> Vec<Arc<Block>> {
        Self::with_main(&self.main, &self.own)
    }

    /// The main server, then the first virtual host of the address.
    pub(super) fn first_servers(&self) -> Vec<Arc<Block>> {
        Self::with_main(&self.main, &self.first)
    }

    fn with_main(main: &Arc<Server>, own: &Arc<Server>) -> Vec<Arc<Block>> {
        let mut blocks = vec![Arc::clone(&main.block)];
        if !Arc::ptr_eq(main, own) {
            blocks.push(Arc::clone(&own.block));
        }
        blocks
    }

    /// `<Location>` of the main server, then of the virtual host.
    pub(super) fn locations(&self) -> Vec<Arc<Block>> {
        self.of_both(|server| &server.locations)
    }

    /// `<Proxy>` likewise.
    pub(super) fn proxies(&self) -> Vec<Arc<Block>> {
        self.of_both(|server| &server.proxies)
    }

    fn of_both(&self, list: impl Fn(&Server) -> &Vec<Arc<Block>>) -> Vec<Arc<Block>> {
        let mut blocks = list(&self.main).clone();
        if !Arc::ptr_eq(&self.main, &self.own) {
            blocks.extend(list(&self.own).iter().cloned());
        }
        blocks
    }
}

impl Chain {
    /// The first virtual host that has the name, by `ServerName` or `ServerAlias`.
    fn named(&self, name: &str) -> Option<usize> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let exact = self.exact.get(&name).copied();
        let wild = self.wild.iter().find(|(pattern, _)| fits(pattern, &name)).map(|(_, at)| *at);
        exact.into_iter().chain(wild).min()
    }
}

/// `ServerName` without scheme and port, and `ServerAlias`; those with wildcards apart.
fn names(host: &Written, main: &Server) -> (Vec<String>, Vec<String>) {
    let named = |name: &str| {
        let lines = host.children().iter().filter(|line| line.is(name));
        lines.flat_map(Written::args).collect::<Vec<_>>()
    };
    let mut names: Vec<String> = named("ServerName").last().map(|name| bare(name)).into_iter().collect();
    if names.is_empty() {
        let line = main.block.lines.iter().rfind(|line| line.key == "servername");
        names.extend(line.map(|line| bare(line.arg(0))));
    }
    let (wild, plain): (Vec<String>, Vec<String>) =
        named("ServerAlias").into_iter().map(|name| name.to_ascii_lowercase()).partition(|n| n.contains(['*', '?']));
    names.extend(plain);
    (names, wild)
}

fn bare(name: &str) -> String {
    let name = name.split_once("://").map_or(name, |(_, rest)| rest);
    let name = match name.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => name,
    };
    name.to_ascii_lowercase()
}

/// `address:port` of a virtual host, none for all; nothing where the address is a name.
fn endpoint(text: &str) -> Option<(Option<IpAddr>, Option<u16>)> {
    let (address, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => (address, rest.strip_prefix(':')),
        None => match text.rsplit_once(':') {
            Some((address, port)) => (address, Some(port)),
            None => (text, None),
        },
    };
    let port = port.filter(|port| *port != "*").map(str::parse).transpose().ok()?.filter(|port| *port != 0);
    if address == "*" || address.eq_ignore_ascii_case("_default_") {
        return Some((None, port));
    }
    let address: IpAddr = address.split('%').next()?.parse().ok()?;
    Some(((!address.is_unspecified()).then_some(address), port))
}

/// `*` and `?` of a `ServerAlias`; both lower case.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match (pattern.get(p), name.get(n)) {
            (Some(b'*'), _) => {
                retry = Some((p + 1, n));
                p += 1;
            }
            (Some(b'?'), _) => (p, n) = (p + 1, n + 1),
            (Some(a), Some(b)) if a == b => (p, n) = (p + 1, n + 1),
            _ => match retry {
                Some((after, from)) => {
                    retry = Some((after, from + 1));
                    (p, n) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_of_names() {
        for (pattern, name, expected) in
            [("*.example.org", "a.b.example.org", true), ("*.example.org", "example.org", false), ("a?c*", "abc", true)]
        {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn addresses_of_virtual_hosts() {
        assert_eq!(endpoint("*:80"), Some((None, Some(80))));
        assert_eq!(endpoint("_default_:*"), Some((None, None)));
        assert_eq!(endpoint("[::1]:443"), Some(("::1".parse().ok(), Some(443))));
        assert_eq!(endpoint("192.0.2.1"), Some(("192.0.2.1".parse().ok(), None)));
        assert_eq!(endpoint("www.example.org:80"), None);
    }
}
