//! A rule's condition as a tree of tests, and whether an event meets it.

use std::sync::Arc;

use ipnet::IpNet;

use crate::detect::rules::field::Field;
use crate::detect::rules::matcher::{Matcher, Place};
use crate::detect::rules::views::{Scratch, View};
use crate::model::event::Event;

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
        values: Vec<Matcher>,
    },
    Number {
        field: Field,
        compare: Compare,
        value: u64,
    },
    Net {
        field: Field,
        nets: Vec<IpNet>,
    },
    Present(Field),
    /// Two fields of the same event, as sent, case aside.
    Same {
        field: Field,
        other: Field,
        place: Place,
    },
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

/// Where the evidence of a match stands: bytes from..to of a view.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub field: Field,
    pub view: View,
    pub from: usize,
    pub to: usize,
}

impl Expr {
    /// Whether the event meets this; `found` becomes the longest text that spoke for it.
    pub fn holds(&self, event: &Event<'_>, scratch: &mut Scratch, found: &mut Option<Found>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(event, scratch, found)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(event, scratch, found)),
            Self::Not(part) => !part.holds(event, scratch, &mut None),
            Self::Shared(part) => part.holds(event, scratch, found),
            Self::Test(test) => test.holds(event, scratch, found),
        }
    }
}

impl Test {
    fn holds(&self, event: &Event<'_>, scratch: &mut Scratch, found: &mut Option<Found>) -> bool {
        match self {
            Self::Never => false,
            Self::Present(field) => field.present(event),
            Self::Number { field, compare, value } => {
                field.number(event).is_some_and(|seen| compare.holds(seen, *value))
            }
            Self::Net { field, nets } => {
                field.address(event).is_some_and(|address| nets.iter().any(|net| net.contains(&address)))
            }
            Self::Same { field, other, place } => {
                let first = |field, scratch: &mut Scratch| {
                    scratch.views(field, event).iter().next().map(|(_, text)| text.to_vec())
                };
                let (Some(text), Some(other)) = (first(*field, scratch), first(*other, scratch)) else { return false };
                !other.is_empty()
                    && Matcher::Text { text: other.into(), place: *place, cased: false }.find(&text).is_some()
            }
            Self::Text { field, values } => match search(*field, values, event, scratch) {
                Some(here) => {
                    if found.is_none_or(|best| best.to - best.from < here.to - here.from) {
                        *found = Some(here);
                    }
                    true
                }
                None => false,
            },
        }
    }
}

fn search(field: Field, values: &[Matcher], event: &Event<'_>, scratch: &mut Scratch) -> Option<Found> {
    for (view, text) in scratch.views(field, event).iter() {
        if let Some((from, to)) = values.iter().find_map(|value| value.find(text)) {
            return Some(Found { field, view, from, to });
        }
    }
    None
}

impl Compare {
    fn holds(self, seen: u64, value: u64) -> bool {
        match self {
            Self::Equal => seen == value,
            Self::Less => seen < value,
            Self::LessOrEqual => seen <= value,
            Self::More => seen > value,
            Self::MoreOrEqual => seen >= value,
        }
    }
}
