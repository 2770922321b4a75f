//! Which rules could match at all: the literals of their first links, searched in what their transformations make of a
//! text. Where a text has nothing that any transformation reacts to, it is searched once, for all of them.

use std::collections::BTreeMap;

use crate::detect::crs::operator::Op;
use crate::detect::crs::pipeline::{Node, Pipelines};
use crate::detect::crs::rule::{Link, Rule};
use crate::detect::crs::target::{HEADERS, OF_ARGUMENTS, OF_TARGET, Source, Sources};
use crate::detect::crs::transform::Signs;
use crate::detect::crs::values::Values;
use crate::detect::rules::sieve::Sieve;

/// The number of a rule in its set.
pub type RuleIx = u16;

#[derive(Debug, Default)]
pub struct Prefilter {
    pub target: Group,
    /// The same where nothing has to be decoded.
    pub plain: Group,
    pub headers: Group,
    /// libinjection's: tried on every argument that is more than a word.
    pub injections: Vec<RuleIx>,
    /// Without a literal: tried on every request with arguments, on every request line, on every request, on every new
    /// header, on every new pair of method and protocol.
    pub arguments: Vec<RuleIx>,
    pub lines: Vec<RuleIx>,
    pub requests: Vec<RuleIx>,
    pub unsure_headers: Vec<RuleIx>,
    pub words: Vec<RuleIx>,
    /// A target with one of these must be decoded.
    pub odd: Signs,
    /// Nodes that make something else of any text, where rules look at arguments.
    pub always: Vec<Node>,
}

/// A sieve, and the rules of its literals.
#[derive(Debug, Default)]
pub struct Group {
    sieve: Option<Sieve>,
    /// By literal: the rules and what they look at.
    rules: Vec<Box<[(RuleIx, Sources)]>>,
    /// By source: the nodes whose texts are searched.
    nodes: BTreeMap<u16, Vec<Node>>,
    /// No shorter text has a literal.
    pub shortest: usize,
}

type Literals = BTreeMap<Vec<u8>, Vec<(RuleIx, Sources)>>;

const WORDS: Sources = Source::Method.bit() | Source::Protocol.bit();

impl Prefilter {
    pub fn build(rules: &[Rule], pipelines: &Pipelines) -> Self {
        let mut filter = Self::default();
        let (mut of_target, mut of_plain, mut of_headers) = (Literals::new(), Literals::new(), Literals::new());
        for (rule, at) in rules.iter().zip(0..RuleIx::MAX) {
            let Some(link) = rule.links.first() else { continue };
            let sources = link.sources();
            filter.enlist(link, at, sources, (&mut of_target, &mut of_plain), pipelines);
            filter.enlist_header(link, at, sources & headers(), &mut of_headers);
        }
        filter.target.fill(of_target);
        filter.plain.fill(of_plain);
        filter.headers.fill(of_headers);
        for (source, nodes) in &filter.target.nodes {
            for node in nodes {
                let signs = pipelines.signs(*node);
                // Between arguments a `&` parts them, within it is decoded, and then a `%` told of it.
                let parted = 1 << source & OF_ARGUMENTS != 0;
                let signs = if parted { signs.without(Signs::AMPERSAND) } else { signs };
                filter.odd = filter.odd.and(signs.without(Signs::ALWAYS));
            }
        }
        filter.odd = filter.odd.and(Signs::ODD);
        filter
    }

    /// What is looked for outside of headers.
    fn enlist(
        &mut self,
        link: &Link,
        at: RuleIx,
        sources: Sources,
        (literals, of_plain): (&mut Literals, &mut Literals),
        pipelines: &Pipelines,
    ) {
        let rest = sources & !headers();
        let literal = link.literals.any.as_ref();
        if rest == 0 {
            return;
        }
        if rest & !WORDS == 0 {
            return self.words.push(at);
        }
        let spans_line = rest & Source::Line.bit() != 0
            && (link.nodes.iter().any(|node| pipelines.signs(*node).meets(Signs::SPACES))
                || literal.is_some_and(|all| all.iter().any(|text| text.contains(&b' '))));
        match literal {
            Some(all) if rest & !(OF_TARGET | Source::Line.bit()) == 0 && !spans_line => {
                all.iter().for_each(|text| add(literals, text, at, rest));
                let plain = link.literals.plain.as_ref().unwrap_or(all);
                plain.iter().for_each(|text| add(of_plain, text, at, rest));
                self.target.watch(rest, link);
                if rest & OF_ARGUMENTS != 0 {
                    let always = link.nodes.iter().filter(|node| pipelines.signs(**node).meets(Signs::ALWAYS));
                    self.always.extend(always);
                    self.always.sort_unstable();
                    self.always.dedup();
                }
            }
            None if matches!(link.op, Op::Sqli | Op::Xss) && rest & !OF_ARGUMENTS == 0 => self.injections.push(at),
            None if rest & !OF_ARGUMENTS == 0 => self.arguments.push(at),
            None if rest == Source::Line.bit() && link.nodes == [0] => self.lines.push(at),
            _ => self.requests.push(at),
        }
    }

