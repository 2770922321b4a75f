//! An evaluated configuration as sites with listeners, docroots and logs.

use crate::formats::nginx::build::Build;
use crate::formats::nginx::evaluate::{Config, Setting};
use crate::formats::nginx::listen::listeners;
use crate::formats::nginx::logs::{Formats, Reader};
use crate::formats::nginx::real_ip::real_ip;
use crate::formats::nginx::scope::Scope;
use crate::model::{LogFile, RealIp, Site, Spot};

/// What an nginx configuration declares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declared {
    /// One a `server` block of http, in the order they are read.
    pub sites: Vec<Site>,
    /// The error logs outside http.
    pub logs: Vec<LogFile>,
    /// Those of the configuration, and what of it cannot be used; one may stand there for each site it concerns.
    pub problems: Vec<String>,
}

/// Reads the sites of a configuration; stream and mail blocks are no web servers and are left alone.
pub fn declared(config: &Config, build: &Build) -> Declared {
    let mut found = Declared { problems: config.problems.clone(), ..Declared::default() };
    let main = Scope::default().enter(&config.settings);
    let user = config.settings.iter().rfind(|setting| setting.name == "user").map(|setting| setting.first().to_owned());
    let start = Spot { file: config.files.first().cloned().unwrap_or_default(), line: 1 };
    let outside = Reader { formats: Formats::of(&[]), build };
    found.logs = outside.error_logs(&main.error_logs, &RealIp::default(), &start, &mut found.problems);
    if found.logs.is_empty() && main.error_logs.is_empty() {
        found
            .problems
            .push(format!("{start}: no error_log is declared: errors go to standard error, which is not read"));
    }
    for http in config.settings.iter().filter(|setting| setting.name == "http") {
        let scope = main.enter(http.inside());
        let reader = Reader { formats: Formats::of(http.inside()), build };
        for server in http.inside().iter().filter(|setting| setting.name == "server" && setting.block.is_some()) {
            let site = site(server, &scope, &reader, &mut found.problems);
            found.sites.push(Site { user: user.clone(), ..site });
        }
    }
    found
}

fn site(server: &Setting, http: &Scope<'_>, reader: &Reader<'_>, problems: &mut Vec<String>) -> Site {
    let scope = http.enter(server.inside());
    let listeners = listeners(server, problems);
    let root = scope.root.map_or("html", |setting| setting.first());
    let mut logs = Vec::new();
    collect_logs(server, &scope, reader, &mut logs, problems);
    Site {
        names: names(server),
        tls: listeners.iter().any(|listener| listener.tls),
        listeners,
        docroot: Some(reader.build.prefix.join(root)),
        user: None,
        logs,
        at: server.at.clone(),
    }
}

fn names(server: &Setting) -> Vec<String> {
    let declared = server.inside().iter().filter(|setting| setting.name == "server_name");
    let names: Vec<String> =
        declared.flat_map(|setting| &setting.args).filter(|name| !name.is_empty()).cloned().collect();
    if names.is_empty() { vec!["_".to_owned()] } else { names }
}

/// The logs of a block and of the locations in it that declare their own.
fn collect_logs(
    block: &Setting,
    scope: &Scope<'_>,
    reader: &Reader<'_>,
    logs: &mut Vec<LogFile>,
    problems: &mut Vec<String>,
) {
    for log in reader.logs(scope, &real_ip(scope, problems), &block.at, problems) {
        let known =
            |other: &LogFile| (&other.target, other.kind, &other.format) == (&log.target, log.kind, &log.format);
        if !logs.iter().any(known) {
            logs.push(log);
        }
    }
    for inner in nested(block) {
        collect_logs(inner, &scope.enter(inner.inside()), reader, logs, problems);
    }
}

/// Blocks inside that may log elsewhere; one that declares nothing is looked through, not read again.
fn nested(block: &Setting) -> Vec<&Setting> {
    let mut found = Vec::new();
    for inner in block.inside() {
        if matches!(inner.name.as_str(), "location" | "if" | "limit_except") {
            match Scope::changes_logs(inner.inside()) {
                true => found.push(inner),
                false => found.extend(nested(inner)),
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::Files;
    use crate::formats::nginx::evaluate;
    use proptest::prelude::*;
    use std::path::Path;

    /// One file that stands under every name.
    struct Only(Vec<u8>);

    impl Files for Only {
        fn read(&self, _: &Path) -> Result<Vec<u8>, String> {
            Ok(self.0.clone())
        }

        fn list(&self, _: &Path) -> Result<Vec<String>, String> {
            Ok(vec!["a".to_owned(), "b".to_owned()])
        }

        fn is_dir(&self, _: &Path) -> bool {
            true
        }
    }

    fn read(source: &[u8]) -> Declared {
        declared(&evaluate(&Only(source.to_vec()), Path::new("/n.conf")), &Build::default())
    }

    #[test]
    fn a_server_that_declares_nothing_has_what_nginx_has_built_in() {
        let found = read(b"http { server { } }");
        let [site] = found.sites.as_slice() else { panic!("{found:?}") };
        assert_eq!(
            (site.names.as_slice(), site.docroot.as_deref()),
            (&["_".to_owned()][..], Some(Path::new("/usr/share/nginx/html")))
        );
        assert_eq!((site.listeners[0].address, site.listeners[0].port), (None, 80));
        let paths: Vec<String> = site.logs.iter().map(|log| format!("{:?}", log.target)).collect();
        assert_eq!(paths, ["File(\"/var/log/nginx/access.log\")", "File(\"/var/log/nginx/error.log\")"]);
        assert_eq!(site.logs[0].format.as_ref().map(|format| format.name.as_str()), Some("combined"));
    }

    proptest! {
        #[test]
        fn any_configuration_is_survived(
            source in "(http ?\\{|server ?\\{|location / \\{|\\}|listen [0-9:*-]{0,9};|access_log [a-z$/{}]{0,9}( gzip| main)?;|\
                       log_format main( escape=json)?( 'x')?;|include (\\*|a);|set_real_ip_from [0-9:./]{0,9};|error_log;|root;|[;{} ]){0,30}"
        ) {
            read(source.as_bytes());
        }
    }
}
