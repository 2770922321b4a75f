//! Lines that real servers wrote when clients sent them the oddest requests they could: every line is read, and every
//! one names the client that sent it, though many try to name 6.6.6.6.
#![allow(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests read their fixtures and may fail"
)]

use std::net::IpAddr;

use jiff::tz::TimeZone;
use peelhouse::formats::logs::{Line, LineFormat, Parser, Record};
use peelhouse::model::{DeclaredFormat, FormatSyntax, LogKind, Millis, Request, What};

fn fixture(name: &str) -> Vec<Vec<u8>> {
    let path = format!("{}/tests/logs/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let lines = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    lines.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

fn declared(syntax: FormatSyntax, pattern: &str) -> Parser {
    let format = DeclaredFormat { syntax, name: String::new(), pattern: pattern.into() };
    Parser::new(LineFormat::compile(&format).unwrap())
}

/// Reads every line; `look` sees each record with its line.
fn each(mut parser: Parser, name: &str, mut look: impl FnMut(&Record<'_>, &[u8])) -> usize {
    let mut records = 0;
    for line in fixture(name) {
        match parser.parse(&line) {
            Ok(Line::Record(record)) => {
                records += 1;
                look(&record, &line);
            }
            Ok(Line::Nothing) => {}
            Err(why) => panic!("{name}: {why}\n{}", String::from_utf8_lossy(&line)),
        }
    }
    records
}

fn loopback(ip: Option<IpAddr>) -> bool {
    ip.is_some_and(|ip| ip.is_loopback())
}

fn request<'a>(record: &Record<'a>) -> Request<'a> {
    match &record.what {
        What::Request(request) => request.clone(),
        other => panic!("{other:?}"),
    }
}

/// All lines are read, all clients and stamps are the true ones; returns the requests as text.
fn access(parser: Parser, name: &str) -> Vec<String> {
    let mut requests = Vec::new();
    each(parser, name, |record, line| {
        let line = String::from_utf8_lossy(line);
        assert!(loopback(record.client) || record.client == "198.51.100.9".parse().ok(), "{:?} {line}", record.client);
        let stamp = record.stamp.unwrap().to_string();
        assert!(stamp.starts_with("2026-11-22T19:"), "{stamp} {line}");
        let request = request(record);
        assert!((200..600).contains(&request.status), "{line}");
        let texts = [request.method, request.target, request.protocol].map(String::from_utf8_lossy);
        requests.push(format!("{} {}", texts.join(" "), request.status));
    });
    requests
}

const COMBINED: &str = r#"%h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i""#;

#[test]
fn apache_combined() {
    let requests = access(declared(FormatSyntax::Apache, COMBINED), "apache-combined.log");
    assert_eq!(requests[0], "GET /index.html HTTP/1.1 200");
    assert_eq!(requests[2], r#"GET /x\" 200  400"#);
    assert_eq!(requests[6], r" \x16\x03\x01\x02  400");
    assert_eq!(requests.len(), fixture("apache-combined.log").len());
}

#[test]
fn apache_vhost_combined() {
    access(declared(FormatSyntax::Apache, &format!("%v:%p {COMBINED}")), "apache-vhost.log");
}

#[test]
fn apache_fields_between_bars() {
    let pattern = "%a|%{c}a|%{Host}i|%u|%{%Y-%m-%dT%H:%M:%S}t.%{msec_frac}t%{%z}t|%m|%U%q|%H|%>s|%B|%D|%{User-Agent}i|%{X-Forwarded-For}i";
    let requests = access(declared(FormatSyntax::Apache, pattern), "apache-piped.log");
    assert_eq!(requests[0], "GET /index.html HTTP/1.1 200");
    assert_eq!(requests[1], r#"GET /\" 200?q=union+select HTTP/1.1 403"#);
}

#[test]
fn apache_with_the_host_header_before_the_client() {
    let pattern = r#"%{Host}i %V %a %{begin:sec}t %{end:msec}t %{usec}t "%r" %>s %{ms}T %!200,304{User-Agent}i %X %k %{remote}p %{c}h %{pid}P %{tid}P %L %R %f"#;
    access(declared(FormatSyntax::Apache, pattern), "apache-odd.log");
}

#[test]
fn nginx_combined_and_main() {
    let combined = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;
    let requests = access(declared(FormatSyntax::Nginx, combined), "nginx-combined.log");
    assert_eq!(requests[1], "GET /%22%20200?q=union+select HTTP/1.1 404");
    let main = format!(r#"{combined} "$http_x_forwarded_for""#);
    access(declared(FormatSyntax::Nginx, &main), "nginx-main.log");
}

#[test]
fn nginx_json() {
    let pattern = r#"{"t":"$time_iso8601","ms":$msec,"ip":"$remote_addr","peer":"$realip_remote_addr","h":"$http_host","u":"$remote_user","r":"$request","m":"$request_method","uri":"$request_uri","s":$status,"b":$body_bytes_sent,"rt":$request_time,"ref":"$http_referer","ua":"$http_user_agent","xff":"$http_x_forwarded_for"}"#;
    let requests = access(declared(FormatSyntax::NginxJson, pattern), "nginx-js.log");
    assert_eq!(requests[2], r#"GET /x" 200 5 "-" "y HTTP/1.1 400"#);
    let mut agents = Vec::new();
    each(declared(FormatSyntax::NginxJson, pattern), "nginx-js.log", |record, _| {
        assert!(loopback(record.peer));
        agents.push(String::from_utf8_lossy(request(record).user_agent).into_owned());
    });
    assert_eq!(agents[1], r#"x" 200 1 "-" "y"#);
}

#[test]
fn nginx_without_escapes() {
    let pattern =
        r#"$http_host "$http_user_agent" $remote_addr [$time_local] "$request" $status $request_time "$http_referer""#;
    let requests = access(declared(FormatSyntax::NginxNone, pattern), "nginx-none.log");
    assert_eq!(requests[2], r#"GET /x" 200 5 "-" "y HTTP/1.1 400"#);
}

#[test]
fn nginx_bare_fields() {
    let pattern = "$host $http_host $remote_addr $server_protocol $status $upstream_addr $upstream_response_time $uri $args $request_time $msec $pipe $connection";
    access(declared(FormatSyntax::Nginx, pattern), "nginx-up.log");
}

#[test]
fn tomcat() {
    let requests = access(declared(FormatSyntax::Valve, "combined"), "tomcat-combined.log");
    assert_eq!(requests[0], "GET /index.html HTTP/1.1 200");
    let pattern = r#"%a %A %b %B %D %F %h %H %l %m %p "%q" "%r" %s %S %t %{yyyy-MM-dd'T'HH:mm:ss.SSSZ}t %{msec}t %T %u %U %v %I %X "%{User-Agent}i" %{x}c %{Content-Type}o %{ms}T"#;
    access(declared(FormatSyntax::Valve, pattern), "tomcat-odd.log");
}

/// Who was refused, with the client.
fn refusals(parser: Parser, name: &str) -> Vec<String> {
    let mut users = Vec::new();
    each(parser, name, |record, line| {
        assert_ne!(record.client, "6.6.6.6".parse().ok(), "{}", String::from_utf8_lossy(line));
        if let What::Login(login) = &record.what {
            let client = record.client.map_or("nobody".into(), |ip| ip.to_string());
            assert!(!login.ok && !login.admin);
            users.push(format!("{} {} {client}", login.service, String::from_utf8_lossy(login.user)));
        }
    });
    users
}

/// Code, target and client of every remark.
fn remarks(parser: Parser, name: &str) -> Vec<String> {
    let mut notes = Vec::new();
    each(parser, name, |record, line| {
        assert!(record.stamp.is_some(), "{}", String::from_utf8_lossy(line));
        assert_ne!(record.client, "6.6.6.6".parse().ok());
        if let What::Note(note) = &record.what {
            let client = record.client.map_or("nobody".into(), |ip| ip.to_string());
            let texts = [note.code, note.target].map(String::from_utf8_lossy);
            notes.push(format!("{} {:?} {} {client}", note.service, note.level, texts.join(" ")));
        }
    });
    notes
}

fn kind(kind: LogKind) -> Parser {
    Parser::new(LineFormat::for_kind(kind)).zone(TimeZone::UTC)
}

#[test]
fn apache_errors() {
    for name in ["apache-error.log", "apache-error-custom.log"] {
        let users = refusals(kind(LogKind::ApacheError), name);
        assert_eq!(users[0], "apache-basic alice 127.0.0.1");
        assert!(users.contains(&r#"apache-basic bob" was not found in "x", client 127.0.0.1"#.into()), "{users:?}");
        assert_eq!(users.last().unwrap(), "apache-basic alice ::1");
        let notes = remarks(kind(LogKind::ApacheError), name);
        for expected in [
            r#"apache Info AH00128 /srv/www/nope", client: 6.6.6.6, server: x, request: "z 127.0.0.1"#,
            "apache Error AH01630 /srv/www/denied 127.0.0.1",
            "modsecurity Critical 1001 / 127.0.0.1",
            "apache Error AH01075  127.0.0.1",
        ] {
            let custom = name == "apache-error-custom.log" && expected.contains("denied");
            assert!(custom || notes.iter().any(|note| note == expected), "{expected}: {notes:#?}");
        }
    }
}

#[test]
fn nginx_errors() {
    let users = refusals(kind(LogKind::NginxError), "nginx-error.log");
    assert_eq!(users[0], "nginx-basic alice 127.0.0.1");
    assert!(users.contains(&r#"nginx-basic bob" was not found in "x", client 127.0.0.1"#.into()), "{users:?}");
    assert_eq!(users.last().unwrap(), "nginx-basic alice ::1");
    let notes = remarks(kind(LogKind::NginxError), "nginx-error.log");
    assert!(notes.contains(&"nginx Error  /denied/x 127.0.0.1".into()), "{notes:#?}");
    assert!(notes.contains(&"nginx Error  /slow 127.0.0.1".into()), "{notes:#?}");
    assert!(notes.contains(&"nginx Error  /srv/www/nope nobody".into()), "{notes:#?}");
}

/// A real nginx wrote these when asked for `/a%22…%0a2026/11/22…`: the second and fifth line are the client's.
#[test]
fn nginx_lines_forged_by_a_path() {
    assert_eq!(refusals(kind(LogKind::NginxError), "nginx-forged.log"), [""; 0]);
    let mut stamps = Vec::new();
    each(kind(LogKind::NginxError), "nginx-forged.log", |record, _| {
        assert_eq!(record.client, None);
        stamps.push(record.stamp.unwrap().to_string());
    });
    assert_eq!(stamps, ["2026-11-22T19:54:33Z"; 3]);
}

#[test]
fn php_fpm() {
    let notes = remarks(kind(LogKind::PhpFpm), "php-fpm.log");
    assert!(notes.contains(&"php-fpm Warn  /sleep.php nobody".into()), "{notes:#?}");
}

#[test]
fn modsecurity_audit() {
    for name in ["modsec-audit.log", "modsec-audit.json"] {
        let notes = remarks(kind(LogKind::ModsecurityAudit), name);
        assert_eq!(notes.len(), 4, "{notes:#?}");
        assert_eq!(notes[0], "modsecurity Critical 1001 /%22%20200?q=union+select 127.0.0.1");
        assert_eq!(notes[3], "modsecurity Critical 1001 /?a=b 127.0.0.1");
    }
}

#[test]
fn every_log_is_recognised_for_what_it_is() {
    for (name, expected) in [
        ("apache-combined.log", "combined"),
        ("apache-vhost.log", "vhost_combined"),
        ("nginx-combined.log", "combined"),
        ("nginx-main.log", "main"),
        ("tomcat-combined.log", "combined"),
        ("apache-error.log", "apache error"),
        ("apache-error-custom.log", "apache error"),
        ("nginx-error.log", "nginx error"),
        ("php-fpm.log", "php-fpm"),
        ("modsec-audit.log", "ModSecurity audit"),
        ("modsec-audit.json", "ModSecurity audit"),
        ("json-lines.log", "JSON lines"),
        ("w3c.log", "W3C extended"),
        ("auth.log", "auth"),
        ("auth-iso.log", "auth"),
        ("journal.export", "journal export"),
    ] {
        let lines = fixture(name);
        let sample: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        assert_eq!(
            LineFormat::recognise(&sample).map(|format| format.name().to_owned()),
            Some(expected.into()),
            "{name}"
        );
    }
    assert!(LineFormat::recognise(&[b"some words", b"and more of them"]).is_none());
    assert!(LineFormat::recognise(&[]).is_none());
}

#[test]
fn json_lines_of_nginx_caddy_and_traefik() {
    let requests = access(Parser::new(LineFormat::JsonLines), "json-lines.log");
    assert_eq!(requests, ["GET /a?b=c HTTP/2.0 404", "GET /a?b=c HTTP/2.0 404", "GET /a?b=c HTTP/2.0 404"]);
    each(Parser::new(LineFormat::JsonLines), "json-lines.log", |record, _| {
        let request = request(record);
        assert_eq!((request.user_agent, request.micros), (&b"a \"b\""[..], Some(1_500)));
        assert_eq!(record.forwarded, b"198.51.100.9");
    });
}

#[test]
fn logins_to_the_host() {
    for name in ["auth.log", "auth-iso.log", "journal.export"] {
        let mut parser = match name {
            "journal.export" => Parser::new(LineFormat::JournalExport),
            _ => kind(LogKind::Auth),
        };
        parser.near(Millis::from_secs(1_795_400_000));
        let mut logins = Vec::new();
        each(parser, name, |record, _| {
            let What::Login(login) = &record.what else { return };
            let client = record.client.map_or("nobody".into(), |ip| ip.to_string());
            let stamp = record.stamp.unwrap();
            logins.push(format!(
                "{stamp} {} {} {} {client}",
                login.service,
                String::from_utf8_lossy(login.user),
                login.ok
            ));
        });
        let expected = [
            "2026-11-22T18:00:00Z sshd root false 192.0.2.7",
            "2026-11-22T18:00:01Z sshd x from 6.6.6.6 port 22 ssh2 false 192.0.2.7",
            "2026-11-22T18:00:02Z sshd alice true 2001:db8::7",
            "2026-11-22T18:00:03Z sudo alice true nobody",
        ];
        assert_eq!(logins, expected, "{name}");
    }
}
