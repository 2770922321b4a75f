//! What is wrong with a rule, where, and what to do about it.

use thiserror::Error;

/// One thing wrong with one rule file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{line}: {problem}")]
pub struct RuleError {
    pub file: String,
    /// From 1.
    pub line: u32,
    pub problem: Problem,
}

impl RuleError {
    /// True where the rule was loaded all the same.
    pub fn is_warning(&self) -> bool {
        matches!(self.problem, Problem::UnknownField { .. })
    }
}

/// The kinds of wrong. All but [`Problem::UnknownField`] leave the rule out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    #[error("not YAML: {0}; check indentation and quoting")]
    Yaml(String),
    #[error("the file is larger than {limit} bytes; split it")]
    TooLarge { limit: usize },
    #[error("nested deeper than {limit} levels; flatten it")]
    TooDeep { limit: usize },
    #[error("aliases (`*name`) are not followed; write the value out")]
    Alias,
    #[error("`{0}` stands here twice; keep one")]
    DuplicateKey(String),
    #[error("`{0}` is missing; add it")]
    Missing(&'static str),
    #[error("`{key}` must be {expected}")]
    Shape { key: String, expected: &'static str },
    #[error("unknown key `{key}`; {}", advice(.near))]
    UnknownKey { key: String, near: Option<&'static str> },
    #[error("field `{field}` is in none of our logs; what tests it never matches")]
    UnknownField { field: String },
    #[error("unknown modifier `{name}`; {}", advice(.near))]
    UnknownModifier { name: String, near: Option<&'static str> },
    #[error("modifier `{name}` is not supported; {advice}")]
    UnsupportedModifier { name: String, advice: &'static str },
    #[error("`{value}` is no {expected}")]
    Value { value: String, expected: &'static str },
    #[error("condition: {0}")]
    Condition(String),
    #[error("regex `{pattern}` does not compile: {why}; look-around and back-references do not exist here")]
    Regex { pattern: String, why: String },
    #[error("logsource {what} is not read here; use category webserver or proxy, or a service of ours")]
    Logsource { what: String },
    #[error("correlation: {what} is not supported; {advice}")]
    Correlation { what: String, advice: &'static str },
    #[error("correlation names rule `{0}`, which is not loaded; load it or take it out")]
    UnknownRule(String),
    #[error("Sigma filter documents are not supported; put the exception into the rule's condition with `and not`")]
    Filter,
    #[error("rule `{0}` exists already; give this one another name or id")]
    DuplicateRule(String),
    #[error("more than {limit} rules; load fewer")]
    TooMany { limit: usize },
}

fn advice(near: &Option<&'static str>) -> String {
    match near {
        Some(name) => format!("did you mean `{name}`?"),
        None => "take it out".to_owned(),
    }
}
