//! Logins to the host: what sshd and sudo say, in syslog files and in the journal.

mod sshd;
mod sudo;
mod syslog;

use std::net::IpAddr;

use crate::formats::logs::clock::Clock;
use crate::formats::logs::{Line, Record, Unparsed};
use crate::model::{Login, Millis, What};

/// What a message says of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt<'a> {
    pub user: &'a [u8],
    pub ok: bool,
    pub client: Option<IpAddr>,
}

/// One line of a syslog file; lines of other programs hold nothing.
pub fn read<'a>(line: &'a [u8], clock: &mut Clock) -> Result<Line<'a>, Unparsed> {
    if line.is_empty() {
        return Ok(Line::Nothing);
    }
    let said = syslog::split(line, clock)?;
    Ok(login(said.program, said.message, said.stamp))
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
