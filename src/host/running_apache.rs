//! The Apache servers that run, each as its own command line and environment start it, beside those that are installed.

use std::path::PathBuf;

use crate::formats::apache::envvars::Environment;
use crate::formats::apache::evaluate::{Start, include};
use crate::host::processes::{Process, in_container, masters};
use crate::host::{Configured, Host, apache};
use crate::model::{Server, ServerKind};

/// Debian, then everybody else.
const PROGRAMS: [&str; 2] = ["apache2", "httpd"];

/// Every Apache of the host, one a main configuration file; the running ones first.
pub(super) fn discover(host: &Host, processes: &[Process]) -> Vec<Configured> {
    let installed = apache::discover(host);
    let mut found: Vec<Configured> =
        masters(processes, &PROGRAMS).into_iter().map(|master| running(host, master, &installed)).collect();
    for known in installed {
        let same =
            |running: &Configured| running.server.config == known.server.config && !running.server.sites.is_empty();
        if !found.iter().any(same) {
            found.push(known);
        }
    }
    found
}

fn running(host: &Host, master: &Process, installed: &[Configured]) -> Configured {
    let start = start(host, master);
    let config = include::under(&start.root, &start.file.to_string_lossy());
    if master.elsewhere {
        return Configured::elsewhere(in_container(ServerKind::Apache, config, master));
    }
    let known = installed.iter().find(|known| known.server.config == config);
    let version = known.or(installed.first()).map(|known| known.server.version.clone()).unwrap_or_default();
    let Configured { server, config } = apache::server(host, start);
    Configured { server: Server { running: Some(master.pid), version, ..server }, config }
}

/// `-d`, `-f` and `-D` (httpd(8)), and the variables it was started with.
pub(super) fn start(host: &Host, master: &Process) -> Start {
    let (root, file) = built_in(master);
    let root = master.option("-d").map_or(root, |root| master.path(root));
    let file = master.option("-f").map_or_else(|| PathBuf::from(file), PathBuf::from);
    let mut start = Start::new(root, file);
    start.flags = master.options("-D").into_iter().map(str::to_owned).collect();
    start.environment = environment(host, master.pid);
    start
}

fn built_in(master: &Process) -> (PathBuf, &'static str) {
    match (master.program(), master.exe.parent().and_then(|dir| dir.parent())) {
        ("apache2", _) => ("/etc/apache2".into(), "apache2.conf"),
        (_, Some(prefix)) if prefix != "/usr" && prefix != "/" => (prefix.to_owned(), "conf/httpd.conf"),
        _ => ("/etc/httpd".into(), "conf/httpd.conf"),
    }
}

fn environment(host: &Host, pid: i32) -> Environment {
    let bytes = host.read_file(&PathBuf::from(format!("/proc/{pid}/environ"))).unwrap_or_default();
    let pairs = bytes.split(|byte| *byte == 0).filter_map(|pair| {
        let (name, value) = std::str::from_utf8(pair).ok()?.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });
    pairs.collect()
}
