//! What is wrong with a fail2ban configuration, and where.

use std::fmt;
use std::sync::Arc;

/// A file and a line from 1; line 0 is the file as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub file: Arc<str>,
    pub line: u32,
}

impl Place {
    pub fn new(file: &str, line: u32) -> Self {
        Self { file: file.into(), line }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// One thing that is wrong, with its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {wrong}")]
pub struct Problem {
    pub place: Place,
    pub wrong: Wrong,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    #[error("cannot be read: {0}")]
    Unreadable(String),
    #[error("is not UTF-8 text")]
    NotText,
    #[error("an option stands before the first [section]")]
    NoSection,
    #[error("expected `name = value`, a [section] or a comment, found `{0}`")]
    NoOption(String),
    #[error("[{0}] stands twice in this file; merge the two")]
    SectionTwice(String),
    #[error("{0} is set twice in this section; keep one")]
    OptionTwice(String),
    #[error("includes {0}, which is not there")]
    IncludeMissing(String),
    #[error("brings more than {0} files")]
    TooManyFiles(usize),
    #[error("has no [{0}]")]
    SectionMissing(String),
    #[error("%({0})s is not set anywhere")]
    NotSet(String),
    #[error("a `%` is followed by neither `%` nor `(name)s`; write %% for a percent sign")]
    Percent,
    #[error("%(…)s refers to itself, or is nested more than {0} deep")]
    Depth(usize),
    #[error("<{0}> refers to itself")]
    TagCycle(String),
    #[error("grows beyond {0} bytes when its parts are put in")]
    TooLong(usize),
    #[error("{name} is `{value}`, and should be {expected}")]
    Value { name: String, value: String, expected: &'static str },
    #[error("the filter `{0}` cannot be read as name[option=value, …]: {1}")]
    Options(String, String),
    #[error("no filter is named")]
    NoFilter,
    #[error("{0}")]
    Other(String),
}

impl Wrong {
    pub fn at(self, place: &Place) -> Problem {
        Problem { place: place.clone(), wrong: self }
    }
}
