//! The locations of a server block, indexed once, and the one that answers a path
//! (ngx_http_core_module, location; the traps are in its source, ngx_http_core_find_location).

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use crate::effective::nginx::Line;
use crate::effective::nginx::directives::{Kind, row};
use crate::effective::nginx::pattern::{Caught, Matched, Pattern};

/// Locations inside one another; nginx has no bound, a hostile file has no end.
const DEEPEST: usize = 32;

/// A location block.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) line: &'a Line,
    /// The block around it, none for the server block.
    pub(super) parent: Option<usize>,
    pub(super) kind: PlaceKind,
    /// Prefix, pattern or `@name`, without modifier.
    pub(super) name: String,
    inner: Within,
}

#[derive(Debug)]
pub(super) enum PlaceKind {
    Exact,
    /// `stops`: `^~`, patterns are not looked at.
    Prefix {
        stops: bool,
    },
    Pattern(Pattern),
    Named,
}

/// The locations of one block.
#[derive(Debug, Default)]
struct Within {
    exact: HashMap<String, usize>,
    prefixes: HashMap<String, usize>,
    /// Of the prefixes, longest first.
    lengths: BTreeSet<Reverse<usize>>,
    patterns: Vec<usize>,
    /// Prefixes ending in `/` that pass requests on: without that `/` the answer is a redirect.
    redirecting: HashMap<String, usize>,
}

/// All locations of a server block.
#[derive(Debug, Default)]
pub(super) struct Places<'a> {
    all: Vec<Place<'a>>,
    top: Within,
    named: HashMap<String, usize>,
}

/// Which location answers.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// None: the server block itself.
    pub(super) place: Option<usize>,
    /// What the pattern of the location caught.
    pub(super) caught: Option<Caught>,
    /// The path lacks the last `/` of a location that passes requests on: 301.
    pub(super) redirects: bool,
    /// A pattern that could not be run stands before the answer.
    pub(super) untold: bool,
}

enum Static {
    Exact(usize),
    Prefix(usize),
    Redirect(usize),
    None,
}

impl<'a> Places<'a> {
    pub(super) fn of(server: &'a Line) -> Self {
        let mut places = Self::default();
        places.top = places.read(server.inside(), None, 0);
        places
    }

    pub(super) fn get(&self, place: usize) -> Option<&Place<'a>> {
        self.all.get(place)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Place<'a>> {
        self.all.iter()
    }

    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.named.get(name).copied()
    }

    /// The block and those around it, outermost first.
    pub(super) fn line_to(&self, place: Option<usize>) -> Vec<&'a Line> {
        let mut line = Vec::new();
        let mut at = place.and_then(|place| self.get(place));
        while let Some(place) = at {
            line.push(place.line);
            at = place.parent.and_then(|parent| self.get(parent));
        }
        line.reverse();
        line
    }

    fn read(&mut self, lines: &'a [Line], parent: Option<usize>, depth: usize) -> Within {
        let mut within = Within::default();
        for line in lines.iter().filter(|line| line.name == "location" && line.block.is_some() && depth < DEEPEST) {
            let Some((kind, name)) = kind(&line.args) else { continue };
            let index = self.all.len();
            self.all.push(Place { line, parent, kind, name, inner: Within::default() });
            let inner = self.read(line.inside(), Some(index), depth + 1);
            if let Some(place) = self.all.get_mut(index) {
                place.inner = inner;
                within.add(index, place);
                if matches!(place.kind, PlaceKind::Named) {
                    self.named.entry(place.name.clone()).or_insert(index);
                }
            }
        }
        within
    }

    /// The location for a normalised path.
    pub(super) fn find(&self, path: &str) -> Found {
        let mut found = Found::default();
        self.find_in(&self.top, path, &mut found);
        found
    }

    /// True where the search is over; the outer level's patterns are tried otherwise.
    fn find_in(&self, within: &Within, path: &str, found: &mut Found) -> bool {
        let mut stops = false;
        match within.static_match(path) {
            Static::Exact(place) => {
                found.place = Some(place);
                return true;
            }
            Static::Redirect(place) => {
                (found.place, found.redirects) = (Some(place), true);
                return true;
            }
            Static::Prefix(place) => {
                found.place = Some(place);
                let Some(place) = self.get(place) else { return true };
                // Only the `^~` of this level holds its patterns off, one of a nested location does not.
                stops = matches!(place.kind, PlaceKind::Prefix { stops: true });
                if self.find_in(&place.inner, path, found) {
                    return true;
                }
            }
            Static::None => {}
        }
        !stops && self.first_pattern(within, path, found)
    }

    fn first_pattern(&self, within: &Within, path: &str, found: &mut Found) -> bool {
        for index in &within.patterns {
            let Some(place) = self.get(*index) else { continue };
            let PlaceKind::Pattern(pattern) = &place.kind else { continue };
            match pattern.search(path) {
                Matched::No => {}
                Matched::Untold => {
                    (found.place, found.untold) = (Some(*index), true);
                    return true;
                }
                Matched::Yes(caught) => {
                    (found.place, found.caught) = (Some(*index), Some(caught));
                    self.find_in(&place.inner, path, found);
                    return true;
                }
            }
        }
        false
    }
}

