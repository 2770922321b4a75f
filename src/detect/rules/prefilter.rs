//! Which rules could match at all: one sieve a group of fields over the rarest literals of every rule.

use std::collections::BTreeMap;

use crate::detect::rules::column::Column;
use crate::detect::rules::expr::{Check, Compare, Expr, Test};
use crate::detect::rules::field::Field;
use crate::detect::rules::rule::{Rule, RuleIx};
use crate::detect::rules::sieve::Sieve;
use crate::detect::rules::views::{Scratch, View, Views, is_plain, text_of};
use crate::detect::rules::witness::{self, Witness};
use crate::model::event::Event;

/// Every literal that witnesses a rule, by where it is searched.
#[derive(Debug, Default)]
pub(super) struct Prefilter {
    /// Target and path of requests: a path is part of its target.
    pub uri: Group,
    pub agent: Group,
    pub referer: Group,
    /// Other fields of requests.
    pub rest: Group,
    /// Logins and notes.
    other: Group,
    /// Rules with nothing rarer to find them by than the status of an error; sorted.
    by_status: Vec<(u16, RuleIx)>,
    /// Rules that can match without any literal.
    pub always_requests: Vec<RuleIx>,
    /// By rule: [`witness::tells_of_agents`].
    tells_of_agents: Vec<bool>,
    always_other: Vec<RuleIx>,
}

#[derive(Debug, Default)]
pub(super) struct Group {
    pub fields: Vec<Field>,
    sieve: Option<Sieve>,
    /// By literal of the sieve.
    rules: Vec<Box<[RuleIx]>>,
}

/// Rules to confirm, each once.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    pub list: Vec<RuleIx>,
    seen: Vec<u64>,
}

impl Candidates {
    pub fn clear(&mut self) {
        for rule in self.list.drain(..) {
            if let Some(word) = self.seen.get_mut(usize::from(rule.0 / 64)) {
                *word = 0;
            }
        }
    }

    pub fn has(&self, rule: RuleIx) -> bool {
        self.seen.get(usize::from(rule.0 / 64)).is_some_and(|word| word & 1 << (rule.0 % 64) != 0)
    }

    pub fn add(&mut self, rule: RuleIx) {
        let at = usize::from(rule.0 / 64);
        if at >= self.seen.len() {
            self.seen.resize(at + 1, 0);
        }
        if let Some(word) = self.seen.get_mut(at)
            && *word & 1 << (rule.0 % 64) == 0
        {
            *word |= 1 << (rule.0 % 64);
            self.list.push(rule);
        }
    }
}

/// Collects literals before the sieve is built.
#[derive(Default)]
struct Draft {
    fields: Vec<Field>,
    literals: BTreeMap<Vec<u8>, Vec<RuleIx>>,
}

impl Prefilter {
    pub fn build(rules: &[Rule]) -> Self {
        let mut drafts: [Draft; 5] = Default::default();
        let mut filter = Self::default();
        for (rule, at) in rules.iter().zip(0..=u16::MAX) {
            let (rule_ix, witnesses) = (RuleIx(at), witness::of(&rule.test));
            let statuses = statuses_of(&rule.test).filter(|_| is_common(witnesses.as_deref()));
            let told = witness::tells_of_agents(&rule.test);
            // One that is found by status has no witness among the User-Agents.
            filter.tells_of_agents.push(told && (statuses.is_none() || !witness::asks_agents(&rule.test)));
            if rule.source.requests {
                match (&witnesses, statuses) {
                    (_, Some(statuses)) => {
                        filter.by_status.extend(statuses.into_iter().map(|status| (status, rule_ix)))
                    }
                    (None, None) => filter.always_requests.push(rule_ix),
                    (Some(all), None) => all.iter().for_each(|w| add(&mut drafts, request_group(w.field), w, rule_ix)),
                }
            }
            if rule.source.logins || rule.source.notes {
                match &witnesses {
                    None => filter.always_other.push(rule_ix),
                    Some(all) => all.iter().for_each(|w| add(&mut drafts, 4, w, rule_ix)),
                }
            }
        }
        filter.by_status.sort_unstable();
        let [uri, agent, referer, rest, other] = drafts;
        filter.uri = uri.build();
        filter.agent = agent.build();
        filter.referer = referer.build();
        filter.rest = rest.build();
        filter.other = other.build();
        filter
    }

