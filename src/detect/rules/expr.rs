//! A rule's condition as a tree of tests, and whether an event meets it.

use std::sync::Arc;

use ipnet::IpNet;

use crate::detect::rules::column::{Column, TimePart};
use crate::detect::rules::field::Field;
use crate::detect::rules::matcher::{Matcher, Place};
use crate::detect::rules::views::{Scratch, View};
use crate::model::event::{Event, What};

#[derive(Clone, Debug)]
pub(super) enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    /// A named part that the condition uses in several places.
    Shared(Arc<Expr>),
    Test(Test),
}

#[derive(Clone, Debug)]
pub(super) enum Test {
    /// Any of the values in any view of the field.
    Text {
        field: Field,
        values: Arc<[Matcher]>,
    },
    /// Any of the values anywhere in a record: its line, or one of its fields.
    Anywhere(Arc<[Matcher]>),
    Check {
        column: Column,
        check: Check,
    },
    Never,
}

/// What is asked of one column.
#[derive(Clone, Debug)]
pub(super) enum Check {
    /// Any of the values, as the record has the text.
    Text(Arc<[Matcher]>),
    Number(Compare, f64),
    Net(Vec<IpNet>),
    Part(TimePart, Compare, f64),
    Present,
    Empty,
    /// Another column of the same event, as sent.
    Same {
        other: Column,
        place: Place,
        cased: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

/// What a target leaves to ask.
pub(super) enum Rest {
    Decided(bool),
    Open(Expr),
}

/// Where the evidence of a match stands: bytes from..to of a view.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub field: Field,
    pub view: View,
    pub from: usize,
    pub to: usize,
}

impl Found {
    /// The longer of two evidences, of equals this one.
    pub fn longer(self, other: Self) -> Self {
        if self.to - self.from < other.to - other.from { other } else { self }
    }
}

impl Expr {
    /// Whether the event meets this; `found` becomes the longest text that spoke for it.
    pub fn holds(&self, event: &Event<'_>, scratch: &mut Scratch, found: &mut Option<Found>) -> bool {
        match self {
            Self::All(parts) => {
                // What spoke for a whole that does not hold has said nothing.
                let mut mine = *found;
                let held = parts.iter().all(|part| part.holds(event, scratch, &mut mine));
                *found = if held { mine } else { *found };
                held
            }
            Self::Any(parts) => parts.iter().any(|part| part.holds(event, scratch, found)),
            Self::Not(part) => !part.holds(event, scratch, &mut None),
            Self::Shared(part) => part.holds(event, scratch, found),
            Self::Test(test) => test.holds(event, scratch, found),
        }
    }

    /// Whether nothing but `field` is tested.
    fn is_of(&self, field: Field) -> bool {
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().all(|part| part.is_of(field)),
            Self::Not(part) => part.is_of(field),
            Self::Shared(part) => part.is_of(field),
            Self::Test(test) => matches!(test, Test::Text { field: of, .. } if *of == field),
        }
    }

    /// Whether a test of `field` holds that could make the whole hold.
    pub fn speaks(&self, field: Field, event: &Event<'_>, scratch: &mut Scratch) -> bool {
        match self {
            Self::Any(parts) => parts.iter().any(|part| part.speaks(field, event, scratch)),
            Self::All(parts) => {
                parts.iter().all(|part| !part.is_of(field) || part.holds(event, scratch, &mut None))
                    && parts.iter().any(|part| part.speaks(field, event, scratch))
            }
            Self::Not(_) => false,
            Self::Shared(part) => part.speaks(field, event, scratch),
            Self::Test(test @ Test::Text { field: of, .. }) => *of == field && test.holds(event, scratch, &mut None),
            Self::Test(_) => false,
        }
    }

    /// What is left to ask once the target of a request is known; with `scratch.aside`, User-Agent and Referer say
    /// nothing. `found` as for [`Expr::holds`].
    pub fn rest(&self, event: &Event<'_>, scratch: &mut Scratch, found: &mut Option<Found>) -> Rest {
        match self {
            Self::All(parts) => {
                let (mut open, mut mine) = (Vec::new(), *found);
                for part in parts {
                    match part.rest(event, scratch, &mut mine) {
                        Rest::Decided(true) => {}
                        Rest::Decided(false) => return Rest::Decided(false),
                        Rest::Open(part) => open.push(part),
                    }
                }
                *found = mine;
                if open.is_empty() { Rest::Decided(true) } else { Rest::Open(Self::All(open)) }
            }
            Self::Any(parts) => {
                let mut open = Vec::new();
                for part in parts {
                    match part.rest(event, scratch, found) {
                        Rest::Decided(true) => return Rest::Decided(true),
                        Rest::Decided(false) => {}
                        Rest::Open(part) => open.push(part),
                    }
                }
                if open.is_empty() { Rest::Decided(false) } else { Rest::Open(Self::Any(open)) }
            }
            Self::Not(part) => match part.rest(event, scratch, &mut None) {
                Rest::Decided(held) => Rest::Decided(!held),
                Rest::Open(part) => Rest::Open(Self::Not(Box::new(part))),
            },
            Self::Shared(part) => part.rest(event, scratch, found),
            Self::Test(test) if test.is_about_targets(scratch.aside) => {
                Rest::Decided(test.holds(event, scratch, found))
            }
            Self::Test(test) => Rest::Open(Self::Test(test.clone())),
        }
    }

