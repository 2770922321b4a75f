//! Reads lines of a compiled pattern. The server's own words end by themselves; what a client wrote ends at a quote it
//! cannot write, or where the rest of the line fits. An address that two readings give differently is nobody's.

use crate::formats::logs::clock::{Clock, strftime};
use crate::formats::logs::pattern::piece::{Field, Piece, Stamp};
use crate::formats::logs::pattern::{Escapes, Pattern};
use crate::formats::logs::sheet::{Sheet, Text};
use crate::formats::logs::text::{address, closing_quote, decimal, is_no_client, number};
use crate::formats::logs::{Line, Unparsed, request};
use crate::model::Millis;

#[derive(Clone, Debug)]
pub struct PatternReader {
    pattern: Pattern,
    /// The formats of all strftime fields, one a line.
    stamp_format: Vec<u8>,
    stamp_text: Vec<u8>,
    last_stamp: (Vec<u8>, Option<Millis>),
    scratch: Vec<u8>,
    joined: Vec<u8>,
}

/// Where the search for a field's end stands.
#[derive(Clone, Copy, Debug)]
struct Fit<'a> {
    end: usize,
    /// From the client to the peer, where they follow before the next free field.
    addresses: Option<&'a [u8]>,
}

/// What stamps of several fields add up to.
#[derive(Debug, Default)]
struct Moment {
    whole: Option<Millis>,
    millis: i64,
}

impl PatternReader {
    pub fn new(pattern: Pattern) -> Self {
        let mut stamp_format = Vec::new();
        for piece in &pattern.pieces {
            if let Field::Stamp(Stamp::Strftime(format)) = &piece.field {
                stamp_format.extend_from_slice(format.as_bytes());
                stamp_format.push(b'\n');
            }
        }
        let mut reader = Self {
            pattern,
            stamp_format,
            stamp_text: Vec::new(),
            last_stamp: (Vec::new(), None),
            scratch: Vec::new(),
            joined: Vec::new(),
        };
        reader.forwarded_header("x-forwarded-for");
        reader
    }

    /// Which request header tells the client; the first field of that name does.
    pub fn forwarded_header(&mut self, name: &str) {
        for piece in &mut self.pattern.pieces {
            match &piece.field {
                Field::Text(Text::Forwarded) => piece.field = Field::Other,
                Field::Header(header) if **header == *name => piece.field = Field::Text(Text::Forwarded),
                _ => {}
            }
        }
    }

    pub fn read<'a>(&'a mut self, line: &'a [u8], clock: &mut Clock) -> Result<Line<'a>, Unparsed> {
        if line.is_empty() {
            return Ok(Line::Nothing);
        }
        let sheet = self.fill(line, clock)?;
        match self.pattern.escapes {
            Escapes::Json | Escapes::Perhaps => Ok(sheet.unescaped_record(&mut self.scratch, &mut self.joined)),
            Escapes::Always | Escapes::Never => Ok(sheet.record(&mut self.joined)),
        }
    }

    fn fill<'a>(&mut self, line: &'a [u8], clock: &mut Clock) -> Result<Sheet<'a>, Unparsed> {
        let mut sheet = Sheet::default();
        sheet.escaped = self.pattern.escapes == Escapes::Always;
        let mut moment = Moment::default();
        self.stamp_text.clear();
        if !line.starts_with(&self.pattern.head) {
            return Err(Unparsed { at: 0, expected: "what the declared format begins with" });
        }
        let mut at = self.pattern.head.len();
        for (nth, piece) in self.pattern.pieces.iter().enumerate() {
            let end = self.pattern.end(nth, line, at)?;
            let field = &line[at..end];
            match &piece.field {
                Field::Stamp(Stamp::Strftime(_)) => {
                    self.stamp_text.extend_from_slice(field);
                    self.stamp_text.push(b'\n');
                }
                Field::Stamp(stamp) => moment.add(stamp, field, clock),
                Field::Client if is_no_client(field) => return Err(Unparsed { at, expected: "the client" }),
                known => put(known, field, &mut sheet),
            }
            at = end + piece.after().len();
        }
        if at < line.len() {
            return Err(Unparsed { at, expected: "the end of the line" });
        }
        if !self.stamp_text.is_empty() {
            moment.whole = self.strftime(clock);
        }
        sheet.stamp = moment.whole.map(|whole| Millis(whole.0 + moment.millis));
        Ok(sheet)
    }

    fn strftime(&mut self, clock: &mut Clock) -> Option<Millis> {
        if self.stamp_text != self.last_stamp.0 {
            self.last_stamp.1 = strftime(&self.stamp_format, &self.stamp_text, clock);
            self.last_stamp.0.clone_from(&self.stamp_text);
        }
        self.last_stamp.1
    }
}

impl Moment {
    fn add(&mut self, stamp: &Stamp, field: &[u8], clock: &mut Clock) {
        match stamp {
            Stamp::Clf => self.whole = clock.clf(field),
            Stamp::Iso => self.whole = clock.iso(field),
            Stamp::Epoch(units) => self.whole = millis(field, *units).map(Millis),
            Stamp::Fraction(units) => self.millis = millis(field, *units).unwrap_or(0),
            Stamp::Strftime(_) => {}
        }
    }
}

/// Apache writes an empty user as `""`, the one bare quote that a client can cause.
fn past_empty_user(line: &[u8], at: usize) -> usize {
    if line[at..].starts_with(b"\"\"") { at + 2 } else { at }
}

