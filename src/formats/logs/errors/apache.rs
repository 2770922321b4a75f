//! Apache's error log, default and any `ErrorLogFormat` that keeps its fields in square brackets before the message.
//! <https://httpd.apache.org/docs/2.4/mod/core.html#errorlogformat>; text of clients is escaped, but for quotes.

use std::net::IpAddr;

use memchr::memmem::find;

use crate::formats::logs::clock::Clock;
use crate::formats::logs::errors::{between, level, modsecurity, record, refused};
use crate::formats::logs::text::address_with_port;
use crate::formats::logs::{Line, Unparsed};
use crate::model::{Millis, Note, NoteLevel, What};

/// What stands in brackets before the message.
#[derive(Default)]
struct Head {
    stamp: Option<Millis>,
    client: Option<IpAddr>,
    level: Option<NoteLevel>,
}

pub fn read<'a>(line: &'a [u8], clock: &mut Clock) -> Result<Line<'a>, Unparsed> {
    if line.is_empty() {
        return Ok(Line::Nothing);
    }
    let mut head = Head::default();
    let mut rest = line;
    while let Some((group, after)) = bracketed(rest) {
        head.take(group, clock);
        rest = past_system_error(after);
    }
    if head.stamp.is_none() {
        return Err(Unparsed { at: 0, expected: "a stamp in square brackets" });
    }
    let level = head.level.unwrap_or(NoteLevel::Error);
    let (code, message) = code(rest);
    Ok(record(head.stamp, head.client, what(level, code, message)))
}

fn bracketed(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = rest.strip_prefix(b"[")?;
    let close = memchr::memchr(b']', inner)?;
    let after = &inner[close + 1..];
    Some((&inner[..close], after.strip_prefix(b" ").unwrap_or(after)))
}

/// `(104)Connection reset by peer: [client …`: the system's own words.
fn past_system_error(rest: &[u8]) -> &[u8] {
    const LONGEST: usize = 256;
    if !rest.starts_with(b"(") {
        return rest;
    }
    match find(&rest[..rest.len().min(LONGEST)], b": [client ") {
        Some(colon) => &rest[colon + 2..],
        None => rest,
    }
}

impl Head {
    /// The first of each kind counts: the message may begin with brackets of its own.
    fn take(&mut self, group: &[u8], clock: &mut Clock) {
        if self.stamp.is_none() {
            self.stamp = clock.apache_error(group).or_else(|| clock.iso(group));
        } else if let Some(peer) = group.strip_prefix(b"client ") {
            self.client = self.client.or_else(|| address_with_port(peer));
        } else if self.level.is_none() {
            let name = memchr::memrchr(b':', group).map_or(group, |colon| &group[colon + 1..]);
            self.level = level(name);
        }
    }
}

/// `AH01630: message`
fn code(rest: &[u8]) -> (&[u8], &[u8]) {
    match rest.split_at_checked(9) {
        Some((code @ [b'A', b'H', digits @ .., b':', b' '], message)) if digits.iter().all(u8::is_ascii_digit) => {
            (&code[..7], message)
        }
        _ => (&[], rest),
    }
}

fn what<'a>(level: NoteLevel, code: &'a [u8], message: &'a [u8]) -> What<'a> {
    if let Some(user) = refused_user(code, message) {
        return refused(if code < b"AH01700".as_slice() { "apache-basic" } else { "apache-digest" }, user);
    }
    match message.strip_prefix(b"ModSecurity: ") {
        Some(remark) if code.is_empty() => modsecurity::note(remark),
        _ => What::Note(Note { service: "apache", level, code, message, target: target(code, message) }),
    }
}

fn refused_user<'a>(code: &[u8], message: &'a [u8]) -> Option<&'a [u8]> {
    let (before, after): (&[u8], &[u8]) = match code {
        b"AH01617" => (b"user ", b": authentication failure for "),
        b"AH01618" => (b"user ", b" not found: "),
        b"AH01790" => (b"user `", b"' in realm `"),
        b"AH01791" => (b"user `", b"' in realm `"),
        b"AH01792" => (b"user ", b": password mismatch: "),
        _ => return None,
    };
    let rest = message.strip_prefix(before)?;
    find(rest, after).map(|end| &rest[..end])
}

/// The file or path that well-known messages are about.
fn target<'a>(code: &[u8], message: &'a [u8]) -> &'a [u8] {
    let before: &[u8] = match code {
        b"AH00128" => b"File does not exist: ",
        b"AH01630" | b"AH01797" => b"client denied by server configuration: ",
        b"AH00037" => b"Symbolic link not allowed or link target not accessible: ",
        b"AH01276" => return between(message, b"Cannot serve directory ", b": "),
        b"AH10244" => return between(message, b"invalid URI path (", b")"),
        b"AH00026" => return between(message, b"in URI path (", b"), returning"),
        _ => return &[],
    };
    let Some(rest) = message.strip_prefix(before) else { return &[] };
    &rest[..find(rest, b", referer: ").unwrap_or(rest.len())]
}
