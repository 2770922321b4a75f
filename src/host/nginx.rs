//! Finds nginx: running, or installed in one of the places it is built for.

use std::path::{Path, PathBuf};

use crate::formats::nginx::{self, Build};
use crate::host::processes::{Process, in_container, masters};
use crate::host::{Config, Configured, Host};
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
pub(super) fn discover(host: &Host, processes: &[Process]) -> Vec<Configured> {
    let mut found: Vec<Configured> =
        masters(processes, &PROGRAMS).into_iter().map(|master| running(host, master)).collect();
    for build in installed(host) {
        if !found.iter().any(|known| known.server.config == build.config) {
            let config = build.config.clone();
            found.push(server(host, build, config, None));
        }
    }
    found
}

fn running(host: &Host, master: &Process) -> Configured {
    let mut build = host.read_file(&master.exe).ok().and_then(|bytes| Build::from_binary(&bytes)).unwrap_or_default();
    if let Some(prefix) = master.option("-p") {
        build = build.at_prefix(&master.path(prefix));
    }
    let config = build.prefix.join(master.option("-c").map_or(build.config.clone(), PathBuf::from));
    if master.elsewhere {
        return Configured::elsewhere(in_container(ServerKind::Nginx, config, master));
    }
    server(host, build, config, Some(master.pid))
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

fn server(host: &Host, build: Build, config: PathBuf, running: Option<i32>) -> Configured {
    let read = nginx::evaluate(host, &config);
    let declared = nginx::declared(&read, &build);
    let server = Server {
        kind: ServerKind::Nginx,
        version: build.version.clone(),
        config,
        running,
        sites: declared.sites,
        logs: declared.logs,
        problems: declared.problems,
    };
    Configured { server, config: Config::Nginx(read, build) }
}
