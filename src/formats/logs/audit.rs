//! ModSecurity's audit log: native sections, and the JSON of versions 2 and 3. One note a transaction: its gravest
//! message. <https://github.com/owasp-modsecurity/ModSecurity/wiki/ModSecurity-2-Data-Formats#audit-log>

use std::net::IpAddr;

use crate::formats::logs::clock::Clock;
use crate::formats::logs::errors::modsecurity::{remark_note, severity};
use crate::formats::logs::text::{address, unescape_json};
use crate::formats::logs::{Line, Record, Unparsed, json, request};
use crate::model::{Millis, Note, NoteLevel, What};

/// A transaction that grows beyond is not told of.
const MOST_BYTES: usize = 1 << 20;
/// One that grows beyond was never ended by the server. Bodies that servers accept stay below: what follows one that was
/// given up too early is the client's text, and could pass for a transaction of somebody else.
const NO_END: usize = 256 << 20;

/// The transaction that is being read.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// The eight hexadecimal digits of its boundaries; none between transactions.
    boundary: Option<[u8; 8]>,
    section: u8,
    read: usize,
    stamp: Option<Millis>,
    client: Option<IpAddr>,
    request: Vec<u8>,
    message: Vec<u8>,
    rule: Vec<u8>,
    level: Option<NoteLevel>,
}

impl Audit {
    pub fn read<'a>(&'a mut self, line: &'a [u8], clock: &mut Clock) -> Result<Line<'a>, Unparsed> {
        match (boundary(line), self.boundary) {
            (Some((id, b'A')), None) => *self = Self { boundary: Some(id), section: b'A', ..Self::default() },
            (Some((id, b'Z')), Some(own)) if id == own => {
                self.boundary = None;
                return Ok(self.record());
            }
            (Some((id, section)), Some(own)) if id == own => self.section = section,
            (_, Some(_)) => self.content(line, clock)?,
            (None, None) if line.starts_with(b"{") => return self.json(line, clock),
            (_, None) if line.is_empty() => {}
            (_, None) => return Err(Unparsed { at: 0, expected: "a boundary --xxxxxxxx-A-- or a JSON object" }),
        }
        Ok(Line::Nothing)
    }

    /// Only the server knows the boundary's digits: a body that looks like one ends nothing.
    fn content(&mut self, line: &[u8], clock: &mut Clock) -> Result<(), Unparsed> {
        self.read = self.read.saturating_add(line.len() + 1);
        if self.read > MOST_BYTES {
            *self = Self { boundary: self.boundary.filter(|_| self.read < NO_END), read: self.read, ..Self::default() };
            return Err(Unparsed { at: 0, expected: "the end of the transaction within 1 MiB" });
        }
        match self.section {
            b'A' if self.stamp.is_none() => self.opening(line, clock),
            b'B' if self.request.is_empty() => self.request.extend_from_slice(line),
            b'H' => {
                if let Some(remark) = line.strip_prefix(b"Message: ") {
                    self.consider(&remark_note(remark));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// `[22/Nov/2026:18:00:00.123456 +0000] id client port server port`
    fn opening(&mut self, line: &[u8], clock: &mut Clock) {
        let Some((stamp, rest)) = line.strip_prefix(b"[").and_then(|rest| split_at(rest, b']')) else { return };
        self.stamp = clock.clf_with_fraction(stamp);
        self.client = rest.split(|byte| *byte == b' ').nth(2).and_then(address);
    }

    /// Keeps the gravest message, of equals the first.
    fn consider(&mut self, note: &Note<'_>) {
        if self.level.is_some_and(|level| level >= note.level) {
            return;
        }
        self.level = Some(note.level);
        self.message.clear();
        self.message.extend_from_slice(note.message);
        self.rule.clear();
        self.rule.extend_from_slice(note.code);
    }

    fn record(&self) -> Line<'_> {
        let Some(level) = self.level else { return Line::Nothing };
        let (_, target, _) = request::split(&self.request);
        let note = Note { service: "modsecurity", level, code: &self.rule, message: &self.message, target };
        Line::Record(Record {
            stamp: self.stamp,
            client: self.client,
            peer: None,
            forwarded: &[],
            what: What::Note(note),
        })
    }

    fn json(&mut self, line: &[u8], clock: &mut Clock) -> Result<Line<'_>, Unparsed> {
        *self = Self::default();
        let (mut clear, mut message, mut rule) = (Vec::new(), &[][..], &[][..]);
        json::scalars(line, |keys, value| match keys {
            [b"transaction", b"time"] => self.stamp = clock.clf_with_fraction(value),
            [b"transaction", b"time_stamp"] => self.stamp = clock.apache_error(value),
            [b"transaction", b"remote_address" | b"client_ip"] => self.client = address(value),
            [b"request", b"request_line"] => unescape_json(value, &mut self.request),
            [b"transaction", b"request", b"uri"] => {
                self.request.extend_from_slice(b"GET ");
                unescape_json(value, &mut self.request);
            }
            [b"audit_data", b"messages", ..] => {
                clear.clear();
                unescape_json(value, &mut clear);
                self.consider(&remark_note(&clear));
            }
            [b"transaction", b"messages", _, b"message"] => message = value,
            [b"transaction", b"messages", _, b"details", b"ruleId"] => rule = value,
            [b"transaction", b"messages", _, b"details", b"severity"] => {
                let level = severity(value);
                self.consider(&Note { service: "modsecurity", level, code: rule, message, target: &[] });
            }
            _ => {}
        })?;
        Ok(self.record())
    }
}

/// `--xxxxxxxx-A--`
fn boundary(line: &[u8]) -> Option<([u8; 8], u8)> {
    let inner = line.trim_ascii_end().strip_prefix(b"--")?.strip_suffix(b"--")?;
    let [id @ .., b'-', section] = inner else { return None };
    let id: [u8; 8] = id.try_into().ok()?;
    (id.iter().all(u8::is_ascii_hexdigit) && section.is_ascii_uppercase()).then_some((id, *section))
}

fn split_at(bytes: &[u8], stop: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(stop, bytes)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}
