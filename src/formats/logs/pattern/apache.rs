//! `LogFormat` of mod_log_config (and mod_logio, mod_ssl), <https://httpd.apache.org/docs/2.4/mod/mod_log_config.html>.

use crate::formats::logs::FormatError;
use crate::formats::logs::pattern::Draft;
use crate::formats::logs::pattern::piece::{Field, Shape, Stamp};
use crate::formats::logs::sheet::Text;

pub fn draft(pattern: &str, draft: &mut Draft) -> Result<(), FormatError> {
    let mut rest = pattern;
    while let Some(percent) = rest.find(['%', '\\']) {
        draft.literal(&rest.as_bytes()[..percent]);
        let special = &rest[percent..];
        let length = if special.starts_with('%') { directive(special, draft)? } else { backslash(special, draft) };
        rest = &special[length..];
    }
    draft.literal(rest.as_bytes());
    Ok(())
}

fn backslash(special: &str, draft: &mut Draft) -> usize {
    let (literal, length): (&[u8], usize) = match special.as_bytes().get(1) {
        Some(b'n') => (b"\n", 2),
        Some(b't') => (b"\t", 2),
        Some(b'r') => (b"\r", 2),
        Some(b'\\') => (b"\\", 2),
        Some(b'"') => (b"\"", 2),
        _ => (b"\\", 1),
    };
    draft.literal(literal);
    length
}

/// `%[!status,…][<|>][{argument}]letter`, the modifiers in any order.
fn directive(text: &str, draft: &mut Draft) -> Result<usize, FormatError> {
    let bytes = text.as_bytes();
    let (mut at, mut argument, mut last) = (1, None, false);
    loop {
        match bytes.get(at) {
            Some(b'!' | b',' | b'<' | b'0'..=b'9') => at += 1,
            Some(b'>') => (at, last) = (at + 1, true),
            Some(b'{') => {
                let close = text[at..].find('}').ok_or_else(|| FormatError::Unfinished { directive: text.into() })?;
                argument = Some(&text[at + 1..at + close]);
                at += close + 1;
            }
            Some(b'^') => {
                draft.field(Field::Other, Shape::Free, 0);
                let end = text[at..].char_indices().nth(3).map_or(text.len(), |(end, _)| at + end);
                return Ok(end);
            }
            Some(letter) if letter.is_ascii() => {
                field(*letter, argument, last, draft)?;
                return Ok(at + 1);
            }
            _ => return Err(FormatError::Unfinished { directive: text.into() }),
        }
    }
}

fn field(letter: u8, argument: Option<&str>, last: bool, draft: &mut Draft) -> Result<(), FormatError> {
    let (field, shape, rank) = match letter {
        b'%' => {
            draft.literal(b"%");
            return Ok(());
        }
        b't' => return time(argument.unwrap_or(""), draft),
        b'a' if argument == Some("c") => (Field::Peer, Shape::Address, 2),
        b'a' => (Field::Client, Shape::Address, 2),
        b'h' if argument == Some("c") => (Field::Peer, Shape::Host, 1),
        b'h' => (Field::Client, Shape::Host, 1),
        b'A' => (Field::Other, Shape::Host, 0),
        b'u' => (Field::Text(Text::User), Shape::Free, 1),
        b'r' => (Field::Text(Text::Request), Shape::Free, 1),
        b's' => (Field::Status, Shape::Integer, 1 + u8::from(last)),
        b'b' | b'B' => (Field::Bytes, Shape::Integer, 2),
        b'O' => (Field::Bytes, Shape::Integer, 1),
        b'D' => (Field::Duration(1), Shape::Number, 3),
        b'T' => duration(argument),
        b'm' => (Field::Text(Text::Method), Shape::Free, 1),
        b'U' => (Field::Text(Text::Target), Shape::Free, 1),
        b'q' => (Field::Text(Text::Query), Shape::Free, 1),
        b'H' => (Field::Text(Text::Protocol), Shape::Free, 1),
        b'v' => (Field::Text(Text::Host), Shape::Word, 1),
        b'V' => (Field::Text(Text::Host), Shape::Word, 2),
        b'i' => (header(argument.unwrap_or("")), Shape::Free, 3),
        b'p' | b'P' | b'k' | b'I' | b'S' => (Field::Other, Shape::Integer, 0),
        b'X' | b'L' | b'R' => (Field::Other, Shape::Word, 0),
        _ => (Field::Other, Shape::Free, 0),
    };
    draft.field(field, shape, rank);
    Ok(())
}

/// A request header by the field it fills.
pub fn header(name: &str) -> Field {
    match name.to_ascii_lowercase().as_str() {
        "referer" => Field::Text(Text::Referer),
        "user-agent" => Field::Text(Text::UserAgent),
        "host" => Field::Text(Text::Host),
        other => Field::Header(other.into()),
    }
}

fn duration(unit: Option<&str>) -> (Field, Shape, u8) {
    match unit {
        Some("us") => (Field::Duration(1), Shape::Number, 3),
        Some("ms") => (Field::Duration(1_000), Shape::Number, 2),
        _ => (Field::Duration(1_000_000), Shape::Number, 1),
    }
}

/// `%t` brings its own brackets; `%{begin:…}t` is the default, `%{end:…}t` loses against it.
fn time(argument: &str, draft: &mut Draft) -> Result<(), FormatError> {
    let (format, rank) = match argument.strip_prefix("end:") {
        Some(format) => (format, 1),
        None => (argument.strip_prefix("begin:").unwrap_or(argument), 2),
    };
    let (stamp, shape) = match format {
        "" => {
            draft.literal(b"[");
            draft.field(Field::Stamp(Stamp::Clf), Shape::Clf, rank);
            draft.literal(b"]");
            return Ok(());
        }
        "sec" => (Stamp::Epoch(1), Shape::Number),
        "msec" => (Stamp::Epoch(1_000), Shape::Number),
        "usec" => (Stamp::Epoch(1_000_000), Shape::Number),
        "msec_frac" => (Stamp::Fraction(1_000), Shape::Number),
        "usec_frac" => (Stamp::Fraction(1_000_000), Shape::Number),
        format => return strftime(format, draft),
    };
    draft.field(Field::Stamp(stamp), shape, rank);
    Ok(())
}

/// What the C library writes must be what we read: the format is tried on a moment first.
pub fn strftime(format: &str, draft: &mut Draft) -> Result<(), FormatError> {
    let known = jiff::Zoned::default().strftime(format.as_bytes());
    let unreadable = || FormatError::Time { format: format.into() };
    let mut sample = String::new();
    std::fmt::Write::write_fmt(&mut sample, format_args!("{known}")).map_err(|_| unreadable())?;
    jiff::fmt::strtime::BrokenDownTime::parse(format, &sample).map_err(|_| unreadable())?;
    draft.field(Field::Stamp(Stamp::Strftime(format.into())), Shape::Strftime, 0);
    Ok(())
}