impl Within {
    fn add(&mut self, index: usize, place: &Place<'_>) {
        match &place.kind {
            PlaceKind::Exact => {
                self.exact.entry(place.name.clone()).or_insert(index);
            }
            PlaceKind::Prefix { .. } => {
                self.prefixes.entry(place.name.clone()).or_insert(index);
                self.lengths.insert(Reverse(place.name.len()));
            }
            PlaceKind::Pattern(_) => self.patterns.push(index),
            PlaceKind::Named => return,
        }
        let is_static = !matches!(place.kind, PlaceKind::Pattern(_));
        if let Some(without) = place.name.strip_suffix('/').filter(|_| is_static && passes_on(place.line)) {
            self.redirecting.entry(without.to_owned()).or_insert(index);
        }
    }

    fn static_match(&self, path: &str) -> Static {
        if let Some(place) = self.exact.get(path) {
            return Static::Exact(*place);
        }
        if let (Some(place), false) = (self.redirecting.get(path), self.prefixes.contains_key(path)) {
            return Static::Redirect(*place);
        }
        let fitting = self.lengths.iter().filter_map(|length| self.prefixes.get(path.get(..length.0)?));
        fitting.map(|place| Static::Prefix(*place)).next().unwrap_or(Static::None)
    }
}

/// `proxy_pass` and its kind set a redirect up; only in the location itself.
fn passes_on(line: &Line) -> bool {
    line.inside().iter().any(|line| line.name.ends_with("_pass") && row(&line.name).kind == Kind::Here)
}

/// Modifier and name, written apart or as one word.
fn kind(args: &[String]) -> Option<(PlaceKind, String)> {
    let pattern = |text: &str, ignore_case| PlaceKind::Pattern(Pattern::new(text, ignore_case));
    let prefix = |stops| PlaceKind::Prefix { stops };
    let (kind, name) = match args {
        [modifier, name] => match modifier.as_str() {
            "=" => (PlaceKind::Exact, name.as_str()),
            "^~" => (prefix(true), name.as_str()),
            "~" => (pattern(name, false), name.as_str()),
            "~*" => (pattern(name, true), name.as_str()),
            _ => return None,
        },
        [name] => {
            if let Some(name) = name.strip_prefix('=') {
                (PlaceKind::Exact, name)
            } else if let Some(name) = name.strip_prefix("^~") {
                (prefix(true), name)
            } else if let Some(name) = name.strip_prefix("~*") {
                (pattern(name, true), name)
            } else if let Some(name) = name.strip_prefix('~') {
                (pattern(name, false), name)
            } else if name.starts_with('@') {
                (PlaceKind::Named, name.as_str())
            } else {
                (prefix(false), name.as_str())
            }
        }
        _ => return None,
    };
    Some((kind, name.to_owned()))
}
