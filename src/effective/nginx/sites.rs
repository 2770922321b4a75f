//! The server blocks of a configuration, indexed once, and the one that answers.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::effective::nginx::Line;
use crate::effective::nginx::disk::Disk;
use crate::effective::nginx::listen::{Group, Groups, Listen, listens};
use crate::effective::nginx::maps::Maps;
use crate::effective::nginx::names::{Named, Names, host_name};
use crate::effective::nginx::pattern::Caught;
use crate::effective::nginx::places::Places;
use crate::effective::nginx::scope::{Level, Scope, level};
use crate::effective::version::Version;
use crate::formats::Files;
use crate::formats::nginx::{Build, Config};

/// Listeners of one configuration; a hostile one declares a thousand ports in each of its blocks.
const MOST_LISTENS: usize = 1_000_000;

/// A configuration, ready to be asked.
pub struct Nginx<'a> {
    /// main and http.
    outer: [Level<'a>; 2],
    http: &'a [Line],
    sites: Vec<Site<'a>>,
    groups: Groups,
    /// Variables that `set` or a pattern's group makes; read when first asked.
    settable: OnceCell<HashSet<&'a str>>,
    pub(super) maps: Maps<'a>,
    pub(super) disk: Disk<'a>,
    pub(super) prefix: PathBuf,
    pub(super) version: Option<Version>,
}

/// A server block of http.
#[derive(Debug)]
pub struct Site<'a> {
    pub line: &'a Line,
    pub listens: Vec<Listen>,
    places: OnceCell<Places<'a>>,
    level: Level<'a>,
}

/// One request, as far as it is known; nobody is logged in.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// Where it arrives.
    pub address: IpAddr,
    pub port: u16,
    pub sni: Option<&'r str>,
    pub host: Option<&'r str>,
    pub method: &'r str,
    /// Path and query as sent.
    pub target: &'r str,
    pub client: Option<IpAddr>,
    /// All its other headers, or none where they are not known.
    pub headers: Option<&'r [(&'r str, &'r str)]>,
}

impl<'r> Request<'r> {
    /// A `GET` of anybody, of whom nothing else is known.
    pub fn get(address: IpAddr, port: u16, host: &'r str, target: &'r str) -> Self {
        Self { address, port, sni: None, host: Some(host), method: "GET", target, client: None, headers: None }
    }
}

/// The blocks that have a say in one request.
pub(super) struct Chosen {
    /// By the Host header.
    pub(super) site: usize,
    /// Known before that header.
    pub(super) early: usize,
    /// The default of the address.
    pub(super) hello: usize,
    pub(super) tls: bool,
    /// As compared with names; none where nginx answers 400.
    pub(super) host: Option<String>,
    pub(super) caught: Option<Caught>,
    /// A pattern among the names could not be run.
    pub(super) untold: bool,
}

impl<'a> Nginx<'a> {
    /// Indexes a configuration; `files` are looked at where an index file, `try_files` or `if (-f …)` decides.
    pub fn new(config: &'a Config, build: &Build, files: &'a dyn Files) -> Self {
        let http = config.settings.iter().find(|line| line.name == "http").map_or(&[][..], Line::inside);
        let tls_for_all = ssl_on(http).unwrap_or(false);
        let sites: Vec<Site<'a>> = http
            .iter()
            .filter(|line| line.name == "server" && line.block.is_some())
            .scan(0, |count, line| {
                let site = Site {
                    line,
                    listens: listens(line, ssl_on(line.inside()).unwrap_or(tls_for_all)),
                    places: OnceCell::new(),
                    level: level(line.inside()),
                };
                *count += site.listens.len();
                (*count <= MOST_LISTENS).then_some(site)
            })
            .collect();
        let mut groups = Groups::default();
        for (index, site) in sites.iter().enumerate() {
            site.listens.iter().for_each(|listen| groups.add(index, listen));
        }
        Self {
            outer: [level(&config.settings), level(http)],
            http,
            sites,
            groups,
            settable: OnceCell::new(),
            maps: Maps::of(http),
            disk: Disk::new(files),
            prefix: build.prefix.clone(),
            version: Version::parse(&build.version),
        }
    }

    /// The server blocks, in the order they are read.
    pub fn sites(&self) -> &[Site<'a>] {
        &self.sites
    }

