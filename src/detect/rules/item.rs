//! One line of a selection: `field|modifier|…`. What its values mean stands in [`super::value`].

use std::cell::Cell;
use std::collections::VecDeque;

use crate::detect::rules::column::TimePart;
use crate::detect::rules::encoding::Encoding;
use crate::detect::rules::error::Problem;
use crate::detect::rules::expr::{Compare, Expr, Test};
use crate::detect::rules::field::Field;
use crate::detect::rules::logsource::Logsource;
use crate::detect::rules::matcher::{Flags, Matcher, Place};
use crate::detect::rules::placeholders::Placeholders;
use crate::detect::rules::value::{self, Target};
use crate::detect::rules::yaml::{Bad, Key, Node};
use crate::model::near::nearest;

const MODIFIERS: &[&str] = &[
    "contains",
    "startswith",
    "endswith",
    "all",
    "re",
    "cased",
    "exists",
    "neq",
    "lt",
    "lte",
    "gt",
    "gte",
    "cidr",
    "windash",
    "base64",
    "base64offset",
    "wide",
    "utf16le",
    "utf16be",
    "utf16",
    "fieldref",
    "expand",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "year",
];

/// What a client writes itself: a rule that names it is tried on the target, and on the User-Agent, each by itself. A
/// Referer repeats the target of a page for all that it loads.
const WRITTEN: &str = "cs-written";

/// What holds for all rules of a set.
pub(super) struct Given<'a> {
    pub placeholders: &'a Placeholders,
    /// Regexes so far that are compiled when they are loaded.
    costly: Cell<usize>,
    /// Values so far.
    gates: Cell<u32>,
}

/// Of all rules together: each may take a hundredth of a second and a megabyte.
const MAX_COSTLY: usize = 1000;

impl<'a> Given<'a> {
    pub fn new(placeholders: &'a Placeholders) -> Self {
        Self { placeholders, costly: Cell::new(0), gates: Cell::new(0) }
    }

    /// A number that no other value of the set has.
    pub fn next_gate(&self) -> u32 {
        self.gates.replace(self.gates.get() + 1)
    }

    /// Counts a regex that is costly to load.
    pub fn pay(&self) -> Result<(), Problem> {
        self.costly.set(self.costly.get() + 1);
        if self.costly.get() <= MAX_COSTLY { Ok(()) } else { Err(Problem::TooManyRegexes { limit: MAX_COSTLY }) }
    }
}

/// What holds for all lines of a rule.
pub(super) struct Context<'a> {
    pub source: &'a Logsource,
    pub given: &'a Given<'a>,
    /// Fields that no log has: told, and the rule is loaded all the same.
    pub warnings: Vec<Bad>,
    pub written: Written,
}

/// What [`WRITTEN`] stands for. A rule that names it is read twice, and its values once.
pub(super) struct Written {
    field: Field,
    /// Whether anything asked for it.
    pub asked: bool,
    /// Of every value, in the order of reading.
    values: VecDeque<Vec<Matcher>>,
}

impl Written {
    /// The first reading: it stands for the target.
    pub fn target() -> Self {
        Self { field: Field::Target, asked: false, values: VecDeque::new() }
    }

    /// The second reading, of the same document: it stands for the User-Agent.
    pub fn agent(self) -> Self {
        Self { field: Field::Agent, ..self }
    }

    pub fn known(&mut self) -> Option<Vec<Matcher>> {
        if self.field == Field::Agent { self.values.pop_front() } else { None }
    }

    pub fn keep(&mut self, matchers: &[Matcher]) {
        self.values.push_back(matchers.to_vec());
    }
}

/// What the modifiers of a line say.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub place: Place,
    pub all: bool,
    pub cased: bool,
    pub expand: bool,
    pub encodings: Vec<Encoding>,
    pub kind: Kind,
    negated: bool,
}

/// How a value is compared.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Text,
    Regex(Flags),
    Exists,
    Compare(Compare),
    Part(TimePart, Compare),
    Cidr,
    FieldRef,
}

/// The test of one line; unknown fields are warned of and never match.
pub(super) fn parse(key: &Key, values: &Node, context: &mut Context<'_>) -> Result<Expr, Bad> {
    let mut words = key.text.split('|');
    let name = words.next().unwrap_or_default().trim();
    let item = Item::parse(words).map_err(|problem| (key.line, problem))?;
    if name.is_empty() {
        return item.keywords(values.items().iter(), values.line, context);
    }
    if name.eq_ignore_ascii_case(WRITTEN) {
        context.written.asked = true;
        let column = Target::Column(context.written.field.into());
        return Ok(item.negate(value::test(&item, &column, values.items().iter(), values.line, context)?));
    }
    let Some(column) = context.source.column(name) else {
        context.warnings.push((key.line, Problem::UnknownField { field: name.chars().take(60).collect() }));
        // Its values are still read: a mistake in them is one in any log.
        value::test(&item, &Target::Column(Field::Line.into()), values.items().iter(), values.line, context)?;
        return Ok(Expr::Test(Test::Never));
    };
    let test = value::test(&item, &Target::Column(column), values.items().iter(), values.line, context)?;
    Ok(item.negate(test))
}

