//! A rule's `detection`: named selections and the condition that joins them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::detect::rules::condition;
use crate::detect::rules::error::Problem;
use crate::detect::rules::expr::Expr;
use crate::detect::rules::item;
use crate::detect::rules::yaml::{Bad, Node, Value};

/// The selections of a rule, by name.
pub(super) type Selections = BTreeMap<String, Arc<Expr>>;

/// The compiled detection; unknown fields are told to `warn`.
pub(super) fn parse(rule: &Node, warn: &mut Vec<Bad>) -> Result<Expr, Bad> {
    let Some(detection) = rule.get("detection") else { return Err((rule.line, Problem::Missing("detection"))) };
    let mut selections = Selections::new();
    for (key, node) in detection.pairs() {
        match key.text.as_str() {
            "condition" => {}
            "timeframe" => return Err((key.line, aggregation("timeframe"))),
            name => {
                selections.insert(name.to_owned(), Arc::new(selection(node, warn)?));
            }
        }
    }
    let conditions = detection.words("condition")?;
    let mut joined = conditions
        .iter()
        .map(|(line, text)| condition::parse(text, &selections).map_err(|problem| (*line, problem)))
        .collect::<Result<Vec<_>, _>>()?;
    match joined.len() {
        0 => Err((detection.line, Problem::Missing("condition"))),
        1 => Ok(joined.remove(0)),
        _ => Ok(Expr::Any(joined)),
    }
}

pub(super) fn aggregation(what: &str) -> Problem {
    Problem::Condition(format!("`{what}` is Sigma's old aggregation; write a correlation document instead"))
}

/// A map is all of its lines, a list any of its items, words are keywords.
fn selection(node: &Node, warn: &mut Vec<Bad>) -> Result<Expr, Bad> {
    match &node.value {
        Value::Map(pairs) => {
            let lines =
                pairs.iter().map(|(key, values)| item::parse(key, values, warn)).collect::<Result<Vec<_>, _>>()?;
            match lines.len() {
                0 => Err(empty(node)),
                _ => Ok(Expr::All(lines)),
            }
        }
        Value::List(items) => {
            let (words, maps): (Vec<&Node>, Vec<&Node>) = items.iter().partition(|item| item.text().is_some());
            let mut any = maps.into_iter().map(|item| selection(item, warn)).collect::<Result<Vec<_>, _>>()?;
            if !words.is_empty() {
                any.push(item::keywords(&words)?);
            }
            if any.is_empty() { Err(empty(node)) } else { Ok(Expr::Any(any)) }
        }
        Value::Scalar { .. } => item::keywords(&[node]),
    }
}

fn empty(node: &Node) -> Bad {
    (node.line, Problem::Shape { key: "a selection".to_owned(), expected: "filled" })
}
