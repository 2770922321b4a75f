//! A web server as its own configuration declares it: sites, listeners, logs.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// A place in a configuration file; line from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Spot {
    pub file: PathBuf,
    pub line: u32,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerKind {
    Apache,
    Nginx,
    Tomcat,
}

/// A web server daemon of the host.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Server {
    pub kind: ServerKind,
    /// As installed or as the running process says; empty where neither can be told.
    pub version: String,
    /// The file its configuration starts at.
    pub config: PathBuf,
    /// Process id of the master, where it runs.
    pub running: Option<i32>,
    pub sites: Vec<Site>,
    /// Logs of the server itself, outside any site.
    pub logs: Vec<LogFile>,
    /// What could not be read or understood, with file:line where there is one; never silently left out.
    pub problems: Vec<String>,
}

/// One virtual host.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Site {
    /// First the name it is known by; never empty (`_` for a nameless default).
    pub names: Vec<String>,
    pub listeners: Vec<Listener>,
    pub docroot: Option<PathBuf>,
    /// True where any listener speaks TLS.
    pub tls: bool,
    /// User the scripts or workers run as, where declared.
    pub user: Option<String>,
    pub logs: Vec<LogFile>,
    pub at: Spot,
}

impl Site {
    /// The name it is known by.
    pub fn name(&self) -> &str {
        self.names.first().map_or("_", String::as_str)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listener {
    /// None: all addresses.
    pub address: Option<IpAddr>,
    pub port: u16,
    pub tls: bool,
    pub at: Spot,
}

/// One log as the configuration declares it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LogFile {
    pub target: LogTarget,
    pub kind: LogKind,
    /// Declared pattern of an access log; none for error logs.
    pub format: Option<DeclaredFormat>,
    pub real_ip: RealIp,
    pub at: Spot,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogTarget {
    /// May hold `*` (a Tomcat valve's dated files).
    File(PathBuf),
    /// A piped log: the command, and the file it writes where that can be told (rotatelogs, cronolog).
    Pipe { command: String, file: Option<PathBuf> },
    /// `syslog:…`, with the rest of the declaration.
    Syslog(String),
    /// `off`, `/dev/null`.
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogKind {
    Access,
    ApacheError,
    NginxError,
    ModsecurityAudit,
    PhpFpm,
    /// sshd, sudo and their like, in files.
    Auth,
    /// What an application, or any program through syslog, says of itself.
    Application,
    /// Lines of several formats, each told by itself.
    Mixed,
    /// Lines of any form, which only imported jails understand.
    Plain,
}

/// A log pattern in the server's own language.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeclaredFormat {
    pub syntax: FormatSyntax,
    /// `combined`, `vhost_combined`, or empty where it was written in place.
    pub name: String,
    pub pattern: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FormatSyntax {
    /// mod_log_config(5): `%h %l %u %t "%r" %>s %b`
    Apache,
    /// ngx_http_log_module, `escape=default`
    Nginx,
    /// The same, `escape=json`
    NginxJson,
    /// The same, `escape=none`
    NginxNone,
    /// Tomcat AccessLogValve
    Valve,
}

/// Whose word about the client is taken: mod_remoteip, ngx_http_realip_module, RemoteIpValve, or the owner's own list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RealIp {
    /// The header that carries the client, in lower case; none: no proxy is trusted.
    pub header: Option<String>,
    pub trusted: Vec<IpNet>,
    /// True where the server itself puts the client's address into the log's client field.
    pub rewrites: bool,
}
