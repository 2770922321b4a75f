//! Any bytes to any format: no panic, no quadratic time, and what a server would have written reads back as it was.
#![allow(clippy::unwrap_used, reason = "tests may fail")]

use peelhouse::formats::logs::journal::Decoder;
use peelhouse::formats::logs::{Line, LineFormat, Parser};
use peelhouse::model::{DeclaredFormat, FormatSyntax, LogKind, What};
use proptest::prelude::*;

const COMBINED: &str = r#"%h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i""#;
const AGENT_FIRST: &str = r#""%{User-Agent}i" %u %a %{msec}t|%r|%>s %D"#;

fn compile(syntax: FormatSyntax, pattern: &str) -> LineFormat {
    LineFormat::compile(&DeclaredFormat { syntax, name: String::new(), pattern: pattern.into() }).unwrap()
}

fn every_format() -> Vec<LineFormat> {
    let mut formats: Vec<_> = [
        (FormatSyntax::Apache, COMBINED),
        (FormatSyntax::Apache, AGENT_FIRST),
        (FormatSyntax::Apache, "%v:%p %h %u [%{%d/%b/%Y %T}t.%{usec_frac}t] %U%q %{X-Forwarded-For}i %f %{c}a"),
        (
            FormatSyntax::Nginx,
            "$http_host $remote_addr - $remote_user $time_iso8601 $uri $args $status $upstream_addr $msec",
        ),
        (FormatSyntax::NginxJson, r#"{"a":"$http_user_agent","r":"$request","c":"$remote_addr","s":$status}"#),
        (
            FormatSyntax::NginxNone,
            r#""$http_user_agent" $remote_addr "$request" $status "$http_referer" $realip_remote_addr"#,
        ),
        (FormatSyntax::Valve, "combined"),
    ]
    .map(|(syntax, pattern)| compile(syntax, pattern))
    .into();
    let kinds = [
        LogKind::Access,
        LogKind::ApacheError,
        LogKind::NginxError,
        LogKind::ModsecurityAudit,
        LogKind::PhpFpm,
        LogKind::Auth,
        LogKind::Application,
    ];
    formats.extend(kinds.map(LineFormat::for_kind));
    formats.extend([LineFormat::JsonLines, LineFormat::W3c, LineFormat::JournalExport, LineFormat::Mixed]);
    formats
}

/// What Apache's ap_escape_logitem makes of a client's bytes.
fn apache_escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            32..=126 => out.push(char::from(*byte)),
            other => out.push_str(&format!("\\x{other:02x}")),
        }
        out
    })
}

/// What clients would send to be taken for somebody else.
fn hostile_text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..60),
        r#"[ -~]{0,20}"? 6\.6\.6\.6 - - \[22/Nov/2026:18:00:00 \+0000\] "GET / HTTP/1\.1" 200 1 "-" "[ -~]{0,9}"#
            .prop_map(String::into_bytes),
        r#"("? ?6\.6\.6\.6 ?1795374000000\|GET / HTTP/1\.1\|200 5){1,3}"#.prop_map(String::into_bytes),
    ]
}

fn read(format: LineFormat, line: &str) -> Option<(String, u16, Vec<u8>)> {
    let mut parser = Parser::new(format);
    match parser.parse(line.as_bytes()) {
        Ok(Line::Record(record)) => match record.what {
            What::Request(request) => Some((
                record.client.map(|ip| ip.to_string()).unwrap_or_default(),
                request.status,
                request.user_agent.to_vec(),
            )),
            _ => None,
        },
        _ => None,
    }
}

