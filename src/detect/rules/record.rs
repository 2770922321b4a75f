//! Which rules about records could match at all: one sieve over every text of a record.

use std::collections::BTreeMap;

use crate::detect::rules::prefilter::Candidates;
use crate::detect::rules::rule::{Rule, RuleIx};
use crate::detect::rules::sieve::Sieve;
use crate::detect::rules::witness;
use crate::model::event::Named;

/// The literals of rules about records, whatever field they stand in.
#[derive(Debug, Default)]
pub(super) struct Records {
    sieve: Option<Sieve>,
    /// By literal of the sieve.
    rules: Vec<Box<[RuleIx]>>,
    /// Rules that can match without any literal.
    always: Vec<RuleIx>,
}

impl Records {
    pub fn build(rules: &[Rule]) -> Self {
        let mut literals: BTreeMap<Vec<u8>, Vec<RuleIx>> = BTreeMap::new();
        let mut always = Vec::new();
        for (rule, at) in rules.iter().zip(0..=u16::MAX).filter(|(rule, _)| rule.source.records) {
            let Some(witnesses) = witness::of(&rule.test) else {
                always.push(RuleIx(at));
                continue;
            };
            for witness in witnesses {
                let rules = literals.entry(witness.text).or_default();
                if rules.last() != Some(&RuleIx(at)) {
                    rules.push(RuleIx(at));
                }
            }
        }
        let sieve = (!literals.is_empty()).then(|| Sieve::new(literals.keys().map(Vec::as_slice)));
        Self { sieve, rules: literals.into_values().map(Vec::into_boxed_slice).collect(), always }
    }

    /// Adds what the record could meet; `line` is the whole of it as read.
    pub fn candidates(&self, record: &Named<'_>, line: &[u8], found: &mut Candidates) {
        self.always.iter().for_each(|rule| found.add(*rule));
        let Some(sieve) = &self.sieve else { return };
        for text in record.fields.iter().map(|(_, text)| *text).chain([line]) {
            sieve.scan(text, |literal| {
                self.rules.get(literal).into_iter().flatten().for_each(|rule| found.add(*rule));
            });
        }
    }
}
