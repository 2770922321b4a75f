//! Logins to the host: what sshd and sudo say, in syslog files and in the journal.

mod sshd;
mod sudo;
mod syslog;

use std::net::IpAddr;

use crate::formats::logs::clock::Clock;
use crate::formats::logs::{Line, Record, Unparsed};
use crate::model::{Login, Millis, Note, NoteLevel, What};

/// What a message says of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt<'a> {
    pub user: &'a [u8],
    pub ok: bool,
    pub client: Option<IpAddr>,
}

/// One line of a syslog file; lines of other programs hold nothing, or with `every` a remark.
pub fn read<'a>(line: &'a [u8], every: bool, clock: &mut Clock) -> Result<Line<'a>, Unparsed> {
    if line.is_empty() {
        return Ok(Line::Nothing);
    }
    let said = syslog::split(line, clock)?;
    Ok(match login(said.program, said.message, said.stamp) {
        Line::Nothing if every => Line::Record(Record {
            stamp: said.stamp,
            client: None,
            peer: None,
            forwarded: &[],
            what: remark(said.message),
        }),
        line => line,
    })
}

/// A line of any form; its stamp where it begins as syslog lines do.
pub fn plain<'a>(line: &'a [u8], clock: &mut Clock) -> Line<'a> {
    let stamp = syslog::split(line, clock).ok().and_then(|said| said.stamp);
    Line::Record(Record { stamp, client: None, peer: None, forwarded: &[], what: remark(line) })
}

/// Words of a program that is none of ours.
pub fn remark(message: &[u8]) -> What<'_> {
    What::Note(Note { service: "syslog", level: NoteLevel::Info, code: &[], message, target: &[] })
}

/// What `program` said, wherever it was read.
pub fn login<'a>(program: &[u8], message: &'a [u8], stamp: Option<Millis>) -> Line<'a> {
    let (service, attempt) = match program {
        b"sshd" | b"sshd-session" | b"sshd-auth" => ("sshd", sshd::attempt(message)),
        b"sudo" => ("sudo", sudo::attempt(message)),
        _ => return Line::Nothing,
    };
    let Some(Attempt { user, ok, client }) = attempt else { return Line::Nothing };
    let what = What::Login(Login { service, user, ok, admin: true });
    Line::Record(Record { stamp, client, peer: None, forwarded: &[], what })
}
