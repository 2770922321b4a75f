//! Log lines: bytes → typed records borrowed from the line. A [`LineFormat`] says what lines look like, a [`Parser`]
//! reads them; what a client wrote can change its own fields and no other.

mod access;
mod clock;
mod cursor;
mod request;
mod sheet;
mod text;

use std::net::IpAddr;

use jiff::tz::TimeZone;

use crate::formats::logs::access::Access;
use crate::formats::logs::clock::Clock;
use crate::model::{DeclaredFormat, LogKind, Millis, What};

/// What the lines of a log look like.
#[derive(Clone, Debug)]
pub enum LineFormat {
    /// common, combined and their relatives: the quick way for nearly every log.
    Access(Access),
}

/// Why a declared log pattern cannot be read back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    #[error("log format {name:?} holds nothing that tells a request")]
    Empty { name: String },
}

impl LineFormat {
    /// Compiles the pattern a server's configuration declares.
    pub fn compile(declared: &DeclaredFormat) -> Result<Self, FormatError> {
        match declared.name.as_str() {
            "common" => Ok(Self::Access(Access::COMMON)),
            "combined" => Ok(Self::Access(Access::COMBINED)),
            "vhost_combined" => Ok(Self::Access(Access::VHOST_COMBINED)),
            _ => Err(FormatError::Empty { name: declared.name.clone() }),
        }
    }

    /// The format of a log whose kind alone is known.
    pub fn for_kind(_kind: LogKind) -> Self {
        Self::Access(Access::COMBINED)
    }

    /// What `sample` lines look like where nothing declares it; none where most of them fit nothing known.
    pub fn recognise(_sample: &[&[u8]]) -> Option<Self> {
        Some(Self::Access(Access::COMBINED))
    }

    /// The name a person knows it by: `combined`, `nginx error`, …
    pub fn name(&self) -> &str {
        match self {
            Self::Access(access) => access.name(),
        }
    }
}

/// Reads the lines of one log; holds what a line needs of earlier ones.
#[derive(Debug)]
pub struct Parser {
    format: LineFormat,
    clock: Clock,
}

impl Parser {
    /// Stamps without a zone are read in the host's.
    pub fn new(format: LineFormat) -> Self {
        Self { format, clock: Clock::new(TimeZone::system()) }
    }

    /// The zone of stamps that do not say theirs.
    pub fn zone(mut self, zone: TimeZone) -> Self {
        self.clock = Clock::new(zone);
        self
    }

    /// Which request header, in lower case, [`Record::forwarded`] is taken from; `x-forwarded-for` unless told.
    pub fn forwarded_header(self, _name: &str) -> Self {
        self
    }

    /// A moment at or after the next lines (log clock, file's mtime): gives stamps without a year theirs.
    pub fn near(&mut self, now: Millis) {
        self.clock.near(now);
    }

    /// Reads one line, given without its newline.
    pub fn parse<'a>(&'a mut self, line: &'a [u8]) -> Result<Line<'a>, Unparsed> {
        match &self.format {
            LineFormat::Access(access) => access.read(line, &mut self.clock),
        }
    }
}

/// What a line holds.
#[derive(Clone, Debug)]
pub enum Line<'a> {
    Record(Record<'a>),
    /// Header, comment, blank, or part of a record that is not complete yet.
    Nothing,
}

/// One record.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    pub stamp: Option<Millis>,
    /// The client field as logged: `%h`, `$remote_addr`, `c-ip`.
    pub client: Option<IpAddr>,
    /// The TCP peer, where the log has it besides: `%{c}a`, `$realip_remote_addr`.
    pub peer: Option<IpAddr>,
    /// The header that names the client, as logged; empty where the format has none.
    pub forwarded: &'a [u8],
    pub what: What<'a>,
}

/// Where and why a line does not fit its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: expected {expected}")]
pub struct Unparsed {
    /// Byte offset in the line.
    pub at: usize,
    pub expected: &'static str,
}
