//! Filters: exceptions in documents of their own, as `and not` on the rules they name.

use std::sync::Arc;

use crate::detect::rules::detection;
use crate::detect::rules::error::Problem;
use crate::detect::rules::expr::Expr;
use crate::detect::rules::item::{Context, Given, Written};
use crate::detect::rules::logsource::Logsource;
use crate::detect::rules::names::Names;
use crate::detect::rules::rule::{self, Rule};
use crate::detect::rules::yaml::{Bad, Key, Node, Value};

/// A filter whose rules are still names.
pub(super) struct Draft {
    pub file: String,
    line: u32,
    source: Logsource,
    /// None is any rule of the logsource.
    names: Option<Vec<(u32, String)>>,
    test: Arc<Expr>,
}

/// A document with a `filter`.
pub(super) fn parse(doc: &Node, file: &str, given: &Given<'_>, warn: &mut Vec<Bad>) -> Result<Draft, Bad> {
    let Some(body) = doc.get("filter") else { return Err((doc.line, Problem::Missing("filter"))) };
    doc.word("title")?.ok_or((doc.line, Problem::Missing("title")))?;
    let source = rule::logsource(doc)?;
    let mut context = Context { source: &source, given, warnings: Vec::new(), written: Written::target() };
    let test = detection::parse(&without_rules(body), &mut context);
    warn.append(&mut context.warnings);
    Ok(Draft { file: file.to_owned(), line: doc.line, names: names(body)?, test: Arc::new(test?), source })
}

fn names(body: &Node) -> Result<Option<Vec<(u32, String)>>, Bad> {
    let names: Vec<_> = body.words("rules")?.into_iter().map(|(line, name)| (line, name.to_owned())).collect();
    match names.as_slice() {
        [] => Err((body.line, Problem::Missing("rules"))),
        [(_, word)] if ["any", "all"].iter().any(|any| word.eq_ignore_ascii_case(any)) => Ok(None),
        _ => Ok(Some(names)),
    }
}

/// The rest of a filter reads as a detection does.
fn without_rules(body: &Node) -> Node {
    let rest: Vec<(Key, Node)> = body.pairs().iter().filter(|(key, _)| key.text != "rules").cloned().collect();
    Node { line: body.line, value: Value::Map(rest) }
}

/// Exceptions that all filters of a set may make.
const MAX_EXCEPTIONS: usize = 1 << 20;

impl Draft {
    /// Takes what the filter describes out of its rules; tells the names that it cannot. `made` counts exceptions.
    pub fn apply(&self, rules: &mut [Rule], known: &Names, made: &mut usize) -> Vec<Bad> {
        let Some(names) = &self.names else {
            let covered: Vec<&mut Rule> = rules.iter_mut().filter(|rule| self.source.covers(&rule.source)).collect();
            *made += covered.len();
            if *made > MAX_EXCEPTIONS {
                return vec![(self.line, Problem::TooMany { what: "exceptions of filters", limit: MAX_EXCEPTIONS })];
            }
            covered.into_iter().for_each(|rule| self.except(rule));
            return Vec::new();
        };
        let mut bad = Vec::new();
        for (line, name) in names {
            let rule = known.rule(name).and_then(|at| rules.get_mut(usize::from(at.0)));
            match rule {
                Some(rule) if self.source.covers(&rule.source) => self.except(rule),
                Some(_) => bad.push((*line, Problem::FilterLogsource(name.chars().take(80).collect()))),
                None => bad.push((*line, Problem::UnknownRule(name.chars().take(80).collect()))),
            }
        }
        bad
    }

    fn except(&self, rule: &mut Rule) {
        let test = Expr::Shared(Arc::clone(&self.test));
        // pySigma reads `condition: not x` as what remains of the rule, the specification `condition: x` as what goes.
        let not = if matches!(*self.test, Expr::Not(_)) { test } else { Expr::Not(Box::new(test)) };
        // Flat, so that many filters are no deep nest.
        match &mut rule.test {
            Expr::All(parts) => parts.push(not),
            test => {
                let whole = std::mem::replace(test, Expr::Any(Vec::new()));
                *test = Expr::All(vec![whole, not]);
            }
        }
    }
}
