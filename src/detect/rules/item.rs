//! One line of a selection: `field|modifier|…: value(s)`.

use ipnet::IpNet;

use crate::detect::rules::encoding::Encoding;
use crate::detect::rules::error::Problem;
use crate::detect::rules::expr::{Compare, Expr, Test};
use crate::detect::rules::field::Field;
use crate::detect::rules::matcher::{Flags, Matcher, Place};
use crate::detect::rules::pattern::{Part, parts};
use crate::detect::rules::yaml::{Bad, Key, Node};
use crate::model::near::nearest;

const MODIFIERS: &[&str] = &[
    "contains",
    "startswith",
    "endswith",
    "all",
    "re",
    "i",
    "m",
    "s",
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
];

/// All that a client writes freely: target, User-Agent and Referer.
const WRITTEN: &str = "cs-written";

/// What the modifiers of a line say.
#[derive(Debug)]
struct Item {
    place: Place,
    all: bool,
    cased: bool,
    negated: bool,
    encodings: Vec<Encoding>,
    test: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Regex(Flags),
    Exists,
    Compare(Compare),
    Cidr,
    FieldRef,
}

/// The test of one line; unknown fields are told to `warn` and never match.
pub(super) fn parse(key: &Key, values: &Node, warn: &mut Vec<Bad>) -> Result<Expr, Bad> {
    let mut words = key.text.split('|');
    let name = words.next().unwrap_or_default().trim();
    let item = Item::parse(words).map_err(|problem| (key.line, problem))?;
    if name.is_empty() {
        return item.keywords(values);
    }
    if name.eq_ignore_ascii_case(WRITTEN) {
        let fields = [Field::Target, Field::Agent, Field::Referer];
        let tests = fields.into_iter().map(|field| item.tests(field, values, warn)).collect::<Result<_, _>>()?;
        let any = Expr::Any(tests);
        return Ok(if item.negated { Expr::Not(Box::new(any)) } else { any });
    }
    let Some(field) = Field::by_name(name) else {
        warn.push((key.line, Problem::UnknownField { field: name.chars().take(60).collect() }));
        item.tests(Field::Line, values, warn)?;
        return Ok(Expr::Test(Test::Never));
    };
    let test = item.tests(field, values, warn)?;
    Ok(if item.negated { Expr::Not(Box::new(test)) } else { test })
}

/// Words looked for in the whole line, any of them.
pub(super) fn keywords(values: &[&Node]) -> Result<Expr, Bad> {
    let item = Item { place: Place::Anywhere, ..Item::plain() };
    let matchers = values.iter().map(|node| item.matchers(node)).collect::<Result<Vec<_>, _>>()?;
    Ok(Expr::Test(Test::Text { field: Field::Line, values: matchers.concat() }))
}

impl Item {
    fn plain() -> Self {
        Self { place: Place::Whole, all: false, cased: false, negated: false, encodings: Vec::new(), test: Kind::Text }
    }

