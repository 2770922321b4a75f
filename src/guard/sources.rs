//! Which logs are followed: those the servers declare, those every host has, those the owner adds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::guard::config::Config;
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
    host.standard_logs().iter().for_each(|log| found.log(log, ""));
    for extra in &config.logs {
        found.follow(&extra.path, LogKind::from(extra.kind), None, &RealIp::default(), &extra.site);
    }
    found.journal(host);
    found
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
    }
}
