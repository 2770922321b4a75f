//! Operators and action lists.

use crate::formats::seclang::{Action, Operator, Problem};

/// `!@name argument`; without `@` it is a regex.
pub(super) fn operator(text: &str) -> Operator {
    let negated = text.starts_with('!');
    let rest = if negated { text.get(1..).unwrap_or_default().trim_start() } else { text };
    let (name, argument) = match rest.strip_prefix('@') {
        Some(rest) => rest.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((rest, "")),
        None => ("rx", rest),
    };
    // An argument of `rx` keeps its trailing spaces, which may be escaped.
    let argument = argument.trim_start();
    Operator { negated, name: name.to_owned(), argument: argument.to_owned(), phrases: Vec::new() }
}

/// `a,b:c,d:'e,f'`
pub(super) fn actions(list: &str) -> Result<Vec<Action>, Problem> {
    let mut actions = Vec::new();
    let mut rest = list.trim();
    while !rest.is_empty() {
        let end = rest.find([',', ':']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix(':') {
            Some(after) => value(name, after).map(|(value, after)| (Some(value), after))?,
            None => (None, after),
        };
        let name = name.trim().to_ascii_lowercase();
        if !name.is_empty() {
            actions.push(Action { name, value });
        }
        rest = after.trim_start().strip_prefix(',').unwrap_or(after).trim_start();
    }
    Ok(actions)
}

/// The value before the next comma, or between single quotes, in which `\'` is a quote.
fn value<'a>(name: &str, text: &'a str) -> Result<(String, &'a str), Problem> {
    let Some(quoted) = text.trim_start().strip_prefix('\'') else {
        let (value, rest) = text.split_at(text.find(',').unwrap_or(text.len()));
        return Ok((value.trim().to_owned(), rest));
    };
    let mut plain = String::new();
    let mut characters = quoted.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\'' => return Ok((plain, quoted.get(at + 1..).unwrap_or_default())),
            '\\' if characters.next_if(|(_, next)| *next == '\'').is_some() => plain.push('\''),
            other => plain.push(other),
        }
    }
    Err(Problem::Action(name.trim().chars().take(60).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_values_keep_commas_and_quotes() {
        let list = actions(r"id:1,phase:2, msg:'a, \'b\':c' ,t:none,t:lowercase,chain").unwrap();
        let shown: Vec<String> =
            list.iter().map(|a| format!("{}={}", a.name, a.value.as_deref().unwrap_or("-"))).collect();
        assert_eq!(shown, ["id=1", "phase=2", "msg=a, 'b':c", "t=none", "t=lowercase", "chain=-"]);
        assert!(actions("msg:'open").is_err());
        assert!(actions("").unwrap().is_empty());
    }

    #[test]
    fn an_operator_without_a_name_is_a_regex() {
        let shown = |text: &str| {
            let op = operator(text);
            (op.negated, op.name, op.argument)
        };
        assert_eq!(shown("!@within a b"), (true, "within".into(), "a b".into()));
        assert_eq!(shown("^a@b"), (false, "rx".into(), "^a@b".into()));
        assert_eq!(shown("@detectSQLi"), (false, "detectSQLi".into(), String::new()));
    }
}