    fn parse<'k>(words: impl Iterator<Item = &'k str>) -> Result<Self, Problem> {
        let mut item = Self::plain();
        for word in words {
            item.modifier(word)?;
        }
        Ok(item)
    }

    fn modifier(&mut self, word: &str) -> Result<(), Problem> {
        match (word, &mut self.test) {
            ("i", Kind::Regex(flags)) => flags.ignore_case = true,
            ("m", Kind::Regex(flags)) => flags.multi_line = true,
            ("s", Kind::Regex(flags)) => flags.dot_all = true,
            ("contains", _) => self.place = Place::Anywhere,
            ("startswith", _) => self.place = Place::Start,
            ("endswith", _) => self.place = Place::End,
            ("all", _) => self.all = true,
            ("cased", _) => self.cased = true,
            ("neq", _) => self.negated = true,
            ("re", test) => *test = Kind::Regex(Flags::default()),
            ("exists", test) => *test = Kind::Exists,
            ("lt", test) => *test = Kind::Compare(Compare::Less),
            ("lte", test) => *test = Kind::Compare(Compare::LessOrEqual),
            ("gt", test) => *test = Kind::Compare(Compare::More),
            ("gte", test) => *test = Kind::Compare(Compare::MoreOrEqual),
            ("cidr", test) => *test = Kind::Cidr,
            ("fieldref", test) => *test = Kind::FieldRef,
            _ => return self.encoding(word),
        }
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
            "expand" => return Err(unsupported(word, "there are no placeholders here; write the values out")),
            "minute" | "hour" | "day" | "week" | "month" | "year" => {
                return Err(unsupported(word, "verdicts do not depend on the time of day"));
            }
            _ => {
                return Err(Problem::UnknownModifier {
                    name: word.to_owned(),
                    near: nearest(word, MODIFIERS.iter().copied()),
                });
            }
        };
        // Base64 of a text is told by its case.
        self.cased |= matches!(encoding, Encoding::Base64 | Encoding::Base64Offset);
        self.encodings.push(encoding);
        Ok(())
    }

    fn keywords(&self, values: &Node) -> Result<Expr, Bad> {
        let item = Self { place: Place::Anywhere, encodings: self.encodings.clone(), ..*self };
        item.tests(Field::Line, values, &mut Vec::new())
    }

    fn tests(&self, field: Field, values: &Node, warn: &mut Vec<Bad>) -> Result<Expr, Bad> {
        let mut matchers = Vec::new();
        let mut others = Vec::new();
        for value in values.items() {
            let test = match self.test {
                Kind::Text if is_number(field) && value.text().is_some_and(|text| text.parse::<u64>().is_ok()) => {
                    compare(field, Compare::Equal, value)?
                }
                Kind::Text if value.is_null() || value.text() == Some("") => {
                    Expr::Not(Box::new(Expr::Test(Test::Present(field))))
                }
                Kind::Text if value.text() == Some("*") => Expr::Test(Test::Present(field)),
                Kind::Text | Kind::Regex(_) if self.all => text(field, self.matchers(value)?),
                Kind::Text | Kind::Regex(_) => {
                    matchers.extend(self.matchers(value)?);
                    continue;
                }
                Kind::Exists => exists(field, value)?,
                Kind::Compare(with) => compare(field, with, value)?,
                Kind::Cidr => cidr(field, value)?,
                Kind::FieldRef => self.field_ref(field, value, warn)?,
            };
            others.push(test);
        }
        if !matchers.is_empty() {
            others.push(text(field, matchers));
        }
        match others.len() {
            0 => Err((values.line, Problem::Shape { key: "a value list".to_owned(), expected: "filled" })),
            1 => Ok(others.remove(0)),
            _ if self.all => Ok(Expr::All(others)),
            _ => Ok(Expr::Any(others)),
        }
    }

    fn matchers(&self, value: &Node) -> Result<Vec<Matcher>, Bad> {
        let Some(text) = value.text() else {
            return Err((value.line, Problem::Shape { key: "a value".to_owned(), expected: "a word or number" }));
        };
        let built = match self.test {
            Kind::Regex(flags) => Matcher::regex(text, flags).map(|matcher| vec![matcher]),
            _ if self.encodings.is_empty() => {
                Matcher::new(parts(text), self.place, self.cased).map(|matcher| vec![matcher])
            }
            _ => self.encoded(text),
        };
        built.map_err(|problem| (value.line, problem))
    }

    fn encoded(&self, value: &str) -> Result<Vec<Matcher>, Problem> {
        let pieces = parts(value);
        let [Part::Text(text)] = pieces.as_slice() else {
            return Err(unsupported("base64, windash or UTF-16 with wildcards", "write the value without `*` and `?`"));
        };
        let mut texts = vec![text.clone()];
        for encoding in &self.encodings {
            texts = texts.iter().flat_map(|text| encoding.apply(text)).collect();
        }
        texts.into_iter().map(|text| Matcher::new(vec![Part::Text(text)], self.place, self.cased)).collect()
    }

    fn field_ref(&self, field: Field, value: &Node, warn: &mut Vec<Bad>) -> Result<Expr, Bad> {
        let name = value.text().unwrap_or_default();
        Ok(Expr::Test(match Field::by_name(name) {
            Some(other) => Test::Same { field, other, place: self.place },
            None => {
                warn.push((value.line, Problem::UnknownField { field: name.chars().take(60).collect() }));
                Test::Never
            }
        }))
    }
}

fn unsupported(name: &str, advice: &'static str) -> Problem {
    Problem::UnsupportedModifier { name: name.to_owned(), advice }
}

fn is_number(field: Field) -> bool {
    matches!(field, Field::Status | Field::Bytes)
}

fn text(field: Field, values: Vec<Matcher>) -> Expr {
    Expr::Test(Test::Text { field, values })
}

fn exists(field: Field, value: &Node) -> Result<Expr, Bad> {
    let present = Expr::Test(Test::Present(field));
    match value.text() {
        Some("true" | "yes") => Ok(present),
        Some("false" | "no") => Ok(Expr::Not(Box::new(present))),
        _ => Err(bad_value(value, "true or false")),
    }
}

fn compare(field: Field, compare: Compare, value: &Node) -> Result<Expr, Bad> {
    let value = value.text().and_then(|text| text.parse().ok()).ok_or_else(|| bad_value(value, "whole number"))?;
    Ok(Expr::Test(Test::Number { field, compare, value }))
}

fn cidr(field: Field, value: &Node) -> Result<Expr, Bad> {
    let net: IpNet =
        value.text().and_then(|text| text.parse().ok()).ok_or_else(|| bad_value(value, "prefix like 192.0.2.0/24"))?;
    Ok(Expr::Test(Test::Net { field, nets: vec![net] }))
}

fn bad_value(value: &Node, expected: &'static str) -> Bad {
    let text = value.text().unwrap_or("a list or map").chars().take(60).collect();
    (value.line, Problem::Value { value: text, expected })
}
