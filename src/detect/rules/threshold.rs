//! What a correlation waits for: bounds of what it measures, or which of its rules were hit.

use crate::detect::rules::condition::{self, Tree};
use crate::detect::rules::correlation::Kind;
use crate::detect::rules::error::Problem;
use crate::detect::rules::expr::Compare;
use crate::detect::rules::yaml::{Bad, Node, Value};

/// A condition of a correlation, parsed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Threshold {
    /// All hold.
    pub bounds: Vec<(Compare, f64)>,
    /// Of temporal correlations: which parts were hit within the timespan.
    pub parts: Option<Tree>,
}

/// Sigma 2.1: a map of bounds, or of temporal correlations a condition over the names of rules, or none.
pub(super) fn parse(kind: Kind, node: Option<&Node>, line: u32, names: &[&str]) -> Result<Threshold, Bad> {
    let temporal = matches!(kind, Kind::Temporal | Kind::TemporalOrdered);
    match node {
        Some(node) if temporal && node.text().is_some() => {
            let tree = condition::parse(node.text().unwrap_or_default(), names);
            Ok(Threshold { bounds: Vec::new(), parts: Some(tree.map_err(|problem| (node.line, problem))?) })
        }
        Some(Node { value: Value::Map(_), .. }) => {
            let bounds = node.map_or(Ok(Vec::new()), bounds)?;
            let complete = temporal && bounds.is_empty();
            Ok(Threshold { bounds: if complete { all_of(names) } else { bounds }, parts: None })
        }
        None if temporal => Ok(Threshold { bounds: all_of(names), parts: None }),
        Some(node) => Err((node.line, Problem::Shape { key: "condition".to_owned(), expected: "a map like gte: 10" })),
        None => Err((line, Problem::Missing("condition"))),
    }
    .and_then(|threshold| match threshold.bounds.is_empty() && threshold.parts.is_none() {
        true => Err((line, Problem::Missing("condition: gt, gte, lt, lte, eq or neq"))),
        false => Ok(threshold),
    })
}

fn all_of(names: &[&str]) -> Vec<(Compare, f64)> {
    vec![(Compare::MoreOrEqual, names.len() as f64)]
}

fn bounds(condition: &Node) -> Result<Vec<(Compare, f64)>, Bad> {
    let mut bounds = Vec::new();
    for (key, node) in condition.pairs() {
        let compare = match key.text.as_str() {
            "gt" => Compare::More,
            "gte" => Compare::MoreOrEqual,
            "lt" => Compare::Less,
            "lte" => Compare::LessOrEqual,
            "eq" => Compare::Equal,
            "neq" => Compare::Unequal,
            "field" | "percentile" => continue,
            other => {
                let value = other.chars().take(40).collect();
                return Err((key.line, Problem::Value { value, expected: "condition: gt, gte, lt, lte, eq or neq" }));
            }
        };
        bounds.push((compare, number(node)?));
    }
    Ok(bounds)
}

/// Which percentile is meant; the median where the condition does not say.
pub(super) fn percentile(body: &Node) -> Result<f64, Bad> {
    let Some(node) = body.get("condition").and_then(|condition| condition.get("percentile")) else { return Ok(50.0) };
    let rank = number(node)?;
    if (0.0..=100.0).contains(&rank) {
        return Ok(rank);
    }
    Err((node.line, Problem::Value { value: rank.to_string(), expected: "percentile from 0 to 100" }))
}

fn number(node: &Node) -> Result<f64, Bad> {
    let text = node.text().unwrap_or_default();
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or((node.line, Problem::Value { value: text.chars().take(40).collect(), expected: "number" }))
}
