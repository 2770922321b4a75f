//! Which sites of the running web servers read our deny map, told by their own configuration.

use std::collections::BTreeSet;
use std::path::Path;

use crate::formats::apache::evaluate::{self, Effective};
use crate::formats::nginx::{self, Setting};
use crate::host::processes::masters;
use crate::host::{Host, nginx as nginx_host, running_apache};
use crate::model::{Server, ServerKind, Spot};

/// What the shipped snippets call it.
const VARIABLE: &str = "$peelhouse";

impl Host {
    /// Names of the sites that deny by the map: `nginx` and `apache` are its two files.
    pub fn denying_sites(&self, servers: &[Server], nginx: &Path, apache: &Path) -> BTreeSet<String> {
        let mut sites = BTreeSet::new();
        for server in servers.iter().filter(|server| server.running.is_some()) {
            let at = match server.kind {
                ServerKind::Nginx => nginx_spots(self, &server.config, nginx),
                ServerKind::Apache => apache_spots(self, server, apache),
                ServerKind::Tomcat => Vec::new(),
            };
            let covered = server.sites.iter().filter(|site| at.contains(&site.at));
            sites.extend(covered.filter_map(|site| site.names.first().cloned()));
        }
        sites
    }

    /// Process ids of every nginx of this host, as they are now.
    pub fn nginx_masters(&self) -> Vec<i32> {
        let processes = self.processes();
        let found = masters(&processes, &nginx_host::PROGRAMS);
        found.into_iter().filter(|master| !master.elsewhere).map(|master| master.pid).collect()
    }
}

/// The server blocks that ask the map, where it is read at all.
fn nginx_spots(host: &Host, config: &Path, map: &Path) -> Vec<Spot> {
    let config = nginx::evaluate(host, config);
    if !config.files.iter().any(|file| file == map) {
        return Vec::new();
    }
    let http = config.settings.iter().filter(|setting| setting.name == "http").flat_map(Setting::inside);
    let denying = http.filter(|setting| setting.name == "server" && asks(setting.inside()));
    denying.map(|server| server.at.clone()).collect()
}

fn asks(settings: &[Setting]) -> bool {
    let named = |setting: &Setting| setting.args.iter().any(|word| word.trim_start_matches('(') == VARIABLE);
    settings.iter().any(|setting| setting.name == "if" && named(setting))
}

/// The virtual hosts that take over the rules of the main server, where those ask the map.
fn apache_spots(host: &Host, server: &Server, map: &Path) -> Vec<Spot> {
    let processes = host.processes();
    let Some(master) = processes.iter().find(|process| Some(process.pid) == server.running) else { return Vec::new() };
    let evaluation = evaluate::evaluate(host, running_apache::start(host, master));
    let main = &evaluation.directives;
    let file = map.to_string_lossy();
    let is_ours = |one: &Effective| one.args().iter().any(|word| word.strip_prefix("rnd:") == Some(&*file));
    if !main.iter().any(|one| one.is("RewriteMap") && is_ours(one)) {
        return Vec::new();
    }
    let hosts = main.iter().filter(|one| one.is("VirtualHost") && rewrites(one.children()));
    hosts.map(|host| host.at.clone()).collect()
}

fn rewrites(directives: &[Effective]) -> bool {
    let engine = directives.iter().rev().find(|one| one.is("RewriteEngine"));
    engine.is_some_and(|one| one.args().first().is_some_and(|word| word.eq_ignore_ascii_case("on")))
}
