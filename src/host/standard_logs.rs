//! Logs that no web server declares but that tell of it or of the host: php-fpm, authentication, applications, the journal.

use std::path::{Path, PathBuf};

use crate::host::Host;
use crate::model::{LogFile, LogKind, LogTarget, RealIp, Spot};

/// Debian, then Red Hat.
const FPM_CONFIGS: [&str; 2] = ["/etc/php/*/fpm/php-fpm.conf", "/etc/php-fpm.conf"];
/// Debian, then Red Hat: where syslog writes sshd and sudo.
const AUTH_LOGS: [&str; 2] = ["/var/log/auth.log", "/var/log/secure"];

impl Host {
    /// The php-fpm logs that are declared, and those of authentication and applications that are there.
    pub fn standard_logs(&self) -> Vec<LogFile> {
        let configs = FPM_CONFIGS.iter().flat_map(|pattern| self.glob(Path::new(pattern)));
        let mut logs: Vec<LogFile> = configs.filter_map(|config| self.fpm_log(&config)).collect();
        for path in AUTH_LOGS.iter().map(PathBuf::from).filter(|path| self.exists(path)) {
            let at = Spot { file: path.clone(), line: 1 };
            logs.push(log(LogTarget::File(path), LogKind::Auth, at));
        }
        logs.extend(self.application_logs());
        logs
    }

    /// True where systemd-journald keeps a journal, on disk or in memory.
    pub fn has_journal(&self) -> bool {
        ["/var/log/journal/*/*.journal", "/run/log/journal/*/*.journal"]
            .iter()
            .any(|pattern| !self.glob(Path::new(pattern)).is_empty())
    }

    /// The `error_log` of one php-fpm.conf; relative ones start at PHP's state directory.
    fn fpm_log(&self, config: &Path) -> Option<LogFile> {
        let text = self.read_file(config).ok()?;
        let text = String::from_utf8_lossy(&text);
        let declared =
            text.lines().zip(1_u32..).filter_map(|(line, number)| Some((setting(line, "error_log")?, number)));
        let (value, line) = declared.last()?;
        let target = match value {
            "syslog" => LogTarget::Syslog(String::new()),
            "/dev/null" => LogTarget::Off,
            path => LogTarget::File(Path::new("/var").join(path)),
        };
        Some(log(target, LogKind::PhpFpm, Spot { file: config.to_owned(), line }))
    }
}

pub(super) fn log(target: LogTarget, kind: LogKind, at: Spot) -> LogFile {
    LogFile { target, kind, format: None, real_ip: RealIp::default(), at }
}

/// `name = value`, quotes off; `;` starts a comment line.
fn setting<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let value = line.trim_start().strip_prefix(name)?.trim_start().strip_prefix('=')?;
    let value = value.split(" ;").next().unwrap_or(value);
    Some(value.trim().trim_matches('"')).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn php_fpm_and_authentication_logs_are_found_where_they_are() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path();
        for dir in ["etc/php/8.2/fpm", "etc/php/8.4/fpm", "var/log/journal/abc"] {
            fs::create_dir_all(root.join(dir)).unwrap();
        }
        fs::write(
            root.join("etc/php/8.2/fpm/php-fpm.conf"),
            ";error_log = /no\n[global]\nerror_log = /var/log/a.log\n",
        )
        .unwrap();
        fs::write(root.join("etc/php/8.4/fpm/php-fpm.conf"), "error_log = \"log/b.log\"\n").unwrap();
        fs::write(root.join("var/log/auth.log"), "").unwrap();
        let host = Host::recorded(root);
        let found: Vec<(LogTarget, LogKind, String)> =
            host.standard_logs().into_iter().map(|log| (log.target, log.kind, log.at.to_string())).collect();
        let file = |path: &str| LogTarget::File(path.into());
        assert_eq!(
            found,
            [
                (file("/var/log/a.log"), LogKind::PhpFpm, "/etc/php/8.2/fpm/php-fpm.conf:3".to_owned()),
                (file("/var/log/b.log"), LogKind::PhpFpm, "/etc/php/8.4/fpm/php-fpm.conf:1".to_owned()),
                (file("/var/log/auth.log"), LogKind::Auth, "/var/log/auth.log:1".to_owned()),
            ]
        );
        assert!(!host.has_journal());
        fs::write(root.join("var/log/journal/abc/system.journal"), "").unwrap();
        assert!(host.has_journal());
    }
}
