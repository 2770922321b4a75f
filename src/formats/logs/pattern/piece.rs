//! The parts of a compiled pattern: what a field tells, how far it reaches, and the literal after it.

use memchr::memmem::Finder;

use crate::formats::logs::clock::CLF_LEN;
use crate::formats::logs::sheet::Text;
use crate::formats::logs::text::address;

/// What a field tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    Client,
    Peer,
    Text(Text),
    /// A request header, by its name in lower case.
    Header(Box<str>),
    Status,
    Bytes,
    /// How many microseconds its unit has.
    Duration(u64),
    Stamp(Stamp),
    /// Nothing a record has room for.
    Other,
}

/// How a moment is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stamp {
    Clf,
    Iso,
    /// Since 1970; how many of its unit a second has.
    Epoch(u64),
    /// Within the second; how many of its unit a second has.
    Fraction(u64),
    /// strftime(3) in jiff's words; several such fields make one stamp.
    Strftime(Box<str>),
}

/// How far a field reaches. All but the last are the server's own words and end by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Address,
    /// Address or host name.
    Host,
    Integer,
    /// With or without a fraction.
    Number,
    /// 26 bytes.
    Clf,
    Iso,
    Strftime,
    /// No space, no quote.
    Word,
    /// Up to the next slash.
    Authority,
    /// Anything a client likes.
    Free,
}

#[derive(Clone, Debug)]
pub struct Piece {
    pub field: Field,
    pub shape: Shape,
    /// Where two fields tell the same, the higher wins.
    pub rank: u8,
    after: Finder<'static>,
}

impl Piece {
    pub fn new(field: Field, shape: Shape, rank: u8) -> Self {
        Self { field, shape, rank, after: Finder::new(b"").into_owned() }
    }

    pub fn is_free(&self) -> bool {
        self.shape == Shape::Free
    }

    pub fn is_request(&self) -> bool {
        self.field == Field::Text(Text::Request)
    }

    pub fn after(&self) -> &[u8] {
        self.after.needle()
    }

    pub fn set_after(&mut self, literal: &[u8]) {
        self.after = Finder::new(literal).into_owned();
    }

    pub fn extend_after(&mut self, literal: &[u8]) {
        let joined = [self.after(), literal].concat();
        self.set_after(&joined);
    }

    /// The next place of the literal after this field.
    pub fn find_after(&self, bytes: &[u8]) -> Option<usize> {
        self.after.find(bytes)
    }

    /// How long the field is, where it says so itself.
    pub fn take(&self, rest: &[u8]) -> Option<usize> {
        match self.shape {
            Shape::Address => Some(self.host(rest)).filter(|length| is_address(&rest[..*length])),
            Shape::Host => Some(self.host(rest)).filter(|length| is_name(&rest[..*length])),
            Shape::Integer | Shape::Number if rest.starts_with(b"-") => Some(1),
            Shape::Integer => Some(run(rest, |byte| byte.is_ascii_digit())),
            Shape::Number => Some(run(rest, |byte| byte.is_ascii_digit() || byte == b'.')),
            Shape::Clf => (rest.get(2) == Some(&b'/') && rest.len() >= CLF_LEN).then_some(CLF_LEN),
            Shape::Iso => Some(run(rest, |byte| byte.is_ascii_digit() || b"-:+.TZ".contains(&byte))),
            Shape::Strftime => self.strftime(rest),
            Shape::Word => Some(self.word(rest)),
            Shape::Authority => Some(run(rest, |byte| byte != b'/' && byte > b' ' && byte != b'"')),
            Shape::Free => None,
        }
    }

    /// An address may hold the very colon that stands before a port.
    fn host(&self, rest: &[u8]) -> usize {
        let length = run(rest, |byte| byte.is_ascii_alphanumeric() || b".:%_-".contains(&byte));
        match (self.after(), memchr::memrchr(b':', &rest[..length])) {
            ([b':', ..], Some(colon)) => colon,
            _ => length,
        }
    }

    fn word(&self, rest: &[u8]) -> usize {
        let stop = self.after().first().copied().unwrap_or(b' ');
        run(rest, |byte| byte != stop && byte > b' ' && byte != b'"')
    }

    fn strftime(&self, rest: &[u8]) -> Option<usize> {
        let Field::Stamp(Stamp::Strftime(format)) = &self.field else { return None };
        let text = &rest[..rest.len().min(MAX_RUN)];
        jiff::fmt::strtime::BrokenDownTime::parse_prefix(format.as_bytes(), text).ok().map(|(_, length)| length)
    }
}

/// A server always knows the address; a client on a Unix socket has none.
fn is_address(field: &[u8]) -> bool {
    field == b"unix:" || address(field).is_some()
}

fn is_name(field: &[u8]) -> bool {
    field.first().is_some_and(|byte| *byte != b'-') && field.iter().any(|byte| !byte.is_ascii_digit())
}

/// The server's own words are short; the limit keeps the search for a field's end linear.
const MAX_RUN: usize = 512;

fn run(rest: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    rest.iter().take(MAX_RUN).take_while(|byte| belongs(**byte)).count()
}
