//! Can a client choose the address that a filter takes? Shown by a line: what the client writes holds the filter's own
//! words and another address, and the filter takes that one.

mod sample;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use serde::Serialize;

use crate::detect::fail2ban::date::Calendar;
use crate::detect::fail2ban::expand::expand;
use crate::detect::fail2ban::filter::Filter;
use crate::detect::fail2ban::lint::sample::{Part, sample};
use crate::detect::fail2ban::python::{self, Node, Tree};
use crate::detect::fail2ban::state::Reading;

/// Whom the client wants to be banned, and who it is (RFC 5737).
const FORGED: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 66));
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));
/// Stands for the filter's prefix in patterns that are sampled.
const PREFIX: &str = "(?P<g__prefix>)";
/// Dates that lines are tried with; an empty one for logs whose patterns hold none.
const DATES: [&str; 6] = [
    "2024-01-02 03:04:05",
    "Jan  2 03:04:05",
    "",
    "02/Jan/2024:03:04:05 +0000",
    "1704164645",
    "Tue Jan 02 03:04:05.000000 2024",
];

/// A line by which a client lets another address be banned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Forgery {
    /// Which failregex, from 1.
    pub pattern: usize,
    /// The field that the client writes.
    pub field: String,
    /// The line as it stands in the log.
    pub line: String,
    /// Who wrote it.
    pub client: IpAddr,
    /// Whom the filter takes for it.
    pub taken: IpAddr,
}

/// What came of looking at all patterns of a filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Forgeries {
    pub found: Vec<Forgery>,
    /// Patterns for which no line could be made, so that nothing is known of them; from 1.
    pub unchecked: Vec<usize>,
}

/// Looks at every failregex of a filter; one forgery each at most.
pub fn forgeries(filter: &Arc<Filter>, calendar: &Calendar) -> Forgeries {
    let mut all = Forgeries::default();
    for pattern in 0..filter.failregex.len() {
        match attempt(filter, calendar, pattern) {
            Some(Some(forgery)) => all.found.push(forgery),
            Some(None) => {}
            None => all.unchecked.push(pattern + 1),
        }
    }
    all
}

/// `None` where no honest line could be made.
fn attempt(filter: &Arc<Filter>, calendar: &Calendar, pattern: usize) -> Option<Option<Forgery>> {
    let trial = Trial { filter, calendar };
    let tree = self::tree(&filter.definition.failregex.get(pattern)?.text, filter)?;
    let before = filter.definition.prefregex.as_ref();
    let before = before.and_then(|value| self::tree(&value.text, filter));
    let mut honest = false;
    let plans =
        [false, true].into_iter().flat_map(|full| prefixes(filter).into_iter().map(move |prefix| (full, prefix)));
    for (full, prefix) in plans {
        let parts = line_parts(&tree, before.as_ref(), full, &prefix);
        let Some(date) = trial.date(&parts) else { continue };
        honest = true;
        let found = trial.in_field(&parts, date).or_else(|| trial.anywhere(&parts, date, &tree, before.as_ref()));
        if let Some((field, line)) = found {
            return Some(Some(Forgery { pattern: pattern + 1, field, line, client: CLIENT, taken: FORGED }));
        }
    }
    honest.then_some(None)
}

fn tree(text: &str, filter: &Filter) -> Option<Tree> {
    let masked = match &filter.definition.prefix {
        Some(prefix) => text.replacen(prefix.as_str(), PREFIX, 1),
        None => text.to_owned(),
    };
    python::parse(&expand(&masked, true)).ok()
}

/// A line in parts: the prefix pattern's with the pattern's own where its content stands.
fn line_parts(tree: &Tree, before: Option<&Tree>, full: bool, prefix: &str) -> Vec<Part> {
    let own = sample(tree, full, prefix);
    let Some(before) = before else { return own };
    let mut parts = Vec::new();
    let mut put = false;
    for part in sample(before, full, prefix) {
        if part == Part::Content {
            parts.extend(own.iter().cloned());
            put = true;
        } else {
            parts.push(part);
        }
    }
    if put { parts } else { own }
}

