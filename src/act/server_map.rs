//! The deny map of the web servers: stops clients that come through a trusted proxy, whose packets are the proxy's.
//!
//! We write two files under the state directory; the owner includes a shipped snippet that reads them
//! (`etc/nginx/peelhouse-deny.conf`, `etc/apache2/peelhouse-deny.conf`). Apache reads its file anew by itself, nginx at
//! a reload, which happens here. Tomcat has no such map.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ipnet::IpNet;

use super::packet_filter::Effect;
use super::{Done, files, process};

/// Reloads come no closer together.
const PAUSE: Duration = Duration::from_secs(2);
/// After a configuration that nginx refused.
const LONG_PAUSE: Duration = Duration::from_secs(30);

/// Who is denied or limited by the web servers themselves.
pub type Denied = BTreeMap<IpNet, Effect>;

/// The files, and what nginx has yet to take up.
pub struct ServerMap {
    directory: PathBuf,
    written: Option<Denied>,
    stale: bool,
    not_before: Option<Instant>,
}

/// A running nginx.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nginx {
    /// Process id of its master.
    pub master: i32,
    pub config: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum MapError {
    #[error("cannot write the deny map {path}: {cause}")]
    Write { path: PathBuf, cause: io::Error },
    #[error("cannot run nginx to test {config}: {cause}")]
    Run { config: PathBuf, cause: io::Error },
    #[error("nginx was not reloaded, its configuration test fails: {said}")]
    ConfigTest { said: String },
    #[error("process {0} is not nginx any more")]
    NotNginx(i32),
    #[error("cannot tell nginx (process {master}) to reload: {cause}")]
    Signal { master: i32, cause: io::Error },
}

impl ServerMap {
    /// Makes `deny/` with empty maps under the state directory where they are missing, so that the snippets can be
    /// included before anybody is denied. The web servers' users must be able to enter the state directory.
    pub fn open(state: &Path) -> Result<Self, MapError> {
        let directory = state.join("deny");
        let failed = |cause| MapError::Write { path: directory.clone(), cause };
        std::fs::DirBuilder::new().recursive(true).mode(0o755).create(&directory).map_err(failed)?;
        let map = Self { directory, written: None, stale: false, not_before: None };
        for (path, text) in map.files(&Denied::new()) {
            if !path.exists() {
                put(&path, &text)?;
            }
        }
        Ok(map)
    }

    /// Writes the maps where they differ from what was written last.
    pub fn write(&mut self, denied: &Denied) -> Result<Option<Done>, MapError> {
        if self.written.as_ref() == Some(denied) {
            return Ok(None);
        }
        for (path, text) in self.files(denied) {
            put(&path, &text)?;
        }
        self.written = Some(denied.clone());
        self.stale = true;
        let what = format!("wrote the deny map {} with {} entries", self.directory.display(), denied.len());
        Ok(Some(Done { what, undo: "peelhouse unban ADDRESS, for each of them".into() }))
    }

    /// Tells nginx about a changed map, once its configuration test passes; at most every two seconds. Call it each
    /// second.
    pub fn reload(&mut self, servers: &[Nginx], now: Instant) -> Result<Option<Done>, MapError> {
        if !self.stale || servers.is_empty() || self.not_before.is_some_and(|at| now < at) {
            return Ok(None);
        }
        self.not_before = Some(now + LONG_PAUSE);
        servers.iter().try_for_each(reload_one)?;
        self.not_before = Some(now + PAUSE);
        self.stale = false;
        let masters: Vec<String> = servers.iter().map(|server| server.master.to_string()).collect();
        let what = format!("reloaded nginx (process {}) for the deny map", masters.join(", "));
        Ok(Some(Done { what, undo: "none needed".into() }))
    }

    fn files(&self, denied: &Denied) -> [(PathBuf, String); 2] {
        [(self.directory.join("nginx.conf"), nginx(denied)), (self.directory.join("apache.txt"), apache(denied))]
    }
}

/// `ngx_http_geo_module`: `203.0.113.0/24 deny;`
fn nginx(denied: &Denied) -> String {
    let mut text = String::from("# Written by peelhouse; changes are lost.\n");
    for (net, effect) in denied {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{net} {};", if *effect == Effect::Drop { "deny" } else { "limit" });
    }
    text
}

/// A `rnd:` map of mod_rewrite: one address a line, so prefixes are left to nginx and to the packet filter.
fn apache(denied: &Denied) -> String {
    let mut text = String::from("# Written by peelhouse; changes are lost.\n");
    for (net, effect) in denied.iter().filter(|(net, _)| net.prefix_len() == net.max_prefix_len()) {
        let _ = writeln!(
            text,
            "{} {}",
            net.addr(),
            if *effect == Effect::Drop { "deny" } else { "limit|limit|limit|pass" }
        );
    }
    text
}

fn put(path: &Path, text: &str) -> Result<(), MapError> {
    files::replace(path, text.as_bytes(), 0o644).map_err(|cause| MapError::Write { path: path.to_path_buf(), cause })
}

fn reload_one(server: &Nginx) -> Result<(), MapError> {
    let config = server.config.display().to_string();
    let tested = process::run("nginx", &["-t", "-q", "-c", &config])
        .map_err(|cause| MapError::Run { config: server.config.clone(), cause })?;
    if !tested.status.success() {
        let said = String::from_utf8_lossy(&tested.stderr).lines().next().unwrap_or("nothing").to_string();
        return Err(MapError::ConfigTest { said });
    }
    let pid = rustix::process::Pid::from_raw(server.master).ok_or(MapError::NotNginx(server.master))?;
    // The signal would end a process that has taken over the number.
    let name = std::fs::read_to_string(format!("/proc/{}/comm", server.master)).unwrap_or_default();
    if name.trim_end() != "nginx" {
        return Err(MapError::NotNginx(server.master));
    }
    rustix::process::kill_process(pid, rustix::process::Signal::HUP)
        .map_err(|cause| MapError::Signal { master: server.master, cause: cause.into() })
}
