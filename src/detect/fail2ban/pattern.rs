//! One compiled pattern: fail2ban's own tags put in, then Python's syntax written anew for the engine it needs.

use std::ops::Range;

use crate::detect::fail2ban::python::{self, Dialect, PatternError, Tree};

/// Steps back that one look at one line may take, before it is given up.
const MOST_BACKTRACKING: usize = 200_000;
/// The longest line that the backtracking engine is shown.
const MOST_TEXT: usize = 32 << 10;
/// Bytes of a compiled pattern.
const MOST_COMPILED: usize = 10 << 20;

/// The cost limit was hit: whether the line matches is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pattern costs too much on this line; whether it matches is not known")]
pub struct CostLimit;

/// A pattern ready to search.
#[derive(Debug)]
pub struct Pattern {
    engine: Engine,
    names: Vec<String>,
    tree: Tree,
}

#[derive(Debug)]
enum Engine {
    Linear(regex::Regex),
    Backtracking(Box<fancy_regex::Regex>),
}

/// Where a pattern matched.
#[derive(Clone, Debug)]
pub struct Found {
    pub whole: Range<usize>,
    /// Named groups, in the order of the pattern.
    pub groups: Vec<Option<Range<usize>>>,
}

/// How a pattern's `^` and `$` read what they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// Texts of one line, with its newline.
    One,
    /// Several lines; `^` and `$` mean the whole.
    Whole,
    /// Several lines; `^` and `$` mean each of them.
    Each,
    /// A line without its newline.
    Bare,
}

impl Pattern {
    /// # Errors
    /// Where Python would not take it either, or no engine here can.
    pub fn new(text: &str, lines: Lines) -> Result<Self, PatternError> {
        if text.trim_start().is_empty() {
            return Err(PatternError::Empty);
        }
        Self::of(python::parse(text)?, lines, None)
    }

    /// From a tree; the group `keep` is captured whether it has a name or not.
    ///
    /// # Errors
    /// Where no engine takes it.
    pub fn of(tree: Tree, lines: Lines, keep: Option<u32>) -> Result<Self, PatternError> {
        let emitted = python::emit(&tree, matches!(lines, Lines::One | Lines::Bare), lines == Lines::Each, keep);
        let engine = compile(&emitted.text, emitted.dialect)?;
        let names = match &engine {
            Engine::Linear(regex) => regex.capture_names().flatten().map(str::to_owned).collect(),
            Engine::Backtracking(regex) => regex.capture_names().flatten().map(str::to_owned).collect(),
        };
        Ok(Self { engine, names, tree })
    }

    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The first match from a byte on.
    ///
    /// # Errors
    /// [`CostLimit`] where the search was given up.
    pub fn search(&self, text: &str, from: usize) -> Result<Option<Found>, CostLimit> {
        match &self.engine {
            Engine::Linear(regex) => Ok(regex.captures_at(text, from).and_then(|captures| {
                let whole = captures.get(0)?.range();
                let groups = self.names.iter().map(|name| captures.name(name).map(|found| found.range()));
                Some(Found { whole, groups: groups.collect() })
            })),
            Engine::Backtracking(_) if text.len() > MOST_TEXT => Err(CostLimit),
            Engine::Backtracking(regex) => {
                let captures = regex.captures_from_pos(text, from).map_err(|_| CostLimit)?;
                Ok(captures.and_then(|captures| {
                    let whole = captures.get(0)?.range();
                    let groups = self.names.iter().map(|name| captures.name(name).map(|found| found.range()));
                    Some(Found { whole, groups: groups.collect() })
                }))
            }
        }
    }
}

fn compile(text: &str, dialect: Dialect) -> Result<Engine, PatternError> {
    let told = |why: String| {
        let line = why.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned();
        PatternError::Engine(line)
    };
    match dialect {
        Dialect::Linear => {
            let regex = regex::RegexBuilder::new(text).size_limit(MOST_COMPILED).build();
            regex.map(Engine::Linear).map_err(|why| told(why.to_string()))
        }
        Dialect::Backtracking => {
            let regex = fancy_regex::RegexBuilder::new(text)
                .backtrack_limit(MOST_BACKTRACKING)
                .delegate_size_limit(MOST_COMPILED)
                .build();
            regex.map(|regex| Engine::Backtracking(Box::new(regex))).map_err(|why| told(why.to_string()))
        }
    }
}
