//! The effective configuration → sites: one a `<VirtualHost>`, and the main server where it serves.

use std::collections::HashSet;
use std::path::Path;

use crate::formats::Files;
use crate::formats::apache::evaluate::{Effective, Evaluation, include};
use crate::host::apache::listen::{self, Endpoint, Listen};
use crate::host::apache::{logs, real_ip};
use crate::model::{LogFile, Site};

/// The main server: what virtual hosts inherit.
struct Main<'a> {
    root: &'a Path,
    directives: &'a [Effective],
    listens: Vec<Listen>,
    logs: logs::Declared,
    real_ip: real_ip::Declared,
}

/// Sites in file order, the main server last; and the main server's logs.
pub fn read(
    files: &dyn Files,
    evaluation: &Evaluation,
    config: &Path,
    problems: &mut Vec<String>,
) -> (Vec<Site>, Vec<LogFile>) {
    let directives = evaluation.directives.as_slice();
    let root = evaluation.root.as_path();
    let main = Main {
        root,
        directives,
        listens: directives.iter().filter(|one| one.is("Listen")).filter_map(Listen::read).collect(),
        logs: logs::Declared::read(root, directives).with_default_error_log(root, config),
        real_ip: real_ip::Declared::read(files, root, directives, problems),
    };
    problems.extend(main.real_ip.doubt(&main.real_ip));
    let logs = main.logs.own(&main.real_ip.settle(&main.real_ip), problems);
    let hosts = directives.iter().filter(|one| one.is("VirtualHost") && one.children.is_some());
    let mut taken = HashSet::new();
    let mut sites: Vec<Site> = hosts.map(|host| main.site(files, host, &mut taken, problems)).collect();
    sites.extend(main.own_site(&taken, &logs));
    (sites, logs)
}

impl Main<'_> {
    fn site(
        &self,
        files: &dyn Files,
        host: &Effective,
        taken: &mut HashSet<Endpoint>,
        problems: &mut Vec<String>,
    ) -> Site {
        let directives = host.children();
        let endpoints: Vec<Endpoint> = host.args().iter().map(|text| Endpoint::parse(text)).collect();
        let real_ip = real_ip::Declared::read(files, self.root, directives, problems);
        problems.extend(real_ip.doubt(&self.real_ip));
        let engine = engine(directives).or_else(|| engine(self.directives));
        let listeners = listen::listeners(&endpoints, &self.listens, engine, &host.at);
        taken.extend(endpoints);
        Site {
            names: names(directives),
            tls: listeners.iter().any(|listener| listener.tls),
            listeners,
            logs: logs::Declared::read(self.root, directives).settle(
                &self.logs,
                &real_ip.settle(&self.real_ip),
                problems,
            ),
            at: host.at.clone(),
            ..self.whereabouts(directives)
        }
    }

    /// The main server answers where no virtual host does.
    fn own_site(&self, taken: &HashSet<Endpoint>, logs: &[LogFile]) -> Option<Site> {
        let left: Vec<&Listen> = self.listens.iter().filter(|listen| listen.is_left_by(taken)).collect();
        let engine = engine(self.directives);
        let listeners: Vec<_> = left.iter().map(|listen| listen.listener(listen.address, engine)).collect();
        Some(Site {
            names: names(self.directives),
            tls: listeners.iter().any(|listener| listener.tls),
            listeners,
            logs: logs.to_vec(),
            at: left.first()?.at.clone(),
            ..self.whereabouts(self.directives)
        })
    }

    /// Document root and user, inherited from the main server.
    fn whereabouts(&self, directives: &[Effective]) -> Site {
        let docroot = last(directives, "DocumentRoot").or_else(|| last(self.directives, "DocumentRoot"));
        let user = ["AssignUserID", "SuexecUserGroup"].into_iter().find_map(|name| last(directives, name));
        Site {
            docroot: docroot.map(|path| include::under(self.root, &path)),
            user: user.or_else(|| last(self.directives, "User")),
            ..Site::default()
        }
    }
}

/// ServerName without scheme and port, then the aliases.
fn names(directives: &[Effective]) -> Vec<String> {
    let name = last(directives, "ServerName").map(|written| {
        let bare = written.split_once("://").map_or(written.as_str(), |(_, rest)| rest);
        let port = bare.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        port.map_or(bare, |(host, _)| host).to_owned()
    });
    let aliases = directives.iter().filter(|one| one.is("ServerAlias")).flat_map(Effective::args);
    let mut names: Vec<String> = name.into_iter().chain(aliases).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        names.push("_".into());
    }
    names
}

fn engine(directives: &[Effective]) -> Option<bool> {
    last(directives, "SSLEngine").map(|value| !value.eq_ignore_ascii_case("off"))
}

/// The first argument of the last directive of a name: later ones replace earlier ones.
fn last(directives: &[Effective], name: &str) -> Option<String> {
    directives.iter().rev().find(|one| one.is(name)).and_then(|one| one.args().into_iter().next())
}
