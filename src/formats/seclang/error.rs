//! What is wrong with a SecLang file, where, and what to do about it.

use thiserror::Error;

/// One thing wrong with one file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{line}: {problem}")]
pub struct SecError {
    pub file: String,
    /// From 1; 0 where the file as a whole is meant.
    pub line: u32,
    pub problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    #[error("cannot be read: {0}; correct the path or the file's rights")]
    Unreadable(String),
    #[error("the file is larger than {limit} bytes; split it")]
    TooLarge { limit: usize },
    #[error("nothing stands behind `{0}`; correct the path, or write IncludeOptional")]
    NothingIncluded(String),
    #[error("`{0}` includes itself; take one of the includes out")]
    Loop(String),
    #[error("includes are nested deeper than {limit}; flatten them")]
    TooDeep { limit: usize },
    #[error("more than {limit} directives; load fewer files")]
    TooMany { limit: usize },
    #[error("`{directive}` needs {needs}")]
    Arguments { directive: &'static str, needs: &'static str },
    #[error("a quote is not closed; close it, or join the lines with a backslash")]
    Unclosed,
    #[error("`{0}` is no variable; names are letters, digits and `_`")]
    Target(String),
    #[error("action `{0}` has an open quote; close it")]
    Action(String),
    #[error("`{0}` is no rule number")]
    Number(String),
    #[error("the rule has no id; give it one")]
    NoId,
    #[error("data file {file} cannot be read: {cause}; the rule is left out, correct the path")]
    Data { file: String, cause: String },
    #[error("`{0}` is no directive of ModSecurity, and is not read")]
    Unknown(String),
}
