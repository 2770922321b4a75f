//! Finds the Apache servers of a host by where distributions put their configuration, and reads what they serve and log.

mod listen;
mod logs;
mod real_ip;
mod sites;
mod target;

use std::path::{Path, PathBuf};

use crate::formats::Files;
use crate::formats::apache::envvars::{self, Environment};
use crate::formats::apache::evaluate::{self, Start, Version, include};
use crate::host::packages::package_version;
use crate::host::{Config, Configured};
use crate::model::{Server, ServerKind};

/// ServerRoot as compiled in, and the first file under it.
static LAYOUTS: &[(&str, &str)] = &[
    ("/etc/apache2", "apache2.conf"),
    ("/etc/apache2", "httpd.conf"),
    ("/etc/httpd", "conf/httpd.conf"),
    ("/usr/local/apache2", "conf/httpd.conf"),
    ("/opt/apache2", "conf/httpd.conf"),
];

/// Every Apache that is configured on a host. Whether it runs is left open; the version is that of Debian's package
/// where there is one, else empty.
pub fn discover(files: &dyn Files) -> Vec<Configured> {
    let version = package_version(files, "apache2-bin");
    let installed = numbers(&version);
    let found = starts(files).into_iter().map(|mut start| {
        start.version = installed.unwrap_or(start.version);
        let mut found = server(files, start);
        found.server.version.clone_from(&version);
        found
    });
    found.collect()
}

/// One server, read from where it starts.
pub fn server(files: &dyn Files, start: Start) -> Configured {
    let config = include::under(&start.root, &start.file.to_string_lossy());
    let evaluation = evaluate::evaluate(files, start);
    let mut problems: Vec<String> = evaluation.problems.iter().map(ToString::to_string).collect();
    let (sites, logs) = sites::read(files, &evaluation, &config, &mut problems);
    let server =
        Server { kind: ServerKind::Apache, version: String::new(), config, running: None, sites, logs, problems };
    Configured { server, config: Config::Apache(evaluation) }
}

fn starts(files: &dyn Files) -> Vec<Start> {
    let mut roots: Vec<(PathBuf, &str)> = LAYOUTS.iter().map(|(root, file)| (PathBuf::from(root), *file)).collect();
    // Debian's further instances: /etc/apache2-NAME.
    let others = files.list(Path::new("/etc")).unwrap_or_default();
    let others = others.iter().filter(|name| name.starts_with("apache2-"));
    roots.extend(others.map(|name| (Path::new("/etc").join(name), "apache2.conf")));
    roots.retain(|(root, file)| include::exists(files, &root.join(file)));
    roots.into_iter().map(|(root, file)| start(files, root, file)).collect()
}

/// How the distribution starts a server of this root: with the variables and flags of its envvars or sysconfig file.
pub fn start(files: &dyn Files, root: PathBuf, file: &str) -> Start {
    let mut start = Start::new(root, file);
    start.environment = environment(files, &start.root);
    for arguments in ["APACHE_ARGUMENTS", "OPTIONS"] {
        start.flags.extend(envvars::defines(start.environment.get(arguments).map_or("", String::as_str)));
    }
    start
}

fn environment(files: &dyn Files, root: &Path) -> Environment {
    let name = root.to_string_lossy();
    let instance = name.strip_prefix("/etc/apache2-").map_or_else(String::new, |instance| format!("-{instance}"));
    let mut environment = Environment::from([("SUFFIX".into(), instance)]);
    let file = if name == "/etc/httpd" { PathBuf::from("/etc/sysconfig/httpd") } else { root.join("envvars") };
    if let Ok(bytes) = files.read(&file) {
        envvars::read(&bytes, &mut environment);
    }
    environment
}

/// `2.4.71` as numbers.
fn numbers(version: &str) -> Option<Version> {
    let mut numbers = version.split('.').map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some([next()?, next()?, next()?])
}