    /// The rules to confirm for a status.
    pub fn of_status(&self, status: u16) -> impl Iterator<Item = RuleIx> {
        let from = self.by_status.partition_point(|(known, _)| *known < status);
        self.by_status.iter().skip(from).take_while(move |(known, _)| *known == status).map(|(_, rule)| *rule)
    }

    pub fn tells_of_agents(&self, rule: RuleIx) -> bool {
        self.tells_of_agents.get(usize::from(rule.0)).is_some_and(|told| *told)
    }

    /// Candidates of a target that may be another once it is decoded.
    pub fn disguised(&self, event: &Event<'_>, scratch: &mut Scratch, found: &mut Candidates) {
        self.uri.scan_views(scratch.views(Field::Target, event), found);
        for (view, text) in scratch.views(Field::Path, event).iter() {
            if view != View::Raw {
                self.uri.scan(text, found);
            }
        }
    }

    pub fn other(&self, event: &Event<'_>, scratch: &mut Scratch, found: &mut Candidates) {
        self.always_other.iter().for_each(|rule| found.add(*rule));
        self.other.scan_fields(event, scratch, found);
    }
}

/// Literals that so large a share of requests has are worse than a status to find a rule by.
const COMMON: f64 = 0.05;

fn is_common(witnesses: Option<&[Witness]>) -> bool {
    witnesses.is_none_or(|all| witness::price(all) > COMMON)
}

/// The statuses of errors without one of which the rule cannot match.
fn statuses_of(test: &Expr) -> Option<Vec<u16>> {
    match test {
        Expr::All(parts) => parts.iter().find_map(statuses_of),
        Expr::Any(parts) => {
            let mut all = parts.iter().map(statuses_of).collect::<Option<Vec<_>>>()?.concat();
            all.sort_unstable();
            all.dedup();
            Some(all).filter(|all| !all.is_empty())
        }
        Expr::Shared(part) => statuses_of(part),
        Expr::Test(Test::Check {
            column: Column::Field(Field::Status),
            check: Check::Number(Compare::Equal, value),
        }) => Some(vec![*value as u16]).filter(|status| status.iter().all(|status| *status >= 400)),
        _ => None,
    }
}

fn request_group(field: Field) -> usize {
    match field {
        Field::Target | Field::Path => 0,
        Field::Agent => 1,
        Field::Referer => 2,
        _ => 3,
    }
}

fn add(drafts: &mut [Draft; 5], group: usize, witness: &Witness, rule: RuleIx) {
    let Some(draft) = drafts.get_mut(group) else { return };
    if !draft.fields.contains(&witness.field) {
        draft.fields.push(witness.field);
    }
    let rules = draft.literals.entry(witness.text.clone()).or_default();
    if rules.last() != Some(&rule) {
        rules.push(rule);
    }
}

impl Draft {
    fn build(self) -> Group {
        if self.literals.is_empty() {
            return Group::default();
        }
        let sieve = Sieve::new(self.literals.keys().map(Vec::as_slice));
        let rules = self.literals.into_values().map(Vec::into_boxed_slice).collect();
        Group { fields: self.fields, sieve: Some(sieve), rules }
    }
}

impl Group {
    pub fn is_empty(&self) -> bool {
        self.sieve.is_none()
    }

    pub fn scan(&self, text: &[u8], found: &mut Candidates) {
        let Some(sieve) = &self.sieve else { return };
        sieve.scan(text, |literal| {
            for rule in self.rules.get(literal).into_iter().flatten() {
                found.add(*rule);
            }
        });
    }

    pub fn scan_views(&self, views: Views<'_>, found: &mut Candidates) {
        for (_, text) in views.iter() {
            self.scan(text, found);
        }
    }

    fn scan_fields(&self, event: &Event<'_>, scratch: &mut Scratch, found: &mut Candidates) {
        self.fields.iter().for_each(|field| self.scan_field(*field, event, scratch, found));
    }

    pub fn scan_field(&self, field: Field, event: &Event<'_>, scratch: &mut Scratch, found: &mut Candidates) {
        match text_of(field, event) {
            Some(text) if is_plain(text) => self.scan(text, found),
            _ => self.scan_views(scratch.views(field, event), found),
        }
    }
}
