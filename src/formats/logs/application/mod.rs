//! Application logs: what programs say through syslog, in files of their own, or as JSON. A line is a note, with the
//! program as its code where the line names it; rules tell what it means.

mod object;
mod proxy;
mod stamp;
mod tag;

use std::net::IpAddr;

use crate::formats::logs::access::Access;
use crate::formats::logs::application::stamp::Stamped;
use crate::formats::logs::clock::Clock;
use crate::formats::logs::errors::{apache, nginx::NginxError};
use crate::formats::logs::{Line, Record, Unparsed};
use crate::model::{Millis, Note, NoteLevel, What};

/// A line beyond is no remark but a dump.
const LONGEST: usize = 16 << 10;

/// What lines need of earlier ones, and room for the text of JSON.
#[derive(Clone, Debug, Default)]
pub struct Application {
    nginx: NginxError,
    scratch: Vec<u8>,
}

impl Application {
    /// Takes any line: applications also write stack traces and dumps.
    pub fn read<'a>(&'a mut self, line: &'a [u8], clock: &mut Clock) -> Result<Line<'a>, Unparsed> {
        if line.iter().all(u8::is_ascii_whitespace) || line.len() > LONGEST {
            return Ok(Line::Nothing);
        }
        if line.starts_with(b"{") {
            return Ok(object::read(line, &mut self.scratch, clock).unwrap_or(Line::Nothing));
        }
        let Stamped { stamp, rest, of_syslog } = stamp::strip(line, clock);
        if let Some(denied) = proxy::squid(stamp, rest) {
            return Ok(denied);
        }
        let split = if line.starts_with(b"<") { tag::split_rfc5424 } else { tag::split };
        match split(rest).filter(|_| of_syslog) {
            Some((program, message)) => Ok(self.said(program, message, stamp, clock)),
            None => Ok(note(stamp, None, b"", rest)),
        }
    }

    /// What `program` sent to syslog. Servers write lines there that have formats of their own.
    fn said<'a>(
        &'a mut self,
        program: &'a [u8],
        message: &'a [u8],
        stamp: Option<Millis>,
        clock: &mut Clock,
    ) -> Line<'a> {
        let server = match program {
            // The log of authentication has them.
            b"sshd" | b"sshd-session" | b"sshd-auth" | b"sudo" => return Line::Nothing,
            b"apache2" | b"httpd" if message.starts_with(b"[") => Some(apache::read_stamped(message, stamp, clock)),
            b"apache2" | b"httpd" => Some(Access::COMBINED.read(message, clock)),
            b"nginx" if message.get(4) == Some(&b'/') => Some(self.nginx.read(message, clock)),
            b"nginx" => Some(Access::COMBINED.read(message, clock)),
            b"haproxy" => proxy::haproxy(message, stamp).map(Ok),
            _ => None,
        };
        server.and_then(Result::ok).unwrap_or_else(|| note(stamp, None, program, message))
    }
}

