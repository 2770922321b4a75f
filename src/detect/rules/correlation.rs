//! Correlations: what several hits together mean. Parsed here, resolved in [`super::chain`], counted in
//! [`super::correlate`].

use std::time::Duration;

use crate::detect::rules::column::Column;
use crate::detect::rules::error::Problem;
use crate::detect::rules::rule::{RuleIx, default_score, known_keys, level, named, stem};
use crate::detect::rules::threshold::{self, Threshold};
use crate::detect::rules::yaml::{Bad, Node};
use crate::model::alert::Severity;

/// The place of a correlation in its [`crate::detect::rules::RuleSet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CorrelationIx(pub u16);

/// A loaded correlation.
#[derive(Clone, Debug, PartialEq)]
pub struct Correlation {
    pub id: String,
    pub name: Option<String>,
    pub title: String,
    pub level: Severity,
    /// What one firing adds to a client's score.
    pub score: f32,
    /// False where it only feeds another correlation of its own file.
    pub alone: bool,
    /// Its parts raise alerts of themselves, too.
    pub generate: bool,
    pub file: String,
    pub line: u32,
    pub kind: Kind,
    /// Whose hits count; of `temporal_ordered`, in order.
    pub parts: Vec<Part>,
    pub timespan: Duration,
    /// A leaky bucket in place of a window: one hit leaks out in so long.
    pub leak: Option<Duration>,
    pub(super) threshold: Threshold,
}

/// A rule or correlation whose hits count, and how they are grouped.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub source: Source,
    /// Hits count together where these are equal, each with the same place in the other parts.
    pub(super) group_by: Vec<Column>,
    /// What is counted, summed or ranked.
    pub(super) values: Vec<Column>,
}

/// What a hit is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    Rule(RuleIx),
    Correlation(CorrelationIx),
}

/// What is measured of the hits within the timespan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Hits.
    EventCount,
    /// Different values of a field.
    ValueCount,
    /// Different rules that were hit.
    Temporal,
    /// The same, in the order of the parts.
    TemporalOrdered,
    ValueSum,
    ValueAvg,
    /// The value below which so many percent of the values lie.
    ValuePercentile(f64),
}

impl Kind {
    /// What is measured, as a sentence says it.
    pub fn unit(self) -> &'static str {
        match self {
            Self::EventCount | Self::Temporal | Self::TemporalOrdered => "hits",
            Self::ValueCount => "different values",
            Self::ValueSum => "in sum",
            Self::ValueAvg => "on average",
            Self::ValuePercentile(_) => "at the percentile",
        }
    }
}

/// A correlation whose rules and fields are still names.
pub(super) struct Draft {
    pub correlation: Correlation,
    pub names: Vec<(u32, String)>,
    pub group_by: Vec<(u32, String)>,
    pub values: Vec<(u32, String)>,
    /// Alias, rule, field.
    pub aliases: Vec<(String, String, (u32, String))>,
}

const MAX_PARTS: usize = 64;
const MAX_SPAN: u64 = 366 * 24 * 3600;
const KEYS: &[&str] = &["leak", "score"];

pub(super) fn parse(doc: &Node, file: &str) -> Result<Draft, Bad> {
    let Some(body) = doc.get("correlation") else { return Err((doc.line, Problem::Missing("correlation"))) };
    let ours = doc.get("peelhouse");
    known_keys(ours, KEYS)?;
    let names = owned(body.words("rules")?);
    if names.is_empty() || names.len() > MAX_PARTS {
        return Err((body.line, Problem::Shape { key: "rules".to_owned(), expected: "1 to 64 names of rules" }));
    }
    let condition = body.get("condition");
    let kind = kind(body)?;
    let texts: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
    let threshold = threshold::parse(kind, condition, body.line, &texts)?;
    let (level, name) = (level(doc)?, doc.word("name")?);
    let correlation = Correlation {
        id: doc.word("id")?.or(name).map_or_else(|| stem(file), str::to_owned),
        name: name.map(str::to_owned),
        title: doc.word("title")?.ok_or((doc.line, Problem::Missing("title")))?.to_owned(),
        level,
        score: named(ours, "score", "number")?.unwrap_or_else(|| default_score(level)),
        alone: true,
        generate: generate(doc, body)?,
        file: file.to_owned(),
        line: doc.line,
        kind,
        parts: Vec::new(),
        timespan: span(body, "timespan")?.ok_or((body.line, Problem::Missing("timespan")))?,
        leak: leak(ours, kind)?,
        threshold,
    };
    Ok(Draft {
        correlation,
        names,
        group_by: owned(body.words("group-by")?),
        values: values(kind, condition, body.line)?,
        aliases: aliases(body)?,
    })
}

