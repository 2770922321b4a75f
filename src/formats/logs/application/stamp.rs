//! The stamp a line begins with, in the ways applications write it, and what follows.

use crate::formats::logs::clock::{CLF_LEN, Clock, digits, fraction, month, time_of_day};
use crate::formats::logs::text::decimal;
use crate::model::Millis;

/// `1970-01-01T00:00:00` and any fraction or zone that follows fit.
const ISO: usize = 40;

/// A line after its stamp.
pub struct Stamped<'a> {
    /// None where the line has none, or none that names a day.
    pub stamp: Option<Millis>,
    /// Without what sets the stamp off; the whole line where it begins with none.
    pub rest: &'a [u8],
    /// True where the stamp is written as syslog does: host and program may follow.
    pub of_syslog: bool,
}

pub fn strip<'a>(line: &'a [u8], clock: &mut Clock) -> Stamped<'a> {
    let keys: [&[u8]; 5] = [b"t=", b"time=\"", b"time=", b"ts=", b"["];
    let text = keys.iter().find_map(|key| line.strip_prefix(*key)).unwrap_or(line);
    let readers = [syslog5424, iso, asctime, day_first, month_first, without_year, clf, of_day, unix];
    match readers.iter().find_map(|read| read(text, clock)) {
        Some((stamp, rest)) => {
            let bare = text.len() == line.len() && rest.starts_with(b" ") && stamp.is_some();
            let of_syslog = bare && (!line[0].is_ascii_digit() || line.get(10) == Some(&b'T'));
            Stamped { stamp, rest: set_off(rest), of_syslog }
        }
        None => Stamped { stamp: None, rest: line, of_syslog: false },
    }
}

/// A stamp where there is one to have, and what follows: `18:00:00` names no day.
type Taken<'a> = Option<(Option<Millis>, &'a [u8])>;

/// `]: `, ` - `, `|`, `"` …
fn set_off<'a>(rest: &'a [u8]) -> &'a [u8] {
    let without = |rest: &'a [u8], marks: [&[u8]; 2]| marks.iter().find_map(|mark| rest.strip_prefix(*mark));
    let rest = without(rest, [b"]", b"\""]).unwrap_or(rest);
    let rest = without(rest, [b":", b"|"]).unwrap_or(rest).trim_ascii_start();
    rest.strip_prefix(b"- ").unwrap_or(rest)
}

/// `<38>1 2026-11-22T18:00:00Z`
fn syslog5424<'a>(text: &'a [u8], clock: &mut Clock) -> Taken<'a> {
    let rest = text.strip_prefix(b"<")?;
    let version = memchr::memmem::find(&rest[..rest.len().min(8)], b">1 ")?;
    let rest = &rest[version + 3..];
    let space = memchr::memchr(b' ', &rest[..rest.len().min(ISO)])?;
    Some((Some(clock.iso(&rest[..space])?), &rest[space..]))
}

/// Also `2026:11:22-18:00:00` and a zone behind a space.
fn iso<'a>(text: &'a [u8], clock: &mut Clock) -> Taken<'a> {
    let head: &[u8; 19] = text.first_chunk()?;
    let mut whole = [0u8; ISO];
    whole[..19].copy_from_slice(head);
    if let [_, _, _, _, b':', _, _, b':', _, _, b'-', ..] = head {
        (whole[4], whole[7], whole[10]) = (b'-', b'-', b' ');
    }
    let (millis, after) = fraction(&text[19..]);
    let (zone, rest) = zone(after);
    let end = 19 + zone.len();
    whole.get_mut(19..end)?.copy_from_slice(zone);
    let stamp = clock.iso(&whole[..end])?;
    Some((Some(Millis(stamp.0 + millis)), rest))
}

/// `Z`, `+0200`, `+02:00`, with or without a space before; a name of a zone goes, unread.
fn zone(text: &[u8]) -> (&[u8], &[u8]) {
    let after_space = text.strip_prefix(b" ").unwrap_or(text);
    let length = match after_space {
        [b'Z', ..] => 1,
        [b'+' | b'-', a, b, b':', c, d, ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()) => 6,
        [b'+' | b'-', digits @ ..] if digits.iter().take(4).filter(|byte| byte.is_ascii_digit()).count() == 4 => 5,
        _ => 0,
    };
    if length == 0 { (&[], text) } else { after_space.split_at(length) }
}