/// What may stand between the date and the message.
fn prefixes(filter: &Filter) -> Vec<String> {
    let daemon = filter.definition.daemon.as_ref().and_then(|daemon| python::parse(daemon).ok());
    let daemon = daemon.map(|tree| text(&sample(&tree, false, ""), CLIENT)).filter(|daemon| !daemon.is_empty());
    let daemon = daemon.unwrap_or_else(|| "daemon".to_owned());
    [format!(" host {daemon}[1]: "), format!(" host {daemon}: "), " ".to_owned(), String::new()].into()
}

struct Trial<'a> {
    filter: &'a Arc<Filter>,
    calendar: &'a Calendar,
}

impl Trial<'_> {
    /// The date with which the honest line gives the client.
    fn date(&self, parts: &[Part]) -> Option<&'static str> {
        let line = text(parts, CLIENT);
        DATES.into_iter().find(|date| self.takes(&dated(&line, date), CLIENT))
    }

    /// A field before the address holds a copy of what follows it, with the other address.
    fn in_field(&self, parts: &[Part], date: &str) -> Option<(String, String)> {
        let host = parts.iter().position(|part| *part == Part::Host)?;
        for (at, part) in parts.iter().enumerate().take(host) {
            let Part::Wide { set, user, text: own, source } = part else { continue };
            let (head, between, tail) =
                (text(&parts[..at], CLIENT), text(&parts[at + 1..host], CLIENT), text(&parts[host + 1..], CLIENT));
            for end in [tail.clone(), String::new(), format!("{tail} ")] {
                let written = format!("{own}{between}{FORGED}{end}");
                let fits = written.chars().all(|c| set.has(c) || (*user && (c == ' ' || c.is_ascii_graphic())));
                let line = dated(&format!("{head}{written}{between}{CLIENT}{tail}"), date);
                if fits && self.takes(&line, FORGED) {
                    return Some((source.clone(), line));
                }
            }
        }
        None
    }

    /// Nothing binds the pattern to the begin of the line: any text of the client may hold all of it.
    fn anywhere(&self, parts: &[Part], date: &str, tree: &Tree, before: Option<&Tree>) -> Option<(String, String)> {
        if bound(&tree.root) && before.is_none_or(|before| bound(&before.root)) {
            return None;
        }
        let head = parts.iter().take_while(|part| matches!(part, Part::Prefix(_))).count();
        let (head, rest) = parts.split_at(head);
        let line = format!("{}client {CLIENT} wrote: {}", text(head, CLIENT), text(rest, FORGED));
        let line = dated(&line, date);
        self.takes(&line, FORGED).then(|| ("any text of the client in the line".to_owned(), line))
    }

    fn takes(&self, line: &str, whom: IpAddr) -> bool {
        let mut reading = Reading::of_every_pattern(Arc::clone(self.filter), self.calendar.clone());
        let outcome = reading.line(line);
        let harmless = outcome.ignored || outcome.failures.iter().any(|failure| failure.harmless);
        !harmless && outcome.failures.first().is_some_and(|failure| failure.ip == Some(whom))
    }
}

/// The date stands in the first `[]`, else in front.
fn dated(line: &str, date: &str) -> String {
    if date.is_empty() {
        return line.to_owned();
    }
    match line.split_once("[]") {
        Some((before, after)) => format!("{before}[{date}]{after}"),
        None if line.starts_with([' ', ':', '-', ',', '.']) => format!("{date}{line}"),
        None => format!("{date} {line}"),
    }
}

fn text(parts: &[Part], host: IpAddr) -> String {
    let host = host.to_string();
    parts.iter().map(|part| part.text(&host)).collect()
}

/// True where a pattern begins with `^`.
fn bound(node: &Node) -> bool {
    match node {
        Node::LineStart | Node::TextStart => true,
        Node::Concat(parts) => {
            let empty = |node: &&Node| matches!(node, Node::Empty | Node::Look { .. });
            parts.iter().find(|part| !empty(part)).is_some_and(bound)
        }
        Node::Alternate(branches) => branches.iter().all(bound),
        Node::Group(_, node) | Node::Flagged(_, node) | Node::Atomic(node) => bound(node),
        Node::Repeat { node, least, .. } => *least > 0 && bound(node),
        _ => false,
    }
}
