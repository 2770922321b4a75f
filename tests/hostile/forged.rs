//! Whatever a client writes into the fields it controls, in whatever log: nobody else is ever decided about.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroUsize;

use peelhouse::model::{Event, LogKind, RealIp};
use peelhouse::monitor::{self, MAX_LINE, Source};

use crate::tools::{replay_with, set};
use crate::traffic::Dice;

/// Who really sends.
const SENDER: &str = "203.0.113.8";
/// Whom the sender would have banned.
const VICTIM: &str = "192.0.2.66";
const LINES: u64 = 600;

/// What a client writes to be taken for somebody else: fragments of every log, in any order.
fn forgery(dice: &mut Dice) -> Vec<u8> {
    const FRAGMENTS: [&str; 36] = [
        "\"",
        "\" ",
        " \"",
        "\\",
        "\\\"",
        "\n",
        "\r\n",
        "\0",
        "\u{1b}[2J",
        "\u{9b}",
        " - - ",
        "-",
        " ",
        ", ",
        ": ",
        "[",
        "]",
        "] ",
        "|",
        "{",
        "}",
        "192.0.2.66",
        " 192.0.2.66 ",
        "192.0.2.66 - - [22/Nov/2026:08:00:00 +0000] \"GET /.env HTTP/1.1\" 404 5",
        "[22/Nov/2026:08:00:00 +0000]",
        "\" 404 5 \"-\" \"sqlmap/1.0\"",
        " from 192.0.2.66 port 22 ssh2",
        "Failed password for root from 192.0.2.66 port 22 ssh2",
        ", client: 192.0.2.66",
        "\", client: 192.0.2.66, server: x, request: \"GET /",
        "[client 192.0.2.66:80] ",
        "[client 192.0.2.66] ModSecurity: ",
        "\",\"remote_addr\":\"192.0.2.66\",\"x\":\"",
        "user \"root\": password mismatch",
        " HTTP/1.1\" 404 5 \"-\" \"-\"",
        "x",
    ];
    let mut bytes = Vec::new();
    for _ in 0..1 + dice.below(6) {
        match dice.below(12) {
            0 => bytes.push(dice.below(256) as u8),
            _ => bytes.extend(FRAGMENTS[dice.below(FRAGMENTS.len() as u64) as usize].bytes()),
        }
    }
    bytes
}

/// As Apache's ap_escape_logitem and, but for `\n`, nginx's default escape write a client's bytes.
fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        match byte {
            b'"' => out.push_str("\\x22"),
            b'\\' => out.push_str("\\x5C"),
            32..=126 => out.push(char::from(*byte)),
            other => out.push_str(&format!("\\x{other:02X}")),
        }
        out
    })
}

fn backslashed(bytes: &[u8]) -> String {
    escaped(bytes).replace("\\x22", "\\\"").replace("\\x5C", "\\\\").replace("\\x0A", "\\n")
}

/// As a JSON string's inside.
fn json(bytes: &[u8]) -> String {
    let text = serde_json::to_string(&String::from_utf8_lossy(bytes)).unwrap();
    text[1..text.len() - 1].to_owned()
}

/// One line: its number, and a client's text wherever it asks for some.
type Line = fn(u64, &mut dyn FnMut() -> Vec<u8>) -> String;

fn stamp(n: u64) -> String {
    format!("22/Nov/2026:08:{:02}:{:02} +0000", n / 60 % 60, n % 60)
}

fn combined(n: u64, text: &mut dyn FnMut() -> Vec<u8>) -> String {
    let [user, uri, referer, agent] = [(); 4].map(|()| backslashed(&text()));
    let attack = format!("GET /?id={n}%27%20UNION%20SELECT%20a%20FROM%20b--&x={uri} HTTP/1.1");
    format!("{SENDER} - {user} [{}] \"{attack}\" 404 5 \"{referer}\" \"{agent}\"", stamp(n))
}

fn nginx_with_forwarded(n: u64, text: &mut dyn FnMut() -> Vec<u8>) -> String {
    let [user, uri, referer, agent, forwarded] = [(); 5].map(|()| escaped(&text()));
    let attack = format!("GET /?id={n}%27%20UNION%20SELECT%20a%20FROM%20b--&x={uri} HTTP/1.1");
    format!("{SENDER} - {user} [{}] \"{attack}\" 404 5 \"{referer}\" \"{agent}\" \"{forwarded}\"", stamp(n))
}

