//! `pattern` of Tomcat's AccessLogValve, <https://tomcat.apache.org/tomcat-10.1-doc/config/valve.html>.

use crate::formats::logs::FormatError;
use crate::formats::logs::pattern::Draft;
use crate::formats::logs::pattern::apache::{header, strftime};
use crate::formats::logs::pattern::piece::{Field, Shape, Stamp};
use crate::formats::logs::sheet::Text;

const COMMON: &str = r#"%h %l %u %t "%r" %s %b"#;
const COMBINED: &str = r#"%h %l %u %t "%r" %s %b "%{Referer}i" "%{User-Agent}i""#;

pub fn draft(pattern: &str, draft: &mut Draft) -> Result<(), FormatError> {
    let mut rest = match pattern {
        "common" => COMMON,
        "combined" => COMBINED,
        other => other,
    };
    while let Some(percent) = rest.find('%') {
        draft.literal(&rest.as_bytes()[..percent]);
        let directive = &rest[percent + 1..];
        let (argument, after) = match directive.strip_prefix('{').map(|text| text.split_once('}')) {
            Some(Some((argument, after))) => (argument, after),
            Some(None) => return Err(FormatError::Unfinished { directive: rest[percent..].into() }),
            None => ("", directive),
        };
        let letter =
            after.chars().next().ok_or_else(|| FormatError::Unfinished { directive: rest[percent..].into() })?;
        field(letter, argument, draft)?;
        rest = &after[letter.len_utf8()..];
    }
    draft.literal(rest.as_bytes());
    Ok(())
}

fn field(letter: char, argument: &str, draft: &mut Draft) -> Result<(), FormatError> {
    let (field, shape, rank) = match letter {
        't' => return time(argument, draft),
        'a' if argument == "peer" => (Field::Peer, Shape::Address, 2),
        'a' => (Field::Client, Shape::Address, 2),
        'h' => (Field::Client, Shape::Host, 1),
        'A' => (Field::Other, Shape::Host, 0),
        'u' => (Field::Text(Text::User), Shape::Free, 1),
        'r' => (Field::Text(Text::Request), Shape::Free, 1),
        's' => (Field::Status, Shape::Integer, 1),
        'b' | 'B' => (Field::Bytes, Shape::Integer, 1),
        'D' => (Field::Duration(1), Shape::Number, 2),
        'T' => duration(argument),
        'm' => (Field::Text(Text::Method), Shape::Free, 1),
        'U' => (Field::Text(Text::Target), Shape::Free, 1),
        'q' => (Field::Text(Text::Query), Shape::Free, 1),
        'H' => (Field::Text(Text::Protocol), Shape::Free, 1),
        'v' => (Field::Text(Text::Host), Shape::Word, 1),
        'i' => (header(argument), Shape::Free, 3),
        'F' | 'p' => (Field::Other, Shape::Integer, 0),
        'X' => (Field::Other, Shape::Word, 0),
        _ => (Field::Other, Shape::Free, 0),
    };
    draft.field(field, shape, rank);
    Ok(())
}

/// Tomcat 10 counts `%D` in microseconds and `%T` in seconds.
fn duration(unit: &str) -> (Field, Shape, u8) {
    match unit {
        "us" => (Field::Duration(1), Shape::Number, 4),
        "ms" => (Field::Duration(1_000), Shape::Number, 3),
        _ => (Field::Duration(1_000_000), Shape::Number, 1),
    }
}

fn time(argument: &str, draft: &mut Draft) -> Result<(), FormatError> {
    let (format, rank) = match argument.strip_prefix("begin:") {
        Some(format) => (format, 2),
        None => (argument.strip_prefix("end:").unwrap_or(argument), 1),
    };
    let stamp = match format {
        "" | "clf" => {
            draft.literal(b"[");
            draft.field(Field::Stamp(Stamp::Clf), Shape::Clf, rank);
            draft.literal(b"]");
            return Ok(());
        }
        "sec" => Stamp::Epoch(1),
        "msec" => Stamp::Epoch(1_000),
        "msec_frac" => Stamp::Fraction(1_000),
        format => return strftime(&from_java(format)?, draft),
    };
    draft.field(Field::Stamp(stamp), Shape::Number, rank);
    Ok(())
}

/// A SimpleDateFormat pattern as strftime writes it.
fn from_java(format: &str) -> Result<String, FormatError> {
    let mut out = String::new();
    let mut rest = format;
    while let Some(letter) = rest.chars().next() {
        let length = rest.find(|other| other != letter).unwrap_or(rest.len());
        if letter == '\'' {
            let (quoted, after) =
                rest[1..].split_once('\'').ok_or_else(|| FormatError::Time { format: format.into() })?;
            out.push_str(if quoted.is_empty() { "'" } else { quoted });
            rest = after;
            continue;
        }
        match java_letter(letter, length) {
            Some(known) => out.push_str(known),
            None if letter.is_ascii_alphabetic() => return Err(FormatError::Time { format: format.into() }),
            None => out.push_str(&rest[..length].replace('%', "%%")),
        }
        rest = &rest[length..];
    }
    Ok(out)
}

fn java_letter(letter: char, length: usize) -> Option<&'static str> {
    Some(match (letter, length) {
        ('y' | 'u', 2) => "%y",
        ('y' | 'u', _) => "%Y",
        ('M', 1 | 2) => "%m",
        ('M', 3) => "%b",
        ('M', _) => "%B",
        ('d', _) => "%d",
        ('H', _) => "%H",
        ('h', _) => "%I",
        ('m', _) => "%M",
        ('s', _) => "%S",
        ('S', _) => "%f",
        ('a', _) => "%p",
        ('E', 1..=3) => "%a",
        ('E', _) => "%A",
        ('Z', _) | ('X', 2) => "%z",
        ('X', 3) => "%:z",
        _ => return None,
    })
}
