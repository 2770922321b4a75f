//! Apache as recorded hosts have it: Debian with two instances, and Red Hat.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use peelhouse::host::{Host, apache};
use peelhouse::model::{LogFile, LogKind, LogTarget, Server, Site};

fn discovered(host: &str) -> Vec<Server> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts").join(host);
    apache::discover(&Host::recorded(root)).into_iter().map(|known| known.server).collect()
}

fn site<'a>(server: &'a Server, name: &str) -> &'a Site {
    server.sites.iter().find(|site| site.names[0] == name).unwrap_or_else(|| panic!("no site {name}"))
}

/// `kind target · format name=pattern`, one a log.
fn logs(logs: &[LogFile]) -> Vec<String> {
    let told = logs.iter().map(|log| {
        let target = match &log.target {
            LogTarget::File(path) => path.display().to_string(),
            LogTarget::Pipe { file, .. } => format!("|{}", file.as_ref().expect("no file").display()),
            LogTarget::Syslog(rest) => format!("syslog {rest}"),
            LogTarget::Off => "off".into(),
        };
        let format = log.format.as_ref().map(|format| format!(" · {}={}", format.name, format.pattern));
        format!("{:?} {target}{}", log.kind, format.unwrap_or_default())
    });
    told.collect()
}

fn listeners(site: &Site) -> Vec<String> {
    let told = site.listeners.iter().map(|one| {
        let address = one.address.map_or("*".into(), |address| address.to_string());
        format!("{address} {}{}", one.port, if one.tls { " tls" } else { "" })
    });
    told.collect()
}

const VHOST_COMBINED: &str = "%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"";
const COMBINED: &str = "%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"";
const GLOBAL: &str = "Access |/var/log/apache2/all.*-*-*.log · combined=";

#[test]
fn debian_has_its_instances_with_their_version() {
    let servers = discovered("apache-debian");
    let told: Vec<_> = servers.iter().map(|server| (server.config.display().to_string(), server.sites.len())).collect();
    assert_eq!(told, [("/etc/apache2/apache2.conf".into(), 6), ("/etc/apache2-intra/apache2.conf".into(), 1)]);
    assert!(servers.iter().all(|server| server.version == "2.4.66" && server.running.is_none()));
    let intra = &servers[1];
    assert_eq!(intra.problems, [""; 0]);
    assert_eq!(
        logs(&intra.sites[0].logs),
        [
            "Access /var/log/apache2-intra/access.log · clf=%h %l %u %t \"%r\" %>s %b",
            "ApacheError /var/log/apache2-intra/error.log"
        ]
    );
    assert_eq!((intra.sites[0].names[0].as_str(), intra.sites[0].user.as_deref()), ("_", Some("www-data")));
}

#[test]
fn a_site_without_logs_has_those_of_the_main_server() {
    let server = &discovered("apache-debian")[0];
    let site = &server.sites[0];
    assert_eq!((site.names.as_slice(), listeners(site)), (&["_".to_owned()][..], vec!["* 80".to_owned()]));
    assert_eq!((site.at.file.as_path(), site.at.line), (Path::new("/etc/apache2/sites-enabled/000-default.conf"), 1));
    let expected = [
        format!("Access /var/log/apache2/other_vhosts_access.log · vhost_combined={VHOST_COMBINED}"),
        format!("{GLOBAL}{COMBINED}"),
        "ApacheError /var/log/apache2/error.log · =[%t] [%l] %M".into(),
        "ModsecurityAudit /var/log/apache2/modsec_audit.log · json=".into(),
    ];
    assert_eq!(logs(&site.logs), expected);
    assert_eq!(logs(&server.logs), expected);
    assert_eq!(
        (site.logs[0].at.file.as_path(), site.logs[0].at.line),
        (Path::new("/etc/apache2/conf-enabled/other-vhosts.conf"), 1)
    );
    assert_eq!(site.logs[0].real_ip.header, None);
}

