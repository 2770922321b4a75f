//! nginx's error log. Nothing in it is escaped: a decoded path can hold quotes, line breaks and whole forged lines, so
//! an address is believed only where no client can have written it.

use std::net::IpAddr;

use memchr::memmem::{find, rfind};

use crate::formats::logs::clock::Clock;
use crate::formats::logs::cursor::Cursor;
use crate::formats::logs::errors::{between, level, note, record, refused};
use crate::formats::logs::text::{address, number};
use crate::formats::logs::{Line, Unparsed, request};
use crate::model::{NoteLevel, What};

const CLIENT: &[u8] = b", client: ";
/// nginx writes one message at once, of at most this many bytes (NGX_MAX_ERROR_STR).
const LONGEST_MESSAGE: usize = 2048;
const PROCESSES: usize = 16;

/// What lines need of earlier ones.
#[derive(Clone, Debug)]
pub struct NginxError {
    /// Processes named where no client can have written.
    known: [u64; PROCESSES],
    next: usize,
    /// Bytes since a line that held a client's decoded text: within [`LONGEST_MESSAGE`] it may still go on.
    since_quoted: usize,
}

impl Default for NginxError {
    fn default() -> Self {
        Self { known: [0; PROCESSES], next: 0, since_quoted: LONGEST_MESSAGE }
    }
}

impl NginxError {
    /// `2026/11/22 18:00:00 [error] 123#123: *5 message, client: …, server: …, request: "…"`
    pub fn read<'a>(&mut self, line: &'a [u8], clock: &mut Clock) -> Result<Line<'a>, Unparsed> {
        let before = self.since_quoted;
        self.since_quoted = before.saturating_add(line.len() + 1);
        let Some(stamp) = line.get(..19).and_then(|text| clock.iso(text)) else {
            return self.further_line();
        };
        let mut cursor = Cursor::new(line);
        cursor.until_str(b" [", "a level in square brackets")?;
        let level = level(cursor.until(b']', "a level in square brackets")?);
        let level = level.ok_or(cursor.unparsed("a known level"))?;
        cursor.skip(b" ", "a process id")?;
        let process = number(cursor.until(b'#', "a process id")?).ok_or(cursor.unparsed("a process id"))?;
        cursor.until_str(b": ", "a thread id")?;
        let of_connection = cursor.take_if(b"*");
        if of_connection {
            cursor.until(b' ', "a connection number")?;
        }
        let message = cursor.rest();
        let believed = self.believed(process, before);
        if of_connection && quotes_decoded_text(message) {
            self.since_quoted = line.len() + 1;
        }
        let client = client(message).filter(|_| believed);
        let stamp = Some(stamp).filter(|_| believed);
        match refused_user(message) {
            Some(_) if !believed => Ok(Line::Nothing),
            Some(user) => Ok(record(stamp, client, refused("nginx-basic", user))),
            None => Ok(record(stamp, client, remark(level, message))),
        }
    }

    /// True where the next line may be a client's text.
    pub fn may_go_on(&self) -> bool {
        self.since_quoted < LONGEST_MESSAGE
    }

    /// A message may have several lines; before the first message there is none to go on.
    fn further_line<'a>(&self) -> Result<Line<'a>, Unparsed> {
        let begun = self.known.iter().any(|process| *process != 0);
        if begun { Ok(Line::Nothing) } else { Err(Unparsed { at: 0, expected: "a stamp like 2026/11/22 18:00:00" }) }
    }

    fn believed(&mut self, process: u64, since_quoted: usize) -> bool {
        let known = process != 0 && self.known.contains(&process);
        if !known && since_quoted >= LONGEST_MESSAGE {
            self.known[self.next % PROCESSES] = process;
            self.next = (self.next + 1) % PROCESSES;
        }
        known || since_quoted >= LONGEST_MESSAGE
    }
}

/// A user name comes before a colon in the header, so it holds none, and no stamp.
fn quotes_decoded_text(message: &[u8]) -> bool {
    let head = find(message, CLIENT).map_or(message, |end| &message[..end]);
    memchr::memchr(b'"', head).is_some() && !message.starts_with(b"user \"") && !message.starts_with(b"limiting ")
}

/// The client field of a message: the first, behind text of nginx's own. Behind a client's decoded text none is
/// believed, since that can end the line after an address of its choice; the access log has the same request.
fn client(message: &[u8]) -> Option<IpAddr> {
    if quotes_decoded_text(message) {
        return None;
    }
    let field = &message[find(message, CLIENT)? + CLIENT.len()..];
    address(&field[..memchr::memchr(b',', field).unwrap_or(field.len())])
}

/// The name ends at the last phrase of nginx's before the client.
fn refused_user(message: &[u8]) -> Option<&[u8]> {
    let head = &message[..find(message, CLIENT)?];
    let rest = head.strip_prefix(b"user \"")?;
    let end = rest.strip_suffix(b"\": password mismatch").map(<[u8]>::len);
    end.or_else(|| rfind(rest, b"\" was not found in \"")).map(|end| &rest[..end])
}

/// About the request; behind a client's text that could be any, so then about the file that is quoted first.
fn remark(level: NoteLevel, message: &[u8]) -> What<'_> {
    if quotes_decoded_text(message) {
        return note("nginx", level, message, between(message, b"\"", b"\""));
    }
    let end = find(message, CLIENT).unwrap_or(message.len());
    let (_, target, _) = request::split(between(&message[end..], b", request: \"", b"\""));
    note("nginx", level, &message[..end], target)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    const REFUSED: &str =
        r#"user "root": password mismatch, client: 192.0.2.7, server: x, request: "GET / HTTP/1.1", host: "x""#;

    fn client_of(reader: &mut NginxError, process: u32, message: &str) -> Option<IpAddr> {
        let line = format!("2026/11/22 18:00:00 [error] {process}#{process}: *5 {message}");
        match reader.read(line.as_bytes(), &mut Clock::new(TimeZone::UTC)).unwrap() {
            Line::Record(record) => record.client,
            Line::Nothing => None,
        }
    }

    #[test]
    fn a_path_forges_neither_its_own_address_nor_a_line() {
        let mut reader = NginxError::default();
        let broken = r#"open() "/srv/a" failed (2: No such file or directory), client: 6.6.6.6, server: x, request: "GET /a HTTP/1.1""#;
        assert_eq!(client_of(&mut reader, 10, broken), None);
        assert_eq!(client_of(&mut reader, 11, REFUSED), None, "this may still be the path");
        assert_eq!(client_of(&mut reader, 10, REFUSED), "192.0.2.7".parse().ok(), "only the server knows its process");
    }

    #[test]
    fn a_process_is_known_once_no_message_can_reach_so_far() {
        let mut reader = NginxError::default();
        client_of(&mut reader, 10, r#"open() "/srv/a"#);
        let believed: Vec<_> = (0..40).map(|_| client_of(&mut reader, 11, REFUSED).is_some()).collect();
        assert!(!believed[0] && believed[39], "{believed:?}");
        assert!(believed.is_sorted());
    }

    #[test]
    fn the_servers_own_words_name_the_client() {
        let message = r#"access forbidden by rule, client: ::1, server: x, request: "GET /a HTTP/1.1", referrer: "http://x/, client: 6.6.6.6, ""#;
        assert_eq!(client_of(&mut NginxError::default(), 10, message), "::1".parse().ok());
    }
}
