//! Which logs are followed: those the servers declare, those every host has, those the owner adds.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::formats::glob;
use crate::guard::config::{Config, Kind};
use crate::guard::said::Said;
use crate::host::Host;
use crate::model::{DeclaredFormat, LogFile, LogKind, LogTarget, RealIp, Server};
use crate::monitor::Source;

/// What will be followed, and what is said about each log.
#[derive(Default)]
pub struct Found<'a> {
    pub sources: Vec<Source>,
    pub said: Vec<Said<'a>>,
    /// Logins are read from the systemd journal: no file has them.
    pub journal: bool,
    paths: BTreeSet<PathBuf>,
}

pub fn of<'a>(host: &Host, servers: &'a [Server], config: &'a Config) -> Found<'a> {
    let mut found = Found::default();
    for server in servers {
        server.logs.iter().for_each(|log| found.log(log, ""));
        for site in &server.sites {
            let name = site.names.first().map_or("", String::as_str);
            site.logs.iter().for_each(|log| found.log(log, name));
        }
    }
    let anywhere = anywhere(servers);
    for log in &host.standard_logs() {
        match (&log.target, log.kind) {
            (LogTarget::File(path), LogKind::Application) => found.follow(path, log.kind, None, &anywhere, ""),
            _ => found.log(log, ""),
        }
    }
    for extra in &config.logs {
        let real_ip = if extra.kind == Kind::Application { anywhere.clone() } else { RealIp::default() };
        found.follow(&extra.path, LogKind::from(extra.kind), None, &real_ip, &extra.site);
    }
    found.jails(config);
    found.journal(host);
    found
}

/// The proxies of all sites: an application may stand behind any of them, and does not say which.
fn anywhere(servers: &[Server]) -> RealIp {
    let of_sites = servers.iter().flat_map(|server| server.sites.iter().flat_map(|site| &site.logs));
    let mut all = RealIp::default();
    for log in servers.iter().flat_map(|server| &server.logs).chain(of_sites) {
        all.header = all.header.or_else(|| log.real_ip.header.clone());
        all.rewrites |= log.real_ip.rewrites;
        all.trusted
            .extend(log.real_ip.trusted.iter().filter(|net| !all.trusted.contains(net)).copied().collect::<Vec<_>>());
    }
    all
}

impl<'a> Found<'a> {
    fn log(&mut self, log: &LogFile, site: &'a str) {
        match &log.target {
            LogTarget::File(path) | LogTarget::Pipe { file: Some(path), .. } => {
                self.follow(path, log.kind, log.format.as_ref(), &log.real_ip, site);
            }
            LogTarget::Pipe { command, file: None } => {
                self.cannot(
                    command,
                    site,
                    "it is piped into a program, and its file cannot be told; name it under [[log]]",
                );
            }
            LogTarget::Syslog(to) => {
                self.cannot(
                    &format!("syslog:{to}"),
                    site,
                    "it goes to syslog; name the file it ends up in under [[log]]",
                );
            }
            LogTarget::Off => {}
        }
    }

    /// What imported jails read, where nothing else does.
    fn jails(&mut self, config: &Config) {
        for log in config.detection.jails.iter().filter(|jail| jail.enabled).flat_map(|jail| &jail.logs) {
            let known = self.sources.iter().any(|source| fits(log, &source.path) || fits(&source.path, log));
            if !known {
                self.follow(log, LogKind::Plain, None, &RealIp::default(), "");
            }
        }
    }

    /// Where sshd and sudo write no file, and a journal is kept.
    fn journal(&mut self, host: &Host) {
        let in_files = self.sources.iter().any(|source| source.kind == LogKind::Auth);
        self.journal = !in_files && host.has_journal();
        if self.journal {
            let format = words(LogKind::Auth, None);
            self.said.push(Said::Log { path: "the journal".to_owned(), site: "", format, problem: None });
        }
    }

    /// Once each, however many sites write it.
    fn follow(&mut self, path: &Path, kind: LogKind, format: Option<&DeclaredFormat>, real_ip: &RealIp, site: &'a str) {
        if !self.paths.insert(path.to_path_buf()) {
            return;
        }
        self.said.push(Said::Log {
            path: path.display().to_string(),
            site,
            format: words(kind, format),
            problem: None,
        });
        self.sources.push(Source {
            path: path.to_path_buf(),
            kind,
            format: format.cloned(),
            real_ip: real_ip.clone(),
            site: site.to_owned(),
        });
    }

    fn cannot(&mut self, path: &str, site: &'a str, why: &str) {
        let problem = Some(why.to_owned());
        self.said.push(Said::Log { path: path.to_owned(), site, format: String::new(), problem });
    }
}

/// Whether a path, or a pattern as text, is one that a pattern stands for.
fn fits(pattern: &Path, path: &Path) -> bool {
    let same = |(pattern, part): (&OsStr, &OsStr)| glob::matches(&pattern.to_string_lossy(), &part.to_string_lossy());
    pattern.iter().count() == path.iter().count() && pattern.iter().zip(path).all(same)
}

fn words(kind: LogKind, format: Option<&DeclaredFormat>) -> String {
    match (kind, format) {
        (LogKind::Access, Some(format)) if !format.name.is_empty() => format.name.clone(),
        (LogKind::Access, Some(_)) => "its own format".to_owned(),
        (LogKind::Access, None) => "format as recognised".to_owned(),
        (LogKind::ApacheError, _) => "Apache errors".to_owned(),
        (LogKind::NginxError, _) => "nginx errors".to_owned(),
        (LogKind::ModsecurityAudit, _) => "ModSecurity audit".to_owned(),
        (LogKind::PhpFpm, _) => "php-fpm".to_owned(),
        (LogKind::Auth, _) => "authentication".to_owned(),
        (LogKind::Application, _) => "application".to_owned(),
        (LogKind::Mixed, _) => "mixed".to_owned(),
        (LogKind::Plain, _) => "for imported jails".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ServerKind, Spot};

    fn log(path: &str, header: Option<&str>, trusted: &[&str]) -> LogFile {
        let trusted = trusted.iter().map(|net| net.parse().unwrap()).collect();
        let real_ip = RealIp { header: header.map(str::to_owned), trusted, rewrites: header.is_some() };
        let target = LogTarget::File(path.into());
        LogFile { target, kind: LogKind::Access, format: None, real_ip, at: Spot::default() }
    }

    #[test]
    fn an_application_may_stand_behind_any_proxy_of_the_host() {
        let scratch = tempfile::tempdir().unwrap();
        let logs = vec![log("/a", None, &[]), log("/b", Some("x-real-ip"), &["10.0.0.0/8", "192.0.2.1/32"])];
        let server = Server {
            kind: ServerKind::Nginx,
            version: String::new(),
            config: PathBuf::new(),
            running: None,
            sites: Vec::new(),
            logs,
            problems: Vec::new(),
        };
        let text = "[[log]]\npath = \"/srv/app.log\"\nkind = \"application\"";
        let config: Config = toml::from_str(text).unwrap();
        let servers = [server];
        let found = of(&Host::recorded(scratch.path()), &servers, &config);
        let applications: Vec<&Source> =
            found.sources.iter().filter(|source| source.kind == LogKind::Application).collect();
        let paths: Vec<&Path> = applications.iter().map(|source| source.path.as_path()).collect();
        assert_eq!(paths, [Path::new("/srv/app.log")]);
        assert!(applications.iter().all(|source| source.real_ip == servers[0].logs[1].real_ip), "{applications:?}");
    }
}
