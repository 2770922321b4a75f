//! A pattern's text → its tree.

use std::collections::BTreeMap;

use crate::detect::fail2ban::python::class::{Class, Item};
use crate::detect::fail2ban::python::{Flags, Greed, Node, PatternError};

/// The longest pattern that is read.
const MOST_BYTES: usize = 1 << 16;
const MOST_DEPTH: usize = 100;
/// As large as a count may be; beyond, the engines refuse anyway.
const MOST_COUNT: u32 = 10_000;

/// A pattern with its groups.
#[derive(Clone, Debug)]
pub struct Tree {
    pub root: Node,
    /// Names of groups by number; number 0 is the whole match.
    pub names: Vec<Option<String>>,
}

impl Tree {
    pub fn group(&self, name: &str) -> Option<u32> {
        let at = self.names.iter().position(|known| known.as_deref() == Some(name))?;
        u32::try_from(at).ok()
    }
}

/// Reads a pattern.
///
/// # Errors
/// Where Python would not take it either, or a flag is used that no engine here has.
pub fn parse(pattern: &str) -> Result<Tree, PatternError> {
    if pattern.len() > MOST_BYTES {
        return Err(PatternError::TooLong(MOST_BYTES));
    }
    let mut parser = Parser { rest: pattern, names: vec![None], by_name: BTreeMap::new(), depth: 0 };
    let flags = parser.leading_flags()?;
    let root = parser.alternatives()?;
    if !parser.rest.is_empty() {
        return Err(PatternError::Closed);
    }
    let root = if flags == Flags::default() { root } else { Node::Flagged(flags, Box::new(root)) };
    Ok(Tree { root, names: parser.names })
}

