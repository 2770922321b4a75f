//! The grammar of expressions, by recursive descent with a bound on depth.

use crate::effective::apache::expr::{Condition, Piece, Word};
use crate::effective::apache::pattern::Pattern;

/// Parentheses and negations within one another.
const DEEPEST: usize = 50;

/// A whole condition; none where it is not one.
pub fn read(text: &str) -> Option<Condition> {
    let mut reader = Reader { rest: text, depth: 0 };
    let condition = reader.either()?;
    reader.space();
    reader.rest.is_empty().then_some(condition)
}

struct Reader<'t> {
    rest: &'t str,
    depth: usize,
}

impl Reader<'_> {
    fn either(&mut self) -> Option<Condition> {
        let mut left = self.both()?;
        while self.take("||") || self.keyword("or") {
            left = Condition::Or(Box::new(left), Box::new(self.both()?));
        }
        Some(left)
    }

    fn both(&mut self) -> Option<Condition> {
        let mut left = self.single()?;
        while self.take("&&") || self.keyword("and") {
            left = Condition::And(Box::new(left), Box::new(self.single()?));
        }
        Some(left)
    }

    fn single(&mut self) -> Option<Condition> {
        self.depth += 1;
        let condition = if self.depth > DEEPEST { None } else { self.one() };
        self.depth -= 1;
        condition
    }

    fn one(&mut self) -> Option<Condition> {
        self.space();
        if !self.rest.starts_with("!=") && !self.rest.starts_with("!~") && self.take("!") || self.keyword("not") {
            return Some(Condition::Not(Box::new(self.single()?)));
        }
        if self.take("(") {
            let inner = self.either()?;
            return self.take(")").then_some(inner);
        }
        for (word, value) in [("true", true), ("false", false)] {
            if self.keyword(word) {
                return Some(Condition::Constant(value));
            }
        }
        match self.unary() {
            Some(kind) => {
                let word = self.word()?;
                Some(if "znT".contains(kind) { Condition::Unary(kind, word) } else { Condition::Unknown })
            }
            None => self.comparison(),
        }
    }

    /// `-z` and its like: a dash, a letter, and no letter after it.
    fn unary(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let (dash, letter, next) = (characters.next()?, characters.next()?, characters.next());
        if dash != '-' || !letter.is_ascii_alphabetic() || next.is_some_and(|next| next.is_ascii_alphanumeric()) {
            return None;
        }
        self.rest = self.rest.get(2..)?;
        Some(letter)
    }

    fn comparison(&mut self) -> Option<Condition> {
        let left = self.word()?;
        self.space();
        if self.keyword("in") {
            return self.list(left);
        }
        for (operator, negated) in [("=~", false), ("!~", true)] {
            if self.take(operator) {
                let matches = Condition::Matches(left, self.pattern()?);
                return Some(if negated { Condition::Not(Box::new(matches)) } else { matches });
            }
        }
        for network in ["-ipmatch", "-strmatch", "-strcmatch", "-fnmatch"] {
            if self.take(network) {
                self.word()?;
                return Some(Condition::Unknown);
            }
        }
        let operator = self.operator()?;
        Some(Condition::Compare(left, operator, self.word()?))
    }

    fn operator(&mut self) -> Option<&'static str> {
        let operators = [
            ("==", "=="),
            ("!=", "!="),
            ("<=", "<="),
            (">=", ">="),
            ("=", "=="),
            ("<", "<"),
            (">", ">"),
            ("-eq", "-eq"),
            ("-ne", "-ne"),
            ("-lt", "-lt"),
            ("-le", "-le"),
            ("-gt", "-gt"),
            ("-ge", "-ge"),
            ("eq", "-eq"),
            ("ne", "-ne"),
            ("lt", "-lt"),
            ("le", "-le"),
            ("gt", "-gt"),
            ("ge", "-ge"),
        ];
        operators.iter().find(|(written, _)| self.take(written)).map(|(_, operator)| *operator)
    }

    fn list(&mut self, word: Word) -> Option<Condition> {
        if !self.take("{") {
            // A list that a function gives.
            self.word()?;
            return Some(Condition::Unknown);
        }
        let mut entries = vec![self.word()?];
        while self.take(",") {
            entries.push(self.word()?);
        }
        self.take("}").then_some(Condition::In(word, entries))
    }

    /// `/…/`, or `m` with a character of its own; `i` after it ignores case.
    fn pattern(&mut self) -> Option<Pattern> {
        self.space();
        let rest = self.rest.strip_prefix('m').unwrap_or(self.rest);
        let mark = rest.chars().next().filter(|mark| "/#$%^|?!'\",;:._-".contains(*mark))?;
        let body = rest.get(mark.len_utf8()..)?;
        let (text, after) = body.split_at_checked(end_of(body, mark)?)?;
        let after = after.get(mark.len_utf8()..)?;
        let flags = after.len() - after.trim_start_matches(['i', 's', 'm', 'g']).len();
        let (flags, after) = after.split_at_checked(flags)?;
        self.rest = after;
        let text = text.replace(&format!("\\{mark}"), &mark.to_string());
        Some(if flags.contains('i') { Pattern::ignoring_case(&text) } else { Pattern::new(text) })
    }

    fn word(&mut self) -> Option<Word> {
        self.space();
        let first = self.rest.chars().next()?;
        match first {
            '\'' | '"' => self.quoted(first),
            '%' => Some(Word(vec![self.variable()?])),
            '$' => {
                self.rest = self.rest.get(1..)?.trim_start_matches(|c: char| c.is_ascii_digit());
                Some(Word(vec![Piece::Unknown]))
            }
            c if c.is_ascii_digit() => {
                let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
                let (digits, rest) = self.rest.split_at_checked(end)?;
                self.rest = rest;
                Some(Word(vec![Piece::Text(digits.to_owned())]))
            }
            c if c.is_ascii_alphabetic() => self.function(),
            _ => None,
        }
    }

    fn quoted(&mut self, quote: char) -> Option<Word> {
        self.rest = self.rest.get(1..)?;
        let (mut pieces, mut text) = (Vec::new(), String::new());
        loop {
            let next = self.rest.chars().next()?;
            match next {
                _ if next == quote => {
                    self.rest = self.rest.get(1..)?;
                    pieces.push(Piece::Text(text));
                    return Some(Word(pieces));
                }
                '%' if self.rest.starts_with("%{") => {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                    pieces.push(self.variable()?);
                }
                '$' if self.rest.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) => {
                    pieces.push(Piece::Unknown);
                    self.rest = self.rest.get(2..)?;
                }
                '\\' => {
                    let escaped = self.rest.chars().nth(1)?;
                    text.push(escaped);
                    self.rest = self.rest.get(1 + escaped.len_utf8()..)?;
                }
                other => {
                    text.push(other);
                    self.rest = self.rest.get(other.len_utf8()..)?;
                }
            }
        }
    }

    fn variable(&mut self) -> Option<Piece> {
        let inner = self.rest.strip_prefix("%{")?;
        let (name, rest) = inner.split_once('}')?;
        self.rest = rest;
        // `%{func:argument}` calls a function; `%{HTTP:…}` reads a header.
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') || name == "HTTP:Host";
        Some(if plain { Piece::Variable(name.to_owned()) } else { Piece::Unknown })
    }

    fn function(&mut self) -> Option<Word> {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        self.rest = self.rest.get(end..)?;
        if !self.take("(") {
            return None;
        }
        self.depth += 1;
        let argument = if self.depth > DEEPEST { None } else { self.word() };
        self.depth -= 1;
        argument?;
        self.take(")").then(|| Word(vec![Piece::Unknown]))
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, token: &str) -> bool {
        self.space();
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn keyword(&mut self, word: &str) -> bool {
        self.space();
        let rest = self.rest.strip_prefix(word);
        let rest = rest.filter(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'));
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

/// Where an unescaped mark ends a pattern.
fn end_of(body: &str, mark: char) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in body.char_indices() {
        if character == mark && !escaped {
            return Some(at);
        }
        escaped = character == '\\' && !escaped;
    }
    None
}
