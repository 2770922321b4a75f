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
    #[error("modifier `{name}` cannot be used so; {advice}")]
    Modifier { name: String, advice: &'static str },
    #[error("placeholder `%{0}%` has no value; give it one under [rules.placeholders]")]
    Placeholder(String),
    #[error("`{value}` is no {expected}")]
    Value { value: String, expected: &'static str },
    #[error("condition: {0}")]
    Condition(String),
    #[error("regex `{pattern}` does not compile: {why}; look-around and back-references do not exist here")]
    Regex { pattern: String, why: String },
    #[error("logsource {what} is not read here; take it out of the folder")]
    Logsource { what: String },
    #[error("correlation: {what} is not supported; {advice}")]
    Correlation { what: String, advice: &'static str },
    #[error("names rule `{0}`, which is not loaded; load it or take it out")]
    UnknownRule(String),
    #[error("correlations wait for each other in a circle: {0}; take one name out")]
    Cycle(String),
    #[error("the filter is about another logsource than rule `{0}`; give it the rule's")]
    FilterLogsource(String),
    #[error("`action: {0}` is Sigma's old way of several rules in one file; write each rule out as its own document")]
    Collection(String),
    #[error("more than {limit} values are compared with one event; split the rule")]
    TooManyValues { limit: usize },
    #[error("more than {limit} large regexes in all rules; write some of them shorter")]
    TooManyRegexes { limit: usize },
    #[error("rule `{0}` exists already; give this one another name or id")]
    DuplicateRule(String),
    #[error("more than {limit} {what}; load fewer")]
    TooMany { what: &'static str, limit: usize },
}

fn advice(near: &Option<&'static str>) -> String {
    match near {
        Some(name) => format!("did you mean `{name}`?"),
        None => "take it out".to_owned(),
    }
}
