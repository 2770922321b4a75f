//! Values of a request judged by their tokens: whether SQL or HTML would read them as more than a value.
//!
//! The method is libinjection's (N. Galbreath, Black Hat USA 2012): five tokens, folded, make a fingerprint.

use libinjectionrs::{SqliFlags, SqliState, XssDetector};

use crate::detect::rules::decode::percent;
use crate::detect::rules::error::Problem;
use crate::detect::rules::expr::{Expr, Found};
use crate::detect::rules::field::Field;
use crate::detect::rules::views::{Scratch, View};
use crate::detect::rules::yaml::{Bad, Node};
use crate::model::event::Event;

/// Bytes of a value that are looked at, and values of a field.
const MAX_VALUE: usize = 2048;
const MAX_VALUES: usize = 64;
/// Times a value is decoded at most.
const ROUNDS: usize = 2;

/// What a rule asks of the values in a target or User-Agent.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    language: Language,
    /// Fingerprints, or with a `*` their beginnings, that people write in good faith.
    quiet: Box<[Box<str>]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Sql,
    Html,
}

const KEYS: &[&str] = &["language", "quiet"];

/// `tokens: {language: sql | html, quiet: {fingerprint: why}}`
pub(super) fn parse(node: &Node) -> Result<Tokens, Bad> {
    let expected = "tokens: {language: sql or html, quiet: {fingerprint: why it does not alarm}}";
    let bad = |line, text: &str| (line, Problem::Value { value: text.chars().take(60).collect(), expected });
    if let Some((key, _)) = node.pairs().iter().find(|(key, _)| !KEYS.contains(&key.text.as_str())) {
        return Err(bad(key.line, &key.text));
    }
    let language = match node.get("language").and_then(Node::text) {
        Some("sql") => Language::Sql,
        Some("html") => Language::Html,
        other => return Err(bad(node.line, other.unwrap_or_default())),
    };
    let quiet = node.get("quiet").map_or(&[][..], Node::pairs).iter().map(|(key, _)| key.text.as_str().into());
    Ok(Tokens { language, quiet: quiet.collect() })
}

impl Tokens {
    /// The first value that reads as an attack, as it was sent, in a field that `test` speaks of.
    pub fn find(&self, test: &Expr, event: &Event<'_>, scratch: &mut Scratch) -> Option<Found> {
        [Field::Target, Field::Agent].into_iter().find_map(|field| self.find_in(field, test, event, scratch))
    }

    /// The same in one field.
    pub fn find_in(&self, field: Field, test: &Expr, event: &Event<'_>, scratch: &mut Scratch) -> Option<Found> {
        if !test.speaks(field, event, scratch) {
            return None;
        }
        let (_, text) = scratch.views(field, event).iter().next()?;
        let (from, to) = spans(field, text).find(|(from, to)| self.accuses(field, text.get(*from..*to)))?;
        Some(Found { field, view: View::Raw, from, to })
    }

    fn accuses(&self, field: Field, value: Option<&[u8]>) -> bool {
        let Some(value) = value.map(|value| value.get(..MAX_VALUE).unwrap_or(value)) else { return false };
        let mut value = value.to_vec();
        if field != Field::Agent {
            value.iter_mut().filter(|byte| **byte == b'+').for_each(|plus| *plus = b' ');
        }
        for _ in 0..ROUNDS {
            if self.reads_as_attack(&value) {
                return true;
            }
            let mut decoded = Vec::with_capacity(value.len());
            percent(&value, false, &mut decoded);
            if decoded == value {
                return false;
            }
            value = decoded;
        }
        self.reads_as_attack(&value)
    }

    fn reads_as_attack(&self, value: &[u8]) -> bool {
        match self.language {
            Language::Sql => !is_plain(value) && CONTEXTS.iter().any(|context| self.is_sql(value, *context)),
            Language::Html => is_markup(value) && XssDetector::new().detect(value).is_injection(),
        }
    }

    fn is_sql(&self, value: &[u8], (sign, quote, dialect): (Option<u8>, SqliFlags, SqliFlags)) -> bool {
        if sign.is_some_and(|sign| memchr::memchr(sign, value).is_none()) {
            return false;
        }
        let mut state = SqliState::new(value, quote | dialect);
        state.is_sqli() && {
            let fingerprint = state.fingerprint_string();
            !self.quiet.iter().any(|quiet| match quiet.strip_suffix('*') {
                Some(beginning) => fingerprint.starts_with(beginning),
                None => **quiet == *fingerprint,
            })
        }
    }
}

/// Where in a statement a value may have been put: as it is, or in a quote that it holds; in dialects whose comments differ.
const CONTEXTS: [(Option<u8>, SqliFlags, SqliFlags); 5] = [
    (None, SqliFlags::FLAG_QUOTE_NONE, SqliFlags::FLAG_SQL_ANSI),
    (Some(b'#'), SqliFlags::FLAG_QUOTE_NONE, SqliFlags::FLAG_SQL_MYSQL),
    (Some(b'\''), SqliFlags::FLAG_QUOTE_SINGLE, SqliFlags::FLAG_SQL_ANSI),
    (Some(b'\''), SqliFlags::FLAG_QUOTE_SINGLE, SqliFlags::FLAG_SQL_MYSQL),
    (Some(b'"'), SqliFlags::FLAG_QUOTE_DOUBLE, SqliFlags::FLAG_SQL_MYSQL),
];

/// Letters, digits and what joins them: no statement.
fn is_plain(value: &[u8]) -> bool {
    value.len() < 3 || value.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b','))
}

/// A tag, or a quote and an attribute: other text is no markup wherever it is put.
fn is_markup(value: &[u8]) -> bool {
    memchr::memchr(b'<', value).is_some()
        || memchr::memchr(b'=', value).is_some() && memchr::memchr3(b'"', b'\'', b'`', value).is_some()
}

/// The values of a field: of a target or an address its path, last segment and parameters; of other text the whole.
fn spans(field: Field, text: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    let path = if field == Field::Agent { text.len() } else { path_of(text) };
    let end = memchr::memchr(b'?', text.get(path..).unwrap_or_default()).map_or(text.len(), |at| path + at);
    let whole = [(0, text.len()), (path, end)].into_iter().filter(move |(from, to)| match field {
        Field::Agent => *from == 0,
        _ => *from == path && to > from,
    });
    let segment = memchr::memrchr(b'/', text.get(path..end).unwrap_or_default()).map(|at| (path + at + 1, end));
    whole.chain(segment).chain(parameters(text, end)).take(MAX_VALUES)
}

/// Where the path of a target or of an address begins, behind its first slash; 0 where there is none.
fn path_of(text: &[u8]) -> usize {
    let scheme = memchr::memmem::find(text.get(..12).unwrap_or(text), b"://").map_or(0, |at| at + 3);
    memchr::memchr(b'/', text.get(scheme..).unwrap_or_default()).map_or(0, |at| scheme + at + 1)
}

/// Names and values behind the `?` at `from`.
fn parameters(text: &[u8], from: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut at = from + 1;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr(b'&', rest).unwrap_or(rest.len());
        let equals = memchr::memchr(b'=', rest.get(..end).unwrap_or_default());
        let value = at + equals.map_or(0, |equals| equals + 1);
        let found = (value, at + end);
        at += end + 1;
        Some(found)
    })
}
