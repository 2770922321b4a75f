//! Apache's error log, default and any `ErrorLogFormat` that keeps its fields in square brackets before the message.
//! <https://httpd.apache.org/docs/2.4/mod/core.html#errorlogformat>; text of clients is escaped, but for quotes.

use std::net::IpAddr;

use memchr::memmem::find;

use crate::formats::logs::clock::Clock;
use crate::formats::logs::errors::{between, level, modsecurity, note, record, refused};
use crate::formats::logs::text::address_with_port;
use crate::formats::logs::{Line, Unparsed};
use crate::model::{Millis, Note, NoteLevel, What};

/// What stands in brackets before the message.
#[derive(Default)]
struct Head {
    stamp: Option<Millis>,
    client: Option<IpAddr>,
    level: Option<NoteLevel>,
    /// The module is mod_evasive.
    evasive: bool,
}

pub fn read<'a>(line: &'a [u8], clock: &mut Clock) -> Result<Line<'a>, Unparsed> {
    if line.is_empty() {
        return Ok(Line::Nothing);
    }
    read_stamped(line, None, clock)
}

/// A line whose stamp may stand before it: `ErrorLog syslog`.
pub fn read_stamped<'a>(line: &'a [u8], stamp: Option<Millis>, clock: &mut Clock) -> Result<Line<'a>, Unparsed> {
    let mut head = Head { stamp, ..Head::default() };
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
    // It denies who asks too often, in the words of a server that denies for good.
    if head.evasive {
        return Ok(record(head.stamp, head.client, note("mod-evasive", level, message, &[])));
    }
    Ok(record(head.stamp, head.client, what(level, code, message)))
}

fn bracketed(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = rest.strip_prefix(b"[")?;
    // `[client [2001:db8::7]:4711]`
    let from = if inner.starts_with(b"client [") { memchr::memchr(b']', inner)? + 1 } else { 0 };
    let close = from + memchr::memchr(b']', &inner[from..])?;
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
            self.evasive = group.starts_with(b"evasive");
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
    let message_2_2 = message.strip_prefix(b"Digest: ").filter(|_| code.is_empty());
    if let Some((service, user)) = refused_user(code, message_2_2.unwrap_or(message)) {
        return refused(service, user);
    }
    match message.strip_prefix(b"ModSecurity: ") {
        Some(remark) if code.is_empty() => modsecurity::note(remark),
        _ => What::Note(Note { service: "apache", level, code, message, target: target(code, message) }),
    }
}

/// Service and user of the messages about users; Apache 2.2 wrote the same ones without a code.
fn refused_user<'a>(code: &[u8], message: &'a [u8]) -> Option<(&'static str, &'a [u8])> {
    const REFUSALS: [(&[u8], &str, &[u8], &[u8]); 5] = [
        (b"AH01617", "apache-basic", b"user ", b": authentication failure for "),
        (b"AH01618", "apache-basic", b"user ", b" not found: "),
        (b"AH01790", "apache-digest", b"user `", b"' in realm `"),
        (b"AH01791", "apache-digest", b"user `", b"' in realm `"),
        (b"AH01792", "apache-digest", b"user ", b": password mismatch: "),
    ];
    let of_code = REFUSALS.iter().filter(|(known, ..)| code.is_empty() || *known == code);
    of_code.clone().find_map(|(_, service, before, after)| {
        let rest = message.strip_prefix(*before)?;
        find(rest, after).map(|end| (*service, &rest[..end]))
    })
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
