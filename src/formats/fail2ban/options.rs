//! `name[option=value, other="quoted, value"]`, as jails name their filters.

use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    #[error("there is no name before the `[`")]
    NoName,
    #[error("the `[` is not closed")]
    Open,
    #[error("expected option=value at `{0}`")]
    NoOption(String),
}

/// A name and its options.
///
/// # Errors
/// Where what stands in brackets is no list of options.
pub fn name_and_options(text: &str) -> Result<(String, BTreeMap<String, String>), OptionsError> {
    let text = text.trim_end();
    let (name, rest) = text.split_once('[').unwrap_or((text, ""));
    let mut options = BTreeMap::new();
    if name.trim().is_empty() {
        return Err(OptionsError::NoName);
    }
    if text.len() == name.len() {
        return Ok((name.to_owned(), options));
    }
    let mut rest = rest.strip_suffix(']').ok_or(OptionsError::Open)?.trim();
    while !rest.is_empty() {
        rest = one(rest, &mut options)?;
    }
    Ok((name.trim().to_owned(), options))
}

/// Reads one option; what follows its separator.
fn one<'t>(text: &'t str, options: &mut BTreeMap<String, String>) -> Result<&'t str, OptionsError> {
    let wrong = || OptionsError::NoOption(text.chars().take(30).collect());
    let (name, after) = text.split_once('=').ok_or_else(wrong)?;
    let name = name.trim_start();
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.')) {
        return Err(wrong());
    }
    let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
    let (value, rest) = match quote {
        Some(quote) => after.get(1..).and_then(|inner| inner.split_once(quote)).ok_or_else(wrong)?,
        None => after.split_at(after.find([',', ']']).unwrap_or(after.len())),
    };
    options.insert(name.to_owned(), value.trim().to_owned());
    let rest = rest.trim_start();
    if rest.is_empty() {
        return Ok("");
    }
    let next = rest.strip_prefix(',').or_else(|| rest.strip_prefix(']')?.trim_start().strip_prefix('['));
    next.map(str::trim_start).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_may_be_quoted_and_in_several_brackets() {
        let (name, options) = name_and_options("sshd[mode=aggressive, a=\"b, c\"][d='e']").unwrap();
        let options: Vec<(&str, &str)> = options.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!((name.as_str(), options), ("sshd", vec![("a", "b, c"), ("d", "e"), ("mode", "aggressive")]));
        assert_eq!(name_and_options("sshd").unwrap().0, "sshd");
        assert_eq!(name_and_options("sshd[x").unwrap_err(), OptionsError::Open);
        assert_eq!(name_and_options("sshd[x]").unwrap_err(), OptionsError::NoOption("x".to_owned()));
    }
}