/// A count of `units` a second as milliseconds.
fn millis(field: &[u8], units: u64) -> Option<i64> {
    let scaled = decimal(field, 1_000)? / units;
    i64::try_from(scaled).ok()
}

fn put<'a>(known: &Field, field: &'a [u8], sheet: &mut Sheet<'a>) {
    match known {
        Field::Client => sheet.client = address(field),
        Field::Peer => sheet.peer = address(field),
        Field::Text(text) => sheet.set(*text, field),
        Field::Status => sheet.status = number(field).and_then(|status| u16::try_from(status).ok()).unwrap_or(0),
        Field::Bytes => sheet.bytes = if field == b"-" { Some(0) } else { number(field) },
        Field::Duration(micros) => sheet.micros = decimal(field, *micros),
        Field::Stamp(_) | Field::Header(_) | Field::Other => {}
    }
}

impl Pattern {
    /// Where the field that starts at `at` ends; what follows it is there.
    fn end(&self, nth: usize, line: &[u8], at: usize) -> Result<usize, Unparsed> {
        let piece = &self.pieces[nth];
        match piece.take(&line[at..]) {
            Some(length) if line[at + length..].starts_with(piece.after()) => Ok(at + length),
            Some(length) => {
                Err(Unparsed { at: at + length, expected: "what the declared format puts after this field" })
            }
            None if piece.is_free() => self.free_end(nth, line, at),
            None => Err(Unparsed { at, expected: "an address or a stamp as the declared format writes it" }),
        }
    }

    fn free_end(&self, nth: usize, line: &[u8], at: usize) -> Result<usize, Unparsed> {
        let piece = &self.pieces[nth];
        let unparsed = |expected| Unparsed { at, expected };
        let quote = match self.escapes {
            Escapes::Never => None,
            _ if piece.field == Field::Text(Text::User) => closing_quote(line, past_empty_user(line, at)),
            _ => closing_quote(line, at),
        };
        if let (Some(before), Some(quote)) = (memchr::memchr(b'"', piece.after()), quote) {
            let end = quote.checked_sub(before).filter(|end| *end >= at);
            match end.and_then(|end| self.fits(nth, line, end)) {
                Some(fit) if self.escapes == Escapes::Perhaps && piece.is_request() => {
                    return self.sure_request(nth, line, at, fit.end);
                }
                Some(fit) => return Ok(fit.end),
                None if self.escapes == Escapes::Perhaps => {}
                None => return Err(unparsed("a field that the rest of the format fits")),
            }
        }
        if nth + 1 == self.pieces.len() {
            let end = line.len().checked_sub(piece.after().len()).filter(|end| *end >= at);
            return end
                .filter(|end| line[*end..] == *piece.after())
                .ok_or(unparsed("what the declared format ends with"));
        }
        let limit = match (self.escapes, quote) {
            (Escapes::Always | Escapes::Json, Some(quote)) => quote,
            _ => line.len(),
        };
        self.search(nth, line, at, limit)
    }

    /// A request may go on behind a quote that was written raw: it does if it ends as requests do only there.
    fn sure_request(&self, nth: usize, line: &[u8], at: usize, quote: usize) -> Result<usize, Unparsed> {
        if request::ends_in_protocol(&line[at..quote]) {
            return Ok(quote);
        }
        let end = self.search(nth, line, at, line.len())?;
        Ok(if request::ends_in_protocol(&line[at..end]) { end } else { quote })
    }

    /// A request ends at the first protocol, or else last; another field as early as it can while free ones follow.
    fn search(&self, nth: usize, line: &[u8], at: usize, limit: usize) -> Result<usize, Unparsed> {
        let piece = &self.pieces[nth];
        let is_request = piece.is_request();
        let take_first = !is_request && self.pieces[nth + 1..].iter().any(Piece::is_free);
        let (mut chosen, mut settled): (Option<Fit<'_>>, bool) = (None, false);
        let mut from = at;
        while let Some(found) = piece.find_after(line.get(from..).unwrap_or_default()) {
            let end = from + found;
            if end > limit {
                break;
            }
            from = end + 1;
            let Some(fit) = self.fits(nth, line, end) else { continue };
            if chosen.is_some_and(|earlier| earlier.addresses != fit.addresses) {
                return Err(Unparsed { at: end, expected: "one reading of the client's address, and there are two" });
            }
            if !settled {
                chosen = Some(fit);
                settled = take_first || (is_request && request::ends_in_protocol(&line[at..end]));
            }
        }
        chosen.map(|fit| fit.end).ok_or(Unparsed { at, expected: "a field that the rest of the format fits" })
    }

    /// Whether the field `nth` can end at `end`: the literal and the server's own words after it are there.
    fn fits<'a>(&self, nth: usize, line: &'a [u8], end: usize) -> Option<Fit<'a>> {
        let rest = line[end..].strip_prefix(self.pieces[nth].after())?;
        let mut at = line.len() - rest.len();
        let mut addresses: Option<(usize, usize)> = None;
        for piece in &self.pieces[nth + 1..] {
            if piece.is_free() {
                return Some(Fit { end, addresses: addresses.map(|(from, to)| &line[from..to]) });
            }
            let length = piece.take(&line[at..])?;
            if matches!(piece.field, Field::Client | Field::Peer) {
                addresses = Some((addresses.map_or(at, |(from, _)| from), at + length));
            }
            let rest = line[at + length..].strip_prefix(piece.after())?;
            at = line.len() - rest.len();
        }
        (at == line.len()).then_some(Fit { end, addresses: addresses.map(|(from, to)| &line[from..to]) })
    }
}
