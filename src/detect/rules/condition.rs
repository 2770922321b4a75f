//! Sigma's condition grammar: `or` binds loosest, then `and`, `not`, `1 of x*`, `all of them`, parentheses.

use std::collections::HashMap;

use crate::detect::rules::error::Problem;

const MAX_BYTES: usize = 4096;
const MAX_DEPTH: usize = 32;
/// Names that all `of` of one condition may stand for.
const MAX_CHOSEN: usize = 4096;

/// A condition over names, each by its place among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tree {
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Not(Box<Tree>),
    Name(usize),
}

impl Tree {
    /// Whether it holds where `of` tells which names do.
    pub fn holds(&self, of: &impl Fn(usize) -> bool) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(of)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(of)),
            Self::Not(part) => !part.holds(of),
            Self::Name(at) => of(*at),
        }
    }
}

/// The condition over `names`.
pub(super) fn parse(text: &str, names: &[&str]) -> Result<Tree, Problem> {
    if text.len() > MAX_BYTES {
        return Err(Problem::Condition(format!("longer than {MAX_BYTES} bytes; split the rule")));
    }
    if text.contains('|') {
        return Err(aggregation("|"));
    }
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let places = names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
    let mut parser = Parser { words: &words, at: 0, names, places, chosen: 0, depth: 0 };
    let tree = parser.or()?;
    match parser.peek() {
        None => Ok(tree),
        Some(word) => Err(Problem::Condition(format!("`{word}` is not expected here"))),
    }
}

/// What Sigma said with pipes before it had correlations.
pub(super) fn aggregation(what: &str) -> Problem {
    Problem::Condition(format!("`{what}` is Sigma's old aggregation; write a correlation document instead"))
}

struct Parser<'c> {
    words: &'c [&'c str],
    at: usize,
    names: &'c [&'c str],
    places: HashMap<&'c str, usize>,
    chosen: usize,
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

    fn or(&mut self) -> Result<Tree, Problem> {
        let mut parts = vec![self.and()?];
        while self.next_is("or") {
            parts.push(self.and()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Tree::Any(parts) })
    }

    fn and(&mut self) -> Result<Tree, Problem> {
        let mut parts = vec![self.not()?];
        while self.next_is("and") {
            parts.push(self.not()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Tree::All(parts) })
    }

    fn not(&mut self) -> Result<Tree, Problem> {
        let mut negated = false;
        while self.next_is("not") {
            negated = !negated;
        }
        let part = self.primary()?;
        Ok(if negated { Tree::Not(Box::new(part)) } else { part })
    }

    fn primary(&mut self) -> Result<Tree, Problem> {
        let Some(word) = self.peek() else { return Err(Problem::Condition("ends too early".to_owned())) };
        self.at += 1;
        let of = self.peek().is_some_and(|next| next.eq_ignore_ascii_case("of"));
        match word {
            "(" => self.parenthesis(),
            _ if of => {
                self.at += 1;
                self.quantified(word)
            }
            _ => match self.places.get(word) {
                Some(at) => Ok(Tree::Name(*at)),
                None => Err(Problem::Condition(format!("there is no selection `{word}`"))),
            },
        }
    }

    fn parenthesis(&mut self) -> Result<Tree, Problem> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Problem::TooDeep { limit: MAX_DEPTH });
        }
        let inner = self.or()?;
        self.depth -= 1;
        if self.next_is(")") { Ok(inner) } else { Err(Problem::Condition("`)` is missing".to_owned())) }
    }

    /// After `1 of` or `all of`.
    fn quantified(&mut self, count: &str) -> Result<Tree, Problem> {
        let pattern = self.peek().unwrap_or_default();
        self.at += 1;
        let meant = |name: &str| {
            if pattern == "them" { !name.starts_with('_') } else { glob(pattern.as_bytes(), name.as_bytes()) }
        };
        let places = self.names.iter().enumerate().filter(|(_, name)| meant(name));
        let chosen: Vec<Tree> = places.map(|(at, _)| Tree::Name(at)).collect();
        self.chosen += chosen.len();
        if self.chosen > MAX_CHOSEN {
            return Err(Problem::Condition(format!("stands for more than {MAX_CHOSEN} selections; split the rule")));
        }
        if chosen.is_empty() {
            return Err(Problem::Condition(format!("no selection is named like `{pattern}`")));
        }
        match count.to_ascii_lowercase().as_str() {
            "1" | "any" => Ok(Tree::Any(chosen)),
            "all" => Ok(Tree::All(chosen)),
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

    const NAMES: [&str; 4] = ["_c", "a", "b1", "b2"];

    /// The tree in brackets; every name prints as itself.
    fn shape(tree: &Tree) -> String {
        let join = |parts: &[Tree], by: &str| format!("({})", parts.iter().map(shape).collect::<Vec<_>>().join(by));
        match tree {
            Tree::All(parts) => join(parts, "&"),
            Tree::Any(parts) => join(parts, "|"),
            Tree::Not(part) => format!("!{}", shape(part)),
            Tree::Name(at) => NAMES[*at].to_owned(),
        }
    }

    #[test]
    fn binding_follows_the_grammar() {
        for (text, tree) in [
            ("a or b1 and not b2", "(a|(b1&!b2))"),
            ("not (a or b1) and b2", "(!(a|b1)&b2)"),
            ("1 of b* or all of them", "((b1|b2)|(a&b1&b2))"),
            ("NOT not a", "a"),
            ("all of _c", "(_c)"),
            ("ALL OF *1", "(b1)"),
        ] {
            assert_eq!(shape(&parse(text, &NAMES).unwrap()), tree, "{text}");
        }
    }

    #[test]
    fn nonsense_is_named() {
        for text in ["", "a and", "a b1", "nobody", "1 of z*", "2 of b*", "(a", "a | count() > 3"] {
            assert!(parse(text, &NAMES).is_err(), "{text}");
        }
        assert!(matches!(parse(&"(".repeat(2000), &NAMES), Err(Problem::TooDeep { .. })));
    }

    #[test]
    fn a_condition_never_grows_far_beyond_its_text() {
        let many: Vec<String> = (0..1000).map(|at| format!("s{at}")).collect();
        let names: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(parse("1 of s* or 1 of s*", &names).is_ok());
        assert!(parse(&["1 of s*"; 5].join(" or "), &names).is_err());
    }

    #[test]
    fn names_are_globbed() {
        assert!(glob(b"sel*", b"selection") && glob(b"*x*y", b"axbxy") && glob(b"a", b"a"));
        assert!(!glob(b"a*a", b"a") && !glob(b"a", b"ab") && !glob(b"*x", b"xy"));
    }
}
