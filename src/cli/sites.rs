//! `peelhouse sites`: the web servers of the host as their own configuration declares them.
//!
//! With `--json` one object a line, told apart by `what`: `server` (kind, version, config, running, logs, problems), after
//! it each of its sites as `site` (config names its server; names, listeners, docroot, tls, user, logs, at), and at the
//! end each `log` that no server declares (php-fpm, authentication). A log has target, kind, format, real_ip and at.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};
use crate::host::Host;
use crate::model::{Listener, LogFile, LogKind, LogTarget, Server, ServerKind, Site};

/// A hosting server has hundreds.
const NAMES_SHOWN: usize = 4;

#[derive(clap::Args)]
pub struct Args {
    /// Look at a directory that stands for a host (an image, a chroot) instead of this host
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

#[derive(Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
enum Object<'a> {
    Server {
        kind: ServerKind,
        version: &'a str,
        config: &'a Path,
        running: Option<i32>,
        logs: &'a [LogFile],
        problems: &'a [String],
    },
    Site {
        config: &'a Path,
        #[serde(flatten)]
        site: &'a Site,
    },
    Log(&'a LogFile),
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, CliError> {
    let host = args.root.as_ref().map_or_else(Host::live, Host::recorded);
    let servers = host.servers();
    let others = host.standard_logs();
    match out.is_json() {
        true => objects(&servers, &others, out)?,
        false => show(&servers, &others, out)?,
    }
    Ok(if servers.is_empty() { Exit::Remark } else { Exit::Done })
}

fn objects(servers: &[Server], others: &[LogFile], out: &mut Output) -> Result<(), CliError> {
    for server in servers {
        let Server { kind, version, config, running, sites, logs, problems } = server;
        out.object(&Object::Server { kind: *kind, version, config, running: *running, logs, problems })?;
        for site in sites {
            out.object(&Object::Site { config, site })?;
        }
    }
    for log in others {
        out.object(&Object::Log(log))?;
    }
    Ok(())
}

fn show(servers: &[Server], others: &[LogFile], out: &mut Output) -> Result<(), CliError> {
    if servers.is_empty() {
        out.line("no web server was found: neither Apache nor nginx nor Tomcat runs or is installed here")?;
    }
    for server in servers {
        out.toned(Tone::Strong, &heading(server))?;
        let sites: Vec<Vec<String>> = server.sites.iter().map(site_row).collect();
        out.table(&["site", "listens on", "pages in"], &sites, "it declares no site")?;
        out.table(&["log", "format", "client is", "of"], &log_rows(server), "it declares no log")?;
        for problem in &server.problems {
            out.toned(Tone::Warn, problem)?;
        }
        out.line("")?;
    }
    for log in others {
        out.line(&format!("beside the servers: {} ({})", target(log), format(log)))?;
    }
    Ok(())
}

fn heading(server: &Server) -> String {
    let kind = match server.kind {
        ServerKind::Apache => "Apache",
        ServerKind::Nginx => "nginx",
        ServerKind::Tomcat => "Tomcat",
    };
    let version = if server.version.is_empty() { String::new() } else { format!(" {}", server.version) };
    let running = server.running.map_or("not running".to_owned(), |pid| format!("running as process {pid}"));
    format!("{kind}{version}, {running}, configured in {}", server.config.display())
}

fn site_row(site: &Site) -> Vec<String> {
    let listeners: Vec<String> = site.listeners.iter().map(listener).collect();
    let docroot = site.docroot.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let names: Vec<String> = site.names.iter().map(|name| named(name)).collect();
    vec![some(&names), listeners.join(", "), docroot]
}

/// Each log once, with the sites that write it.
fn log_rows(server: &Server) -> Vec<Vec<String>> {
    let mut rows: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    let of_sites = server.sites.iter().flat_map(|site| site.logs.iter().map(move |log| (log, site.names.first())));
    for (log, site) in of_sites.chain(server.logs.iter().map(|log| (log, None))) {
        let cells = vec![target(log), format(log), client(log)];
        let site = site.map_or_else(|| "the server".to_owned(), |name| named(name));
        match rows.iter_mut().find(|(known, _)| *known == cells) {
            Some((_, sites)) => sites.push(site),
            None => rows.push((cells, vec![site])),
        }
    }
    rows.into_iter().map(|(cells, sites)| [cells, vec![some(&sites)]].concat()).collect()
}

/// `_` is the house's word for the default site that has no name.
fn named(name: &str) -> String {
    if name == "_" { "any name".to_owned() } else { name.to_owned() }
}

/// The first of many names.
fn some(names: &[String]) -> String {
    let shown = names.get(..NAMES_SHOWN).unwrap_or(names).join(", ");
    if names.len() > NAMES_SHOWN { format!("{shown} and {} more", names.len() - NAMES_SHOWN) } else { shown }
}

fn listener(listener: &Listener) -> String {
    let address = match listener.address {
        None => "*".to_owned(),
        Some(std::net::IpAddr::V6(address)) => format!("[{address}]"),
        Some(address) => address.to_string(),
    };
    format!("{address}:{}{}", listener.port, if listener.tls { " tls" } else { "" })
}

fn target(log: &LogFile) -> String {
    match &log.target {
        LogTarget::File(path) => path.display().to_string(),
        LogTarget::Pipe { command, file: None } => format!("| {command}"),
        LogTarget::Pipe { file: Some(path), .. } => format!("{} (piped)", path.display()),
        LogTarget::Syslog(rest) => format!("syslog:{rest}"),
        LogTarget::Off => format!("off at {}", log.at),
    }
}

fn format(log: &LogFile) -> String {
    let kind = match log.kind {
        LogKind::Access => "unknown",
        LogKind::ApacheError | LogKind::NginxError => "error log",
        LogKind::ModsecurityAudit => "ModSecurity audit",
        LogKind::PhpFpm => "php-fpm",
        LogKind::Auth => "sshd, sudo",
        LogKind::Application => "application",
        LogKind::Mixed => "mixed",
    };
    match &log.format {
        _ if log.target == LogTarget::Off => String::new(),
        Some(format) if format.name.is_empty() => format.pattern.clone(),
        Some(format) => format.name.clone(),
        None => kind.to_owned(),
    }
}

/// Whom the log's client field names.
fn client(log: &LogFile) -> String {
    match &log.real_ip.header {
        _ if log.kind != LogKind::Access || log.target == LogTarget::Off => String::new(),
        None => "the peer".to_owned(),
        Some(header) if log.real_ip.rewrites => format!("in {header}"),
        Some(header) => format!("the peer; {header} is not in the log"),
    }
}
