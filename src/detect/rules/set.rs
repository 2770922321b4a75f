//! Rules from text: parsed, checked, compiled.

use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use crate::detect::rules::chain;
use crate::detect::rules::correlation::{self, Correlation, Draft, Source};
use crate::detect::rules::error::{Problem, RuleError};
use crate::detect::rules::filter;
use crate::detect::rules::foreign::Foreign;
use crate::detect::rules::gates::Gates;
use crate::detect::rules::item::Given;
use crate::detect::rules::names::{Known, Names};
use crate::detect::rules::placeholders::Placeholders;
use crate::detect::rules::prefilter::Prefilter;
use crate::detect::rules::record::Records;
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
    pub(super) rules: Vec<Rule>,
    correlations: Vec<Correlation>,
    filters: usize,
    pub(super) prefilter: Prefilter,
    pub(super) gates: Arc<Gates>,
    pub(super) records: Records,
    pub(super) crs: Option<Foreign>,
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

    /// Every document that can be loaded, without placeholders; see [`RuleSet::load_with`].
    pub fn load(texts: &[RuleText<'_>]) -> (Self, Vec<RuleError>) {
        Self::load_with(texts, &Placeholders::default())
    }

    /// Every document that can be loaded; the others are told, and so are fields that no log has.
    pub fn load_with(texts: &[RuleText<'_>], placeholders: &Placeholders) -> (Self, Vec<RuleError>) {
        let mut loader = Loader::new(placeholders);
        texts.iter().for_each(|text| loader.file(text));
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
        let records = Records::build(&rules);
        let gates = Arc::new(Gates::build(&rules));
        Self { rules, correlations: Vec::new(), filters: 0, prefilter, gates, records, crs: None }
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

    /// What programs call themselves in syslog that rules are about, each once.
    pub fn programs(&self) -> BTreeSet<&str> {
        self.rules.iter().filter_map(|rule| rule.source.program()).collect()
    }

    pub fn correlations(&self) -> &[Correlation] {
        &self.correlations
    }

    /// How many filters hold.
    pub fn filters(&self) -> usize {
        self.filters
    }

    /// The id of what a correlation counts.
    pub fn id_of(&self, source: Source) -> &str {
        match source {
            Source::Rule(at) => self.rule(at).map_or("", |rule| &rule.id),
            Source::Correlation(at) => self.correlations.get(usize::from(at.0)).map_or("", |known| &known.id),
        }
    }
}

struct Loader<'p> {
    given: Given<'p>,
    rules: Vec<Rule>,
    drafts: Vec<Draft>,
    filters: Vec<filter::Draft>,
    known: Names,
    errors: Vec<RuleError>,
}

impl<'p> Loader<'p> {
    fn new(placeholders: &'p Placeholders) -> Self {
        Self {
            given: Given::new(placeholders),
            rules: Vec::new(),
            drafts: Vec::new(),
            filters: Vec::new(),
            known: Names::default(),
            errors: Vec::new(),
        }
    }

    fn file(&mut self, text: &RuleText<'_>) {
        let (docs, bad) = yaml::documents(text.text);
        // What `global` shares is in every document of its file.
        let collection = docs.iter().find_map(|doc| doc.get("action")).and_then(Node::text);
        for doc in &docs {
            let mut warnings = Vec::new();
            let read = match collection {
                Some(action) => Err((doc.line, Problem::Collection(action.chars().take(40).collect()))),
                None => self.document(doc, text.file, &mut warnings),
            };
            warnings.into_iter().chain(read.err()).for_each(|bad| self.tell(text.file, bad));
        }
        if let Some(bad) = bad {
            self.tell(text.file, bad);
        }
    }

    fn tell(&mut self, file: &str, (line, problem): Bad) {
        self.errors.push(RuleError { file: file.to_owned(), line, problem });
    }

    fn document(&mut self, doc: &Node, file: &str, warnings: &mut Vec<Bad>) -> Result<(), Bad> {
        if doc.pairs().is_empty() {
            return Err((doc.line, Problem::Shape { key: "a document".to_owned(), expected: "a map" }));
        }
        if doc.get("filter").is_some() {
            self.filters.push(filter::parse(doc, file, &self.given, warnings)?);
            return Ok(());
        }
        if doc.get("correlation").is_some() {
            let draft = correlation::parse(doc, file)?;
            if self.drafts.len() >= usize::from(u16::MAX) {
                return Err((doc.line, chain::too_many()));
            }
            let Correlation { id, name, .. } = &draft.correlation;
            self.known.add(id, name.as_deref(), Known::Correlation(self.drafts.len()), doc.line)?;
            self.drafts.push(draft);
            return Ok(());
        }
        let full = (doc.line, Problem::TooMany { what: "rules", limit: RuleSet::MAX_RULES });
        let at = u16::try_from(self.rules.len()).ok().filter(|at| *at < u16::MAX).ok_or(full)?;
        let rule = rule::parse(doc, file, &self.given, warnings)?;
        self.known.add(&rule.id, rule.name.as_deref(), Known::Rule(RuleIx(at)), doc.line)?;
        self.rules.push(rule);
        Ok(())
    }

    fn finish(mut self) -> (RuleSet, Vec<RuleError>) {
        let mut made = 0;
        let mut filters = self.filters.len();
        for filter in std::mem::take(&mut self.filters) {
            let bad = filter.apply(&mut self.rules, &self.known, &mut made);
            filters -= usize::from(!bad.is_empty());
            bad.into_iter().for_each(|bad| self.tell(&filter.file, bad));
        }
        let (mut correlations, errors) = chain::resolve(std::mem::take(&mut self.drafts), &self.rules, &self.known);
        self.errors.extend(errors);
        quieten(&mut self.rules, &mut correlations);
        let (prefilter, records) = (Prefilter::build(&self.rules), Records::build(&self.rules));
        let gates = Arc::new(Gates::build(&self.rules));
        let set = RuleSet { rules: self.rules, correlations, filters, prefilter, gates, records, crs: None };
        (set, self.errors)
    }
}

/// Rules of the file of a correlation only feed it, unless one says `generate` (Sigma 2.1, "Correlation rules").
fn quieten(rules: &mut [Rule], correlations: &mut [Correlation]) {
    let uses = correlations.iter().flat_map(|of| of.parts.iter().map(move |part| (part.source, of)));
    let (loud, feeding): (Vec<_>, Vec<_>) = uses.partition(|(_, of)| of.generate);
    let loud: HashSet<Source> = loud.into_iter().map(|(source, _)| source).collect();
    let feeding: Vec<(Source, String)> = feeding.into_iter().map(|(source, of)| (source, of.file.clone())).collect();
    for (source, file) in feeding.into_iter().filter(|(source, _)| !loud.contains(source)) {
        match source {
            Source::Rule(at) => {
                rules
                    .get_mut(usize::from(at.0))
                    .filter(|rule| rule.file == file)
                    .into_iter()
                    .for_each(|rule| rule.alone = false);
            }
            Source::Correlation(at) => {
                let inner = correlations.get_mut(usize::from(at.0)).filter(|inner| inner.file == file);
                inner.into_iter().for_each(|inner| inner.alone = false);
            }
        }
    }
}
