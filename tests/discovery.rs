//! Recorded hosts: the servers on them are found with their sites, listeners, logs and proxies, and what is wrong is said.

#![allow(clippy::panic, reason = "helpers of tests fail by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test prepares files")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use peelhouse::host::Host;
use peelhouse::model::{FormatSyntax, LogFile, LogKind, LogTarget, Server, ServerKind, Site};

fn only_server(name: &str) -> Server {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts").join(name);
    let mut servers = Host::recorded(root).servers();
    assert_eq!(servers.len(), 1, "{servers:?}");
    servers.remove(0)
}

fn site<'a>(server: &'a Server, name: &str) -> &'a Site {
    server.sites.iter().find(|site| site.names[0] == name).unwrap_or_else(|| panic!("no {name} in {server:?}"))
}

fn targets(logs: &[LogFile], kind: LogKind) -> Vec<String> {
    let words = |log: &LogFile| match &log.target {
        LogTarget::File(path) => path.display().to_string(),
        other => format!("{other:?}"),
    };
    logs.iter().filter(|log| log.kind == kind).map(words).collect()
}

fn log<'a>(site: &'a Site, path: &str) -> &'a LogFile {
    site.logs.iter().find(|log| log.target == LogTarget::File(path.into())).unwrap_or_else(|| panic!("{site:?}"))
}

fn listeners(site: &Site) -> Vec<String> {
    let address = |address: Option<std::net::IpAddr>| address.map_or("*".to_owned(), |address| address.to_string());
    site.listeners.iter().map(|it| format!("{} {} {}", address(it.address), it.port, it.tls)).collect()
}

fn assert_problems(server: &Server, expected: &[&str]) {
    assert_eq!(server.problems.len(), expected.len(), "{:#?}", server.problems);
    for (problem, start) in server.problems.iter().zip(expected) {
        assert!(problem.starts_with(start), "{problem}\ndoes not start with\n{start}");
    }
}

#[test]
fn nginx_sites_have_names_listeners_and_docroots() {
    let server = only_server("nginx-debian");
    assert_eq!((server.kind, server.running), (ServerKind::Nginx, Some(700)));
    assert_eq!(server.config, Path::new("/etc/nginx/nginx.conf"));
    let shop = site(&server, "shop.example.org");
    assert_eq!(shop.names, ["shop.example.org", "www.shop.example.org"]);
    assert_eq!(listeners(shop), ["* 80 false", ":: 443 true"]);
    assert_eq!((shop.docroot.as_deref(), shop.tls), (Some(Path::new("/srv/shop")), true));
    assert_eq!(shop.user.as_deref(), Some("www-data"));
    assert_eq!(shop.at.to_string(), "/etc/nginx/sites-enabled/shop:1");
    assert_eq!(listeners(site(&server, "_")), Vec::<String>::new());
}

#[test]
fn nginx_logs_are_inherited_as_nginx_inherits_them() {
    let server = only_server("nginx-debian");
    let shop = site(&server, "shop.example.org");
    let access = ["/var/log/nginx/*/shop.log", "/usr/share/nginx/logs/php.log", "Off"];
    assert_eq!(targets(&shop.logs, LogKind::Access), access);
    assert_eq!(targets(&shop.logs, LogKind::NginxError), ["/var/log/nginx/shop-error.log"]);
    assert_eq!(targets(&server.logs, LogKind::NginxError), ["/var/log/nginx/error.log"]);
    let plain = site(&server, "_");
    let syslog = "Syslog(\"server=192.0.2.9,facility=local7\")";
    assert_eq!(targets(&plain.logs, LogKind::Access), [syslog, "/var/log/nginx/plain.log"]);
    assert_eq!(log(plain, "/var/log/nginx/plain.log").format, None);
    assert_eq!(targets(&plain.logs, LogKind::NginxError), ["/var/log/nginx/error.log"]);
}

