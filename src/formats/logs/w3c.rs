//! W3C extended log files (IIS): a `#Fields:` line names the columns, <https://www.w3.org/TR/WD-logfile.html>.

use crate::formats::logs::clock::Clock;
use crate::formats::logs::sheet::{Sheet, Text};
use crate::formats::logs::text::{address, number};
use crate::formats::logs::{Line, Unparsed};
use crate::model::Millis;

const MOST_COLUMNS: usize = 128;

#[derive(Clone, Copy, Debug)]
enum Column {
    Date,
    Time,
    Client,
    Status,
    Bytes,
    /// Milliseconds.
    Taken,
    Text(Text),
    Other,
}

#[derive(Clone, Debug, Default)]
pub struct W3c {
    columns: Vec<Column>,
    joined: Vec<u8>,
}

impl W3c {
    pub fn read<'a>(&'a mut self, line: &'a [u8], clock: &mut Clock) -> Result<Line<'a>, Unparsed> {
        if let Some(names) = line.strip_prefix(b"#Fields:") {
            self.columns = names
                .split(u8::is_ascii_whitespace)
                .filter(|name| !name.is_empty())
                .map(column)
                .take(MOST_COLUMNS)
                .collect();
            return Ok(Line::Nothing);
        }
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(Line::Nothing);
        }
        if self.columns.is_empty() {
            return Err(Unparsed { at: 0, expected: "a #Fields line before the first record" });
        }
        let (mut sheet, mut date, mut time) = (Sheet::default(), &[][..], &[][..]);
        let mut fields = line.trim_ascii_end().split(|byte| *byte == b' ');
        for column in &self.columns {
            let field =
                fields.next().ok_or(Unparsed { at: line.len(), expected: "as many fields as #Fields names" })?;
            match column {
                Column::Date => date = field,
                Column::Time => time = field,
                known => put(*known, field, &mut sheet),
            }
        }
        if let Some(surplus) = fields.next() {
            let at = surplus.as_ptr().addr() - line.as_ptr().addr();
            return Err(Unparsed { at, expected: "no more fields than #Fields names" });
        }
        sheet.stamp = stamp(date, time, clock);
        Ok(sheet.record(&mut self.joined))
    }
}

fn put<'a>(column: Column, field: &'a [u8], sheet: &mut Sheet<'a>) {
    match column {
        Column::Client => sheet.client = address(field),
        Column::Status => sheet.status = number(field).and_then(|status| u16::try_from(status).ok()).unwrap_or(0),
        Column::Bytes => sheet.bytes = number(field),
        Column::Taken => sheet.micros = number(field).and_then(|millis| millis.checked_mul(1_000)),
        Column::Text(text) => sheet.set(text, field),
        Column::Date | Column::Time | Column::Other => {}
    }
}

fn column(name: &[u8]) -> Column {
    match name.to_ascii_lowercase().as_slice() {
        b"date" => Column::Date,
        b"time" => Column::Time,
        b"c-ip" => Column::Client,
        b"sc-status" => Column::Status,
        b"sc-bytes" => Column::Bytes,
        b"time-taken" => Column::Taken,
        b"cs-method" => Column::Text(Text::Method),
        b"cs-uri-stem" | b"cs-uri" => Column::Text(Text::Target),
        b"cs-uri-query" => Column::Text(Text::Query),
        b"cs-version" => Column::Text(Text::Protocol),
        b"cs(user-agent)" => Column::Text(Text::UserAgent),
        b"cs(referer)" => Column::Text(Text::Referer),
        b"cs-host" | b"cs(host)" => Column::Text(Text::Host),
        b"cs-username" => Column::Text(Text::User),
        b"cs(x-forwarded-for)" | b"x-forwarded-for" => Column::Text(Text::Forwarded),
        _ => Column::Other,
    }
}

/// Always UTC.
fn stamp(date: &[u8], time: &[u8], clock: &mut Clock) -> Option<Millis> {
    let mut text = [0u8; 20];
    text.get_mut(..10)?.copy_from_slice(date.get(..10)?);
    text[10] = b'T';
    text.get_mut(11..19)?.copy_from_slice(time.get(..8)?);
    text[19] = b'Z';
    clock.iso(&text)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::model::What;

    #[test]
    fn columns_are_what_the_header_says() {
        let (mut w3c, mut clock) = (W3c::default(), Clock::new(TimeZone::UTC));
        let line = b"2026-11-22 18:00:00 GET /a id=1 192.0.2.7 404 15 Mozilla/5.0+(x)";
        assert!(w3c.read(line, &mut clock).is_err());
        let header = b"#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip sc-status time-taken cs(User-Agent)";
        assert!(matches!(w3c.read(header, &mut clock), Ok(Line::Nothing)));
        let Ok(Line::Record(record)) = w3c.read(line, &mut clock) else { panic!("no record") };
        assert_eq!(record.stamp.unwrap().to_string(), "2026-11-22T18:00:00Z");
        assert_eq!(record.client, "192.0.2.7".parse().ok());
        let What::Request(request) = record.what else { panic!("no request") };
        assert_eq!((request.target, request.status, request.micros), (&b"/a?id=1"[..], 404, Some(15_000)));
        assert!(w3c.read(&[line, &b" surplus"[..]].concat(), &mut clock).is_err());
        assert!(w3c.read(b"2026-11-22 18:00:00", &mut clock).is_err());
    }
}
