//! Who said it: the part of a syslog line between stamp and message. Nothing in it is a client's.

/// RFC 5425 bounds a program's name by 48 bytes; with process and site it may be longer.
const LONGEST: usize = 160;

/// The program and its message, of `host program[7]: message` and its relatives; none where no program stands there.
pub fn split(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, after) = word(rest)?;
    if let Some(program) = first.strip_suffix(b":") {
        return Some((name(program)?, after));
    }
    let (second, message) = word(after)?;
    let program = second.strip_suffix(b":")?;
    // `sogod [7]:`
    Some((name(if program.starts_with(b"[") { first } else { program })?, message))
}

/// `host program process id [data] message`
pub fn split_rfc5424(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, rest) = word(text)?;
    let (program, rest) = word(rest)?;
    let (_, rest) = word(rest)?;
    let (_, rest) = word(rest)?;
    let message = match rest.strip_prefix(b"- ") {
        Some(message) => message,
        None => &rest[memchr::memmem::find(rest, b"] ")? + 2..],
    };
    Some((name(program)?, message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message)))
}

fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b' ', &text[..text.len().min(LONGEST)])?;
    Some((&text[..end], text[end + 1..].trim_ascii_start())).filter(|_| end > 0)
}

/// `wordpress(site)[7]` → `wordpress`, `httpd/backend[7]` → `httpd`
fn name(tag: &[u8]) -> Option<&[u8]> {
    let end = tag.iter().position(|byte| b"[(/".contains(byte)).unwrap_or(tag.len());
    Some(&tag[..end]).filter(|name| !name.is_empty())
}