fn note<'a>(stamp: Option<Millis>, client: Option<IpAddr>, program: &'a [u8], message: &'a [u8]) -> Line<'a> {
    let (level, service) = (NoteLevel::Notice, "application");
    let what = What::Note(Note { service, level, code: program, message, target: &[] });
    Line::Record(Record { stamp, client, peer: None, forwarded: &[], what })
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn clock() -> Clock {
        let mut clock = Clock::new(TimeZone::UTC);
        clock.near(Millis::from_secs(1_795_374_000));
        clock
    }

    /// `program | message`, and the client where the line's own structure names it.
    #[track_caller]
    fn says(line: &str, expected: &str, client: Option<&str>) {
        let mut reader = Application::default();
        let Ok(Line::Record(record)) = reader.read(line.as_bytes(), &mut clock()) else { panic!("nothing of {line}") };
        let What::Note(note) = record.what else { panic!("no note: {line}") };
        let text = format!("{} | {}", String::from_utf8_lossy(note.code), String::from_utf8_lossy(note.message));
        assert_eq!((text.as_str(), record.client), (expected, client.map(|ip| ip.parse().unwrap())), "{line}");
    }

    #[test]
    fn a_program_and_its_message_come_out_of_syslog() {
        says("Nov 22 18:00:00 host roundcube[7]: <x> said", "roundcube | <x> said", None);
        says("2026-11-22T18:00:00.1+01:00 host wordpress(a.example)[7]: x: y", "wordpress | x: y", None);
        says("<38>1 2026-11-22T18:00:00Z host app 7 - - said", "app | said", None);
        says("Nov  2 18:00:00 sogod [7]: said", "sogod | said", None);
        says("Nov 22 18:00:00   lighttpd[7]: said", "lighttpd | said", None);
        says("Nov 22 18:00:00 HORDE [error] x: said", " | HORDE [error] x: said", None);
    }

    #[test]
    fn stamps_of_all_applications_are_taken_off() {
        for line in [
            "[22-Nov-2026 18:00:00 +0200]: said",
            "[22-Nov-2026 18:00:00 Europe/Berlin] said",
            "22-Nov-2026 18:00:00.123 said",
            "Sun Nov 22 18:00:00 2026 - said",
            "11/22/2026 18:00:00 said",
            "2026-11-22T18:00:00.667Z: said",
            "2026-11-22 18:00:00.008 +08:00 said",
            "2026-11-22 18:00:00,008 said",
            "[2026-11-22 18:00:00]said",
            "2026/11/22 18:00:00 said",
            "2026:11:22-18:00:00: said",
            "[CET Nov 22 18:00:00] said",
            "t=2026-11-22T18:00:00+0100 said",
            "2026-11-22 18:00:00|said",
            "18:00:00.123 said",
            "1795374000.123 said",
        ] {
            says(line, " | said", None);
        }
        says("said without a stamp", " | said without a stamp", None);
    }

    #[test]
    fn the_message_and_the_client_come_out_of_json() {
        let nextcloud = r#"{"reqId":"a","level":2,"time":"2026-11-22T18:00:00+00:00","remoteAddr":"192.0.2.7","user":"--","app":"core","method":"POST","url":"/login","message":"Login failed: \"a\" (Remote IP: 6.6.6.6)"}"#;
        says(nextcloud, " | Login failed: \"a\" (Remote IP: 6.6.6.6)", Some("192.0.2.7"));
        let nested = r#"{"msg":"x","data":{"ip":"6.6.6.6"},"remote_ip":"192.0.2.7:80"}"#;
        says(nested, " | x", Some("192.0.2.7"));
        let twice = br#"{"msg":"x","ip":"192.0.2.7","remote_addr":"6.6.6.6"}"#;
        let mut reader = Application::default();
        let Ok(Line::Record(record)) = reader.read(twice, &mut clock()) else { panic!("nothing") };
        assert_eq!(record.client, None, "two keys that differ: whom to believe?");
        for line in ["{", "{\"a\":1}", "{\"msg\":\"x\",\"status\":200}"] {
            assert!(matches!(reader.read(line.as_bytes(), &mut clock()), Ok(Line::Nothing)), "{line}");
        }
    }

    #[test]
    fn what_servers_send_to_syslog_is_read_as_theirs() {
        let mut reader = Application::default();
        let mut read = |line: &str| match reader.read(line.as_bytes(), &mut clock()) {
            Ok(Line::Record(record)) => format!("{:?} {:?}", record.client, record.what),
            other => panic!("{line}: {other:?}"),
        };
        let apache = "Nov 22 18:00:00 h httpd[7]: [auth_basic:error] [pid 7] [client 192.0.2.7:8] AH01618: user x not found: /";
        assert!(read(apache).contains("apache-basic"), "{}", read(apache));
        let nginx = r#"Nov 22 18:00:00 h nginx: 2026/11/22 18:00:00 [error] 7#7: *1 user "x": password mismatch, client: 192.0.2.7, server: y, request: "GET / HTTP/1.1""#;
        assert!(read(nginx).contains("nginx-basic") && read(nginx).contains("192.0.2.7"));
        let haproxy = r#"Nov 22 18:00:00 h haproxy[7]: 192.0.2.7:8 [22/Nov/2026:18:00:00.439] main app/app1 1/0/1/0/1 403 5168 - - ---- 3/3/0/0/0 0/0 {a|b} "GET /x HTTP/1.1""#;
        assert!(read(haproxy).contains("Request") && read(haproxy).contains("status: 403"), "{}", read(haproxy));
        let forged = r#"Nov 22 18:00:00 h haproxy[7]: 192.0.2.7:8 [22/Nov/2026:18:00:00.439] main main/<NOSRV> -1/-1/-1/-1/0 401 5 - - PR-- 0/0/0/0/0 0/0 "GET /x HTTP/1.1""#;
        assert!(read(forged).contains("Note"));
        let squid = "1795374000.123      4 192.0.2.7 TCP_DENIED/403 4099 GET http://a.example/ - HIER_NONE/- text/html";
        assert!(read(squid).starts_with("Some(192.0.2.7) Note"));
    }
}
