//! What ModSecurity remarks on a request: text, then `[name "value"]` pairs whose quotes are escaped.
//! <https://github.com/owasp-modsecurity/ModSecurity/wiki/ModSecurity-2-Data-Formats>

use crate::formats::logs::text::closing_quote;
use crate::model::{Note, NoteLevel, What};

/// The pairs begin with the rule's own file: what comes before may hold a client's text.
const FIRST_PAIR: &[u8] = b"[file \"";

/// The remark as a note, with the rule's id as its code.
pub fn note(remark: &[u8]) -> What<'_> {
    What::Note(remark_note(remark))
}

pub fn remark_note(remark: &[u8]) -> Note<'_> {
    let pairs = Pairs::of(remark);
    let value = |name: &[u8]| pairs.clone().find(|(known, _)| *known == name).map_or(&[][..], |(_, value)| value);
    Note {
        service: "modsecurity",
        level: severity(value(b"severity")),
        code: value(b"id"),
        message: if value(b"msg").is_empty() { remark } else { value(b"msg") },
        target: value(b"uri"),
    }
}

/// Severities by name, or as syslog's numbers.
pub fn severity(name: &[u8]) -> NoteLevel {
    match name {
        b"EMERGENCY" | b"ALERT" | b"CRITICAL" | b"0" | b"1" | b"2" => NoteLevel::Critical,
        b"ERROR" | b"3" => NoteLevel::Error,
        b"NOTICE" | b"5" => NoteLevel::Notice,
        b"INFO" | b"6" => NoteLevel::Info,
        b"DEBUG" | b"7" => NoteLevel::Debug,
        _ => NoteLevel::Warn,
    }
}

#[derive(Clone)]
struct Pairs<'a> {
    rest: &'a [u8],
}

impl<'a> Pairs<'a> {
    fn of(remark: &'a [u8]) -> Self {
        let start = memchr::memmem::find(remark, FIRST_PAIR).unwrap_or(remark.len());
        Self { rest: &remark[start..] }
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let inner = self.rest.strip_prefix(b"[")?;
        let open = memchr::memmem::find(&inner[..inner.len().min(64)], b" \"")?;
        let close = closing_quote(inner, open + 2)?;
        let pair = (&inner[..open], &inner[open + 2..close]);
        let after = inner[close + 1..].strip_prefix(b"]")?;
        self.rest = after.strip_prefix(b" ").unwrap_or(after);
        Some(pair)
    }
}
