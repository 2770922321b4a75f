//! The deny map of the web servers: stops clients that come through a trusted proxy, whose packets are the proxy's.
//!
//! We write two files under the state directory; the owner includes a shipped snippet that reads them
//! (`etc/nginx/peelhouse-deny.conf`, `etc/apache2/peelhouse-deny.conf`). Apache reads its file anew by itself, nginx at
//! a reload, which happens here. Tomcat has no such map.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ipnet::IpNet;

use super::packet_filter::Effect;
use super::{Done, files};

/// Reloads come no closer together.
const PAUSE: Duration = Duration::from_secs(2);
/// How long a reload may take before it counts as refused.
const PATIENCE: Duration = Duration::from_secs(10);
/// After a reload that nginx refused.
const LONG_PAUSE: Duration = Duration::from_secs(30);
/// Under the state directory.
const FOLDER: &str = "deny";
/// What the master calls itself, and its descendants' masters.
const NAMES: [&str; 3] = ["nginx", "openresty", "angie"];

/// Who is denied or limited by the web servers themselves.
pub type Denied = BTreeMap<IpNet, Effect>;

/// The files, and what nginx has yet to take up.
pub struct ServerMap {
    directory: PathBuf,
    written: Option<Denied>,
    stale: bool,
    not_before: Option<Instant>,
    /// Workers that ran before a reload, by master: others must follow them.
    asked: Option<(Instant, BTreeMap<i32, BTreeSet<i32>>)>,
}

#[derive(Debug, thiserror::Error)]
pub enum MapError {
    #[error("cannot write the deny map {path}: {cause}")]
    Write { path: PathBuf, cause: io::Error },
    #[error("nginx (process {0}) refuses to reload, so the deny map does not hold; `nginx -t` tells why")]
    Refused(i32),
    #[error("cannot tell nginx (process {master}) to reload: {cause}")]
    Signal { master: i32, cause: io::Error },
}

impl ServerMap {
    /// Makes `deny/` with empty maps under the state directory where they are missing, so that the snippets can be
    /// included before anybody is denied. Everybody may pass through the state directory from then on; nobody may list it.
    pub fn open(state: &Path) -> Result<Self, MapError> {
        let directory = state.join(FOLDER);
        let failed = |cause| MapError::Write { path: directory.clone(), cause };
        std::fs::create_dir_all(&directory).map_err(failed)?;
        for passed in [state, &directory] {
            let mode = std::fs::metadata(passed).map_err(failed)?.permissions().mode() | 0o011;
            std::fs::set_permissions(passed, std::fs::Permissions::from_mode(mode)).map_err(failed)?;
        }
        let map = Self { directory, written: None, stale: false, not_before: None, asked: None };
        for (path, text) in map.files(&Denied::new()) {
            if !path.exists() {
                put(&path, &text)?;
            }
        }
        Ok(map)
    }

    /// The files as the snippets name them: nginx's, and Apache's.
    pub fn paths(state: &Path) -> [PathBuf; 2] {
        [state.join(FOLDER).join("nginx.conf"), state.join(FOLDER).join("apache.txt")]
    }

    /// Writes the maps where they differ from what was written last.
    pub fn write(&mut self, denied: &Denied) -> Result<Option<Done>, MapError> {
        if self.written.as_ref() == Some(denied) {
            return Ok(None);
        }
        let mut differs = false;
        for (path, text) in self.files(denied) {
            if std::fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
                put(&path, &text)?;
                differs = true;
            }
        }
        // An earlier run may have ended between writing and reloading.
        self.stale |= differs || (self.written.is_none() && !denied.is_empty());
        self.written = Some(denied.clone());
        let what = format!("wrote the deny map {} with {} entries", self.directory.display(), denied.len());
        Ok(differs.then(|| Done { what, undo: "peelhouse unban ADDRESS, for each of them".into() }))
    }

    /// True where nginx has to be told, or has yet to do as it was told: ask for [`ServerMap::reload`].
    pub fn is_waiting(&self) -> bool {
        self.stale || self.asked.is_some()
    }

    /// Tells nginx (process ids of its masters as they are now) about a changed map, at most every two seconds. It takes
    /// a configuration up whole or not at all; where new workers do not follow, it refused. Call it each second.
    pub fn reload(&mut self, masters: &[i32], now: Instant) -> Result<Option<Done>, MapError> {
        self.look_back(now)?;
        if !self.stale || self.asked.is_some() || masters.is_empty() || self.not_before.is_some_and(|at| now < at) {
            return Ok(None);
        }
        self.not_before = Some(now + PAUSE);
        let before = masters.iter().map(|master| (*master, workers(*master))).collect();
        masters.iter().try_for_each(|master| hang_up(*master))?;
        self.stale = false;
        self.asked = Some((now, before));
        let names: Vec<String> = masters.iter().map(i32::to_string).collect();
        let what = format!("reloaded nginx (process {}) for the deny map", names.join(", "));
        Ok(Some(Done { what, undo: "none needed".into() }))
    }

    /// Whether the reload before was taken up: new workers came.
    fn look_back(&mut self, now: Instant) -> Result<(), MapError> {
        let Some((since, before)) = &self.asked else { return Ok(()) };
        let idle = |(master, old): &(&i32, &BTreeSet<i32>)| is_nginx(**master) && workers(**master).is_subset(old);
        let Some(master) = before.iter().find(idle).map(|(master, _)| *master) else {
            self.asked = None;
            return Ok(());
        };
        if now.saturating_duration_since(*since) < PATIENCE {
            return Ok(());
        }
        (self.asked, self.stale, self.not_before) = (None, true, Some(now + LONG_PAUSE));
        Err(MapError::Refused(master))
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

fn hang_up(master: i32) -> Result<(), MapError> {
    let failed = |cause: rustix::io::Errno| MapError::Signal { master, cause: cause.into() };
    // The signal would end a process that has taken over the number.
    let pid = rustix::process::Pid::from_raw(master).filter(|_| is_nginx(master));
    let pid = pid.ok_or(failed(rustix::io::Errno::SRCH))?;
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).map_err(failed)
}

fn is_nginx(pid: i32) -> bool {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    NAMES.contains(&name.trim_end())
}

/// Children of a process (proc(5)).
fn workers(master: i32) -> BTreeSet<i32> {
    let children = std::fs::read_to_string(format!("/proc/{master}/task/{master}/children")).unwrap_or_default();
    children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}
