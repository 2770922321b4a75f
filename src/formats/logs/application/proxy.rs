//! Proxies that write the client themselves: HAProxy's HTTP format through syslog, and what squid denied.
//! <https://docs.haproxy.org/2.8/configuration.html#8.2.3>, <https://wiki.squid-cache.org/Features/LogFormat>

use crate::formats::logs::application::note;
use crate::formats::logs::text::{address, address_with_port, number};
use crate::formats::logs::{Line, Record, request};
use crate::model::{Millis, Request, What};

/// `192.0.2.7:58444 [stamp] frontend backend/server timers status bytes - - flags n/n/n/n/n n/n {headers} "request"`;
/// what HAProxy answered itself, for want of a password, is a note.
pub fn haproxy(message: &[u8], stamp: Option<Millis>) -> Option<Line<'_>> {
    let mut words = message.splitn(11, |byte| *byte == b' ');
    let client = address_with_port(words.next()?)?;
    let server = words.nth(2)?;
    let status = u16::try_from(number(words.nth(1)?)?).ok()?;
    let bytes = number(words.next()?);
    let rest = words.last()?;
    if server.ends_with(b"/<NOSRV>") && status == 401 {
        return Some(note(stamp, Some(client), b"haproxy", message));
    }
    // The request comes last, behind headers that were captured: a client's, but without quotes of their own.
    let open = memchr::memchr(b'"', rest)?;
    let line = &rest[open + 1..];
    let (method, target, protocol) = request::split(line.strip_suffix(b"\"").unwrap_or(line));
    let what = What::Request(Request { method, target, protocol, status, bytes, ..Request::default() });
    Some(Line::Record(Record { stamp, client: Some(client), peer: None, forwarded: &[], what }))
}

/// `4 192.0.2.7 TCP_DENIED/403 4099 GET http://…`, after the stamp.
pub fn squid(stamp: Option<Millis>, rest: &[u8]) -> Option<Line<'_>> {
    let mut words = rest.splitn(3, |byte| *byte == b' ');
    number(words.next()?)?;
    let client = address(words.next()?)?;
    let said = words.next()?;
    let slash = memchr::memchr(b'/', &said[..said.len().min(48)])?;
    let code = &said[..slash];
    let known = code.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_');
    known.then(|| note(stamp, Some(client), b"squid", said))
}
