//! Log lines: bytes → typed records borrowed from the line. A [`LineFormat`] says what lines look like, a [`Parser`]
//! reads them; what a client wrote can change its own fields and no other.

mod access;
mod application;
mod audit;
mod auth;
mod clock;
mod cursor;
mod errors;
pub mod journal;
mod json;
mod json_lines;
mod loose;
mod mixed;
mod pattern;
mod recognise;
mod request;
mod sheet;
mod text;
mod w3c;

use std::net::IpAddr;

use jiff::tz::TimeZone;

use crate::formats::logs::access::Access;
use crate::formats::logs::application::Application;
use crate::formats::logs::audit::Audit;
use crate::formats::logs::clock::Clock;
use crate::formats::logs::errors::nginx::NginxError;
use crate::formats::logs::json_lines::JsonLines;
use crate::formats::logs::mixed::Mixed;
use crate::formats::logs::pattern::{Pattern, PatternReader};
pub use crate::formats::logs::text::address_with_port;
use crate::formats::logs::w3c::W3c;
use crate::model::{DeclaredFormat, LogKind, Millis, What};

/// What the lines of a log look like.
#[derive(Clone, Debug)]
pub enum LineFormat {
    /// common, combined and their relatives: the quick way for nearly every log.
    Access(Access),
    /// Any other pattern a server declares.
    Pattern(Box<Pattern>),
    /// One JSON object a line, in the key names of well-known recipes.
    JsonLines,
    /// Extended log file format, as IIS writes it.
    W3c,
    ApacheError,
    NginxError,
    /// Native or JSON.
    ModsecurityAudit,
    PhpFpm,
    /// A syslog file with the logins of sshd and sudo, and what other programs say.
    Auth,
    /// `journalctl -o export`, saved in a file.
    JournalExport,
    /// What an application says: through syslog, in a file of its own, or as JSON.
    Application,
    /// Lines of several formats, told one by one.
    Mixed,
}

/// Why a declared log pattern cannot be read back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    #[error("log format {name:?} tells neither client nor request; log %h and %r (nginx: $remote_addr and $request)")]
    Empty { name: String },
    #[error("{directive:?} is not finished; the log format breaks off there")]
    Unfinished { directive: String },
    #[error("field {nth} of the log format touches the next; put a space or a quote between them")]
    Touching { nth: usize },
    #[error("stamps written as {format:?} cannot be read back; use %t or %{{%Y-%m-%dT%H:%M:%S%z}}t")]
    Time { format: String },
}

impl LineFormat {
    /// Compiles the pattern a server's configuration declares.
    pub fn compile(declared: &DeclaredFormat) -> Result<Self, FormatError> {
        let pattern = Pattern::compile(declared)?;
        Ok(match Access::of(&pattern) {
            Some(access) => Self::Access(access),
            None => Self::Pattern(Box::new(pattern)),
        })
    }

    /// The format of a log whose kind alone is known.
    pub fn for_kind(kind: LogKind) -> Self {
        match kind {
            LogKind::Access => Self::Access(Access::COMBINED),
            LogKind::ApacheError => Self::ApacheError,
            LogKind::NginxError => Self::NginxError,
            LogKind::ModsecurityAudit => Self::ModsecurityAudit,
            LogKind::PhpFpm => Self::PhpFpm,
            LogKind::Auth => Self::Auth,
            LogKind::Application => Self::Application,
            LogKind::Mixed => Self::Mixed,
        }
    }

    /// What `sample` lines look like where nothing declares it; none where most of them fit nothing known.
    pub fn recognise(sample: &[&[u8]]) -> Option<Self> {
        recognise::recognise(sample)
    }

    /// True where a line means nothing without those before it.
    pub fn has_context(&self) -> bool {
        matches!(self, Self::ModsecurityAudit | Self::W3c | Self::JournalExport)
    }

    /// The name a person knows it by: `combined`, `nginx error`, …
    pub fn name(&self) -> &str {
        match self {
            Self::Access(access) => access.name(),
            Self::Pattern(pattern) if pattern.name.is_empty() => "unnamed",
            Self::Pattern(pattern) => &pattern.name,
            Self::JsonLines => "JSON lines",
            Self::W3c => "W3C extended",
            Self::ApacheError => "apache error",
            Self::NginxError => "nginx error",
            Self::ModsecurityAudit => "ModSecurity audit",
            Self::PhpFpm => "php-fpm",
            Self::Auth => "auth",
            Self::JournalExport => "journal export",
            Self::Application => "application",
            Self::Mixed => "mixed",
        }
    }
}

