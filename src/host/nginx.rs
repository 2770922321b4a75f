//! Finds nginx: running, or installed in one of the places it is built for.

use std::path::{Path, PathBuf};

use crate::formats::nginx::{self, Build};
use crate::host::Host;
use crate::host::processes::{Process, in_container, masters};
use crate::model::{Server, ServerKind};

/// Debian and Red Hat, then source builds and OpenResty.
const BINARIES: [&str; 5] = [
    "/usr/sbin/nginx",
    "/usr/local/sbin/nginx",
    "/usr/local/nginx/sbin/nginx",
    "/usr/local/openresty/nginx/sbin/nginx",
    "/opt/nginx/sbin/nginx",
];
pub(super) const PROGRAMS: [&str; 3] = ["nginx", "openresty", "angie"];

/// Every nginx of the host, one a main configuration file; the running ones first.
pub(super) fn discover(host: &Host, processes: &[Process]) -> Vec<Server> {
    let mut found: Vec<Server> =
        masters(processes, &PROGRAMS).into_iter().map(|master| running(host, master)).collect();
    for build in installed(host) {
        if !found.iter().any(|server| server.config == build.config) {
            found.push(server(host, &build, build.config.clone(), None));
        }
    }
    found
}

fn running(host: &Host, master: &Process) -> Server {
    let mut build = host.read_file(&master.exe).ok().and_then(|bytes| Build::from_binary(&bytes)).unwrap_or_default();
    if let Some(prefix) = master.option("-p") {
        build = build.at_prefix(&master.path(prefix));
    }
    let config = build.prefix.join(master.option("-c").map_or(build.config.clone(), PathBuf::from));
    if master.elsewhere {
        return in_container(ServerKind::Nginx, config, master);
    }
    server(host, &build, config, Some(master.pid))
}

fn installed(host: &Host) -> Vec<Build> {
    let binaries = BINARIES.iter().filter_map(|path| host.read_file(Path::new(path)).ok());
    let mut builds: Vec<Build> = binaries.filter_map(|bytes| Build::from_binary(&bytes)).collect();
    let default = Build::default();
    if builds.is_empty() && host.exists(&default.config) {
        builds.push(default);
    }
    builds.retain(|build| host.exists(&build.config));
    builds
}

fn server(host: &Host, build: &Build, config: PathBuf, running: Option<i32>) -> Server {
    let declared = nginx::declared(&nginx::evaluate(host, &config), build);
    Server {
        kind: ServerKind::Nginx,
        version: build.version.clone(),
        config,
        running,
        sites: declared.sites,
        logs: declared.logs,
        problems: declared.problems,
    }
}
