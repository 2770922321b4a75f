//! common, combined, vhost_combined and nginx's `main`: nearly every access log, read without a plan in ~100 ns.

use std::net::IpAddr;

use crate::formats::logs::clock::{CLF_LEN, Clock};
use crate::formats::logs::pattern::{Escapes, Pattern};
use crate::formats::logs::text::{address, closing_quote, dash_is_nothing, ipv4_ahead, is_no_client};
use crate::formats::logs::{Line, Record, Unparsed, request};
use crate::model::{Request, What};

/// From the space before `[` to the quote that opens the request.
const STAMP_LEN: usize = CLF_LEN + 4;

/// Between client and stamp where nobody is named.
const NAMELESS: &[u8] = b" - - [";

/// `[vhost:port ]client ident user [stamp] "request" status bytes["referer" "agent"][ "forwarded"]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    name: &'static str,
    vhost: bool,
    /// How many quoted headers end the line.
    headers: usize,
}

impl Access {
    pub const COMMON: Self = Self { name: "common", vhost: false, headers: 0 };
    pub const COMBINED: Self = Self { name: "combined", vhost: false, headers: 2 };
    pub const VHOST_COMBINED: Self = Self { name: "vhost_combined", vhost: true, headers: 2 };
    /// The example in nginx's own nginx.conf: combined, then `"$http_x_forwarded_for"`.
    pub const MAIN: Self = Self { name: "main", vhost: false, headers: 3 };

    /// The one that reads `pattern`, if any does.
    pub fn of(pattern: &Pattern) -> Option<Self> {
        if pattern.escapes != Escapes::Always {
            return None;
        }
        match pattern.skeleton().as_slice() {
            br#"C I U [T] "R" S B"# => Some(Self::COMMON),
            br#"C I U [T] "R" S B "F" "A""# | br#"C - U [T] "R" S B "F" "A""# => Some(Self::COMBINED),
            br#"V:N C I U [T] "R" S B "F" "A""# => Some(Self::VHOST_COMBINED),
            br#"C - U [T] "R" S B "F" "A" "X""# => Some(Self::MAIN),
            _ => None,
        }
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The client is the first word after the vhost, before anything a client can write; the request opens at the
    /// first quote, since servers escape those in user names.
    pub fn read<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Result<Line<'a>, Unparsed> {
        if line.is_empty() {
            return Ok(Line::Nothing);
        }
        let (host, client_at) = if self.vhost { vhost(line)? } else { (&[][..], 0) };
        let (client, space) = client(line, client_at)?;
        let open = request_quote(line, space)?;
        let stamp_text = &line[open + 2 - STAMP_LEN..open - 2];
        let stamp = clock.clf(stamp_text).ok_or(Unparsed { at: open - 28, expected: "a stamp in square brackets" })?;
        let (close, status, bytes, at) = answer(line, open + 1)?;
        let (method, target, protocol) = request::split(&line[open + 1..close]);
        let [referer, user_agent, forwarded] = self.headers(line, at)?;
        let request = Request {
            method,
            target,
            protocol,
            status,
            bytes,
            micros: None,
            referer,
            user_agent,
            host,
            user: user(&line[space + 1..open - STAMP_LEN]),
            escaped: true,
        };
        // Without its vhost the first word of such a line is the client.
        let bare = self.vhost && address(&line[..client_at.saturating_sub(1)]).is_some();
        if client.is_none() && (bare || is_no_client(&line[client_at..space])) {
            return Err(Unparsed { at: client_at, expected: "the client" });
        }
        Ok(Line::Record(Record { stamp: Some(stamp), client, peer: None, forwarded, what: What::Request(request) }))
    }

    /// More may follow: whoever appends fields to a known format changes nothing before them.
    fn headers<'a>(&self, line: &'a [u8], mut at: usize) -> Result<[&'a [u8]; 3], Unparsed> {
        let mut headers = [&[][..]; 3];
        for header in headers.iter_mut().take(self.headers) {
            if !line[at..].starts_with(b" \"") {
                return Err(Unparsed { at, expected: "a header in double quotes" });
            }
            let close = closing_quote(line, at + 2).unwrap_or(line.len());
            *header = dash_is_nothing(&line[at + 2..close]);
            at = (close + 1).min(line.len());
        }
        Ok(headers)
    }
}