/// Words looked for in the whole line, any of them.
pub(super) fn keywords(values: &[&Node], context: &mut Context<'_>) -> Result<Expr, Bad> {
    let line = values.first().map_or(1, |node| node.line);
    Item::plain().keywords(values.iter().copied(), line, context)
}

impl Item {
    fn plain() -> Self {
        Self {
            place: Place::Whole,
            all: false,
            cased: false,
            expand: false,
            encodings: Vec::new(),
            kind: Kind::Text,
            negated: false,
        }
    }

    fn parse<'k>(words: impl Iterator<Item = &'k str>) -> Result<Self, Problem> {
        let mut item = Self::plain();
        for word in words {
            item.modifier(word)?;
        }
        item.check()?;
        Ok(item)
    }

    fn keywords<'n>(
        &self,
        values: impl Iterator<Item = &'n Node>,
        line: u32,
        context: &mut Context<'_>,
    ) -> Result<Expr, Bad> {
        if !matches!(self.kind, Kind::Text | Kind::Regex(_)) {
            return Err((line, wrong("of a keyword", "keywords have no field: only text modifiers fit")));
        }
        let item = Self { place: Place::Anywhere, ..self.clone() };
        Ok(self.negate(value::test(&item, &Target::Keywords, values, line, context)?))
    }

    fn negate(&self, test: Expr) -> Expr {
        if self.negated { Expr::Not(Box::new(test)) } else { test }
    }

    fn modifier(&mut self, word: &str) -> Result<(), Problem> {
        match (word, &mut self.kind) {
            ("i", Kind::Regex(flags)) => flags.ignore_case = true,
            ("m", Kind::Regex(flags)) => flags.multi_line = true,
            ("s", Kind::Regex(flags)) => flags.dot_all = true,
            ("i" | "m" | "s", _) => return Err(wrong(word, "it belongs after `re`")),
            ("all", _) => self.all = true,
            ("cased", _) => self.cased = true,
            ("neq", _) => self.negated = true,
            ("expand", _) => self.expand = true,
            ("contains", _) => self.stand(word, Place::Anywhere)?,
            ("startswith", _) => self.stand(word, Place::Start)?,
            ("endswith", _) => self.stand(word, Place::End)?,
            _ => match (operator(word), self.kind) {
                (Some(Kind::Compare(compare)), Kind::Part(part, _)) => self.kind = Kind::Part(part, compare),
                (Some(kind), Kind::Text) => self.kind = kind,
                (Some(_), _) => return Err(wrong(word, "another modifier here asks for something else; keep one")),
                (None, _) => return self.encoding(word),
            },
        }
        Ok(())
    }

    fn stand(&mut self, word: &str, place: Place) -> Result<(), Problem> {
        if self.place != Place::Whole {
            return Err(wrong(word, "a text stands in one place; keep one of contains, startswith, endswith"));
        }
        self.place = place;
        Ok(())
    }

    fn encoding(&mut self, word: &str) -> Result<(), Problem> {
        let encoding = match word {
            "windash" => Encoding::Windash,
            "base64" => Encoding::Base64,
            "base64offset" => Encoding::Base64Offset,
            "wide" | "utf16le" => Encoding::Utf16Le,
            "utf16be" => Encoding::Utf16Be,
            "utf16" => Encoding::Utf16,
            _ => {
                let near = nearest(word, MODIFIERS.iter().copied());
                return Err(Problem::UnknownModifier { name: word.chars().take(60).collect(), near });
            }
        };
        // Base64 of a text is told by its case.
        self.cased |= matches!(encoding, Encoding::Base64 | Encoding::Base64Offset);
        self.encodings.push(encoding);
        Ok(())
    }

    /// A modifier that would be without effect is a mistake of the rule.
    fn check(&self) -> Result<(), Problem> {
        let text = matches!(self.kind, Kind::Text);
        if !text && !self.encodings.is_empty() {
            return Err(wrong("windash, base64 or utf16", "it rewrites plain text; take the other modifier out"));
        }
        if self.place != Place::Whole && !text && !matches!(self.kind, Kind::FieldRef) {
            return Err(wrong("contains, startswith or endswith", "it fits plain text; take the other modifier out"));
        }
        Ok(())
    }
}

/// What a modifier asks for, where it does not just say how text is compared.
fn operator(word: &str) -> Option<Kind> {
    Some(match word {
        "re" => Kind::Regex(Flags::default()),
        "exists" => Kind::Exists,
        "lt" => Kind::Compare(Compare::Less),
        "lte" => Kind::Compare(Compare::LessOrEqual),
        "gt" => Kind::Compare(Compare::More),
        "gte" => Kind::Compare(Compare::MoreOrEqual),
        "cidr" => Kind::Cidr,
        "fieldref" => Kind::FieldRef,
        "minute" => Kind::Part(TimePart::Minute, Compare::Equal),
        "hour" => Kind::Part(TimePart::Hour, Compare::Equal),
        "day" => Kind::Part(TimePart::Day, Compare::Equal),
        "week" => Kind::Part(TimePart::Week, Compare::Equal),
        "month" => Kind::Part(TimePart::Month, Compare::Equal),
        "year" => Kind::Part(TimePart::Year, Compare::Equal),
        _ => return None,
    })
}

pub(super) fn wrong(name: &str, advice: &'static str) -> Problem {
    Problem::Modifier { name: name.to_owned(), advice }
}