    /// Values that one event may be compared with, counted until `most` are passed.
    pub fn values(&self, most: usize) -> usize {
        let add = |sum: usize, part: &Self| if sum > most { sum } else { sum + part.values(most) };
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().fold(0, add),
            Self::Not(part) => part.values(most),
            Self::Shared(part) => part.values(most),
            Self::Test(Test::Text { values, .. } | Test::Anywhere(values)) => values.len(),
            Self::Test(Test::Check { check: Check::Text(values), .. }) => values.len(),
            Self::Test(_) => 1,
        }
    }
}

impl Test {
    /// True where nothing but the target decides; with `aside`, while User-Agent and Referer say nothing.
    fn is_about_targets(&self, aside: bool) -> bool {
        let of_target = |field: Field| matches!(field, Field::Target | Field::Path);
        match self {
            Self::Never => true,
            Self::Text { field: Field::Agent | Field::Referer, .. } => aside,
            Self::Text { field, .. } => of_target(*field),
            Self::Check { column: Column::Field(field), check: Check::Present | Check::Empty } => of_target(*field),
            _ => false,
        }
    }

    fn holds(&self, event: &Event<'_>, scratch: &mut Scratch, found: &mut Option<Found>) -> bool {
        match self {
            Self::Never => false,
            Self::Check { column, check } => check.holds(column, event, scratch),
            Self::Anywhere(values) => anywhere(values, event),
            Self::Text { field: Field::Agent | Field::Referer, .. } if scratch.aside => false,
            Self::Text { field, values } => match search(*field, values, event, scratch) {
                Some(here) => {
                    *found = Some(found.map_or(here, |best| best.longer(here)));
                    true
                }
                None => false,
            },
        }
    }
}

impl Check {
    fn holds(&self, column: &Column, event: &Event<'_>, scratch: &mut Scratch) -> bool {
        match self {
            Self::Text(values) => column.text(event).is_some_and(|text| any(values, text)),
            Self::Number(compare, value) => column.number(event).is_some_and(|seen| compare.holds(seen, *value)),
            Self::Net(nets) => {
                column.address(event).is_some_and(|address| nets.iter().any(|net| net.contains(&address)))
            }
            Self::Part(part, compare, value) => {
                column.part(*part, event).is_some_and(|seen| compare.holds(seen, *value))
            }
            Self::Present => column.present(event),
            Self::Empty => column.empty(event),
            Self::Same { other, place, cased } => {
                let (Some(text), Some(other)) = (sent(column, event, scratch), sent(other, event, scratch)) else {
                    return false;
                };
                let (text, other) = if *cased { (text, other) } else { (lower(&text), lower(&other)) };
                place.find(&text, &other, true).is_some()
            }
        }
    }
}

fn lower(text: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(text) {
        Ok(text) => text.to_lowercase().into_bytes(),
        Err(_) => text.to_ascii_lowercase(),
    }
}

/// A column as it was sent, the log's own escapes undone.
fn sent(column: &Column, event: &Event<'_>, scratch: &mut Scratch) -> Option<Vec<u8>> {
    match column {
        Column::Field(field) => {
            let text = scratch.views(*field, event).iter().next().map(|(_, text)| text.to_vec());
            // Absent, for all that our logs say.
            text.filter(|text| !text.is_empty())
        }
        _ => column.text(event).map(<[u8]>::to_vec),
    }
}

fn search(field: Field, values: &[Matcher], event: &Event<'_>, scratch: &mut Scratch) -> Option<Found> {
    let (views, open) = scratch.views_and_gates(field, event);
    for (view, text) in views.iter() {
        let tried = values.iter().filter(|value| open.admits(value));
        if let Some((from, to)) = tried.into_iter().find_map(|value| value.find(text)) {
            return Some(Found { field, view, from, to });
        }
    }
    None
}

fn anywhere(values: &[Matcher], event: &Event<'_>) -> bool {
    let What::Named(named) = &event.what else { return false };
    any(values, event.raw) || named.fields.iter().any(|(_, text)| any(values, text))
}

fn any(values: &[Matcher], text: &[u8]) -> bool {
    values.iter().any(|value| value.find(text).is_some())
}

impl Compare {
    pub fn holds(self, seen: f64, value: f64) -> bool {
        match self {
            Self::Equal => seen == value,
            Self::Unequal => seen != value,
            Self::Less => seen < value,
            Self::LessOrEqual => seen <= value,
            Self::More => seen > value,
            Self::MoreOrEqual => seen >= value,
        }
    }
}