/// The client, and where the space behind it is.
fn client(line: &[u8], from: usize) -> Result<(Option<IpAddr>, usize), Unparsed> {
    match ipv4_ahead(&line[from..]) {
        Some((ip, length)) if line.get(from + length) == Some(&b' ') => Ok((Some(IpAddr::V4(ip)), from + length)),
        _ => {
            let space = find(line, from, b' ', "a space after the client")?;
            Ok((address(&line[from..space]), space))
        }
    }
}

fn find(line: &[u8], from: usize, byte: u8, expected: &'static str) -> Result<usize, Unparsed> {
    match memchr::memchr(byte, &line[from..]) {
        Some(found) => Ok(from + found),
        None => Err(Unparsed { at: from, expected }),
    }
}

/// The vhost without its port, and where the client begins.
fn vhost(line: &[u8]) -> Result<(&[u8], usize), Unparsed> {
    let space = find(line, 0, b' ', "a space after the virtual host")?;
    let name = &line[..space];
    let end = memchr::memrchr(b':', name).unwrap_or(space);
    Ok((&name[..end], space + 1))
}

/// The quote of `ident user [stamp] "`: a quote in the user name has its backslash before it, this one a bracket.
fn request_quote(line: &[u8], space: usize) -> Result<usize, Unparsed> {
    let earliest = space + STAMP_LEN;
    let nameless = earliest + NAMELESS.len() - 1;
    // Nearly every line names nobody: one look where the quote then is.
    if line[space..].starts_with(NAMELESS) && line.get(nameless - 3..nameless).is_some_and(|end| end == b"] \"") {
        return Ok(nameless - 1);
    }
    let mut at = space;
    loop {
        at = find(line, at + 1, b'"', "a request in double quotes")?;
        if at > earliest && line[..at].ends_with(b"] ") && line[at - STAMP_LEN..].starts_with(b" [") {
            return Ok(at);
        }
    }
}

/// End of the request, status, bytes, and where the line goes on. A quote that no status follows belonged to the
/// request: not every server escapes.
fn answer(line: &[u8], from: usize) -> Result<(usize, u16, Option<u64>, usize), Unparsed> {
    let mut at = from;
    loop {
        let Some(close) = closing_quote(line, at) else {
            return Err(Unparsed { at: from, expected: "the quote that ends the request, then a status" });
        };
        if let Some((status, bytes, end)) = numbers(&line[close + 1..]) {
            return Ok((close, status, bytes, close + 1 + end));
        }
        at = close + 1;
    }
}

/// ` 200 1234`
fn numbers(rest: &[u8]) -> Option<(u16, Option<u64>, usize)> {
    let [b' ', digits @ ..] = rest else { return None };
    let (status, after) = match digits {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', b' ', after @ ..] => {
            (u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'), after)
        }
        [b'-', b' ', after @ ..] => (0, after),
        _ => return None,
    };
    let (bytes, length) = size(after)?;
    Some((status, Some(bytes), rest.len() - after.len() + length))
}

/// A number of at most 19 digits, or `-`, up to a space or the end; and its length.
fn size(text: &[u8]) -> Option<(u64, usize)> {
    let mut sum = 0;
    for (length, byte) in text.iter().enumerate().take(20) {
        match byte {
            b'0'..=b'9' if length < 19 => sum = sum * 10 + u64::from(byte - b'0'),
            b' ' if length > 0 => return Some((sum, length)),
            b'-' if length == 0 && matches!(text, [_] | [_, b' ', ..]) => return Some((0, 1)),
            _ => return None,
        }
    }
    (!text.is_empty() && text.len() < 20).then_some((sum, text.len()))
}