#[test]
fn nginx_formats_are_joined_from_their_strings() {
    let server = only_server("nginx-debian");
    let shop = site(&server, "shop.example.org");
    let timed = log(shop, "/var/log/nginx/*/shop.log").format.clone().unwrap();
    assert_eq!((timed.syntax, timed.name.as_str()), (FormatSyntax::NginxJson, "timed"));
    assert_eq!(timed.pattern, r#"{"a":"$remote_addr","t":$request_time}"#);
    let php = log(shop, "/usr/share/nginx/logs/php.log").format.clone().unwrap();
    assert_eq!((php.syntax, php.name.as_str()), (FormatSyntax::Nginx, "combined"));
    assert!(php.pattern.ends_with(r#"$body_bytes_sent "$http_referer" "$http_user_agent""#), "{}", php.pattern);
}

#[test]
fn nginx_real_ip_is_read_and_replaced_where_it_is_declared_anew() {
    let server = only_server("nginx-debian");
    let real_ip = &log(site(&server, "shop.example.org"), "/var/log/nginx/*/shop.log").real_ip;
    let trusted: Vec<String> = real_ip.trusted.iter().map(ToString::to_string).collect();
    assert_eq!(trusted, ["192.0.2.0/24", "2001:db8::1/128"]);
    assert_eq!((real_ip.header.as_deref(), real_ip.rewrites), (Some("x-forwarded-for"), true));
}

#[test]
fn nginx_problems_say_where_they_are() {
    assert_problems(
        &only_server("nginx-debian"),
        &[
            "/etc/nginx/sites-enabled/plain:2: listens on unix:/run/x.sock",
            "/etc/nginx/nginx.conf:11: set_real_ip_from proxy.example.org",
            "/etc/nginx/sites-enabled/plain:4: access_log: unknown log format unheard_of",
        ],
    );
}

#[test]
fn tomcat_hosts_are_sites_with_the_connectors_of_their_service() {
    let server = only_server("tomcat-debian");
    assert_eq!((server.kind, server.running, server.version.as_str()), (ServerKind::Tomcat, Some(900), "10.1.60"));
    let local = site(&server, "localhost");
    assert_eq!(local.names, ["localhost", "www.example.org"]);
    assert_eq!(listeners(local), ["* 8080 false", "192.0.2.2 8443 true", "::1 8009 false"]);
    assert_eq!(local.docroot.as_deref(), Some(Path::new("/var/lib/tomcat10/webapps")));
    assert_eq!(site(&server, "silent.example.org").docroot.as_deref(), Some(Path::new("/srv/silent")));
}

#[test]
fn tomcat_valves_are_logs_with_pattern_and_proxies() {
    let server = only_server("tomcat-debian");
    let local = site(&server, "localhost");
    let base = "/var/lib/tomcat10/logs";
    let valve = log(local, &format!("{base}/localhost_access_log*.txt"));
    let format = valve.format.clone().unwrap();
    assert_eq!((format.syntax, format.name.as_str()), (FormatSyntax::Valve, ""));
    assert_eq!(format.pattern, "%h %l %u %t \"%r\" %s %b");
    assert_eq!((valve.real_ip.header.as_deref(), valve.real_ip.rewrites), (Some("x-forwarded-for"), true));
    let trusted: Vec<String> = valve.real_ip.trusted.iter().map(ToString::to_string).collect();
    assert_eq!(trusted, ["192.0.2.1/32", "192.0.2.2/32"]);
    assert_eq!(log(local, &format!("{base}/w3c")).format, None);
    let app = log(local, &format!("{base}/app*"));
    assert_eq!(app.format.clone().unwrap().name, "combined");
    assert_eq!(app.at.to_string(), "/var/lib/tomcat10/conf/Catalina/localhost/app.xml:2");
}

#[test]
fn tomcat_problems_say_where_they_are() {
    let conf = "/var/lib/tomcat10/conf";
    let expected = [
        format!("{conf}/server.xml:6: port 8009 speaks AJP"),
        format!("{conf}/server.xml:8: internalProxies: proxy.* is no plain pattern"),
        format!("{conf}/server.xml:14: logs the proxy's address"),
        format!("{conf}/Catalina/localhost/app.xml:2: logs the proxy's address"),
        "/var/lib/tomcat10/webapps/shop/META-INF/context.xml:3: ".to_owned(),
        format!("{conf}/server.xml:18: this valve declares no pattern"),
        format!("{conf}/server.xml:17: requests to silent.example.org are not logged"),
    ];
    assert_problems(&only_server("tomcat-debian"), &expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn a_bare_directory_has_no_servers() {
    let scratch = tempfile::tempdir().unwrap();
    assert_eq!(Host::recorded(scratch.path()).servers(), []);
}

#[test]
fn tomcats_of_red_hat_and_of_tarballs_are_found_once_each() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path();
    let server =
        "<Server><Service><Connector port='8080'/><Engine name='C'><Host name='h'/></Engine></Service></Server>";
    for dir in ["etc/tomcat", "usr/share/tomcat", "opt/apache-tomcat-9.0.71/conf"] {
        fs::create_dir_all(root.join(dir)).unwrap();
    }
    fs::write(root.join("etc/tomcat/server.xml"), server).unwrap();
    symlink("/etc/tomcat", root.join("usr/share/tomcat/conf")).unwrap();
    fs::write(root.join("opt/apache-tomcat-9.0.71/conf/server.xml"), server).unwrap();
    fs::write(root.join("opt/apache-tomcat-9.0.71/RELEASE-NOTES"), "x\n   Apache Tomcat Version 9.0.71\n").unwrap();
    symlink("apache-tomcat-9.0.71", root.join("opt/tomcat")).unwrap();
    let found = Host::recorded(root).servers();
    let told: Vec<(&Path, &str)> = found.iter().map(|it| (it.config.as_path(), it.version.as_str())).collect();
    let expected = [("/usr/share/tomcat/conf/server.xml", ""), ("/opt/tomcat/conf/server.xml", "9.0.71")];
    assert_eq!(told, expected.map(|(path, version)| (Path::new(path), version)));
}

#[test]
fn a_server_in_a_container_is_told_not_read() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path();
    fs::create_dir_all(root.join("proc/5")).unwrap();
    fs::create_dir(root.join("container")).unwrap();
    fs::write(root.join("proc/5/stat"), "5 (nginx) S 1 0").unwrap();
    symlink("/container", root.join("proc/5/root")).unwrap();
    let found = Host::recorded(root).servers();
    let [server] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((server.kind, server.running, server.sites.len()), (ServerKind::Nginx, Some(5), 0));
    assert_problems(server, &["process 5 runs in a container"]);
}
