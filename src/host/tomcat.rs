//! Finds Tomcat: running (`-Dcatalina.base=…`), or installed where Debian, Red Hat and the tarballs put it.

use std::path::{Path, PathBuf};

use crate::formats::tomcat;
use crate::host::processes::{Process, in_container};
use crate::host::{Config, Configured, Host};
use crate::model::{Server, ServerKind};

/// glob(3) patterns of CATALINA_BASE directories.
const BASES: [&str; 7] = [
    "/var/lib/tomcat[0-9]*",
    "/var/lib/tomcat",
    "/var/lib/tomcats/*",
    "/usr/share/tomcat",
    "/usr/local/tomcat*",
    "/opt/tomcat*",
    "/opt/apache-tomcat*",
];

struct Instance {
    base: PathBuf,
    home: PathBuf,
    pid: Option<i32>,
}

/// Every Tomcat of the host, one a CATALINA_BASE; the running ones first.
pub(super) fn discover(host: &Host, processes: &[Process]) -> Vec<Configured> {
    let (elsewhere, here): (Vec<&Process>, Vec<&Process>) = processes.iter().partition(|process| process.elsewhere);
    let mut instances: Vec<Instance> = here.into_iter().filter_map(running).collect();
    for base in BASES.iter().flat_map(|pattern| host.glob(Path::new(pattern))) {
        instances.push(Instance { home: home_of(host, &base), base, pid: None });
    }
    let mut seen = Vec::new();
    instances.retain(|instance| {
        let config = host.real(&instance.base.join("conf/server.xml"));
        let known = std::fs::canonicalize(&config).ok();
        let fresh = known.is_none_or(|path| {
            let fresh = !seen.contains(&path);
            seen.push(path);
            fresh
        });
        fresh && (instance.pid.is_some() || config.exists())
    });
    let contained = elsewhere.into_iter().filter_map(|process| {
        let config = running(process)?.base.join("conf/server.xml");
        Some(Configured::elsewhere(in_container(ServerKind::Tomcat, config, process)))
    });
    instances.iter().map(|instance| server(host, instance)).chain(contained).collect()
}

fn running(process: &Process) -> Option<Instance> {
    let property = |name: &str| process.args.iter().find_map(|word| word.strip_prefix(name)).map(PathBuf::from);
    let home = property("-Dcatalina.home=");
    let base = property("-Dcatalina.base=").or_else(|| home.clone())?;
    Some(Instance { home: home.unwrap_or_else(|| base.clone()), base, pid: Some(process.pid) })
}

/// Debian keeps the program apart from the instance: /usr/share/tomcat10 for /var/lib/tomcat10.
fn home_of(host: &Host, base: &Path) -> PathBuf {
    let shared = Path::new("/usr/share").join(base.file_name().unwrap_or_default());
    if host.exists(&shared.join("lib")) { shared } else { base.to_owned() }
}

fn server(host: &Host, instance: &Instance) -> Configured {
    let declared = tomcat::declared(host, &instance.base, &instance.home);
    let server = Server {
        kind: ServerKind::Tomcat,
        version: version(host, instance),
        config: instance.base.join("conf/server.xml"),
        running: instance.pid,
        sites: declared.sites,
        logs: Vec::new(),
        problems: declared.problems,
    };
    let (base, home) = (instance.base.clone(), instance.home.clone());
    Configured { server, config: Config::Tomcat { base, home } }
}

/// From the package (Debian), or from the notes a tarball carries (`Apache Tomcat Version 10.1.30`).
fn version(host: &Host, instance: &Instance) -> String {
    let package = instance.home.file_name().unwrap_or_default().to_string_lossy();
    let packaged = if instance.home.starts_with("/usr/share") { host.package_version(&package) } else { String::new() };
    if !packaged.is_empty() {
        return packaged;
    }
    let notes = host.read_file(&instance.home.join("RELEASE-NOTES")).unwrap_or_default();
    let notes = String::from_utf8_lossy(&notes);
    let version = notes.split_once("Apache Tomcat Version ").and_then(|(_, rest)| rest.split_ascii_whitespace().next());
    version.unwrap_or_default().to_owned()
}
