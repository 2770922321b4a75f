//! One request, one connection, one bounded reply.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::time::Duration;

use crate::probe::target::Target;
use crate::probe::tls::ask::Asker;
use crate::probe::tls::{modern, random};

/// Heads of real servers stay far below.
const MOST_HEADERS: usize = 128;
/// As much of a page as the checks need.
const MOST_BODY: usize = 128 << 10;

/// A reply as it came; the body is cut at 128 KiB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub reason: String,
    pub headers: BTreeMap<String, Vec<String>>,
    pub body: Vec<u8>,
}

impl Reply {
    /// The first value of a header, its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.first().map(String::as_str)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Reads a reply; `None` where it is no HTTP (also HTTP/0.9).
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut slots = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut head = httparse::Response::new(&mut slots);
        let httparse::Status::Complete(end) = head.parse(bytes).ok()? else { return None };
        let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for header in head.headers.iter() {
            let value = String::from_utf8_lossy(header.value).into_owned();
            headers.entry(header.name.to_ascii_lowercase()).or_default().push(value);
        }
        let mut reply =
            Self { status: head.code?, reason: head.reason.unwrap_or_default().to_owned(), headers, body: Vec::new() };
        let body = bytes.get(end..).unwrap_or_default();
        let chunked = reply.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        reply.body = if chunked { joined(body) } else { body.to_vec() };
        Some(reply)
    }
}

/// The chunks of a body in one piece, as far as they came.
fn joined(mut rest: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    while let Ok(httparse::Status::Complete((start, size))) = httparse::parse_chunk_size(rest) {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let from = rest.get(start..).unwrap_or_default();
        all.extend(from.iter().take(size));
        match from.get(size.saturating_add(2)..) {
            Some(next) if size > 0 => rest = next,
            _ => break,
        }
    }
    all
}

/// Asks one target.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    pub target: &'a Target,
    pub asker: Asker<'a>,
    /// For one reply once the connection stands.
    pub patience: Duration,
}

impl Client<'_> {
    pub fn get(&self, path: &str) -> Result<Reply, String> {
        self.request("GET", path, &[])
    }

    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Result<Reply, String> {
        let host = self.target.authority();
        let mut text = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: peelhouse-probe\r\nAccept: */*\r\nConnection: close\r\n"
        );
        headers.iter().for_each(|(name, value)| text.push_str(&format!("{name}: {value}\r\n")));
        text.push_str("\r\n");
        let bytes = self.raw(text.as_bytes())?;
        Reply::parse(&bytes).ok_or_else(|| "the answer is no HTTP".to_owned())
    }

    /// Sends these bytes and returns what comes until the end, or until it is enough.
    pub fn raw(&self, request: &[u8]) -> Result<Vec<u8>, String> {
        if self.target.tls {
            let mut stream = modern::stream(self.asker)?;
            stream.sock.wait_until(self.patience);
            return exchange(&mut stream, request);
        }
        let mut wire = self.asker.peer.connect().map_err(|failure| failure.to_string())?;
        wire.wait_until(self.patience);
        exchange(&mut wire, request)
    }

    /// A path that no server has.
    pub fn nowhere(&self) -> String {
        let name: String = random::<12>().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("/{name}")
    }
}

fn exchange(stream: &mut (impl Read + Write), request: &[u8]) -> Result<Vec<u8>, String> {
    stream.write_all(request).and_then(|()| stream.flush()).map_err(|cause| modern::said(&cause))?;
    let (mut seen, mut buffer) = (Vec::new(), vec![0; 8 << 10]);
    while seen.len() < MOST_BODY && !whole(&seen) {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => seen.extend(buffer.iter().take(count)),
            // Many servers hang up without a goodbye; what came before it counts.
            Err(_) if !seen.is_empty() => break,
            Err(cause) => return Err(modern::said(&cause)),
        }
    }
    Ok(seen)
}

/// True where the length that the head declares has come: a server that keeps the connection is not waited for.
fn whole(seen: &[u8]) -> bool {
    let Some(reply) = Reply::parse(seen) else { return false };
    let length = reply.header("content-length").and_then(|length| length.trim().parse::<usize>().ok());
    length.is_some_and(|length| reply.body.len() >= length) || matches!(reply.status, 204 | 304)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read_with_chunks_joined() {
        let reply = Reply::parse(
            b"HTTP/1.1 200 OK\r\nServer: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        )
        .unwrap();
        assert_eq!((reply.status, reply.header("server"), reply.text().as_str()), (200, Some("x"), "abcde"));
        assert_eq!(Reply::parse(b"<html>"), None);
        let cut = Reply::parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nab").unwrap();
        assert_eq!(cut.text(), "ab");
        assert!(whole(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab") && !whole(b"HTTP/1.1 200 OK\r\n\r\nab"));
    }
}
