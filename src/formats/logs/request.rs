//! The first line of a request: method, target, protocol, whatever a client made of them.

use crate::formats::logs::text::dash_is_nothing;

/// Splits a logged request line; garbage stays whole, as the target.
pub fn split(line: &[u8]) -> (&[u8], &[u8], &[u8]) {
    if let Some(parts) = usual(line) {
        return parts;
    }
    let line = dash_is_nothing(line);
    let garbage = (&[][..], line, &[][..]);
    let Some(space) = memchr::memchr(b' ', line) else { return garbage };
    let (method, rest) = (&line[..space], &line[space + 1..]);
    if !is_method(method) {
        return garbage;
    }
    match memchr::memrchr(b' ', rest) {
        Some(last) if last > 0 && is_protocol(&rest[last + 1..]) => (method, &rest[..last], &rest[last + 1..]),
        _ if looks_like_target(rest) => (method, rest, &[]),
        _ => garbage,
    }
}

/// The same for nearly every request, told by its first and last bytes.
fn usual(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let method = match line {
        [b'G', b'E', b'T', b' ', ..] => 3,
        [b'P', b'O', b'S', b'T', b' ', ..] | [b'H', b'E', b'A', b'D', b' ', ..] => 4,
        _ => return None,
    };
    let (head, tail) = line.split_last_chunk::<9>()?;
    let known = matches!(tail, [b' ', b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9']);
    (known && head.len() > method + 1).then(|| (&head[..method], &head[method + 1..], &tail[1..]))
}

/// True where a request line ends as every one since HTTP/1.0 does.
pub fn ends_in_protocol(line: &[u8]) -> bool {
    memchr::memrchr(b' ', line).is_some_and(|space| is_protocol(&line[space + 1..]))
}

fn is_protocol(word: &[u8]) -> bool {
    word.len() >= 6
        && word.len() <= 9
        && word.starts_with(b"HTTP/")
        && word[5..].iter().all(|b| b".0123456789".contains(b))
}

/// RFC 9110 token, of a length some method has.
fn is_method(word: &[u8]) -> bool {
    !word.is_empty() && word.len() <= 32 && word.iter().all(|byte| byte.is_ascii_alphabetic() || b"-_".contains(byte))
}

/// HTTP/0.9 has no protocol; without one only a path or an absolute URI tells a request from noise.
fn looks_like_target(rest: &[u8]) -> bool {
    rest.starts_with(b"/") || rest == b"*" || rest.starts_with(b"http://") || rest.starts_with(b"https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn splits(line: &str, method: &str, target: &str, protocol: &str) {
        assert_eq!(split(line.as_bytes()), (method.as_bytes(), target.as_bytes(), protocol.as_bytes()), "{line}");
    }

    #[test]
    fn whole_requests_split_and_garbage_stays_whole() {
        splits("GET /a?b HTTP/1.1", "GET", "/a?b", "HTTP/1.1");
        splits("GET /a b c HTTP/2.0", "GET", "/a b c", "HTTP/2.0");
        splits("GET /", "GET", "/", "");
        splits("OPTIONS * HTTP/1.0", "OPTIONS", "*", "HTTP/1.0");
        splits("CONNECT a:443 HTTP/1.1", "CONNECT", "a:443", "HTTP/1.1");
        splits("GET  HTTP/1.1", "", "GET  HTTP/1.1", "");
        splits("-", "", "", "");
        splits("", "", "", "");
        splits(r"\x16\x03\x01", "", r"\x16\x03\x01", "");
        splits(r"\x16\x03 /x HTTP/1.1", "", r"\x16\x03 /x HTTP/1.1", "");
        splits("quit now", "", "quit now", "");
        splits("GET", "", "GET", "");
    }
}
