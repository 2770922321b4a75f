//! Access lines whose stamp is written in another language or with other fields around it: client, request and status
//! stand where they do in every such log.

use crate::formats::logs::clock::Clock;
use crate::formats::logs::text::{address, closing_quote, number};
use crate::formats::logs::{Line, Record, request};
use crate::model::{Request, What};

/// `client … [stamp] … "request" status bytes`
pub fn read<'a>(line: &'a [u8], clock: &mut Clock) -> Option<Line<'a>> {
    let space = memchr::memchr(b' ', line)?;
    let client = address(&line[..space])?;
    let open = memchr::memchr(b'[', line)?;
    let close = open + memchr::memchr(b']', line.get(open..open + 48)?)?;
    // Before the stamp a user's name may stand, which may hold anything but a quote without its backslash.
    let quote = close + memchr::memchr(b'"', &line[close..])?;
    if memchr::memchr(b'"', &line[..close]).is_some() {
        return None;
    }
    let end = closing_quote(line, quote + 1)?;
    let mut words = line[end + 1..].split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let status = u16::try_from(number(words.next()?)?).ok().filter(|status| (100..600).contains(status))?;
    let bytes = words.next().and_then(number);
    let (method, target, protocol) = request::split(&line[quote + 1..end]);
    let user_agent = line[end + 1..].split(|byte| *byte == b'"').nth(3).unwrap_or_default();
    let what =
        What::Request(Request { method, target, protocol, status, bytes, user_agent, escaped: true, ..<_>::default() });
    let stamp = clock.clf(&line[open + 1..close]);
    Some(Line::Record(Record { stamp, client: Some(client), peer: None, forwarded: &[], what }))
}
