//! Python's `re` patterns: read into a tree, written anew for the engines we have.

mod class;
mod emit;
mod parse;

pub use class::{Class, Item};
pub use emit::{Dialect, emit};
pub use parse::{Tree, parse};

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Empty,
    Literal(char),
    /// `.`
    Any,
    Class(Class),
    /// `^`
    LineStart,
    /// `$`
    LineEnd,
    /// `\A`
    TextStart,
    /// `\Z`
    TextEnd,
    /// `\b`, or `\B` where false.
    Boundary(bool),
    /// Not between two letters of a word; fail2ban writes `(?=^|\b|\W)`.
    NotInWord,
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
    Repeat {
        node: Box<Node>,
        least: u32,
        most: Option<u32>,
        greed: Greed,
    },
    /// A capturing group by its number.
    Group(u32, Box<Node>),
    /// `(?:…)`, `(?i:…)`
    Flagged(Flags, Box<Node>),
    /// `(?=…)`, `(?!…)`, `(?<=…)`, `(?<!…)`
    Look {
        ahead: bool,
        wanted: bool,
        node: Box<Node>,
    },
    /// `(?>…)`
    Atomic(Box<Node>),
    /// `(?P=name)`, `\1`
    Back(u32),
    /// `(?(name)yes|no)`
    Conditional {
        group: u32,
        yes: Box<Node>,
        no: Box<Node>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

/// Flags set (`Some(true)`) or taken off inside a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    pub ignore_case: Option<bool>,
    pub multi_line: Option<bool>,
    pub dot_all: Option<bool>,
}

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error("the pattern is empty")]
    Empty,
    #[error("the pattern is longer than {0} bytes")]
    TooLong(usize),
    #[error("groups are nested more than {0} deep")]
    TooDeep(usize),
    #[error("a group is not closed")]
    Open,
    #[error("a `)` closes nothing")]
    Closed,
    #[error("a [class] is not closed")]
    OpenClass,
    #[error("the range {0}-{1} runs backwards")]
    Range(char, char),
    #[error("nothing to repeat before `{0}`")]
    Nothing(char),
    #[error("the escape \\{0} is none of Python's")]
    Escape(char),
    #[error("the group (?{0} is none of Python's")]
    Group(String),
    #[error("the flag {0} is not supported")]
    Flag(char),
    #[error("flags for the whole pattern stand inside it")]
    LateFlags,
    #[error("{0} is no name of a group")]
    Name(String),
    #[error("the group {0} is defined twice")]
    Twice(String),
    #[error("the group {0} is not defined")]
    Unknown(String),
    #[error("there is no <HOST>, <ADDR> or <F-ID> that could say who it was")]
    NoHost,
    #[error("several parts make one name (<F-TUPLE_…>), which is not supported")]
    Tuple,
    #[error("no engine takes it: {0}")]
    Engine(String),
}
