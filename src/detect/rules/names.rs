//! What ids and names stand for in a set of rules.

use std::collections::HashMap;

use crate::detect::rules::error::Problem;
use crate::detect::rules::rule::RuleIx;
use crate::detect::rules::yaml::Bad;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Rule(RuleIx),
    /// The place of a correlation among those that were read.
    Correlation(usize),
}

/// Ids and names of rules and correlations.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<String, Known>);

impl Names {
    pub fn get(&self, name: &str) -> Option<Known> {
        self.0.get(name).copied()
    }

    pub fn rule(&self, name: &str) -> Option<RuleIx> {
        match self.get(name) {
            Some(Known::Rule(at)) => Some(at),
            _ => None,
        }
    }

    /// Takes an id and perhaps a name, unless one of them is taken.
    pub fn add(&mut self, id: &str, name: Option<&str>, known: Known, line: u32) -> Result<(), Bad> {
        let names = || [Some(id), name.filter(|name| *name != id)].into_iter().flatten();
        if let Some(taken) = names().find(|name| self.0.contains_key(*name)) {
            return Err((line, Problem::DuplicateRule(taken.chars().take(80).collect())));
        }
        self.0.extend(names().map(|name| (name.to_owned(), known)));
        Ok(())
    }
}