struct Parser<'t> {
    rest: &'t str,
    names: Vec<Option<String>>,
    by_name: BTreeMap<String, u32>,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let eaten = self.rest.strip_prefix(text);
        self.rest = eaten.unwrap_or(self.rest);
        eaten.is_some()
    }

    /// What stands before `end`, which is taken too.
    fn until(&mut self, end: char) -> Result<&'t str, PatternError> {
        let (before, after) = self.rest.split_once(end).ok_or(PatternError::Open)?;
        self.rest = after;
        Ok(before)
    }

    fn leading_flags(&mut self) -> Result<Flags, PatternError> {
        let mut flags = Flags::default();
        while let Some(inner) = self.rest.strip_prefix("(?") {
            let Some((letters, after)) = inner.split_once(')') else { break };
            if letters.is_empty() || !letters.chars().all(|c| c.is_ascii_lowercase()) {
                break;
            }
            letters.chars().try_for_each(|letter| flag(letter, true, &mut flags))?;
            self.rest = after;
        }
        Ok(flags)
    }

    fn alternatives(&mut self) -> Result<Node, PatternError> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err(PatternError::TooDeep(MOST_DEPTH));
        }
        let mut branches = vec![self.sequence()?];
        while self.eat("|") {
            branches.push(self.sequence()?);
        }
        self.depth -= 1;
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Alternate(branches) })
    }

    fn sequence(&mut self) -> Result<Node, PatternError> {
        let mut parts = Vec::new();
        while !matches!(self.peek(), None | Some('|' | ')')) {
            let atom = self.atom()?;
            parts.push(self.repeated(atom)?);
        }
        Ok(match parts.len() {
            0 => Node::Empty,
            1 => parts.remove(0),
            _ => Node::Concat(parts),
        })
    }

    fn atom(&mut self) -> Result<Node, PatternError> {
        Ok(match self.take().unwrap_or_default() {
            '(' => self.group()?,
            '[' => Node::Class(self.class()?),
            '\\' => self.escape()?,
            '.' => Node::Any,
            '^' => Node::LineStart,
            '$' => Node::LineEnd,
            c @ ('*' | '+' | '?') => return Err(PatternError::Nothing(c)),
            c => Node::Literal(c),
        })
    }

    fn repeated(&mut self, mut node: Node) -> Result<Node, PatternError> {
        if let Some((least, most)) = self.count()? {
            if node == Node::LineStart {
                return Err(PatternError::Nothing('*'));
            }
            let greed = match self.peek() {
                Some('?') => Greed::Lazy,
                Some('+') => Greed::Possessive,
                _ => Greed::Greedy,
            };
            if greed != Greed::Greedy {
                self.take();
            }
            node = Node::Repeat { node: Box::new(node), least, most, greed };
        }
        Ok(node)
    }

    /// `*`, `+`, `?`, `{2}`, `{2,}`, `{,3}`, `{2,3}`; any other `{` is a character.
    fn count(&mut self) -> Result<Option<(u32, Option<u32>)>, PatternError> {
        let simple = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => return Ok(self.braces()),
            _ => return Ok(None),
        };
        self.take();
        Ok(Some(simple))
    }

    fn braces(&mut self) -> Option<(u32, Option<u32>)> {
        let (inner, after) = self.rest.strip_prefix('{')?.split_once('}')?;
        let number = |text: &str| text.parse().ok().filter(|count| *count <= MOST_COUNT);
        let counts = match inner.split_once(',') {
            None => number(inner).map(|count| (count, Some(count)))?,
            Some(("", "")) => return None,
            Some(("", most)) => (0, Some(number(most)?)),
            Some((least, "")) => (number(least)?, None),
            Some((least, most)) => (number(least)?, Some(number(most)?)),
        };
        self.rest = after;
        Some(counts)
    }

    fn group(&mut self) -> Result<Node, PatternError> {
        if !self.eat("?") {
            return self.capture(None);
        }
        let look = [("=", true, true), ("!", true, false), ("<=", false, true), ("<!", false, false)];
        for (sign, ahead, wanted) in look {
            if self.eat(sign) {
                return Ok(Node::Look { ahead, wanted, node: Box::new(self.closed()?) });
            }
        }
        match self.peek() {
            Some('P') => self.named(),
            Some(':') => {
                self.take();
                Ok(Node::Flagged(Flags::default(), Box::new(self.closed()?)))
            }
            Some('>') => {
                self.take();
                Ok(Node::Atomic(Box::new(self.closed()?)))
            }
            Some('#') => self.until(')').map(|_| Node::Empty),
            Some('(') => self.conditional(),
            _ => self.flagged(),
        }
    }

    fn closed(&mut self) -> Result<Node, PatternError> {
        let node = self.alternatives()?;
        if self.eat(")") { Ok(node) } else { Err(PatternError::Open) }
    }

    fn capture(&mut self, name: Option<&str>) -> Result<Node, PatternError> {
        let number = u32::try_from(self.names.len()).map_err(|_| PatternError::TooDeep(MOST_DEPTH))?;
        if let Some(name) = name
            && self.by_name.insert(name.to_owned(), number).is_some()
        {
            return Err(PatternError::Twice(name.to_owned()));
        }
        self.names.push(name.map(str::to_owned));
        Ok(Node::Group(number, Box::new(self.closed()?)))
    }

    fn named(&mut self) -> Result<Node, PatternError> {
        self.take();
        if self.eat("<") {
            let name = self.until('>')?;
            let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
            if !first || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(PatternError::Name(name.to_owned()));
            }
            return self.capture(Some(name));
        }
        if self.eat("=") {
            let name = self.until(')')?;
            return self.number(name).map(Node::Back);
        }
        Err(PatternError::Group("P".to_owned()))
    }

    fn number(&self, name: &str) -> Result<u32, PatternError> {
        let number = name.parse::<u32>().ok().filter(|number| (*number as usize) < self.names.len() && *number > 0);
        let number = number.or_else(|| self.by_name.get(name).copied());
        number.ok_or_else(|| PatternError::Unknown(name.to_owned()))
    }

    fn conditional(&mut self) -> Result<Node, PatternError> {
        self.take();
        let group = self.until(')')?;
        let group = self.number(group)?;
        let yes = self.sequence()?;
        let no = if self.eat("|") { self.sequence()? } else { Node::Empty };
        if !self.eat(")") {
            return Err(PatternError::Open);
        }
        Ok(Node::Conditional { group, yes: Box::new(yes), no: Box::new(no) })
    }

    fn flagged(&mut self) -> Result<Node, PatternError> {
        let mut flags = Flags::default();
        let mut on = true;
        loop {
            match self.take().ok_or(PatternError::Open)? {
                '-' if on => on = false,
                ':' => return Ok(Node::Flagged(flags, Box::new(self.closed()?))),
                ')' => return Err(PatternError::LateFlags),
                letter if letter.is_ascii_alphabetic() => flag(letter, on, &mut flags)?,
                other => return Err(PatternError::Group(other.to_string())),
            }
        }
    }

    fn escape(&mut self) -> Result<Node, PatternError> {
        let c = self.take().ok_or(PatternError::Escape(' '))?;
        Ok(match c {
            'A' => Node::TextStart,
            'Z' => Node::TextEnd,
            'b' | 'B' => Node::Boundary(c == 'b'),
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => Node::Class(Class::kind(c)),
            '1'..='9' => {
                let more = self.peek().filter(char::is_ascii_digit);
                let digits: String = std::iter::once(c).chain(more).collect();
                if more.is_some() {
                    self.take();
                }
                Node::Back(self.number(&digits)?)
            }
            _ => Node::Literal(self.escaped(c)?),
        })
    }

    /// The character that an escape stands for, in classes and outside.
    fn escaped(&mut self, c: char) -> Result<char, PatternError> {
        let digits = match c {
            'a' => return Ok('\x07'),
            'f' => return Ok('\x0c'),
            'n' => return Ok('\n'),
            'r' => return Ok('\r'),
            't' => return Ok('\t'),
            'v' => return Ok('\x0b'),
            '0' => return Ok('\0'),
            'x' => 2,
            'u' => 4,
            'U' => 8,
            c if c.is_ascii_alphanumeric() => return Err(PatternError::Escape(c)),
            c => return Ok(c),
        };
        let hex = self.rest.get(..digits).ok_or(PatternError::Escape(c))?;
        let value = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32).ok_or(PatternError::Escape(c))?;
        self.rest = &self.rest[digits..];
        Ok(value)
    }

    fn class(&mut self) -> Result<Class, PatternError> {
        let mut class = Class { negated: self.eat("^"), items: Vec::new() };
        loop {
            match self.take().ok_or(PatternError::OpenClass)? {
                ']' if !class.items.is_empty() => return Ok(class),
                c => {
                    let item = self.class_item(c)?;
                    class.items.push(item);
                }
            }
        }
    }

    fn class_item(&mut self, c: char) -> Result<Item, PatternError> {
        let from = match self.class_char(c)? {
            Item::Range(from, _) => from,
            kind => return Ok(kind),
        };
        let range = self.rest.starts_with('-') && !self.rest.starts_with("-]") && self.rest.len() > 1;
        if !range {
            return Ok(Item::Range(from, from));
        }
        self.take();
        let c = self.take().ok_or(PatternError::OpenClass)?;
        match self.class_char(c)? {
            Item::Range(upto, _) if upto >= from => Ok(Item::Range(from, upto)),
            Item::Range(upto, _) => Err(PatternError::Range(from, upto)),
            Item::Kind(kind) => Err(PatternError::Escape(kind)),
        }
    }

    fn class_char(&mut self, c: char) -> Result<Item, PatternError> {
        if c != '\\' {
            return Ok(Item::Range(c, c));
        }
        let c = self.take().ok_or(PatternError::OpenClass)?;
        Ok(match c {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => Item::Kind(c),
            'b' => Item::Range('\x08', '\x08'),
            _ => {
                let c = self.escaped(c)?;
                Item::Range(c, c)
            }
        })
    }
}

fn flag(letter: char, on: bool, flags: &mut Flags) -> Result<(), PatternError> {
    match letter {
        'i' => flags.ignore_case = Some(on),
        'm' => flags.multi_line = Some(on),
        's' => flags.dot_all = Some(on),
        'u' => {}
        other => return Err(PatternError::Flag(other)),
    }
    Ok(())
}