/// `Sun Nov 22 18:00:00.123 2026`
fn asctime<'a>(text: &'a [u8], clock: &mut Clock) -> Taken<'a> {
    let (_, year) = fraction(text.get(19..)?);
    let end = text.len() - year.len() + 5;
    Some((Some(clock.apache_error(text.get(..end)?)?), &text[end..]))
}

/// `22-Nov-2026 18:00:00.123 +0200`, or the name of a zone.
fn day_first<'a>(text: &'a [u8], clock: &mut Clock) -> Taken<'a> {
    let [d1, d2, b'-', m1, m2, m3, b'-', rest @ ..] = text else { return None };
    let month = month(&[*m1, *m2, *m3])?;
    let head = format!("{}-{month:02}-{}{}", text_of(rest.get(..4)?)?, char::from(*d1), char::from(*d2));
    let (millis, after) = fraction(rest.get(13..)?);
    let (zone, after) = zone(after);
    let stamp = clock.iso(format!("{head} {}{}", text_of(rest.get(5..13)?)?, text_of(zone)?).as_bytes())?;
    Some((Some(Millis(stamp.0 + millis)), past_zone_name(after)))
}

/// ` Europe/Berlin]` → `]`
fn past_zone_name(rest: &[u8]) -> &[u8] {
    let name = rest.strip_prefix(b" ").unwrap_or_default();
    let length = name.iter().take_while(|byte| byte.is_ascii_alphabetic() || b"/_".contains(byte)).count();
    if length > 0 && name.get(length) == Some(&b']') { &name[length..] } else { rest }
}

/// `11/22/2026 18:00:00`
fn month_first<'a>(text: &'a [u8], clock: &mut Clock) -> Taken<'a> {
    let [m1, m2, b'/', d1, d2, b'/', rest @ ..] = text else { return None };
    let [m1, m2, d1, d2] = [*m1, *m2, *d1, *d2].map(char::from);
    let head = format!("{}-{m1}{m2}-{d1}{d2}{}", text_of(rest.get(..4)?)?, text_of(rest.get(4..13)?)?);
    Some((Some(clock.iso(head.as_bytes())?), &rest[13..]))
}

/// `Nov 22 18:00:00`, perhaps a zone's name before it.
fn without_year<'a>(text: &'a [u8], clock: &mut Clock) -> Taken<'a> {
    let name = text.iter().take(5).take_while(|byte| byte.is_ascii_uppercase()).count();
    let text = if name > 1 { text.get(name..)?.strip_prefix(b" ")? } else { text };
    let [m1, m2, m3, b' ', d1, d2, b' ', rest @ ..] = text else { return None };
    let day = if *d1 == b' ' { digits(&[*d2]) } else { digits(&[*d1, *d2]) }?;
    let second = time_of_day(rest.get(..8)?)?;
    Some((clock.local_without_year(month(&[*m1, *m2, *m3])?, day, second), &rest[8..]))
}

/// `22/Nov/2026:18:00:00 +0100`
fn clf<'a>(text: &'a [u8], clock: &mut Clock) -> Taken<'a> {
    Some((Some(clock.clf(text.get(..CLF_LEN)?)?), &text[CLF_LEN..]))
}

/// `18:00:00.123 `
fn of_day<'a>(text: &'a [u8], _: &mut Clock) -> Taken<'a> {
    time_of_day(text.get(..8)?)?;
    Some((None, fraction(&text[8..]).1))
}

/// `1795374000.123 `, as squid writes it.
fn unix<'a>(text: &'a [u8], _: &mut Clock) -> Taken<'a> {
    let space = memchr::memchr(b' ', text.get(..24.min(text.len()))?)?;
    let millis = decimal(&text[..space], 1_000).filter(|_| space > 12)?;
    Some((Some(Millis(i64::try_from(millis).ok()?)), &text[space..]))
}

fn text_of(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
