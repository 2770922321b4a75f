//! A rule compiled: its links, and what a hit of it weighs.

use crate::detect::crs::moment::Moment;
use crate::detect::crs::operator::{Literals, Op};
use crate::detect::crs::pipeline::Node;
use crate::detect::crs::target::{Except, Look, Source, Sources};
use crate::detect::crs::template::Template;
use crate::detect::crs::values::Values;
use crate::model::alert::{Class, Confidence, Severity};

/// A rule of the files.
#[derive(Debug)]
pub struct Rule {
    pub id: u32,
    pub title: String,
    pub class: Class,
    pub level: Severity,
    pub confidence: Confidence,
    /// What one hit adds to a client's score, before confidence.
    pub score: f32,
    pub tags: Vec<String>,
    pub file: String,
    /// From 1.
    pub line: u32,
    pub links: Vec<Link>,
}

/// One test of a chain; a rule that is no chain has one.
pub struct Link {
    pub looks: Vec<Look>,
    pub excepts: Vec<Except>,
    /// The text as transformed in full; with `multiMatch` those on the way, too.
    pub nodes: Vec<Node>,
    pub op: Op,
    pub negated: bool,
    pub capture: bool,
    pub sets: Vec<(String, Template)>,
    pub literals: Literals,
}

impl Link {
    /// The parts of a request it looks at.
    pub fn sources(&self) -> Sources {
        self.looks.iter().fold(0, |all, look| match look {
            Look::At(source) if !self.excludes(*source) => all | source.bit(),
            Look::Named(source, _) | Look::Count(source) => all | source.bit(),
            _ => all,
        })
    }

    fn excludes(&self, source: Source) -> bool {
        self.excepts.iter().any(|except| matches!(except, Except::Whole(whole) if *whole == source))
    }

    fn wants(&self, source: Source, name: &[u8]) -> bool {
        let named = |selected: Source, takes: bool| selected == source && takes;
        let looked = self.looks.iter().any(|look| match look {
            Look::At(at) => *at == source,
            Look::Named(at, selector) => named(*at, selector.takes(name)),
            _ => false,
        });
        looked
            && !self.excepts.iter().any(|except| match except {
                Except::Whole(at) => *at == source,
                Except::Named(at, selector) => named(*at, selector.takes(name)),
            })
    }

    /// Whether a value of these sources meets it; the last that does is remembered, and its place told.
    pub fn holds(&self, values: &mut Values<'_>, moment: &mut Moment, sources: Sources) -> Option<Place> {
        let mut place = None;
        for at in 0..values.len() {
            let Some((source, name)) = values.about(at) else { continue };
            if source.bit() & sources == 0 || !self.wants(source, name) {
                continue;
            }
            let mut tried = None;
            for node in &self.nodes {
                // Most transformations change nothing.
                if tried.replace(values.place(at, *node)) == Some(values.place(at, *node)) {
                    continue;
                }
                let text = values.text(at, *node);
                if self.op.holds(text, moment) == Some(!self.negated) {
                    let text = text.to_vec();
                    self.remember(&text, moment);
                    place = Some(Place { value: at, node: *node });
                    break;
                }
            }
        }
        let inner = self.inner(values, moment);
        for text in inner {
            let text = self.nodes.last().map_or(text.clone(), |node| values.run(*node, &text));
            if self.op.holds(&text, moment) == Some(!self.negated) {
                self.remember(&text, moment);
                place = place.or(Some(Place { value: usize::MAX, node: 0 }));
            }
        }
        if place.is_some() {
            for (name, template) in &self.sets {
                if let Some(value) = template.expand(moment).map(|value| value.into_owned()) {
                    moment.set(name, value);
                }
            }
        }
        place
    }

    /// Whether one value meets it, whatever its source.
    pub fn meets(&self, values: &mut Values<'_>, at: usize, moment: &Moment) -> bool {
        self.nodes.iter().any(|node| self.op.holds(values.text(at, *node), moment) == Some(!self.negated))
    }

    /// What is looked at beside the request: counts, and what earlier links left behind.
    fn inner(&self, values: &Values<'_>, moment: &Moment) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        for look in &self.looks {
            match look {
                Look::Count(source) => all.push(values.count(*source).to_string().into_bytes()),
                Look::Captured(at) => all.extend(moment.captured.get(*at).cloned()),
                Look::Tx(name) => all.extend(moment.tx(name).cloned()),
                Look::MatchedVar => all.extend(moment.matched.last().cloned()),
                Look::MatchedVars => all.extend(moment.matched.iter().cloned()),
                Look::At(_) | Look::Named(..) => {}
            }
        }
        all
    }

    fn remember(&self, text: &[u8], moment: &mut Moment) {
        if self.capture
            && let Some(captured) = self.op.captures(text)
        {
            moment.captured = captured;
        }
        moment.matched.push(text.to_vec());
    }
}

/// Which value met a link.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub value: usize,
    pub node: Node,
}

impl Rule {
    /// Whether a request meets all links, and the value that met the last of them that looks at the request.
    /// `sources`: where its first link can be met at all.
    pub fn holds(&self, values: &mut Values<'_>, moment: &mut Moment, sources: Sources) -> Option<Place> {
        moment.begin();
        let sources = if self.links.len() == 1 { sources } else { Sources::MAX };
        let mut place = None;
        for link in &self.links {
            let here = link.holds(values, moment, sources)?;
            if here.value != usize::MAX || place.is_none() {
                place = Some(here);
            }
        }
        place
    }

    /// What must be known of a request to try it, where only these parts can meet its first link.
    pub fn needs(&self, sources: Sources) -> Sources {
        let all = self.links.iter().fold(0, |all, link| all | link.sources());
        if self.links.len() == 1 { all & sources } else { all }
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("looks", &self.looks).field("op", &self.op).finish_non_exhaustive()
    }
}