    fn enlist_header(&mut self, link: &Link, at: RuleIx, sources: Sources, literals: &mut Literals) {
        if sources == 0 {
            return;
        }
        match &link.literals.any {
            Some(all) => {
                all.iter().for_each(|text| add(literals, text, at, sources));
                self.headers.watch(sources, link);
            }
            None => self.unsure_headers.push(at),
        }
    }
}

fn headers() -> Sources {
    HEADERS.iter().fold(0, |all, source| all | source.bit())
}

fn add(literals: &mut Literals, text: &[u8], rule: RuleIx, sources: Sources) {
    let rules = literals.entry(text.to_owned()).or_default();
    if !rules.contains(&(rule, sources)) {
        rules.push((rule, sources));
    }
}

impl Group {
    /// What its rules look at.
    pub fn sources(&self) -> Sources {
        self.nodes.keys().fold(OF_ARGUMENTS, |all, source| all | 1 << source)
    }

    fn watch(&mut self, sources: Sources, link: &Link) {
        for source in (0..Sources::BITS as u16).filter(|source| sources & 1 << source != 0) {
            let nodes = self.nodes.entry(source).or_default();
            link.nodes.iter().for_each(|node| {
                if !nodes.contains(node) {
                    nodes.push(*node);
                }
            });
        }
    }

    fn fill(&mut self, literals: Literals) {
        if literals.is_empty() {
            return;
        }
        self.shortest = literals.keys().map(Vec::len).min().unwrap_or(0);
        self.sieve = Some(Sieve::new(literals.keys().map(Vec::as_slice)));
        self.rules = literals.into_values().map(Vec::into_boxed_slice).collect();
    }

    /// The rules that have a literal in a text of one of these sources.
    pub fn search(&self, text: &[u8], sources: Sources, found: &mut impl FnMut(RuleIx, Sources)) {
        let Some(sieve) = &self.sieve else { return };
        sieve.scan(text, |literal| {
            for (rule, looked) in self.rules.get(literal).into_iter().flatten() {
                if looked & sources != 0 {
                    found(*rule, looked & sources);
                }
            }
        });
    }

    /// The same of every text that rules make of a request's values.
    pub fn search_all(&self, values: &mut Values<'_>, found: &mut impl FnMut(RuleIx, Sources)) {
        for at in 0..values.len() {
            let Some((source, _)) = values.about(at) else { continue };
            self.search_value(values, at, source, found);
        }
    }

    /// The same of one value.
    pub fn search_value(
        &self,
        values: &mut Values<'_>,
        at: usize,
        source: Source,
        found: &mut impl FnMut(RuleIx, Sources),
    ) {
        let mut seen: Vec<(u32, u32)> = Vec::new();
        for node in self.nodes.get(&(source as u16)).into_iter().flatten() {
            let place = values.place(at, *node);
            if !seen.contains(&place) {
                seen.push(place);
                self.search(values.text(at, *node), source.bit(), found);
            }
        }
    }
}

impl Prefilter {
    /// The rules that have a literal in what they make of a request's target and line.
    pub fn search_request(&self, values: &mut Values<'_>, found: &mut impl FnMut(RuleIx, Sources)) {
        for at in 0..values.len() {
            let Some((source, _)) = values.about(at) else { continue };
            if Signs::of(values.text(at, 0)).meets(self.odd) {
                self.target.search_value(values, at, source, found);
                continue;
            }
            self.plain.search(values.text(at, 0), source.bit(), found);
            for node in &self.always {
                self.target.search(values.text(at, *node), source.bit(), found);
            }
        }
    }
}