proptest! {
    #[test]
    fn any_bytes_to_any_format(lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 1..8)) {
        for format in every_format() {
            let mut parser = Parser::new(format);
            for line in &lines {
                let _ = parser.parse(line);
            }
        }
    }

    #[test]
    fn nearly_good_lines_to_any_format(pick in 0usize..NEARLY.len(), cut in 0usize..200, byte in any::<u8>(), at in 0usize..200) {
        let mut line = NEARLY[pick].as_bytes().to_vec();
        if let Some(place) = line.get_mut(at) {
            *place = byte;
        }
        line.truncate(line.len().saturating_sub(cut));
        for format in every_format() {
            let mut parser = Parser::new(format);
            let _ = parser.parse(&line);
            let _ = parser.parse(&line);
        }
        let _ = LineFormat::recognise(&[&line]);
    }

    #[test]
    fn combined_reads_back_what_apache_wrote(
        user in hostile_text(), request in hostile_text(), referer in hostile_text(), agent in hostile_text(), status in 100u16..600,
    ) {
        let [user, request, referer, agent] = [user, request, referer, agent].map(|text| apache_escaped(&text));
        let user = if user.trim().is_empty() { "-".into() } else { user };
        let line = format!(r#"192.0.2.7 - {user} [22/Nov/2026:18:00:00 +0000] "{request}" {status} 12 "{referer}" "{agent}""#);
        let agent = if agent == "-" { String::new() } else { agent };
        prop_assert_eq!(read(compile(FormatSyntax::Apache, COMBINED), &line), Some(("192.0.2.7".into(), status, agent.into_bytes())), "{}", line);
    }

    #[test]
    fn mixed_names_no_other_client(user in hostile_text(), request in hostile_text(), agent in hostile_text(), status in 100u16..600) {
        let [user, request, agent] = [user, request, agent].map(|text| apache_escaped(&text));
        let user = if user.trim().is_empty() { "-".into() } else { user };
        let line = format!(r#"192.0.2.7 - {user} [22/Nov/2026:18:00:00 +0000] "{request}" {status} 12 "-" "{agent}""#);
        let (client, seen, _) = read(LineFormat::Mixed, &line).unwrap();
        prop_assert_eq!((client.as_str(), seen), ("192.0.2.7", status), "{}", line);
    }

    #[test]
    fn a_client_behind_free_fields_is_true_or_nobodys(user in hostile_text(), request in hostile_text(), agent in hostile_text()) {
        let [user, request, agent] = [user, request, agent].map(|text| apache_escaped(&text));
        let line = format!(r#""{agent}" {user} 192.0.2.7 1795374000123|{request}|404 77"#);
        if let Some((client, _, seen)) = read(compile(FormatSyntax::Apache, AGENT_FIRST), &line) {
            prop_assert_eq!(client, "192.0.2.7", "{}", line);
            prop_assert_eq!(seen, if agent == "-" { Vec::new() } else { agent.into_bytes() });
        }
    }

    #[test]
    fn any_stream_to_the_journal(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..8)) {
        let mut decoder = Decoder::default();
        for chunk in &chunks {
            decoder.push(chunk);
            while let Some(entry) = decoder.entry() {
                let _ = entry.line();
            }
        }
    }
}

#[test]
fn what_nobody_forged_is_read() {
    let line = r#""agent of a kind" al ice 192.0.2.7 1795374000123|GET / HTTP/1.1|404 77"#;
    let expected = ("192.0.2.7".to_owned(), 404, b"agent of a kind".to_vec());
    assert_eq!(read(compile(FormatSyntax::Apache, AGENT_FIRST), line), Some(expected));
}

const NEARLY: [&str; 17] = [
    "Nov 22 18:00:00 mail roundcube[7]: <ab> IMAP Error: Login failed for a from 192.0.2.7",
    "[22-Nov-2026 18:00:00 +0100]: Failed login for a from 192.0.2.7 in session ab (error: 0)",
    "2026:11:22-18:00:00: '192.0.2.7' 2 failed login attempts. Account 'a'",
    "Sun Nov 22 18:00:00.12 2026 - [7] (192.0.2.7) a - login error - x",
    r#"Nov 22 18:00:00 h haproxy[7]: 192.0.2.7:8 [22/Nov/2026:18:00:00.439] m a/b 1/0/1/0/1 403 5168 - - ---- 3/3/0/0/0 0/0 "GET /x HTTP/1.1""#,
    "1795374000.123      4 192.0.2.7 TCP_DENIED/403 4099 GET http://a.example/ - HIER_NONE/- text/html",
    r#"{"time":"2026-11-22T18:00:00Z","remoteAddr":"192.0.2.7","message":"Login failed: \"a\""}"#,
    r#"192.0.2.7 -  -  [02/sept./2015:00:11:31 +0200] "GET /a HTTP/1.1" 401 1382"#,
    r#"192.0.2.7 - u [22/Nov/2026:18:00:00 +0000] "GET /a HTTP/1.1" 200 12 "-" "agent""#,
    r#""agent" u 192.0.2.7 1795374000123|GET / HTTP/1.1|404 77"#,
    r#"{"a":"x\u0041","r":"GET / HTTP/1.1","c":"192.0.2.7","s":200}"#,
    r#"2026/11/22 18:00:00 [error] 9#9: *5 user "root": password mismatch, client: ::1, server: x, request: "GET /""#,
    r#"[Sun Nov 22 18:00:00.123456 2026] [auth_basic:error] [pid 1] [client 192.0.2.7:5] AH01618: user x not found: /"#,
    r#"[22-Nov-2026 18:00:00] WARNING: [pool www] child 5, script '/a.php' (request: "GET /a.php") executing too slow"#,
    "Nov 22 18:00:00 host sshd[12]: Failed password for invalid user x from 192.0.2.7 port 22 ssh2",
    "--f6af0671-A--",
    "#Fields: date time c-ip cs-method cs-uri-stem sc-status",
];

/// Lines of half a megabyte that make a careless reader quadratic; with one of those this test would take hours.
#[test]
fn long_lines_take_linear_time() {
    const LENGTH: usize = 512 << 10;
    for unit in [
        "\"",
        "\\",
        " ",
        "|",
        "[",
        "{\"a\":",
        " from 1.2.3.4 port 5",
        ", client: 1.2.3.4",
        "\" 1.2.3.4 \"",
        " 1.2.3.4 1",
        "] \"",
    ] {
        for start in NEARLY.iter().copied().chain([""]) {
            let half = start.len() / 2;
            let line = [&start[..half], &unit.repeat(LENGTH / unit.len()), &start[half..]].concat();
            for format in every_format() {
                let _ = Parser::new(format).parse(line.as_bytes());
            }
        }
    }
}
