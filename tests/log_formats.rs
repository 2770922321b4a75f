//! What each directive of a declared format becomes, and which declarations are refused.
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests may fail")]

use jiff::tz::TimeZone;
use peelhouse::formats::logs::{FormatError, Line, LineFormat, Parser, Record};
use peelhouse::model::{DeclaredFormat, FormatSyntax, Request, What};

use FormatSyntax::{Apache, Nginx, NginxNone, Valve};

fn compile(syntax: FormatSyntax, pattern: &str) -> Result<LineFormat, FormatError> {
    LineFormat::compile(&DeclaredFormat { syntax, name: String::new(), pattern: pattern.into() })
}

fn with<T>(parser: &mut Parser, line: &str, look: impl FnOnce(&Record<'_>, &Request<'_>) -> T) -> T {
    match parser.parse(line.as_bytes()) {
        Ok(Line::Record(record)) => match &record.what {
            What::Request(request) => look(&record, request),
            other => panic!("{other:?}"),
        },
        other => panic!("{line}: {other:?}"),
    }
}

fn parser(syntax: FormatSyntax, pattern: &str) -> Parser {
    Parser::new(compile(syntax, pattern).unwrap()).zone(TimeZone::UTC)
}

#[test]
fn durations_come_in_every_unit() {
    let cases = [
        (Apache, "%a %D", "192.0.2.7 1500", 1_500),
        (Apache, "%a %T", "192.0.2.7 2", 2_000_000),
        (Apache, "%a %T %D", "192.0.2.7 2 2000003", 2_000_003),
        (Apache, "%a %{ms}T", "192.0.2.7 15", 15_000),
        (Nginx, "$remote_addr $request_time", "192.0.2.7 0.015", 15_000),
        (Valve, "%a %T", "192.0.2.7 0.015", 15_000),
    ];
    for (syntax, pattern, line, micros) in cases {
        with(&mut parser(syntax, pattern), line, |_, request| assert_eq!(request.micros, Some(micros), "{pattern}"));
    }
}

#[test]
fn stamps_come_in_every_dress() {
    let cases = [
        (Apache, "%a %t", "192.0.2.7 [22/Nov/2026:19:00:00 +0100]", "2026-11-22T18:00:00Z"),
        (Apache, "%a %{sec}t", "192.0.2.7 1795370400", "2026-11-22T18:00:00Z"),
        (Apache, "%a %{usec}t", "192.0.2.7 1795370400123456", "2026-11-22T18:00:00.123Z"),
        (
            Apache,
            "%a %{begin:%F %T}t,%{begin:msec_frac}t",
            "192.0.2.7 2026-11-22 18:00:00,123",
            "2026-11-22T18:00:00.123Z",
        ),
        (Apache, "%a %{end:sec}t %{sec}t", "192.0.2.7 1795370409 1795370400", "2026-11-22T18:00:00Z"),
        (Nginx, "$remote_addr $msec", "192.0.2.7 1795370400.123", "2026-11-22T18:00:00.123Z"),
        (Nginx, "$remote_addr $time_iso8601", "192.0.2.7 2026-11-22T19:00:00+01:00", "2026-11-22T18:00:00Z"),
        (Valve, "%a %{dd/MMM/yyyy HH:mm:ss.SSS}t", "192.0.2.7 22/Nov/2026 18:00:00.123", "2026-11-22T18:00:00.123Z"),
    ];
    for (syntax, pattern, line, stamp) in cases {
        with(&mut parser(syntax, pattern), line, |record, _| {
            assert_eq!(record.stamp.map(|stamp| stamp.to_string()), Some(stamp.into()), "{pattern}");
        });
    }
}

#[test]
fn of_two_fields_that_tell_the_same_the_better_counts() {
    let mut logio = parser(Apache, r#"%h %a %s %>s %O %B "%{Host}i" %v"#);
    with(&mut logio, r#"host.example 192.0.2.7 200 404 500 12 "a.example" b.example"#, |record, request| {
        assert_eq!(record.client, "192.0.2.7".parse().ok());
        assert_eq!((request.status, request.bytes, request.host), (404, Some(12), &b"a.example"[..]));
    });
}

#[test]
fn method_path_query_and_protocol_make_a_request() {
    for (syntax, pattern) in
        [(Apache, "%a %m %U%q %H"), (Nginx, "$remote_addr $request_method $uri$is_args$args $server_protocol")]
    {
        with(&mut parser(syntax, pattern), "192.0.2.7 GET /a?b=c HTTP/1.1", |_, request| {
            assert_eq!(
                (request.method, request.target, request.protocol),
                (&b"GET"[..], &b"/a?b=c"[..], &b"HTTP/1.1"[..])
            );
        });
    }
    with(
        &mut parser(Nginx, "$remote_addr $uri $args $scheme://$host$request_uri"),
        "192.0.2.7 /x b=c https://h.example/a?b=c",
        |_, request| {
            assert_eq!((request.target, request.host), (&b"/a?b=c"[..], &b"h.example"[..]));
        },
    );
}