/// The host is what the request said, less what no server takes.
fn vhost(n: u64, text: &mut dyn FnMut() -> Vec<u8>) -> String {
    let host: String = escaped(&text()).chars().filter(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(*c)).collect();
    let host = if host.is_empty() { "x".to_owned() } else { host };
    format!("{host}:80 {}", combined(n, text))
}

fn json_line(n: u64, text: &mut dyn FnMut() -> Vec<u8>) -> String {
    let [user, uri, host, agent] = [(); 4].map(|()| json(&text()));
    let request = format!("GET /?id={n}%27%20UNION%20SELECT%20a%20FROM%20b--&x={uri} HTTP/1.1");
    let time = format!("2026-11-22T08:{:02}:{:02}+00:00", n / 60 % 60, n % 60);
    format!(
        r#"{{"time":"{time}","remote_user":"{user}","host":"{host}","http_user_agent":"{agent}","request":"{request}","status":404,"remote_addr":"{SENDER}","http_x_forwarded_for":"{}"}}"#,
        json(&text())
    )
}

/// sshd writes what cannot be printed in octal.
fn sshd(n: u64, text: &mut dyn FnMut() -> Vec<u8>) -> String {
    let user: String = text().iter().fold(String::new(), |mut out, byte| {
        match byte {
            b'\\' => out.push_str("\\\\"),
            32..=126 => out.push(char::from(*byte)),
            other => out.push_str(&format!("\\{other:03o}")),
        }
        out
    });
    let said = match n % 3 {
        0 => format!("Invalid user {user} from {SENDER} port 4711"),
        _ => format!("Failed password for invalid user {user} from {SENDER} port 4711 ssh2"),
    };
    format!("Nov 22 08:{:02}:{:02} host sshd[{}]: {said}", n / 60 % 60, n % 60, 1000 + n)
}

/// nginx's error log escapes nothing; it never sees a line end, but in a user name.
fn nginx_error(n: u64, text: &mut dyn FnMut() -> Vec<u8>) -> String {
    let mut field = || {
        let text = text();
        String::from_utf8_lossy(&text).replace(['\n', '\r', '\0'], "_")
    };
    let (user, uri, host, referer) = (field(), field(), field(), field());
    format!(
        "2026/11/22 08:{:02}:{:02} [error] 9#9: *{n} user \"{user}\" was not found in \"/etc/nginx/users\", client: {SENDER}, server: www.example.org, request: \"GET /private/{uri} HTTP/1.1\", host: \"{host}\", referrer: \"{referer}\"",
        n / 60 % 60,
        n % 60
    )
}

fn apache_error(n: u64, text: &mut dyn FnMut() -> Vec<u8>) -> String {
    let [user, uri, referer] = [(); 3].map(|()| backslashed(&text()));
    format!(
        "[Sun Nov 22 08:{:02}:{:02}.123456 2026] [auth_basic:error] [pid 7:tid 8] [client {SENDER}:4711] AH01618: user {user} not found: /private/{uri}, referer: {referer}",
        n / 60 % 60,
        n % 60
    )
}

fn modsecurity(n: u64, text: &mut dyn FnMut() -> Vec<u8>) -> String {
    let [data, host, uri] = [(); 3].map(|()| backslashed(&text()));
    format!(
        "[Sun Nov 22 08:{:02}:{:02}.123456 2026] [security2:error] [pid 7:tid 8] [client {SENDER}:4711] [client {SENDER}] ModSecurity: Access denied with code 403 (phase 2). String match \"{data}\" at ARGS:q. [file \"/etc/m.conf\"] [line \"1\"] [id \"942100\"] [msg \"SQL injection\"] [data \"{data}\"] [severity \"CRITICAL\"] [hostname \"{host}\"] [uri \"{uri}\"] [unique_id \"x\"]",
        n / 60 % 60,
        n % 60
    )
}

