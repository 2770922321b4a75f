//! The values of a line of a selection, as tests.

use ipnet::IpNet;

use crate::detect::rules::column::Column;
use crate::detect::rules::encoding;
use crate::detect::rules::error::Problem;
use crate::detect::rules::expr::{Check, Compare, Expr, Test};
use crate::detect::rules::field::Field;
use crate::detect::rules::item::{Context, Item, Kind};
use crate::detect::rules::matcher::Matcher;
use crate::detect::rules::pattern::parts;
use crate::detect::rules::yaml::{Bad, Node};

/// Where the values are looked for.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Column(Column),
    /// The whole event.
    Keywords,
}

impl From<Field> for Column {
    fn from(field: Field) -> Self {
        Self::Field(field)
    }
}

/// Any of the values, or with `all` each of them.
pub(super) fn test<'n>(
    item: &Item,
    target: &Target,
    values: impl Iterator<Item = &'n Node>,
    line: u32,
    context: &mut Context<'_>,
) -> Result<Expr, Bad> {
    let mut matchers = Vec::new();
    let mut tests = Vec::new();
    for value in values {
        match special(item, target, value, context)? {
            Some(test) => tests.push(test),
            None if item.all => tests.push(text(target, item.matchers(value, context)?, context)),
            None => matchers.extend(item.matchers(value, context)?),
        }
    }
    if !matchers.is_empty() {
        tests.push(text(target, matchers, context));
    }
    match tests.len() {
        0 => Err((line, Problem::Shape { key: "a value list".to_owned(), expected: "filled" })),
        1 => Ok(tests.remove(0)),
        _ if item.all => Ok(Expr::All(tests)),
        _ => Ok(Expr::Any(tests)),
    }
}

/// A value that is no text to be looked for.
fn special(item: &Item, target: &Target, value: &Node, context: &mut Context<'_>) -> Result<Option<Expr>, Bad> {
    let Target::Column(column) = target else { return Ok(None) };
    let check = |check| Ok(Some(Expr::Test(Test::Check { column: column.clone(), check })));
    let present = || Expr::Test(Test::Check { column: column.clone(), check: Check::Present });
    match item.kind {
        Kind::Regex(_) => Ok(None),
        Kind::Text => match value.text() {
            _ if value.is_null() => Ok(Some(Expr::Not(Box::new(present())))),
            Some("") => check(Check::Empty),
            Some("*") => check(Check::Present),
            Some(text) if is_number(column) && text.parse::<f64>().is_ok_and(f64::is_finite) => {
                check(Check::Number(Compare::Equal, number(value)?))
            }
            _ if *column == Column::Stamp => Err(bad_value(value, "part of a date; use minute, hour, day and so on")),
            _ => Ok(None),
        },
        Kind::Exists => match value.text().map(str::to_ascii_lowercase).as_deref() {
            Some("true" | "yes") => Ok(Some(present())),
            Some("false" | "no") => Ok(Some(Expr::Not(Box::new(present())))),
            _ => Err(bad_value(value, "true or false")),
        },
        Kind::Compare(compare) => check(Check::Number(compare, number(value)?)),
        Kind::Part(part, compare) => check(Check::Part(part, compare, number(value)?)),
        Kind::Cidr => {
            let net = value.text().and_then(|text| text.parse::<IpNet>().ok());
            check(Check::Net(vec![net.ok_or_else(|| bad_value(value, "prefix like 192.0.2.0/24"))?]))
        }
        Kind::FieldRef => Ok(Some(field_ref(item, column, value, context))),
    }
}

fn field_ref(item: &Item, column: &Column, value: &Node, context: &mut Context<'_>) -> Expr {
    let name = value.text().unwrap_or_default();
    let Some(other) = context.source.column(name) else {
        context.warnings.push((value.line, Problem::UnknownField { field: name.chars().take(60).collect() }));
        return Expr::Test(Test::Never);
    };
    let check = Check::Same { other, place: item.place, cased: item.cased };
    Expr::Test(Test::Check { column: column.clone(), check })
}

impl Item {
    fn matchers(&self, value: &Node, context: &mut Context<'_>) -> Result<Vec<Matcher>, Bad> {
        if let Some(known) = context.written.known() {
            return Ok(known);
        }
        let matchers = self.read(value, context)?;
        context.written.keep(&matchers);
        Ok(matchers)
    }

    fn read(&self, value: &Node, context: &Context<'_>) -> Result<Vec<Matcher>, Bad> {
        let Some(text) = value.text() else {
            return Err((value.line, Problem::Shape { key: "a value".to_owned(), expected: "a word or number" }));
        };
        let texts = if self.expand { context.given.placeholders.expand(text) } else { Ok(vec![text.to_owned()]) };
        let built = texts.and_then(|texts| {
            let each = texts.iter().map(|text| self.meant(text, context)).collect::<Result<Vec<_>, _>>()?;
            Ok(each.into_iter().flatten().map(|value| value.numbered(context.given.next_gate())).collect())
        });
        built.map_err(|problem| (value.line, problem))
    }

    fn meant(&self, text: &str, context: &Context<'_>) -> Result<Vec<Matcher>, Problem> {
        if let Kind::Regex(flags) = self.kind {
            return Ok(vec![Matcher::regex(text, flags, || context.given.pay())?]);
        }
        let forms = encoding::apply(parts(text), &self.encodings)?;
        forms.into_iter().map(|parts| Matcher::new(parts, self.place, self.cased)).collect()
    }
}

fn text(target: &Target, values: Vec<Matcher>, context: &Context<'_>) -> Expr {
    let values = values.into();
    Expr::Test(match target {
        Target::Column(Column::Field(field)) => Test::Text { field: *field, values },
        Target::Column(column) => Test::Check { column: column.clone(), check: Check::Text(values) },
        Target::Keywords if context.source.records => Test::Anywhere(values),
        Target::Keywords => Test::Text { field: Field::Line, values },
    })
}

fn is_number(column: &Column) -> bool {
    matches!(column, Column::Field(Field::Status | Field::Bytes))
}

fn number(value: &Node) -> Result<f64, Bad> {
    let number = value.text().and_then(|text| text.parse().ok()).filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| bad_value(value, "number"))
}

fn bad_value(value: &Node, expected: &'static str) -> Bad {
    let text = value.text().unwrap_or("a list or map").chars().take(60).collect();
    (value.line, Problem::Value { value: text, expected })
}