/// Reads the lines of one log; holds what a line needs of earlier ones.
#[derive(Debug)]
pub struct Parser {
    reader: Reader,
    clock: Clock,
}

#[derive(Debug)]
enum Reader {
    Access(Access),
    Pattern(Box<PatternReader>),
    JsonLines(JsonLines),
    W3c(W3c),
    ApacheError,
    NginxError(NginxError),
    ModsecurityAudit(Audit),
    PhpFpm,
    Auth(Application),
    JournalExport(Box<(journal::Decoder, journal::Entry)>),
    Application(Application),
    Mixed(Box<Mixed>),
}

impl Parser {
    /// Stamps without a zone are read in the host's.
    pub fn new(format: LineFormat) -> Self {
        let reader = match format {
            LineFormat::Access(access) => Reader::Access(access),
            LineFormat::Pattern(pattern) => Reader::Pattern(Box::new(PatternReader::new(*pattern))),
            LineFormat::JsonLines => Reader::JsonLines(JsonLines::default()),
            LineFormat::W3c => Reader::W3c(W3c::default()),
            LineFormat::ApacheError => Reader::ApacheError,
            LineFormat::NginxError => Reader::NginxError(NginxError::default()),
            LineFormat::ModsecurityAudit => Reader::ModsecurityAudit(Audit::default()),
            LineFormat::Auth => Reader::Auth(Application::default()),
            LineFormat::JournalExport => Reader::JournalExport(Box::default()),
            LineFormat::PhpFpm => Reader::PhpFpm,
            LineFormat::Application => Reader::Application(Application::default()),
            LineFormat::Mixed => Reader::Mixed(Box::default()),
        };
        Self { reader, clock: Clock::new(TimeZone::system()) }
    }

    /// The zone of stamps that do not say theirs.
    pub fn zone(mut self, zone: TimeZone) -> Self {
        self.clock = Clock::new(zone);
        self
    }

    /// Which request header, in lower case, [`Record::forwarded`] is taken from; `x-forwarded-for` unless told.
    pub fn forwarded_header(mut self, name: &str) -> Self {
        match &mut self.reader {
            Reader::Pattern(reader) => reader.forwarded_header(name),
            Reader::Access(access) if *access == Access::MAIN && name != "x-forwarded-for" => {
                *access = Access::COMBINED
            }
            _ => {}
        }
        self
    }

    /// A moment at or after the next lines (log clock, file's mtime): gives stamps without a year theirs.
    pub fn near(&mut self, now: Millis) {
        self.clock.near(now);
    }

    /// Reads one line, given without its newline.
    pub fn parse<'a>(&'a mut self, line: &'a [u8]) -> Result<Line<'a>, Unparsed> {
        match &mut self.reader {
            Reader::Access(access) => access.read(line, &mut self.clock),
            Reader::Pattern(reader) => reader.read(line, &mut self.clock),
            Reader::JsonLines(reader) => reader.read(line, &mut self.clock),
            Reader::W3c(reader) => reader.read(line, &mut self.clock),
            Reader::ModsecurityAudit(audit) => audit.read(line, &mut self.clock),
            Reader::Auth(others) => match auth::read(line, &mut self.clock)? {
                Line::Nothing => others.read(line, &mut self.clock),
                login => Ok(login),
            },
            Reader::JournalExport(state) => Ok(exported(state, line)),
            Reader::ApacheError => errors::apache::read(line, &mut self.clock),
            Reader::NginxError(reader) => reader.read(line, &mut self.clock),
            Reader::PhpFpm => errors::php_fpm::read(line, &mut self.clock),
            Reader::Application(reader) => reader.read(line, &mut self.clock),
            Reader::Mixed(reader) => reader.read(line, &mut self.clock),
        }
    }
}

/// A line of a saved export; the entry it completes, if any.
fn exported<'a>(state: &'a mut (journal::Decoder, journal::Entry), line: &[u8]) -> Line<'a> {
    state.0.push(line);
    state.0.push(b"\n");
    match state.0.entry() {
        Some(entry) => {
            state.1 = entry;
            state.1.line()
        }
        None => Line::Nothing,
    }
}

/// What a line holds.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "one at a time, looked at where it was made")]
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