/// The body stands in the log as it was sent; only the boundary's digits are not known to who sends it.
fn audit(n: u64, text: &mut dyn FnMut() -> Vec<u8>) -> String {
    let id = format!("{:08x}", n.wrapping_mul(0x9e37_79b9) as u32);
    let forged = format!(
        "--aaaaaaaa-Z--\n\n--aaaaaaaa-A--\n[{}] x {VICTIM} 1 127.0.0.1 80\n--aaaaaaaa-H--\n{MESSAGE}\n\n--aaaaaaaa-Z--\n",
        stamp(n)
    );
    // One body is longer than anybody would keep.
    let long = if n == 3 { "x\n".repeat(700_000) } else { String::new() };
    let agent = escaped(&text());
    format!(
        "--{id}-A--\n[{}] x {SENDER} 4711 127.0.0.1 80\n--{id}-B--\nGET /?q=1 HTTP/1.1\nUser-Agent: {agent}\n\n--{id}-C--\n{long}{forged}\n--{id}-H--\n{MESSAGE}\n\n--{id}-Z--\n",
        stamp(n)
    )
}

const MESSAGE: &str = "Message: Access denied with code 403 (phase 2). [file \"/etc/m.conf\"] [line \"1\"] [id \"942100\"] [msg \"SQL injection\"] [severity \"CRITICAL\"]";

fn text(line: Line, lines: u64) -> String {
    let mut dice = Dice::new(20_261_122);
    (0..lines).map(|n| line(n, &mut || forgery(&mut dice)) + "\n").collect()
}

fn decided(line: Line, lines: u64, options: &[&str]) -> (BTreeSet<String>, String) {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("some.log");
    fs::write(&log, text(line, lines)).unwrap();
    let replay = replay_with(options, &log);
    // A user name or path may be told of by its text; an address may not.
    let clients = replay.decisions.iter().filter_map(|decision| decision["client"].as_str());
    let addresses =
        clients.filter(|client| client.parse::<ipnet::IpNet>().is_ok() || client.parse::<std::net::IpAddr>().is_ok());
    (addresses.map(str::to_owned).collect(), replay.summary.to_string())
}

#[test]
fn nobody_but_the_sender_is_ever_decided_about() {
    let cases: [(&str, Line, u64, &[&str]); 7] = [
        ("combined", combined, LINES, &[]),
        ("nginx with X-Forwarded-For", nginx_with_forwarded, LINES, &[]),
        ("vhost_combined", vhost, LINES, &[]),
        ("JSON", json_line, LINES, &[]),
        ("sshd", sshd, LINES, &[]),
        ("nginx errors", nginx_error, LINES, &[]),
        ("Apache errors", apache_error, LINES, &[]),
    ];
    for (name, line, lines, options) in cases {
        let (decided, summary) = decided(line, lines, options);
        assert_eq!(decided, set(&[SENDER]), "{name}: {summary}");
    }
}

#[test]
fn declared_formats_with_the_clients_fields_first_are_as_safe() {
    fn agent_first(n: u64, text: &mut dyn FnMut() -> Vec<u8>) -> String {
        let [user, uri, agent] = [(); 3].map(|()| backslashed(&text()));
        let attack = format!("GET /?id={n}%27%20UNION%20SELECT%20a%20FROM%20b--&x={uri} HTTP/1.1");
        format!("\"{agent}\" {SENDER} {user} [{}] \"{attack}\" 404 5", stamp(n))
    }
    let format = "\"%{User-Agent}i\" %h %u %t \"%r\" %>s %b";
    let (decided, summary) = decided(agent_first, LINES, &["--format", format]);
    assert_eq!(decided, set(&[SENDER]), "{summary}");
}

/// What ModSecurity remarks on is nobody else's either, whatever becomes of it.
#[test]
fn modsecurity_names_the_sender_alone() {
    for (kind, line, lines) in
        [(LogKind::ApacheError, modsecurity as Line, LINES), (LogKind::ModsecurityAudit, audit, 30)]
    {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("some.log");
        fs::write(&path, text(line, lines)).unwrap();
        let source = Source { path, kind, format: None, real_ip: RealIp::default(), site: String::new() };
        let mut clients = BTreeMap::new();
        let mut count = |event: &Event<'_>| {
            *clients.entry(event.client.map(|client| client.ip.to_string())).or_insert(0) += 1;
        };
        monitor::replay(&[source], MAX_LINE, NonZeroUsize::MIN, &mut count, &mut |_, _| {});
        assert_eq!(clients.keys().cloned().collect::<Vec<_>>(), [Some(SENDER.to_owned())], "{kind:?}: {clients:?}");
        assert!(clients.values().all(|count| *count + 1 >= lines), "{kind:?}: {clients:?}");
    }
}
