//! One way to write a date: its pattern with the boundaries fail2ban puts around it.

use crate::detect::fail2ban::date::fields;
use crate::detect::fail2ban::pattern::{Lines, Pattern};
use crate::detect::fail2ban::python::{self, Node, PatternError};

/// Seconds since 1970, perhaps with a fraction.
const EPOCH: &str = r"\d{10,11}\b(?:\.\d{3,6})?";
/// The same with milli- or microseconds joined on.
const LONG_EPOCH: &str = r"\d{10,11}(?:\d{3}(?:\.\d{1,6}|\d{3})?)?";

/// What the text of a date means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Fields,
    Epoch { long: bool },
    Tai64n,
}

/// A compiled way to write a date.
#[derive(Debug)]
pub struct Template {
    pub name: String,
    pub kind: Kind,
    pub pattern: Pattern,
    /// The group that is cut out of the line, and the one that is read.
    pub cut: usize,
    pub read: usize,
    /// Bound to the begin or the end of the line.
    pub bound: bool,
    pub line_begin: bool,
    pub weight: f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Begin {
    Word,
    Line,
    Free,
}

impl Template {
    /// A template from a filter's `datepattern` line; `EPOCH`, `LEPOCH` and `TAI64N` are words of their own.
    ///
    /// # Errors
    /// Where the pattern cannot be compiled.
    pub fn new(pattern: &str, year: i16) -> Result<Self, PatternError> {
        let key = if pattern.contains('%') { pattern.to_owned() } else { pattern.to_uppercase() };
        let (word, anchored) = match key.strip_prefix("{^LN-BEG}").or_else(|| key.strip_prefix('^')) {
            Some(word) => (word, true),
            None => (key.as_str(), false),
        };
        match word {
            "EPOCH" | "LEPOCH" => Self::epoch(pattern, word == "LEPOCH", anchored),
            "TAI64N" => {
                let begin = if anchored { Begin::Line } else { Begin::Free };
                Self::build(pattern, "@[0-9a-f]{24}", begin, true, Kind::Tai64n)
            }
            _ if key.contains("EPOCH}") && key.contains("EPOCH") => Self::inside(pattern, &key),
            _ => Self::fields(pattern, year),
        }
    }

    fn fields(pattern: &str, year: i16) -> Result<Self, PatternError> {
        let (rest, mut begin, mut end) = (pattern, Begin::Word, true);
        let free = rest.strip_prefix("{UNB}");
        if free.is_some() {
            (begin, end) = (Begin::Free, false);
        }
        let rest = free.unwrap_or(rest);
        let line = rest.strip_prefix("{^LN-BEG}").filter(|_| begin == Begin::Word);
        if line.is_some() {
            begin = Begin::Line;
        }
        let text = fields::expand(line.unwrap_or(rest), year);
        Self::build(pattern, &text, begin, end, Kind::Fields)
    }

    fn epoch(name: &str, long: bool, anchored: bool) -> Result<Self, PatternError> {
        let seconds = if long { LONG_EPOCH } else { EPOCH };
        let kind = Kind::Epoch { long };
        if anchored {
            return Self::build(name, &format!("({seconds})"), Begin::Line, true, kind);
        }
        // Begins the line, or stands in `[…]` or in `audit(…)`.
        let text = format!(r"((?:^|(?<=^\[)|(?<=\baudit\()){seconds})");
        Self::build(name, &text, Begin::Free, true, kind)
    }

    /// `{EPOCH}` or `{LEPOCH}` inside a pattern.
    fn inside(pattern: &str, key: &str) -> Result<Self, PatternError> {
        let long = key.contains("{LEPOCH}");
        let word = if long { "{LEPOCH}" } else { "{EPOCH}" };
        let Some(at) = key.find(word) else { return Self::build(pattern, pattern, Begin::Word, true, Kind::Fields) };
        let seconds = if long { LONG_EPOCH } else { EPOCH };
        let (before, after) =
            (pattern.get(..at).unwrap_or_default(), pattern.get(at + word.len()..).unwrap_or_default());
        let text = format!("({before}({seconds}){after})");
        let mut template = Self::build(pattern, &text, Begin::Word, true, Kind::Epoch { long })?;
        template.read = template.pattern.names().iter().position(|name| name == "g__2").unwrap_or(template.cut);
        Ok(template)
    }

