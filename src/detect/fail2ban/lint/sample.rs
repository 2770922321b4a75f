//! A text that a pattern matches, in parts: fixed words, the address, and fields that may hold anything.

use std::collections::BTreeMap;

use crate::detect::fail2ban::python::{Class, Item, Node, Tree};

/// Characters that a class is sampled with, the plainest first.
const PLAIN: &str = "x1a0A. -_/:=@\"'[]()<>,;{}#%&+*!?|~$^`\\\t";

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Text(String),
    /// Written by the daemon before every message.
    Prefix(String),
    Host,
    /// Where the patterns behind a prefregex go on.
    Content,
    /// Anything of a set, of any length.
    Wide {
        set: Set,
        /// Its name says that the client chose it.
        user: bool,
        text: String,
        /// As told.
        source: String,
    },
}

/// Which characters a field may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Set {
    Any,
    Of(Class),
}

impl Set {
    pub fn has(&self, c: char) -> bool {
        match self {
            Self::Any => c != '\n',
            Self::Of(class) => class.has(c),
        }
    }
}

impl Part {
    pub fn text(&self, host: &str) -> String {
        match self {
            Self::Text(text) | Self::Prefix(text) | Self::Wide { text, .. } => text.clone(),
            Self::Host => host.to_owned(),
            Self::Content => String::new(),
        }
    }
}

/// Samples a pattern; with `full`, optional parts are there too. `prefix` stands for the filter's own.
pub fn sample(tree: &Tree, full: bool, prefix: &str) -> Vec<Part> {
    let mut sampler = Sampler { tree, full, prefix, parts: Vec::new(), groups: BTreeMap::new(), user: None };
    sampler.node(&tree.root);
    sampler.parts
}

struct Sampler<'t> {
    tree: &'t Tree,
    full: bool,
    prefix: &'t str,
    parts: Vec<Part>,
    groups: BTreeMap<u32, String>,
    user: Option<String>,
}

impl Sampler<'_> {
    fn node(&mut self, node: &Node) {
        match node {
            Node::Literal(c) => self.push(*c),
            Node::Any => self.push('x'),
            Node::Class(class) => self.push(plain(class)),
            Node::Concat(parts) => parts.iter().for_each(|part| self.node(part)),
            Node::Alternate(branches) => {
                let hosted = branches.iter().find(|branch| self.hosts(branch));
                let wide = branches.iter().find(|branch| wide(branch).is_some());
                if let Some(branch) = hosted.or(wide.filter(|_| self.user.is_some())).or(branches.first()) {
                    self.node(branch);
                }
            }
            Node::Repeat { node, least, most, .. } => self.repeat(node, *least, *most),
            Node::Group(number, node) => self.group(*number, node),
            Node::Flagged(_, node) | Node::Atomic(node) => self.node(node),
            Node::Back(group) => {
                let text = self.groups.get(group).cloned().unwrap_or_default();
                text.chars().for_each(|c| self.push(c));
            }
            Node::Conditional { group, yes, no } => {
                let branch = if self.groups.contains_key(group) { yes } else { no };
                self.node(branch);
            }
            _ => {}
        }
    }

    fn push(&mut self, c: char) {
        match self.parts.last_mut() {
            Some(Part::Text(text)) => text.push(c),
            _ => self.parts.push(Part::Text(c.to_string())),
        }
    }

    fn repeat(&mut self, node: &Node, least: u32, most: Option<u32>) {
        if let (None, Some(set)) = (most, wide(node)) {
            let text = match &set {
                Set::Any => "x".to_owned(),
                Set::Of(class) => plain(class).to_string(),
            };
            // A run of spaces or digits is no field.
            let field = set.has('x') && set.has('1');
            let kept = least > 0 || self.full || self.user.is_some() || field;
            if field && kept {
                let user = self.user.is_some();
                let source = self.user.clone().unwrap_or_else(|| "a field of any text".to_owned());
                let roomy = user || set.has(' ');
                let part = if roomy { Part::Wide { set, user, text, source } } else { Part::Text(text) };
                self.parts.push(part);
                return;
            }
        }
        let wanted = self.hosts(node) || (self.full && most != Some(0));
        for _ in 0..least.max(u32::from(wanted)).min(40) {
            self.node(node);
        }
    }

    fn group(&mut self, number: u32, node: &Node) {
        let name = self.tree.names.get(number as usize).cloned().flatten().unwrap_or_default();
        match name.as_str() {
            "ip4" => return self.parts.push(Part::Host),
            "content" => return self.parts.push(Part::Content),
            "g__prefix" => return self.parts.push(Part::Prefix(self.prefix.to_owned())),
            _ => {}
        }
        let outer = self.user.clone();
        if name.contains("user") || name == "fid" {
            self.user = Some(format!("the group {name}"));
        }
        let from = self.parts.len();
        let inside = self.parts.last().map_or(0, |part| part.text("").len());
        self.node(node);
        self.user = outer;
        let text: String = self.parts.iter().skip(from.saturating_sub(1)).map(|part| part.text("")).collect();
        self.groups.insert(number, text.get(if from > 0 { inside } else { 0 }..).unwrap_or_default().to_owned());
    }

    /// True where the address stands inside.
    fn hosts(&self, node: &Node) -> bool {
        match node {
            Node::Group(number, node) => {
                let name = self.tree.names.get(*number as usize).cloned().flatten();
                name.is_some_and(|name| name == "ip4" || name == "content") || self.hosts(node)
            }
            Node::Concat(parts) | Node::Alternate(parts) => parts.iter().any(|part| self.hosts(part)),
            Node::Repeat { node, .. } | Node::Flagged(_, node) | Node::Atomic(node) => self.hosts(node),
            Node::Conditional { yes, no, .. } => self.hosts(yes) || self.hosts(no),
            _ => false,
        }
    }
}

/// The set that a node takes one character of, look-around left out.
fn wide(node: &Node) -> Option<Set> {
    match node {
        Node::Any => Some(Set::Any),
        Node::Class(class) => Some(Set::Of(class.clone())),
        Node::Group(_, node) | Node::Flagged(_, node) => wide(node),
        Node::Concat(parts) => {
            let mut real = parts.iter().filter(|part| !matches!(part, Node::Look { .. } | Node::Empty));
            let first = real.next()?;
            if real.next().is_some() { None } else { wide(first) }
        }
        Node::Repeat { node, most: None, .. } => wide(node),
        _ => None,
    }
}

fn plain(class: &Class) -> char {
    let listed = class.items.iter().find_map(|item| match item {
        Item::Range(from, _) if !class.negated => Some(*from),
        _ => None,
    });
    PLAIN.chars().find(|c| class.has(*c)).or(listed).unwrap_or('x')
}
