//! Error logs: what servers remark on, and the logins they refuse.

pub mod apache;
pub mod modsecurity;
pub mod nginx;
pub mod php_fpm;

use std::net::IpAddr;

use crate::formats::logs::{Line, Record};
use crate::model::{Login, Millis, Note, NoteLevel, What};

fn record<'a>(stamp: Option<Millis>, client: Option<IpAddr>, what: What<'a>) -> Line<'a> {
    Line::Record(Record { stamp, client, peer: None, forwarded: &[], what })
}

fn refused<'a>(service: &'static str, user: &'a [u8]) -> What<'a> {
    What::Login(Login { service, user, ok: false, admin: false })
}

fn note<'a>(service: &'static str, level: NoteLevel, message: &'a [u8], target: &'a [u8]) -> What<'a> {
    What::Note(Note { service, level, code: &[], message, target })
}

/// Level names of Apache, nginx, php-fpm and ModSecurity.
fn level(name: &[u8]) -> Option<NoteLevel> {
    let known: [(&[u8], NoteLevel); 8] = [
        (b"debug", NoteLevel::Debug),
        (b"trace", NoteLevel::Debug),
        (b"info", NoteLevel::Info),
        (b"notice", NoteLevel::Notice),
        (b"warn", NoteLevel::Warn),
        (b"err", NoteLevel::Error),
        (b"crit", NoteLevel::Critical),
        (b"alert", NoteLevel::Critical),
    ];
    let starts = |prefix: &[u8]| name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    if starts(b"emerg") {
        return Some(NoteLevel::Critical);
    }
    known.iter().find(|(prefix, _)| starts(prefix)).map(|(_, level)| *level)
}

/// The text between `before` and the first `after` behind it; empty where either is missing.
fn between<'a>(text: &'a [u8], before: &[u8], after: &[u8]) -> &'a [u8] {
    let Some(start) = memchr::memmem::find(text, before) else { return &[] };
    let rest = &text[start + before.len()..];
    memchr::memmem::find(rest, after).map_or(&[], |end| &rest[..end])
}