/// The user of `ident user`; an ident never holds a space, a user may.
fn user(names: &[u8]) -> &[u8] {
    if names == b"- -" {
        return &[];
    }
    match memchr::memchr(b' ', names) {
        Some(space) => dash_is_nothing(&names[space + 1..]),
        None => &[],
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn read<'a>(access: Access, line: &'a str) -> (Record<'a>, Request<'a>) {
        match access.read(line.as_bytes(), &mut Clock::new(TimeZone::UTC)) {
            Ok(Line::Record(record)) => match record.what.clone() {
                What::Request(request) => (record, request),
                other => panic!("{other:?}"),
            },
            other => panic!("{line}: {other:?}"),
        }
    }

    #[track_caller]
    fn client_is(access: Access, line: &str, client: &str, status: u16) {
        let (record, request) = read(access, line);
        assert_eq!(record.client, Some(client.parse().unwrap()), "{line}");
        assert_eq!(request.status, status, "{line}");
    }

    #[test]
    fn a_combined_line_comes_apart() {
        let line = r#"192.0.2.7 - al ice [10/Oct/2000:13:55:36 -0700] "GET /a?b=c HTTP/1.1" 404 12 "https://e.example/" "curl/8""#;
        let (record, request) = read(Access::COMBINED, line);
        assert_eq!(record.stamp.unwrap().to_string(), "2000-10-10T20:55:36Z");
        assert_eq!(record.client, Some("192.0.2.7".parse().unwrap()));
        let texts =
            [request.method, request.target, request.protocol, request.referer, request.user_agent, request.user];
        let expected = ["GET", "/a?b=c", "HTTP/1.1", "https://e.example/", "curl/8", "al ice"];
        assert_eq!(texts, expected.map(str::as_bytes));
        assert_eq!((request.status, request.bytes, request.escaped), (404, Some(12), true));
    }

    #[test]
    fn no_field_of_the_client_forges_another() {
        let one = "192.0.2.7";
        for line in [
            r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 404 12 "-" "\" 200 1 \"-\" \"x""#,
            r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET /\" 200 5 \"-\" \"x HTTP/1.1" 404 12 "-" "-""#,
            r#"192.0.2.7 - x [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 200 5 [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 404 12 "-" "-""#,
            r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "\x16\x03\x01" 404 12 "-" "-""#,
            r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "-" 404 - "-" "-""#,
            r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET /a b\\" 404 12 "6.6.6.6 - -" "x\n6.6.6.6 - - [""#,
            r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "" 404 12 "-" "cut off"#,
            r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET /raw"quote HTTP/1.1" 404 12 "-" "-""#,
        ] {
            client_is(Access::COMBINED, line, one, 404);
        }
        let forged = r#"6.6.6.6:80 2001:db8::7 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 404 12 "-" "-""#;
        client_is(Access::VHOST_COMBINED, forged, "2001:db8::7", 404);
    }

    #[test]
    fn the_relatives_of_combined() {
        let common = r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 12"#;
        client_is(Access::COMMON, common, "192.0.2.7", 200);
        let vhost = r#"www.example.org:443 ::1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 12 "-" "-""#;
        assert_eq!(read(Access::VHOST_COMBINED, vhost).1.host, b"www.example.org");
        let main =
            r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 12 "-" "ua" "198.51.100.9, 6.6.6.6""#;
        assert_eq!(read(Access::MAIN, main).0.forwarded, b"198.51.100.9, 6.6.6.6");
        assert_eq!(read(Access::COMBINED, main).1.user_agent, b"ua");
    }

    #[test]
    fn what_does_not_fit_says_where() {
        let read = |line: &str| Access::COMBINED.read(line.as_bytes(), &mut Clock::new(TimeZone::UTC)).map(|_| ());
        assert_eq!(read(""), Ok(()));
        assert_eq!(read("word").unwrap_err().at, 0);
        let no_status = r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" - x"#;
        assert_eq!(
            read(no_status).unwrap_err(),
            Unparsed { at: 44, expected: "the quote that ends the request, then a status" }
        );
        let bad_stamp = r#"192.0.2.7 - - [99/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 1 "-" "-""#;
        assert_eq!(read(bad_stamp).unwrap_err().at, 15);
    }
}