#[test]
fn a_site_with_its_own_logs_keeps_only_the_global_one() {
    let server = &discovered("apache-debian")[0];
    let blog = site(server, "blog.example.org");
    assert_eq!(blog.names, ["blog.example.org", "www.blog.example.org", "weblog.example.org"]);
    assert_eq!(listeners(blog), ["* 80 tls", "* 443 tls"]);
    assert!(blog.tls);
    assert_eq!((blog.docroot.as_deref(), blog.user.as_deref()), (Some(Path::new("/srv/www/blog")), Some("blog")));
    assert_eq!(
        logs(&blog.logs),
        [
            format!("Access /var/log/apache2/blog.log · Combined={COMBINED}"),
            "Access /var/log/apache2/blog-short.log · short=%a %m %U".into(),
            "Access off · =%h in place".into(),
            format!("{GLOBAL}{COMBINED}"),
            "ApacheError |/var/log/apache2/*/*/blog-error.log · =blog %M".into(),
            "ModsecurityAudit /var/log/apache2/modsec_audit.log".into(),
        ]
    );
    let real_ip = &blog.logs[0].real_ip;
    let trusted: Vec<_> = real_ip.trusted.iter().map(ToString::to_string).collect();
    assert_eq!(trusted, ["10.0.0.0/8", "192.0.2.7/32", "198.51.100.0/24", "2001:db8:1::/48"]);
    assert_eq!((real_ip.header.as_deref(), real_ip.rewrites), (Some("x-forwarded-for"), true));
}

#[test]
fn sites_made_by_macros_are_sites() {
    let server = &discovered("apache-debian")[0];
    let two = site(server, "two.shop.example.org");
    assert_eq!(listeners(two), ["* 443"]);
    assert_eq!(two.docroot.as_deref(), Some(Path::new("/srv/shops/two")));
    assert_eq!((two.at.file.as_path(), two.at.line), (Path::new("/etc/apache2/sites-enabled/shops.conf"), 2));
    assert_eq!(
        logs(&two.logs),
        [
            "Access /etc/apache2/logs/two.log · =%a %t %U".to_owned(),
            format!("{GLOBAL}{COMBINED}"),
            "ApacheError syslog local3:two · =[%t] [%l] %M".into(),
        ]
    );
}

#[test]
fn the_main_server_is_a_site_where_no_other_listens() {
    let server = &discovered("apache-debian")[0];
    let main = server.sites.last().unwrap();
    assert_eq!(listeners(main), ["127.0.0.1 8008"]);
    let sixth = &server.sites[4];
    assert_eq!(listeners(sixth), ["2001:db8::10 9443 tls"]);
    assert!(!sixth.logs.iter().any(|log| log.kind == LogKind::ModsecurityAudit));
    assert_eq!(sixth.logs[0].real_ip.trusted.len(), 2, "everyone is believed");
}

#[test]
fn what_could_not_be_followed_is_told_with_its_place() {
    let server = &discovered("apache-debian")[0];
    let shops = "/etc/apache2/sites-enabled/shops.conf";
    assert_eq!(
        server.problems,
        [
            "/etc/apache2/sites-enabled/blog.conf:10: proxy 'proxy.example.org' is not an address; it is not followed".to_owned(),
            format!(
                "{shops}:15: every client is believed in its x-real-ip header; name your proxies with RemoteIPInternalProxy \
                 or RemoteIPTrustedProxy"
            ),
            "/etc/apache2/mods-enabled/security2.conf:5: this audit log has one file a transaction and cannot be followed; \
             set SecAuditLogType Serial"
                .to_owned(),
        ]
    );
}

#[test]
fn red_hat_has_its_own_places() {
    let servers = discovered("apache-redhat");
    let [server] = servers.as_slice() else { panic!("{} servers", servers.len()) };
    assert_eq!((server.config.as_path(), server.version.as_str()), (Path::new("/etc/httpd/conf/httpd.conf"), ""));
    let secure = site(server, "staging.example.com");
    assert_eq!(listeners(secure), ["* 443 tls"]);
    assert_eq!(
        logs(&secure.logs),
        [
            "Access /etc/httpd/logs/ssl_access_log · =%h %l %u %t \"%r\" %>s %b",
            "Access /etc/httpd/logs/ssl_request_log · =%t %h %{SSL_PROTOCOL}x %{SSL_CIPHER}x \"%r\" %b",
            "ApacheError /etc/httpd/logs/ssl_error_log",
        ]
    );
    let main = site(server, "www.example.com");
    assert_eq!((listeners(main), main.user.as_deref()), (vec!["* 80".to_owned()], Some("apache")));
    assert_eq!(main.docroot.as_deref(), Some(Path::new("/var/www/html")));
    assert_eq!(main.logs.len(), 2);
    assert_eq!(main.logs[0].real_ip.header.as_deref(), Some("x-forwarded-for"));
    let [gone, believed] = server.problems.as_slice() else { panic!("{:?}", server.problems) };
    assert!(gone.starts_with("/etc/httpd/conf/httpd.conf:19: cannot read /etc/httpd/conf.d/gone.conf: "), "{gone}");
    assert!(believed.starts_with("/etc/httpd/conf/httpd.conf:17: every client is believed"), "{believed}");
}

#[test]
fn a_host_without_apache_has_none() {
    assert_eq!(discovered("apache-debian/var"), []);
}
