//! Arguments with macros: `%{tx.allowed_methods}`, `.%{request_headers.host}`.

use std::borrow::Cow;

use crate::detect::crs::moment::Moment;
use crate::detect::crs::report::Refused;

/// A text with places to fill in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    Host,
    /// `%{tx.1}`
    Captured(usize),
    Tx(String),
    MatchedVar,
}

impl Template {
    /// Settings must be filled in before: what is left is only known when a rule is tried.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("%{") {
            let Some(len) = rest.get(start..).and_then(|tail| tail.find('}')) else { break };
            if start > 0 {
                pieces.push(Piece::Text(rest.get(..start).unwrap_or_default().into()));
            }
            pieces.push(piece(rest.get(start + 2..start + len).unwrap_or_default())?);
            rest = rest.get(start + len + 1..).unwrap_or_default();
        }
        if !rest.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(rest.into()));
        }
        Ok(Self(pieces))
    }

    /// The text, where there is nothing to fill in.
    pub fn fixed(&self) -> Option<&[u8]> {
        match self.0.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// None where something to fill in is not known: a host that the log does not say.
    pub fn expand<'a>(&'a self, moment: &'a Moment) -> Option<Cow<'a, [u8]>> {
        if let Some(text) = self.fixed() {
            return Some(Cow::Borrowed(text));
        }
        let mut out = Vec::new();
        for piece in &self.0 {
            out.extend_from_slice(match piece {
                Piece::Text(text) => text,
                Piece::Host => Some(moment.host.as_slice()).filter(|host| !host.is_empty())?,
                Piece::Captured(at) => moment.captured.get(*at)?,
                Piece::Tx(name) => moment.tx(name)?,
                Piece::MatchedVar => moment.matched.last()?,
            });
        }
        Some(Cow::Owned(out))
    }

    /// The names of `TX` that must be known.
    pub fn needs(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Tx(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

fn piece(name: &str) -> Result<Piece, Refused> {
    let lower = name.to_ascii_lowercase();
    match lower.as_str() {
        "request_headers.host" | "request_headers:host" => Ok(Piece::Host),
        "matched_var" => Ok(Piece::MatchedVar),
        other => match other.strip_prefix("tx.").or_else(|| other.strip_prefix("tx:")) {
            Some(tx) => Ok(tx.parse().map_or_else(|_| Piece::Tx(tx.to_owned()), Piece::Captured)),
            None => Err(Refused::Macro(format!("%{{{name}}}"))),
        },
    }
}
