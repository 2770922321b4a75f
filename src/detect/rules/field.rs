//! The fields rules can name, and where an event keeps them.

use std::io::Write as _;
use std::net::IpAddr;

use crate::model::event::{Event, NoteLevel, What};

/// A field of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    Method,
    /// Path and query; of a note, what it is about.
    Target,
    Path,
    Agent,
    Referer,
    Host,
    User,
    Protocol,
    Status,
    Bytes,
    Client,
    /// The whole line as read.
    Line,
    /// What a note says; the whole line of anything else.
    Message,
    Code,
    Level,
    Service,
}

/// How a field's text can hide: which decodings are tried on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ladder {
    /// Taken as it is.
    Plain,
    /// Percent and overlong encodings.
    Text,
    /// The same, and `+` is a space after the first `?`.
    Uri,
    /// The same, and slashes are brought into normal form.
    Path,
}

impl Field {
    pub(super) const COUNT: usize = 16;

    /// By its name in a rule; the W3C names of Sigma's webserver and proxy categories and our own.
    pub fn by_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "cs-method" | "c-method" => Self::Method,
            // Published rules put the path into cs-uri-query as often as the query.
            "cs-uri" | "cs-uri-query" | "c-uri" | "c-uri-query" | "target" => Self::Target,
            "cs-uri-stem" | "c-uri-stem" => Self::Path,
            "cs-user-agent" | "c-useragent" | "c-user-agent" => Self::Agent,
            "cs-referer" | "cs-referrer" | "c-referer" => Self::Referer,
            "cs-host" | "r-dns" => Self::Host,
            "cs-username" | "user" => Self::User,
            "cs-version" => Self::Protocol,
            "sc-status" => Self::Status,
            "sc-bytes" => Self::Bytes,
            "c-ip" | "src_ip" => Self::Client,
            "message" => Self::Message,
            "code" => Self::Code,
            "level" => Self::Level,
            "service" => Self::Service,
            _ => return None,
        })
    }

    pub(super) fn ladder(self) -> Ladder {
        match self {
            Self::Target | Self::Referer => Ladder::Uri,
            Self::Path => Ladder::Path,
            Self::Agent | Self::User | Self::Host | Self::Line | Self::Message => Ladder::Text,
            _ => Ladder::Plain,
        }
    }

    /// The field's bytes in the log; None where the event has no such field or keeps it as a number.
    pub(super) fn text<'a>(self, event: &Event<'a>) -> Option<&'a [u8]> {
        if self == Self::Line {
            return Some(event.raw);
        }
        match &event.what {
            What::Request(request) => match self {
                Self::Method => Some(request.method),
                Self::Target => Some(request.target),
                Self::Path => Some(request.path()),
                Self::Agent => Some(request.user_agent),
                Self::Referer => Some(request.referer),
                Self::Host => Some(if request.host.is_empty() { event.site } else { request.host }),
                Self::User => Some(request.user),
                Self::Protocol => Some(request.protocol),
                Self::Message => Some(event.raw),
                _ => None,
            },
            What::Login(login) => match self {
                Self::User => Some(login.user),
                Self::Service => Some(login.service.as_bytes()),
                Self::Message => Some(event.raw),
                _ => None,
            },
            What::Note(note) => match self {
                Self::Message => Some(note.message),
                Self::Code => Some(note.code),
                Self::Target => Some(note.target),
                Self::Level => Some(level(note.level).as_bytes()),
                Self::Service => Some(note.service.as_bytes()),
                _ => None,
            },
            What::Named(_) => (self == Self::Message).then_some(event.raw),
        }
    }

    /// The field as a number, where it is one and the log says it.
    pub(super) fn number(self, event: &Event<'_>) -> Option<u64> {
        let What::Request(request) = &event.what else { return None };
        match self {
            Self::Status => (request.status != 0).then_some(u64::from(request.status)),
            Self::Bytes => request.bytes,
            _ => None,
        }
    }

    pub(super) fn address(self, event: &Event<'_>) -> Option<IpAddr> {
        if self == Self::Client { event.client.map(|client| client.ip) } else { None }
    }

    /// Writes numbers and addresses as text; true where there was one.
    pub(super) fn print(self, event: &Event<'_>, to: &mut Vec<u8>) -> bool {
        match (self.number(event), self.address(event)) {
            (Some(number), _) => write!(to, "{number}").is_ok(),
            (_, Some(address)) => write!(to, "{address}").is_ok(),
            _ => false,
        }
    }

    /// True where the event's field is there and not empty.
    pub(super) fn present(self, event: &Event<'_>) -> bool {
        self.text(event).is_some_and(|text| !text.is_empty())
            || self.number(event).is_some()
            || self.address(event).is_some()
    }
}

fn level(level: NoteLevel) -> &'static str {
    match level {
        NoteLevel::Debug => "debug",
        NoteLevel::Info => "info",
        NoteLevel::Notice => "notice",
        NoteLevel::Warn => "warn",
        NoteLevel::Error => "error",
        NoteLevel::Critical => "critical",
    }
}
