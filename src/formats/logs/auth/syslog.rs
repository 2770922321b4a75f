//! The head of a syslog line in a file: RFC 3164 (no year, no zone), RFC 5424, and rsyslog's ISO stamps.

use crate::formats::logs::Unparsed;
use crate::formats::logs::clock::{Clock, digits, month, time_of_day};
use crate::formats::logs::cursor::Cursor;
use crate::model::Millis;

pub struct Said<'a> {
    pub stamp: Option<Millis>,
    pub program: &'a [u8],
    pub message: &'a [u8],
}

pub fn split<'a>(line: &'a [u8], clock: &mut Clock) -> Result<Said<'a>, Unparsed> {
    match line.first() {
        Some(b'<') => rfc5424(line, clock),
        Some(b'0'..=b'9') => iso(line, clock),
        _ => rfc3164(line, clock),
    }
}

/// `<38>1 2026-11-22T18:00:00Z host program process id [data] message`
fn rfc5424<'a>(line: &'a [u8], clock: &mut Clock) -> Result<Said<'a>, Unparsed> {
    let mut cursor = Cursor::new(line);
    cursor.until_str(b">1 ", "a priority and version 1")?;
    let stamp = clock.iso(cursor.until(b' ', "a stamp")?);
    cursor.until(b' ', "a host")?;
    let program = cursor.until(b' ', "a program")?;
    cursor.until(b' ', "a process id")?;
    cursor.until(b' ', "a message id")?;
    if cursor.take_if(b"[") {
        cursor.until_str(b"] ", "the end of the structured data")?;
    } else {
        cursor.skip(b"- ", "structured data")?;
    }
    cursor.take_if(b"\xef\xbb\xbf");
    Ok(Said { stamp, program, message: cursor.rest() })
}

/// `2026-11-22T18:00:00.123456+01:00 host program[123]: message`
fn iso<'a>(line: &'a [u8], clock: &mut Clock) -> Result<Said<'a>, Unparsed> {
    let mut cursor = Cursor::new(line);
    let stamp = clock.iso(cursor.until(b' ', "a space after the stamp")?);
    let stamp = stamp.ok_or(Unparsed { at: 0, expected: "a stamp like 2026-11-22T18:00:00+01:00" })?;
    tagged(cursor, Some(stamp))
}

/// `Nov 22 18:00:00 host program[123]: message`
fn rfc3164<'a>(line: &'a [u8], clock: &mut Clock) -> Result<Said<'a>, Unparsed> {
    let unparsed = Unparsed { at: 0, expected: "a stamp like Nov 22 18:00:00" };
    let [m1, m2, m3, b' ', d1, d2, b' ', rest @ ..] = line else { return Err(unparsed) };
    let day = if *d1 == b' ' { digits(&[*d2]) } else { digits(&[*d1, *d2]) };
    let second = rest.get(..8).and_then(time_of_day);
    let (Some(month), Some(day), Some(second)) = (month(&[*m1, *m2, *m3]), day, second) else { return Err(unparsed) };
    let mut cursor = Cursor::new(line);
    cursor.skip(&line[..15], "a stamp")?;
    cursor.skip(b" ", "a space after the stamp")?;
    tagged(cursor, clock.local_without_year(month, day, second))
}

/// `host program[123]: message`
fn tagged<'a>(mut cursor: Cursor<'a>, stamp: Option<Millis>) -> Result<Said<'a>, Unparsed> {
    cursor.until(b' ', "a host")?;
    let tag = cursor.until_str(b": ", "a program and a colon")?;
    let program = memchr::memchr(b'[', tag).map_or(tag, |bracket| &tag[..bracket]);
    Ok(Said { stamp, program, message: cursor.rest() })
}
