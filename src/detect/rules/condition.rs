//! Sigma's condition grammar: `or` binds loosest, then `and`, `not`, `1 of x*`, `all of them`, parentheses.

use std::sync::Arc;

use crate::detect::rules::detection::{Selections, aggregation};
use crate::detect::rules::error::Problem;
use crate::detect::rules::expr::Expr;

const MAX_BYTES: usize = 4096;
const MAX_DEPTH: usize = 32;

/// The condition over the named selections.
pub(super) fn parse(text: &str, selections: &Selections) -> Result<Expr, Problem> {
    if text.len() > MAX_BYTES {
        return Err(Problem::Condition(format!("longer than {MAX_BYTES} bytes; split the rule")));
    }
    if text.contains('|') {
        return Err(aggregation("|"));
    }
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser { words: &words, at: 0, selections, depth: 0 };
    let expr = parser.or()?;
    match parser.peek() {
        None => Ok(expr),
        Some(word) => Err(Problem::Condition(format!("`{word}` is not expected here"))),
    }
}

struct Parser<'c> {
    words: &'c [&'c str],
    at: usize,
    selections: &'c Selections,
    depth: usize,
}

impl<'c> Parser<'c> {
    fn peek(&self) -> Option<&'c str> {
        self.words.get(self.at).copied()
    }

    fn next_is(&mut self, word: &str) -> bool {
        let is = self.peek().is_some_and(|next| next.eq_ignore_ascii_case(word));
        self.at += usize::from(is);
        is
    }

    fn or(&mut self) -> Result<Expr, Problem> {
        let mut parts = vec![self.and()?];
        while self.next_is("or") {
            parts.push(self.and()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expr::Any(parts) })
    }

    fn and(&mut self) -> Result<Expr, Problem> {
        let mut parts = vec![self.not()?];
        while self.next_is("and") {
            parts.push(self.not()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expr::All(parts) })
    }

    fn not(&mut self) -> Result<Expr, Problem> {
        let mut negated = false;
        while self.next_is("not") {
            negated = !negated;
        }
        let part = self.primary()?;
        Ok(if negated { Expr::Not(Box::new(part)) } else { part })
    }

    fn primary(&mut self) -> Result<Expr, Problem> {
        let Some(word) = self.peek() else { return Err(Problem::Condition("ends too early".to_owned())) };
        self.at += 1;
        let of = self.peek().is_some_and(|next| next.eq_ignore_ascii_case("of"));
        match word {
            "(" => self.parenthesis(),
            _ if of => {
                self.at += 1;
                self.quantified(word)
            }
            _ => match self.selections.get(word) {
                Some(expr) => Ok(Expr::Shared(Arc::clone(expr))),
                None => Err(Problem::Condition(format!("there is no selection `{word}`"))),
            },
        }
    }

    fn parenthesis(&mut self) -> Result<Expr, Problem> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Problem::TooDeep { limit: MAX_DEPTH });
        }
        let inner = self.or()?;
        self.depth -= 1;
        if self.next_is(")") { Ok(inner) } else { Err(Problem::Condition("`)` is missing".to_owned())) }
    }

    /// After `1 of` or `all of`.
    fn quantified(&mut self, count: &str) -> Result<Expr, Problem> {
        let pattern = self.peek().unwrap_or_default();
        self.at += 1;
        let chosen: Vec<Expr> =
            self.selections
                .iter()
                .filter(|(name, _)| {
                    if pattern == "them" { !name.starts_with('_') } else { glob(pattern.as_bytes(), name.as_bytes()) }
                })
                .map(|(_, expr)| Expr::Shared(Arc::clone(expr)))
                .collect();
        if chosen.is_empty() {
            return Err(Problem::Condition(format!("no selection is named like `{pattern}`")));
        }
        match count.to_ascii_lowercase().as_str() {
            "1" | "any" => Ok(Expr::Any(chosen)),
            "all" => Ok(Expr::All(chosen)),
            _ => Err(Problem::Condition(format!("`{count} of` is neither `1 of` nor `all of`"))),
        }
    }
}

/// `*` is any text, the rest stands for itself.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let mut pieces = pattern.split(|byte| *byte == b'*');
    let Some(mut rest) = name.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let mut last: Option<&[u8]> = None;
    for piece in pieces {
        if let Some(middle) = last.replace(piece) {
            match memchr::memmem::find(rest, middle) {
                Some(at) => rest = rest.get(at + middle.len()..).unwrap_or_default(),
                None => return false,
            }
        }
    }
    last.map_or(rest.is_empty(), |end| rest.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::rules::expr::Test;

    fn selections() -> Selections {
        ["a", "b1", "b2", "_c"].map(|name| (name.to_owned(), Arc::new(Expr::Test(Test::Never)))).into()
    }

    /// The tree in brackets; every selection prints as `x`.
    fn shape(expr: &Expr) -> String {
        let join = |parts: &[Expr], by: &str| format!("({})", parts.iter().map(shape).collect::<Vec<_>>().join(by));
        match expr {
            Expr::All(parts) => join(parts, "&"),
            Expr::Any(parts) => join(parts, "|"),
            Expr::Not(part) => format!("!{}", shape(part)),
            Expr::Shared(_) | Expr::Test(_) => "x".to_owned(),
        }
    }

    #[test]
    fn binding_follows_the_grammar() {
        for (text, tree) in [
            ("a or b1 and not b2", "(x|(x&!x))"),
            ("not (a or b1) and b2", "(!(x|x)&x)"),
            ("1 of b* or all of them", "((x|x)|(x&x&x))"),
            ("NOT not a", "x"),
            ("all of _c", "(x)"),
        ] {
            assert_eq!(shape(&parse(text, &selections()).unwrap()), tree, "{text}");
        }
    }

    #[test]
    fn nonsense_is_named() {
        for text in ["", "a and", "a b1", "nobody", "1 of z*", "2 of b*", "(a", "a | count() > 3"] {
            assert!(parse(text, &selections()).is_err(), "{text}");
        }
        assert!(matches!(parse(&"(".repeat(2000), &selections()), Err(Problem::TooDeep { .. })));
    }

    #[test]
    fn names_are_globbed() {
        assert!(glob(b"sel*", b"selection") && glob(b"*x*y", b"axbxy") && glob(b"a", b"a"));
        assert!(!glob(b"a*a", b"a") && !glob(b"a", b"ab") && !glob(b"*x", b"xy"));
    }
}
