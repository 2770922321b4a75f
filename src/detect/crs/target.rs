//! Which parts of a request a rule looks at: ModSecurity's variables, as far as an access log has them.

use crate::detect::crs::pattern::Pattern;
use crate::detect::crs::report::{NotVisible, Refused};
use crate::formats::seclang::Target;

/// A part of a request that a log can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Path and query, as sent.
    Raw,
    /// Path and query; as in ModSecurity's second phase, the server has decoded the path.
    Uri,
    Path,
    /// What follows the last slash of the path.
    Base,
    Query,
    Arg,
    ArgName,
    Agent,
    Referer,
    Host,
    Method,
    Protocol,
    /// The whole request line.
    Line,
    Client,
}

/// Sources, one bit each.
pub type Sources = u16;

impl Source {
    pub const fn bit(self) -> Sources {
        1 << self as u16
    }
}

/// What is part of the target.
pub const OF_TARGET: Sources = Source::Raw.bit()
    | Source::Uri.bit()
    | Source::Path.bit()
    | Source::Base.bit()
    | Source::Query.bit()
    | Source::Arg.bit()
    | Source::ArgName.bit();
pub const OF_ARGUMENTS: Sources = Source::Arg.bit() | Source::ArgName.bit();
pub const HEADERS: [Source; 3] = [Source::Agent, Source::Referer, Source::Host];

/// One thing a link of a rule looks at.
#[derive(Debug)]
pub enum Look {
    At(Source),
    /// Only the arguments of this name.
    Named(Source, Selector),
    /// How many arguments there are.
    Count(Source),
    /// `TX:1`
    Captured(usize),
    Tx(String),
    MatchedVar,
    MatchedVars,
}

/// The names of arguments: one, or all that a regex matches.
#[derive(Debug)]
pub enum Selector {
    Name(Vec<u8>),
    Pattern(Box<Pattern>),
}

impl Selector {
    fn parse(text: &str) -> Result<Self, Refused> {
        match text.strip_prefix('/').and_then(|text| text.strip_suffix('/')) {
            Some(pattern) => Ok(Self::Pattern(Box::new(Pattern::new(pattern)?.0))),
            None => Ok(Self::Name(text.into())),
        }
    }

    pub fn takes(&self, name: &[u8]) -> bool {
        match self {
            Self::Name(wanted) => name.eq_ignore_ascii_case(wanted),
            Self::Pattern(pattern) => pattern.find(name),
        }
    }
}

/// What a variable is here.
pub enum Seen {
    Looks(Vec<Look>),
    No(NotVisible),
}

/// What a target that is not an exclusion looks at; a `TX` name is known where `knows` says so.
pub fn look(target: &Target, knows: impl Fn(&str) -> bool) -> Result<Seen, Refused> {
    let selector = target.selector.as_deref();
    let full = || match selector {
        Some(selector) => format!("{}:{selector}", target.name),
        None => target.name.clone(),
    };
    if target.count {
        return Ok(match (sources(&target.name), selector) {
            (Some(all), None) if target.name.starts_with("ARGS") => Seen::Looks(vec![Look::Count(all[0])]),
            _ => Seen::No(NotVisible::Count(full())),
        });
    }
    let one = |look| Ok(Seen::Looks(vec![look]));
    match (target.name.as_str(), selector) {
        ("MATCHED_VAR", None) => one(Look::MatchedVar),
        ("MATCHED_VARS", None) => one(Look::MatchedVars),
        ("TX", Some(name)) => match name.parse() {
            Ok(at) => one(Look::Captured(at)),
            Err(_) if knows(&name.to_ascii_lowercase()) => one(Look::Tx(name.to_ascii_lowercase())),
            Err(_) => Err(Refused::Macro(full())),
        },
        ("REQUEST_HEADERS", None) => Ok(Seen::Looks(HEADERS.map(Look::At).into())),
        ("REQUEST_HEADERS", Some(name)) => match header(name) {
            Some(source) => one(Look::At(source)),
            None => Ok(Seen::No(NotVisible::Variable(full()))),
        },
        (name, selector) => match (sources(name), selector) {
            (Some(all), None) => Ok(Seen::Looks(all.iter().copied().map(Look::At).collect())),
            (Some([source]), Some(selector)) if source.bit() & OF_ARGUMENTS != 0 => {
                one(Look::Named(*source, Selector::parse(selector)?))
            }
            _ => Ok(Seen::No(NotVisible::Variable(target.name.clone()))),
        },
    }
}

/// What an exclusion takes away.
pub enum Except {
    Whole(Source),
    Named(Source, Selector),
}

pub fn except(target: &Target) -> Result<Option<Except>, Refused> {
    let selector = target.selector.as_deref();
    Ok(match (target.name.as_str(), selector) {
        ("REQUEST_HEADERS", Some(name)) => header(name).map(Except::Whole),
        (name, selector) => match (sources(name), selector) {
            (Some([source]), None) => Some(Except::Whole(*source)),
            (Some([source]), Some(selector)) => Some(Except::Named(*source, Selector::parse(selector)?)),
            _ => None,
        },
    })
}

fn sources(name: &str) -> Option<&'static [Source]> {
    Some(match name {
        "REQUEST_URI" => &[Source::Uri],
        "REQUEST_URI_RAW" => &[Source::Raw],
        "REQUEST_FILENAME" => &[Source::Path],
        "REQUEST_BASENAME" => &[Source::Base],
        "QUERY_STRING" => &[Source::Query],
        "ARGS" | "ARGS_GET" => &[Source::Arg],
        "ARGS_NAMES" | "ARGS_GET_NAMES" => &[Source::ArgName],
        "REQUEST_METHOD" => &[Source::Method],
        "REQUEST_PROTOCOL" => &[Source::Protocol],
        "REQUEST_LINE" => &[Source::Line],
        "REMOTE_ADDR" => &[Source::Client],
        _ => return None,
    })
}

fn header(name: &str) -> Option<Source> {
    Some(match name.to_ascii_lowercase().as_str() {
        "user-agent" => Source::Agent,
        "referer" => Source::Referer,
        "host" => Source::Host,
        _ => return None,
    })
}
