//! Rules from text: parsed, checked, compiled.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::detect::rules::correlation::{self, Correlation, Draft};
use crate::detect::rules::error::{Problem, RuleError};
use crate::detect::rules::prefilter::Prefilter;
use crate::detect::rules::rule::{self, Rule, RuleIx};
use crate::detect::rules::scanner::Hit;
use crate::detect::rules::yaml::{self, Bad, Node};
use crate::model::Event;

/// A rule file: its name for messages, and its text.
#[derive(Clone, Copy, Debug)]
pub struct RuleText<'a> {
    pub file: &'a str,
    pub text: &'a str,
}

/// The rules that come with the program: every `rules/**/*.yml`, listed by build.rs.
const PACK: &[RuleText<'static>] = include!(concat!(env!("OUT_DIR"), "/pack.rs"));

/// Loaded rules, compiled; shared by all scanners.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    correlations: Vec<Correlation>,
    pub(super) prefilter: Prefilter,
}

impl RuleSet {
    /// Rule numbers are 16 bits.
    pub const MAX_RULES: usize = u16::MAX as usize;

    /// The program's own pack; an error, or even a warning, is a mistake in the pack.
    pub fn embedded() -> Result<Self, Vec<RuleError>> {
        let (set, errors) = Self::load(PACK);
        if errors.is_empty() { Ok(set) } else { Err(errors) }
    }

    /// The texts of the program's own pack, for sets that add to it.
    pub fn pack() -> &'static [RuleText<'static>] {
        PACK
    }

    /// Every rule that can be loaded; the others are told, and so are fields that no log has.
    pub fn load(texts: &[RuleText<'_>]) -> (Self, Vec<RuleError>) {
        let mut loader = Loader::default();
        for text in texts {
            loader.file(text);
        }
        loader.finish()
    }

    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub fn rule(&self, at: RuleIx) -> Option<&Rule> {
        self.rules.get(usize::from(at.0))
    }

    /// One rule of it, alone.
    pub fn only(&self, at: RuleIx) -> Self {
        let rules: Vec<Rule> = self.rule(at).cloned().into_iter().collect();
        let prefilter = Prefilter::build(&rules);
        Self { rules, correlations: Vec::new(), prefilter }
    }

    /// Whose event it is: the log's own word, else that of the rules it met, where they agree.
    pub fn client_of(&self, event: &Event<'_>, hits: impl IntoIterator<Item = Hit>) -> Option<IpAddr> {
        if let Some(client) = event.client {
            return Some(client.ip);
        }
        let whom = |hit: Hit| self.rule(hit.rule)?.whom.as_ref()?.read(event);
        let mut named = hits.into_iter().filter_map(whom).map(|named| named.client);
        let first = named.next()??;
        named.all(|other| other == Some(first)).then_some(first)
    }

    pub fn correlations(&self) -> &[Correlation] {
        &self.correlations
    }
}

#[derive(Default)]
struct Loader {
    rules: Vec<Rule>,
    drafts: Vec<Draft>,
    /// Ids and names of rules and correlations.
    known: HashMap<String, Option<RuleIx>>,
    errors: Vec<RuleError>,
}

impl Loader {
    fn file(&mut self, text: &RuleText<'_>) {
        match yaml::documents(text.text) {
            Ok(docs) => docs.iter().for_each(|doc| {
                let mut warnings = Vec::new();
                if let Err(bad) = self.document(doc, text.file, &mut warnings) {
                    warnings.push(bad);
                }
                warnings.into_iter().for_each(|bad| self.tell(text.file, bad));
            }),
            Err(bad) => self.tell(text.file, bad),
        }
    }

    fn tell(&mut self, file: &str, (line, problem): Bad) {
        self.errors.push(RuleError { file: file.to_owned(), line, problem });
    }

    fn document(&mut self, doc: &Node, file: &str, warnings: &mut Vec<Bad>) -> Result<(), Bad> {
        if let Some(filter) = doc.get("filter") {
            return Err((filter.line, Problem::Filter));
        }
        if doc.get("correlation").is_some() {
            let draft = correlation::parse(doc, file)?;
            self.register(&[Some(draft.correlation.id.as_str())], None, doc.line)?;
            self.drafts.push(draft);
            return Ok(());
        }
        let rule = rule::parse(doc, file, warnings)?;
        let full = (doc.line, Problem::TooMany { limit: RuleSet::MAX_RULES });
        let at = u16::try_from(self.rules.len()).ok().filter(|at| *at < u16::MAX).ok_or(full)?;
        let name = rule.name.as_deref().filter(|name| *name != rule.id);
        self.register(&[Some(&rule.id), name], Some(RuleIx(at)), doc.line)?;
        self.rules.push(rule);
        Ok(())
    }

    fn register(&mut self, names: &[Option<&str>], at: Option<RuleIx>, line: u32) -> Result<(), Bad> {
        let names = || names.iter().copied().flatten();
        if let Some(taken) = names().find(|name| self.known.contains_key(*name)) {
            return Err((line, Problem::DuplicateRule(taken.to_owned())));
        }
        self.known.extend(names().map(|name| (name.to_owned(), at)));
        Ok(())
    }

    fn finish(mut self) -> (RuleSet, Vec<RuleError>) {
        let mut correlations = Vec::new();
        for draft in std::mem::take(&mut self.drafts) {
            let file = draft.correlation.file.clone();
            match draft.resolve(&self.known) {
                Ok(correlation) => correlations.push(correlation),
                Err(bad) => self.tell(&file, bad),
            }
        }
        let prefilter = Prefilter::build(&self.rules);
        (RuleSet { rules: self.rules, correlations, prefilter }, self.errors)
    }
}
