//! Correlations: what several hits together mean. Parsed and checked here, counted in [`super::correlate`].

use std::collections::HashMap;
use std::time::Duration;

use crate::detect::rules::error::Problem;
use crate::detect::rules::field::Field;
use crate::detect::rules::rule::{RuleIx, default_score, level, stem};
use crate::detect::rules::yaml::{Bad, Node};
use crate::model::alert::Severity;

/// The place of a correlation in its [`crate::detect::rules::RuleSet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CorrelationIx(pub u16);

/// A loaded correlation.
#[derive(Clone, Debug, PartialEq)]
pub struct Correlation {
    pub id: String,
    pub title: String,
    pub level: Severity,
    /// What one firing adds to a client's score.
    pub score: f32,
    pub file: String,
    pub line: u32,
    pub kind: Kind,
    /// The rules whose hits count; of `temporal_ordered`, in order.
    pub rules: Vec<RuleIx>,
    /// Hits count together where these fields are equal.
    pub group_by: Vec<Field>,
    pub timespan: Duration,
}

/// What must have come together within the timespan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// So many hits.
    EventCount { at_least: u32 },
    /// So many different values of a field.
    ValueCount { field: Field, at_least: u32 },
    /// A hit of each rule.
    Temporal,
    /// A hit of each rule, in the order of `rules`.
    TemporalOrdered,
}

/// A correlation whose rules are still names.
pub(super) struct Draft {
    pub correlation: Correlation,
    names: Vec<(u32, String)>,
}

/// More than this in one window is not counted one by one: memory a group stays bounded.
pub const MAX_COUNT: u32 = 1024;
const MAX_RULES: usize = 16;
const MAX_SPAN: u64 = 7 * 24 * 3600;

pub(super) fn parse(doc: &Node, file: &str) -> Result<Draft, Bad> {
    let Some(body) = doc.get("correlation") else { return Err((doc.line, Problem::Missing("correlation"))) };
    let kind = kind(body)?;
    let names: Vec<_> = body.words("rules")?.into_iter().map(|(line, name)| (line, name.to_owned())).collect();
    if names.is_empty() || names.len() > MAX_RULES {
        return Err((body.line, Problem::Shape { key: "rules".to_owned(), expected: "1 to 16 names of rules" }));
    }
    if let Some(aliases) = body.get("aliases") {
        return Err((aliases.line, unsupported("`aliases`", "all our events name a field the same way; take it out")));
    }
    let level = level(doc)?;
    let id = doc.word("id")?.or(doc.word("name")?).map_or_else(|| stem(file), str::to_owned);
    let correlation = Correlation {
        title: doc.word("title")?.ok_or((doc.line, Problem::Missing("title")))?.to_owned(),
        level,
        score: default_score(level),
        file: file.to_owned(),
        line: doc.line,
        kind,
        rules: Vec::new(),
        group_by: group_by(body)?,
        timespan: timespan(body)?,
        id,
    };
    Ok(Draft { correlation, names })
}

fn unsupported(what: &str, advice: &'static str) -> Problem {
    Problem::Correlation { what: what.to_owned(), advice }
}

fn kind(body: &Node) -> Result<Kind, Bad> {
    match body.word("type")? {
        Some("event_count") => Ok(Kind::EventCount { at_least: at_least(body)? }),
        Some("value_count") => Ok(Kind::ValueCount { field: counted_field(body)?, at_least: at_least(body)? }),
        Some("temporal") => Ok(Kind::Temporal),
        Some("temporal_ordered") => Ok(Kind::TemporalOrdered),
        Some(other) => {
            let advice = "use event_count, value_count, temporal or temporal_ordered";
            Err((body.line, unsupported(&format!("type `{}`", other.chars().take(40).collect::<String>()), advice)))
        }
        None => Err((body.line, Problem::Missing("type"))),
    }
}

/// The lower bound of a condition; upper bounds would have to wait for what does not happen.
fn at_least(body: &Node) -> Result<u32, Bad> {
    let Some(condition) = body.get("condition") else { return Err((body.line, Problem::Missing("condition"))) };
    let mut bound = None;
    for (key, node) in condition.pairs() {
        let number = || {
            let text = node.text().unwrap_or_default();
            let number = text.parse().ok().filter(|number| (0..=MAX_COUNT).contains(number));
            number.ok_or((
                node.line,
                Problem::Value { value: text.chars().take(40).collect(), expected: "whole number up to 1024" },
            ))
        };
        match key.text.as_str() {
            "gte" => bound = Some(number()?),
            "gt" => bound = Some(number()? + 1),
            "field" => {}
            other => {
                let what = format!("condition `{}`", other.chars().take(40).collect::<String>());
                return Err((key.line, unsupported(&what, "use gte or gt")));
            }
        }
    }
    bound.filter(|bound| *bound > 0).ok_or((condition.line, Problem::Missing("condition: gte")))
}

fn counted_field(body: &Node) -> Result<Field, Bad> {
    let condition = body.get("condition");
    let node = condition.and_then(|condition| condition.get("field"));
    let Some(node) = node else { return Err((body.line, Problem::Missing("condition: field"))) };
    known_field(node.line, node.text().unwrap_or_default())
}

fn group_by(body: &Node) -> Result<Vec<Field>, Bad> {
    body.words("group-by")?.into_iter().map(|(line, name)| known_field(line, name)).collect()
}

fn known_field(line: u32, name: &str) -> Result<Field, Bad> {
    let expected = "field of our logs";
    Field::by_name(name).ok_or_else(|| (line, Problem::Value { value: name.chars().take(60).collect(), expected }))
}

/// `90s`, `5m`, `12h`, `2d`
fn timespan(body: &Node) -> Result<Duration, Bad> {
    let text = body.word("timespan")?.ok_or((body.line, Problem::Missing("timespan")))?;
    let unit = match text.as_bytes().last() {
        Some(b's') => Some(1),
        Some(b'm') => Some(60),
        Some(b'h') => Some(3600),
        Some(b'd') => Some(86_400),
        _ => None,
    };
    let number = text.get(..text.len().saturating_sub(1)).and_then(|digits| digits.parse::<u64>().ok());
    let secs = unit.zip(number).and_then(|(unit, number)| number.checked_mul(unit));
    match secs.filter(|secs| (1..=MAX_SPAN).contains(secs)) {
        Some(secs) => Ok(Duration::from_secs(secs)),
        None => {
            let line = body.get("timespan").map_or(body.line, |node| node.line);
            Err((
                line,
                Problem::Value {
                    value: text.chars().take(40).collect(),
                    expected: "timespan like 90s, 5m or 12h, up to 7d",
                },
            ))
        }
    }
}

impl Draft {
    /// Names become rules.
    pub fn resolve(mut self, known: &HashMap<String, Option<RuleIx>>) -> Result<Correlation, Bad> {
        for (line, name) in self.names {
            match known.get(&name) {
                Some(Some(rule)) => self.correlation.rules.push(*rule),
                Some(None) => {
                    return Err((line, unsupported("a correlation of correlations", "name the rules themselves")));
                }
                None => return Err((line, Problem::UnknownRule(name))),
            }
        }
        Ok(self.correlation)
    }
}