    fn build(name: &str, text: &str, begin: Begin, end: bool, kind: Kind) -> Result<Self, PatternError> {
        let text = text.trim();
        let (flags, text) = cut_flags(text);
        let bound_begin = begin != Begin::Free && !begins_bound(&text);
        let bound_end = end && !ends_bound(&text);
        let line_begin = (bound_begin && begin == Begin::Line) || begins_line(&text);
        let line_end = ends_line(&text);
        let text = if has_group(&text) { text } else { grouped(&text) };
        let text = text.strip_prefix("**").unwrap_or(&text);
        let text = text.strip_suffix("**").unwrap_or(text);
        let start = if bound_begin && begin == Begin::Line { r"^(?:\W{0,2})?" } else { "" };
        let mut tree = python::parse(&format!("{flags}{start}{text}"))?;
        let before = (bound_begin && begin == Begin::Word).then_some(Node::NotInWord);
        let after = bound_end.then_some(Node::NotInWord);
        let root = Node::Flagged(python::Flags::default(), Box::new(tree.root));
        tree.root = Node::Concat(before.into_iter().chain([root]).chain(after).collect());
        let second = matches!(kind, Kind::Epoch { .. }) && tree.names.len() > 2 && tree.names[2].is_none();
        if second {
            tree.names[2] = Some("g__2".to_owned());
        }
        let first = tree.names.get(1).cloned().flatten().unwrap_or_else(|| "g__1".to_owned());
        let pattern = Pattern::of(tree, Lines::Bare, Some(1))?;
        let cut = pattern.names().iter().position(|name| *name == first).unwrap_or_default();
        let bound = line_begin || line_end;
        Ok(Self { name: name.to_owned(), kind, pattern, cut, read: cut, bound, line_begin, weight: 1.0 })
    }
}

/// Takes `(?i)` out, to stand in front again.
fn cut_flags(text: &str) -> (String, String) {
    for (at, _) in text.match_indices("(?") {
        let inner = &text[at + 2..];
        let Some((letters, after)) = inner.split_once(')') else { break };
        if !letters.is_empty() && letters.chars().all(|c| c.is_ascii_lowercase()) {
            return (format!("(?{letters})"), format!("{}{after}", &text[..at]));
        }
    }
    (String::new(), text.to_owned())
}

/// Starts with `^`, or with `**`, which asks for no boundary; brackets may stand before.
fn begins_bound(text: &str) -> bool {
    let inner = text.trim_start_matches('(');
    let inner = if inner.len() < text.len() { inner.strip_prefix("?:").unwrap_or(inner) } else { inner };
    inner.starts_with('^') || inner.starts_with("**")
}

fn ends_bound(text: &str) -> bool {
    let bare = text.trim_end_matches(')');
    let sign = ["$", "$)", r"\b", r"\s"].iter().find(|sign| text.ends_with(**sign)).map(|sign| text.len() - sign.len());
    let sign = sign.or_else(|| bare.ends_with("**").then(|| bare.len() - 2));
    sign.is_some_and(|at| !text[..at].ends_with('\\'))
}

fn begins_line(text: &str) -> bool {
    let inner = text.strip_prefix("(?:").or_else(|| text.strip_prefix('(')).and_then(|inner| inner.strip_prefix('^'));
    text.starts_with('^') || inner.is_some_and(|after| !after.starts_with('|'))
}

fn ends_line(text: &str) -> bool {
    let before = text.strip_suffix("$)").or_else(|| text.strip_suffix('$'));
    before.is_some_and(|before| !before.ends_with(['\\', '|']))
}

/// True where a group without a name captures.
fn has_group(text: &str) -> bool {
    let bytes = text.as_bytes();
    (0..bytes.len()).any(|at| {
        let escaped = at > 0 && bytes[at - 1] == b'\\';
        let after_sign = at > 1 && &bytes[at - 2..at] == b"(?";
        bytes[at] == b'(' && !escaped && !after_sign && bytes.get(at + 1) != Some(&b'?')
    })
}

/// All but a leading `^` and a last `$` in one group.
fn grouped(text: &str) -> String {
    let (start, rest) = text.strip_prefix('^').map_or(("", text), |rest| ("^", rest));
    let (rest, end) = rest.strip_suffix('$').map_or((rest, ""), |rest| (rest, "$"));
    format!("{start}({rest}){end}")
}
