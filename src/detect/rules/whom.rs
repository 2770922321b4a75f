//! Who it was, where only the message says: a rule's own regexes name `client` and `user` in it. A user's name is the
//! client's text, so an address is believed only where the shortest and the longest reading of the line find it in the same place.

use std::net::IpAddr;
use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};

use crate::detect::rules::error::Problem;
use crate::detect::rules::expr::{Expr, Test};
use crate::detect::rules::field::Field;
use crate::detect::rules::lazy::Flags;
use crate::detect::rules::matcher::Matcher;
use crate::detect::rules::views::MAX_TEXT;
use crate::detect::rules::yaml::{Bad, Node};
use crate::formats::logs::address_with_port;
use crate::model::event::{Event, What};

const REGEX_BYTES: usize = 1 << 20;

/// A rule's `client`: where its messages name client and user.
#[derive(Clone, Debug)]
pub struct Whom {
    patterns: Vec<Pattern>,
}

#[derive(Clone, Debug)]
struct Pattern {
    text: Box<str>,
    /// By greediness: as written, and the other way round.
    readings: [OnceLock<Option<Regex>>; 2],
}

/// What a message says of who it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Named<'a> {
    /// None where it names nobody, or may name two.
    pub client: Option<IpAddr>,
    /// Empty where it names nobody.
    pub user: &'a [u8],
}

impl Whom {
    /// One regex or several; also the test that a message fits one of them.
    pub(super) fn parse(node: &Node) -> Result<(Self, Expr), Bad> {
        let mut patterns = Vec::new();
        let mut matchers = Vec::new();
        for item in node.items() {
            let text = item.text().unwrap_or_default();
            matchers.push(Matcher::regex(text, FLAGS, || Ok(())).map_err(|problem| (item.line, problem))?);
            if !text.starts_with('^') || !["(?<client>", "(?<user>"].iter().any(|group| text.contains(group)) {
                let expected = "regex that begins with ^ and names (?<client>…) or (?<user>…)";
                let value = text.chars().take(60).collect();
                return Err((item.line, Problem::Value { value, expected }));
            }
            patterns.push(Pattern { text: text.into(), readings: Default::default() });
        }
        let fits = Expr::Test(Test::Text { field: Field::Message, values: matchers.into() });
        Ok((Self { patterns }, fits))
    }

    /// Who did what the event tells; none where its message does not fit, or is longer than rules look.
    pub fn read<'a>(&self, event: &Event<'a>) -> Option<Named<'a>> {
        let What::Note(note) = &event.what else { return None };
        let message: &'a [u8] = note.message;
        if message.len() > MAX_TEXT {
            return None;
        }
        let mut readings = self.patterns.iter().flat_map(|pattern| pattern.read(message));
        let (at, first) = readings.next()?;
        let agreed = readings.all(|(other, _)| other == at);
        Some(Named { client: first.client.filter(|_| agreed), ..first })
    }
}

const FLAGS: Flags = Flags { ignore_case: false, multi_line: false, dot_all: true };

impl Pattern {
    /// Each reading, with the place of its address: the same address may stand in two places, one of them forged.
    fn read<'a>(&self, message: &'a [u8]) -> impl Iterator<Item = (usize, Named<'a>)> {
        self.readings.iter().zip([false, true]).filter_map(move |(reading, swapped)| {
            let regex = reading.get_or_init(|| self.compile(swapped)).as_ref()?;
            let found = regex.captures(message)?;
            let part = |name| found.name(name).map_or(&[][..], |part| part.as_bytes());
            let at = found.name("client").map_or(0, |part| part.start());
            Some((at, Named { client: address_with_port(part("client")), user: part("user") }))
        })
    }

    fn compile(&self, swapped: bool) -> Option<Regex> {
        let mut builder = RegexBuilder::new(&self.text);
        builder.unicode(false).dot_matches_new_line(true).swap_greed(swapped).size_limit(REGEX_BYTES);
        builder.build().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::rules::yaml::documents;
    use crate::model::event::{At, Note, NoteLevel};
    use crate::model::time::Millis;

    fn whom(pattern: &str) -> Result<Whom, Problem> {
        let docs = documents(&format!("client: '{pattern}'\n")).0;
        Whom::parse(docs[0].get("client").unwrap()).map(|(whom, _)| whom).map_err(|(_, problem)| problem)
    }

    #[track_caller]
    fn reads(whom: &Whom, message: &str, client: Option<&str>) {
        let (service, level, code) = ("application", NoteLevel::Notice, &b""[..]);
        let what = What::Note(Note { service, level, code, message: message.as_bytes(), target: b"" });
        let (now, at) = (Millis(0), At::default());
        let event = Event { now, stamp: None, at, client: None, site: b"", raw: b"", what };
        let named = whom.read(&event).unwrap_or_default();
        assert_eq!(named.client, client.map(|ip| ip.parse().unwrap()), "{message}");
    }

    #[test]
    fn an_address_is_believed_where_all_readings_agree() {
        let whom = whom(r"^failed for (?<user>.*) from (?<client>\S+)(?:\. .*)?$").unwrap();
        reads(&whom, "failed for a from 192.0.2.7", Some("192.0.2.7"));
        reads(&whom, "failed for a from [2001:db8::7]:80", Some("2001:db8::7"));
        reads(&whom, "failed for a from 6.6.6.6 from 192.0.2.7", Some("192.0.2.7"));
        reads(&whom, "failed for a from 6.6.6.6. from 192.0.2.7", None);
        reads(&whom, "failed for a from 6.6.6.6. from 192.0.2.7. a from 6.6.6.6", None);
        reads(&whom, "failed for a from nowhere", None);
        reads(&whom, "x failed for a from 192.0.2.7", None);
        reads(&whom, &format!("failed for {} from 192.0.2.7", "a".repeat(MAX_TEXT)), None);
    }

    #[test]
    fn a_pattern_that_begins_anywhere_or_names_nobody_is_refused() {
        for pattern in ["from (?<client>.*)", "^from .*", "^from (?<client>"] {
            assert!(whom(pattern).is_err(), "{pattern}");
        }
    }
}
