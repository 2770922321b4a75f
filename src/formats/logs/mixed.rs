//! Lines of several formats in one file: the format of the last line is tried first, then each of the others. Bounded:
//! a line is offered to every reader at most once.

use memchr::memmem;

use crate::formats::logs::access::Access;
use crate::formats::logs::application::Application;
use crate::formats::logs::clock::Clock;
use crate::formats::logs::errors::{apache, nginx::NginxError, php_fpm};
use crate::formats::logs::json_lines::JsonLines;
use crate::formats::logs::{Line, Unparsed, auth, loose};

/// The readers that tell a line of theirs from any other, strictest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strict {
    Access(Access),
    Apache,
    Nginx,
    PhpFpm,
    Auth,
}

const ALL: [Strict; 8] = [
    Strict::Access(Access::MAIN),
    Strict::Access(Access::COMBINED),
    Strict::Access(Access::VHOST_COMBINED),
    Strict::Access(Access::COMMON),
    Strict::Apache,
    Strict::Nginx,
    Strict::PhpFpm,
    Strict::Auth,
];

#[derive(Clone, Debug)]
pub struct Mixed {
    last: Strict,
    nginx: NginxError,
    json: JsonLines,
    application: Application,
}

impl Default for Mixed {
    fn default() -> Self {
        let (nginx, json, application) = Default::default();
        Self { last: ALL[1], nginx, json, application }
    }
}

impl Mixed {
    pub fn read<'a>(&'a mut self, line: &'a [u8], clock: &mut Clock) -> Result<Line<'a>, Unparsed> {
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(Line::Nothing);
        }
        // Behind text that nginx decoded only nginx is believed: anything else may be the rest of that text.
        if self.last == Strict::Nginx && self.nginx.may_go_on() {
            return Ok(self.nginx.read(line, clock).unwrap_or(Line::Nothing));
        }
        if !line.starts_with(b"{") {
            if let Some(record) = self.strict(line, clock) {
                return Ok(record);
            }
        } else if matches!(self.json.read(line, clock), Ok(Line::Record(_)))
            && !matches!(self.application.read(line, clock), Ok(Line::Record(_)))
        {
            return self.json.read(line, clock);
        }
        match loose::read(line, clock) {
            Some(record) => Ok(record),
            None => self.application.read(line, clock),
        }
    }

    fn strict<'a>(&mut self, line: &'a [u8], clock: &mut Clock) -> Option<Line<'a>> {
        let last = self.last;
        for format in std::iter::once(last).chain(ALL.into_iter().filter(|other| *other != last)) {
            if let Ok(record @ Line::Record(_)) = self.offer(format, line, clock) {
                self.last = format;
                return Some(record);
            }
        }
        None
    }

    fn offer<'a>(&mut self, format: Strict, line: &'a [u8], clock: &mut Clock) -> Result<Line<'a>, Unparsed> {
        match format {
            Strict::Access(access) => access.read(line, clock).and_then(named),
            // With a stamp alone in brackets many applications begin.
            Strict::Apache if memmem::find(&line[..line.len().min(48)], b"] [").is_none() => Ok(Line::Nothing),
            Strict::Apache => apache::read(line, clock),
            Strict::Nginx => self.nginx.read(line, clock),
            Strict::PhpFpm => php_fpm::read(line, clock),
            Strict::Auth => auth::read(line, clock),
        }
    }
}

/// Without a client where one should stand it is a line of something else.
fn named(line: Line<'_>) -> Result<Line<'_>, Unparsed> {
    match &line {
        Line::Record(record) if record.client.is_none() => Err(Unparsed { at: 0, expected: "a client" }),
        _ => Ok(line),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::model::What;

    const ACCESS: &str = r#"192.0.2.7 - - [22/Nov/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 5 "-" "x""#;
    const MISSING: &str = r#"2026/11/22 18:00:00 [error] 7#7: *5 open() "/srv/a" failed (2: No such file or directory), client: 192.0.2.7, server: x, request: "GET /a HTTP/1.1""#;

    fn kinds(lines: &[&str]) -> Vec<String> {
        let mut reader = Mixed::default();
        let mut clock = Clock::new(TimeZone::UTC);
        let mut kind = |line: &str| match reader.read(line.as_bytes(), &mut clock) {
            Ok(Line::Record(record)) => match record.what {
                What::Request(_) => "request".to_owned(),
                What::Login(login) => login.service.to_owned(),
                What::Note(note) => note.service.to_owned(),
                What::Named(named) => named.source.to_owned(),
            },
            _ => "nothing".to_owned(),
        };
        lines.iter().map(|line| kind(line)).collect()
    }

    #[test]
    fn every_line_is_read_by_its_own_format() {
        let lines = [
            ACCESS,
            "# a comment",
            "[Wed Jul 17 23:20:45 2013] [error] [client 127.0.0.1] client denied by server configuration: /srv",
            r#"2026/11/22 18:00:00 [error] 7#7: *5 user "x": password mismatch, client: 192.0.2.7, server: x, request: "GET / HTTP/1.1""#,
            ACCESS,
            "Nov 22 18:00:00 h sshd[7]: Failed password for root from 192.0.2.7 port 22 ssh2",
            "Nov 22 18:00:00 h roundcube: IMAP Error: Login failed for a from 192.0.2.7",
            r#"{"remote_addr":"192.0.2.7","request":"GET / HTTP/1.1","status":200}"#,
            r#"{"remoteAddr":"192.0.2.7","url":"/login","message":"Login failed: a"}"#,
            r#"192.0.2.7 -  -  [02/sept./2015:00:11:31 +0200] "GET /a HTTP/1.1" 401 1382 "#,
            "any text",
        ];
        let expected = [
            "request",
            "nothing",
            "apache",
            "nginx-basic",
            "request",
            "sshd",
            "application",
            "request",
            "application",
            "request",
            "application",
        ];
        assert_eq!(kinds(&lines), expected);
    }

    #[test]
    fn a_path_that_nginx_decoded_forges_no_line_of_another_format() {
        assert_eq!(kinds(&[MISSING, ACCESS.replace("192.0.2.7", "6.6.6.6").as_str(), "any"]), [
            "nginx", "nothing", "nothing"
        ]);
    }
}
