//! A rule's `detection`: named selections and the condition that joins them.

use std::sync::Arc;

use crate::detect::rules::condition::{self, Tree, aggregation};
use crate::detect::rules::error::Problem;
use crate::detect::rules::expr::Expr;
use crate::detect::rules::item::{self, Context};
use crate::detect::rules::yaml::{Bad, Node, Value};

/// Values that one event is compared with at most, for one rule.
const MAX_VALUES: usize = 20_000;

/// The compiled detection of a rule, or the body of a filter.
pub(super) fn parse(detection: &Node, context: &mut Context<'_>) -> Result<Expr, Bad> {
    let mut names = Vec::new();
    let mut selections = Vec::new();
    for (key, node) in detection.pairs() {
        match key.text.as_str() {
            "condition" => {}
            "timeframe" => return Err((key.line, aggregation("timeframe"))),
            name => {
                names.push(name);
                selections.push(Arc::new(selection(node, context)?));
            }
        }
    }
    let conditions = detection.words("condition")?;
    let mut joined = conditions
        .iter()
        .map(|(line, text)| condition::parse(text, &names).map_err(|problem| (*line, problem)))
        .map(|tree| tree.map(|tree| join(&tree, &selections)))
        .collect::<Result<Vec<_>, _>>()?;
    let expr = match joined.len() {
        0 => return Err((detection.line, Problem::Missing("condition"))),
        1 => joined.remove(0),
        _ => Expr::Any(joined),
    };
    match expr.values(MAX_VALUES) {
        0..=MAX_VALUES => Ok(expr),
        _ => Err((detection.line, Problem::TooManyValues { limit: MAX_VALUES })),
    }
}

fn join(tree: &Tree, selections: &[Arc<Expr>]) -> Expr {
    let each = |parts: &[Tree]| parts.iter().map(|part| join(part, selections)).collect();
    match tree {
        Tree::All(parts) => Expr::All(each(parts)),
        Tree::Any(parts) => Expr::Any(each(parts)),
        Tree::Not(part) => Expr::Not(Box::new(join(part, selections))),
        Tree::Name(at) => selections.get(*at).map_or(Expr::Any(Vec::new()), |expr| Expr::Shared(Arc::clone(expr))),
    }
}

/// A map is all of its lines, a list any of its items, words are keywords.
fn selection(node: &Node, context: &mut Context<'_>) -> Result<Expr, Bad> {
    match &node.value {
        Value::Map(pairs) => {
            let lines = pairs.iter().map(|(key, values)| item::parse(key, values, context));
            let lines = lines.collect::<Result<Vec<_>, _>>()?;
            match lines.len() {
                0 => Err(empty(node)),
                _ => Ok(Expr::All(lines)),
            }
        }
        Value::List(items) => {
            let (words, maps): (Vec<&Node>, Vec<&Node>) = items.iter().partition(|item| item.text().is_some());
            let mut any = maps.into_iter().map(|item| selection(item, context)).collect::<Result<Vec<_>, _>>()?;
            if !words.is_empty() {
                any.push(item::keywords(&words, context)?);
            }
            if any.is_empty() { Err(empty(node)) } else { Ok(Expr::Any(any)) }
        }
        Value::Scalar { .. } => item::keywords(&[node], context),
    }
}

fn empty(node: &Node) -> Bad {
    (node.line, Problem::Shape { key: "a selection".to_owned(), expected: "filled" })
}