    /// Index among `sites` of the block that a name chooses at an address; none where nothing listens there or a
    /// pattern among the names cannot be run.
    pub fn site(&self, address: IpAddr, port: u16, host: &str) -> Option<usize> {
        let group = self.groups.of(address, port)?;
        match self.names_of(group).find(&host_name(host)?) {
            Named::Site(site, _) => Some(site),
            Named::Default => group.default_site(),
            Named::Untold => None,
        }
    }

    /// The levels of a server block itself, and those of its locations in the order they are read; each decides by
    /// itself here, as if it were the default server of its addresses.
    pub fn scopes(&self, site: usize) -> Vec<Scope<'a>> {
        let Some(places) = self.places(site) else { return Vec::new() };
        let server = self.levels(site);
        let scope = |levels: Vec<Level<'a>>| Scope {
            levels,
            early: server.clone(),
            hello: server.clone(),
            version: self.version,
        };
        let inner = (0..places.iter().count()).map(|place| {
            let around = places.line_to(Some(place)).into_iter().map(|line| level(line.inside()));
            scope(server.iter().cloned().chain(around).collect())
        });
        std::iter::once(scope(server.clone())).chain(inner).collect()
    }

    pub(super) fn choose(&self, request: &Request<'_>) -> Option<Chosen> {
        let group = self.groups.of(request.address, request.port)?;
        let names = self.names_of(group);
        let hello = group.default_site()?;
        let find = |name: &str| match names.find(name) {
            Named::Site(site, caught) => (site, caught, false),
            Named::Default => (hello, None, false),
            Named::Untold => (hello, None, true),
        };
        let sni = request.sni.filter(|_| group.tls).and_then(host_name);
        let (early, _, early_untold) = sni.map_or((hello, None, false), |name| find(&name));
        let host = request.host.map_or(Some(String::new()), host_name);
        let (site, caught, untold) = host.as_deref().map_or((early, None, false), find);
        Some(Chosen { site, early, hello, tls: group.tls, host, caught, untold: untold || early_untold })
    }

    fn names_of<'g>(&self, group: &'g Group) -> &'g Names {
        group.names.get_or_init(|| {
            let mut names = Names::default();
            for site in &group.sites {
                self.sites.get(*site).into_iter().for_each(|block| names.add(*site, block.line));
            }
            names
        })
    }

    pub(super) fn is_settable(&self, name: &str) -> bool {
        let settable = self.settable.get_or_init(|| {
            let mut names = HashSet::new();
            settable(self.http, &mut names);
            names
        });
        settable.contains(name)
    }

    pub(super) fn places(&self, site: usize) -> Option<&Places<'a>> {
        let site = self.sites.get(site)?;
        Some(site.places.get_or_init(|| Places::of(site.line)))
    }

    /// main, http, server.
    pub(super) fn levels(&self, site: usize) -> Vec<Level<'a>> {
        let server = self.sites.get(site).map(|site| site.level.clone());
        self.outer.iter().cloned().chain(server).collect()
    }

    /// What stands in a server block.
    pub(super) fn server(&self, site: usize) -> &'a [Line] {
        self.sites.get(site).map_or(&[], |site| site.line.inside())
    }
}

/// `ssl on` of versions before 1.25.1; none where a level does not say.
fn ssl_on(lines: &[Line]) -> Option<bool> {
    lines.iter().find(|line| line.name == "ssl").map(|line| line.first() == "on")
}

fn settable<'a>(lines: &'a [Line], names: &mut HashSet<&'a str>) {
    for line in lines {
        match line.name.as_str() {
            "set" => names.extend(line.first().strip_prefix('$')),
            "location" | "rewrite" | "if" | "server_name" => {
                names.extend(line.args.iter().flat_map(|word| groups(word)))
            }
            _ => {}
        }
        settable(line.inside(), names);
    }
}

/// The names in `(?<name>…)` and `(?P<name>…)`.
fn groups(pattern: &str) -> impl Iterator<Item = &str> {
    let starts = pattern.split("(?").skip(1);
    starts
        .filter_map(|rest| rest.strip_prefix('P').unwrap_or(rest).strip_prefix('<')?.split_once('>'))
        .map(|(name, _)| name)
}