fn owned(words: Vec<(u32, &str)>) -> Vec<(u32, String)> {
    words.into_iter().map(|(line, word)| (line, word.to_owned())).collect()
}

fn kind(body: &Node) -> Result<Kind, Bad> {
    Ok(match body.word("type")? {
        Some("event_count") => Kind::EventCount,
        Some("value_count") => Kind::ValueCount,
        Some("temporal") => Kind::Temporal,
        Some("temporal_ordered") => Kind::TemporalOrdered,
        Some("value_sum") => Kind::ValueSum,
        Some("value_avg") => Kind::ValueAvg,
        Some("value_percentile") => Kind::ValuePercentile(threshold::percentile(body)?),
        Some(other) => {
            let expected = "type: event_count, value_count, temporal, temporal_ordered, value_sum, value_avg or \
                            value_percentile";
            return Err((body.line, Problem::Value { value: other.chars().take(40).collect(), expected }));
        }
        None => return Err((body.line, Problem::Missing("type"))),
    })
}

/// The fields that a condition names: one, or of `value_count` several taken together.
fn values(kind: Kind, condition: Option<&Node>, line: u32) -> Result<Vec<(u32, String)>, Bad> {
    let fields = condition.map_or(Ok(Vec::new()), |condition| condition.words("field"))?;
    match (kind, fields.len()) {
        (Kind::EventCount | Kind::Temporal | Kind::TemporalOrdered, _) => Ok(Vec::new()),
        (_, 0) => Err((line, Problem::Missing("condition: field"))),
        (Kind::ValueCount, _) | (_, 1) => Ok(owned(fields)),
        _ => Err((line, Problem::Shape { key: "field".to_owned(), expected: "one field of numbers" })),
    }
}

fn aliases(body: &Node) -> Result<Vec<(String, String, (u32, String))>, Bad> {
    let mut all = Vec::new();
    for (alias, rules) in body.get("aliases").map_or(&[][..], Node::pairs) {
        for (rule, field) in rules.pairs() {
            let shape = Problem::Shape { key: "an alias".to_owned(), expected: "a field for each rule" };
            let name = field.text().ok_or((field.line, shape))?;
            all.push((alias.text.clone(), rule.text.clone(), (field.line, name.to_owned())));
        }
    }
    Ok(all)
}

/// Stands in the document (as the specification writes it) or in its `correlation` (as most rules do).
fn generate(doc: &Node, body: &Node) -> Result<bool, Bad> {
    let word = body.word("generate")?.or(doc.word("generate")?);
    match word.map(str::to_ascii_lowercase).as_deref() {
        None | Some("false" | "no") => Ok(false),
        Some("true" | "yes") => Ok(true),
        Some(other) => {
            let value = other.chars().take(40).collect();
            Err((body.line, Problem::Value { value, expected: "generate: true or false" }))
        }
    }
}

fn leak(ours: Option<&Node>, kind: Kind) -> Result<Option<Duration>, Bad> {
    let Some(ours) = ours.filter(|ours| ours.get("leak").is_some()) else { return Ok(None) };
    match kind {
        Kind::EventCount | Kind::ValueCount => span(ours, "leak"),
        _ => Err((ours.line, Problem::Shape { key: "leak".to_owned(), expected: "beside event_count or value_count" })),
    }
}

/// `90s`, `5m`, `12h`, `2d`
fn span(node: &Node, key: &'static str) -> Result<Option<Duration>, Bad> {
    let Some(text) = node.word(key)? else { return Ok(None) };
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
        Some(secs) => Ok(Some(Duration::from_secs(secs))),
        None => {
            let line = node.get(key).map_or(node.line, |node| node.line);
            let expected = "span of time like 90s, 5m, 12h or 7d, up to 366d";
            Err((line, Problem::Value { value: text.chars().take(40).collect(), expected }))
        }
    }
}

impl Correlation {
    /// Whether `measured` is what the correlation waits for.
    pub(super) fn is_met(&self, measured: f64) -> bool {
        self.threshold.bounds.iter().all(|(compare, value)| compare.holds(measured, *value))
    }
}
