//! SecLang, the rule language of ModSecurity: its directives as data, each with file and line. What a rule means is
//! decided elsewhere; nothing is left out silently (ModSecurity Reference Manual v2.x).

mod actions;
mod error;
mod reader;
mod targets;

pub use error::{Problem, SecError};
pub use reader::{Reading, read};
pub use targets::Target;

use std::sync::Arc;

/// A directive and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub file: Arc<str>,
    /// From 1.
    pub line: u32,
    pub what: Directive,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Directive {
    /// `SecRule`, or `SecAction`, which has neither targets nor operator.
    Rule(Rule),
    /// `SecMarker`: where a `skipAfter` goes on.
    Marker(String),
    /// `SecRuleRemoveById`: numbers from..=to.
    RemoveById(Vec<(u32, u32)>),
    /// `SecRuleRemoveByTag`: a regex over tags.
    RemoveByTag(String),
    /// `SecRuleUpdateTargetById`: targets that are added to one rule, most often exclusions.
    UpdateTargetById(u32, Vec<Target>),
    /// A directive about the server and not about what is detected.
    Setting(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub targets: Vec<Target>,
    pub operator: Option<Operator>,
    pub actions: Vec<Action>,
}

/// `!@rx pattern`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    pub negated: bool,
    /// Without `@`, as written; `rx` where none is written.
    pub name: String,
    pub argument: String,
    /// The phrases of a data file, where the operator names one.
    pub phrases: Vec<String>,
}

/// `t:lowercase`, `capture`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// In lower case.
    pub name: String,
    pub value: Option<String>,
}

impl Rule {
    /// The values of an action, in their order.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.actions.iter().filter(move |action| action.name == name).filter_map(|action| action.value.as_deref())
    }

    pub fn has(&self, name: &str) -> bool {
        self.actions.iter().any(|action| action.name == name)
    }

    /// The rule's number; the links of a chain have none.
    pub fn id(&self) -> Option<u32> {
        self.values("id").next()?.parse().ok()
    }

    /// 1 request headers, 2 request body, 3 and 4 the answer, 5 logging.
    pub fn phase(&self) -> u8 {
        match self.values("phase").last() {
            Some("request") => 2,
            Some("response") => 4,
            Some("logging") => 5,
            Some(number) => number.parse().unwrap_or(2),
            None => 2,
        }
    }
}
