//! Logs of applications where their packages and guides put them: those that are there, few enough to be followed.

use std::path::Path;

use crate::host::Host;
use crate::host::standard_logs::log;
use crate::model::{LogFile, LogKind, LogTarget, Spot};

/// A line an application: the first pattern that finds a file stands for it, as the others tell the same.
const APPLICATION_LOGS: &[&[&str]] = &[
    &["/var/log/syslog", "/var/log/messages"],
    &["/var/log/roundcube/errors.log", "/var/log/roundcubemail/errors", "/var/log/roundcube/userlogins.log"],
    &["/var/www/*/data/nextcloud.log", "/srv/www/*/data/nextcloud.log", "/var/lib/nextcloud/data/nextcloud.log"],
    &["/var/www/*/administrator/logs/error.php", "/srv/www/*/administrator/logs/error.php"],
    &["/var/log/gitlab/gitlab-rails/application_json.log", "/var/log/gitlab/gitlab-rails/application.log"],
    &["/var/log/gitea/gitea.log", "/var/log/forgejo/forgejo.log", "/var/lib/gitea/log/gitea.log"],
    &["/var/log/grafana/grafana.log"],
    &["/var/log/tomcat*/catalina.out", "/opt/tomcat*/logs/catalina.out"],
    &["/var/log/lighttpd/error.log"],
    &["/var/log/squid/access.log"],
    &["/var/log/sogo/sogo.log"],
    &["/var/log/horde/horde.log"],
    &["/var/log/vaultwarden.log", "/var/log/vaultwarden/vaultwarden.log"],
    &["/var/log/directadmin/login.log"],
    &["/var/log/centreon/login.log"],
    &["/var/log/openwebmail.log"],
    &["/var/log/monit.log"],
    &["/var/log/keycloak/keycloak.log"],
];
/// Of one application; a hosting server may have hundreds.
const MOST: usize = 32;

impl Host {
    /// The logs of applications that are there.
    pub(super) fn application_logs(&self) -> Vec<LogFile> {
        let found = APPLICATION_LOGS.iter().flat_map(|patterns| {
            let paths = patterns.iter().map(|pattern| self.glob(Path::new(pattern)));
            paths.into_iter().find(|paths| !paths.is_empty()).unwrap_or_default().into_iter().take(MOST)
        });
        let file = |path: std::path::PathBuf| {
            log(LogTarget::File(path.clone()), LogKind::Application, Spot { file: path, line: 1 })
        };
        found.map(file).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn an_application_is_found_by_its_log_and_read_once() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path();
        let there =
            ["var/log/roundcube/errors.log", "var/log/roundcube/userlogins.log", "var/www/a/data/nextcloud.log"];
        for file in there.into_iter().chain(["var/www/b/data/nextcloud.log", "var/www/b/data/other.log"]) {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), "").unwrap();
        }
        let found = Host::recorded(root).standard_logs();
        let found: Vec<String> = found
            .iter()
            .filter(|log| log.kind == LogKind::Application)
            .map(|log| match &log.target {
                LogTarget::File(path) => path.display().to_string(),
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(
            found,
            ["/var/log/roundcube/errors.log", "/var/www/a/data/nextcloud.log", "/var/www/b/data/nextcloud.log"]
        );
    }
}