#[test]
fn ports_stand_behind_addresses_of_both_kinds() {
    let mut ports = parser(Nginx, "$remote_addr:$remote_port $realip_remote_addr");
    for (line, client) in [("192.0.2.7:80 ::1", "192.0.2.7"), ("2001:db8::7:80 ::1", "2001:db8::7")] {
        with(&mut ports, line, |record, _| {
            assert_eq!((record.client, record.peer), (client.parse().ok(), "::1".parse().ok()));
        });
    }
}

#[test]
fn the_header_that_names_the_client_is_the_owners_choice() {
    let pattern = r#"%a "%{X-Forwarded-For}i" "%{X-Real-IP}i""#;
    let line = r#"192.0.2.7 "198.51.100.1" "198.51.100.2""#;
    with(&mut parser(Apache, pattern), line, |record, _| assert_eq!(record.forwarded, b"198.51.100.1"));
    with(&mut parser(Apache, pattern).forwarded_header("x-real-ip"), line, |record, _| {
        assert_eq!(record.forwarded, b"198.51.100.2");
    });
}

#[test]
fn an_empty_user_hides_no_line() {
    for pattern in [r#"%h %l %u %t "%r" %>s %b"#, r#"%h %u %t "%r" %>s %D"#] {
        let ident = if pattern.contains("%l") { "- " } else { "" };
        let line = format!(r#"192.0.2.7 {ident}"" [22/Nov/2026:18:00:00 +0000] "GET / HTTP/1.1" 401 12"#);
        with(&mut parser(Apache, pattern), &line, |record, request| {
            assert_eq!((record.client, request.status, request.user), ("192.0.2.7".parse().ok(), 401, &b""[..]));
        });
    }
}

#[test]
fn raw_quotes_forge_no_status() {
    for (syntax, pattern) in [
        (Valve, "combined"),
        (
            NginxNone,
            r#"$remote_addr - $remote_user [$time_local] "$request" $status $bytes_sent "$http_referer" "$http_user_agent""#,
        ),
    ] {
        for line in [
            r#"192.0.2.7 - - [22/Nov/2026:18:00:00 +0000] "GET /x" 200 5 "-" "y HTTP/1.1" 404 12 "-" "z""#,
            r#"192.0.2.7 - - [22/Nov/2026:18:00:00 +0000] "GET / HTTP/1.1" 404 12 "-" "x" 200 1 "-" "y HTTP/1.1""#,
        ] {
            with(&mut parser(syntax, pattern), line, |record, request| {
                assert_eq!((record.client, request.status), ("192.0.2.7".parse().ok(), 404), "{line}");
            });
        }
    }
}

#[test]
fn an_address_of_two_readings_is_nobodys() {
    let mut parser = parser(Nginx, "$http_host $remote_addr - $remote_user [$time_local]");
    let one = "h.example 192.0.2.7 - - [22/Nov/2026:18:00:00 +0000]";
    with(&mut parser, one, |record, _| assert_eq!(record.client, "192.0.2.7".parse().ok()));
    let two = "h.example 6.6.6.6 - x 192.0.2.7 - - [22/Nov/2026:18:00:00 +0000]";
    let why = parser.parse(two.as_bytes()).unwrap_err();
    assert_eq!(why.to_string(), "byte 21: expected one reading of the client's address, and there are two");
}

#[test]
fn what_cannot_be_read_back_is_refused_with_a_reason() {
    for (syntax, pattern, expected) in [
        (
            Apache,
            "%{User-Agent}i",
            "log format \"\" tells neither client nor request; log %h and %r (nginx: $remote_addr and $request)",
        ),
        (Apache, "%h %{Refe", "\"%{Refe\" is not finished; the log format breaks off there"),
        (Apache, "%h %", "\"%\" is not finished; the log format breaks off there"),
        (Nginx, "$remote_addr $", "\"$\" is not finished; the log format breaks off there"),
        (
            Nginx,
            "$http_x$remote_addr",
            "field 1 of the log format touches the next; put a space or a quote between them",
        ),
        (Apache, "%h %{%c}t", "stamps written as \"%c\" cannot be read back; use %t or %{%Y-%m-%dT%H:%M:%S%z}t"),
    ] {
        assert_eq!(compile(syntax, pattern).unwrap_err().to_string(), expected);
    }
}
