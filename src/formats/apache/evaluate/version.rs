//! `<IfVersion [!]operator version>` of mod_version.

use std::cmp::Ordering;

use regex::RegexBuilder;

use crate::formats::apache::words;

/// major.minor.patch
pub type Version = [u32; 3];

/// Whether the condition holds, or why httpd refuses it.
pub fn holds(condition: &str, server: Version) -> Result<bool, String> {
    let (first, rest) = words::first(condition);
    let (second, _) = words::first(rest);
    let (operator, wanted) = if second.is_empty() { ("=", first.as_str()) } else { (first.as_str(), second.as_str()) };
    let (negated, operator) = match operator.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, operator),
    };
    compare(operator, wanted, server).map(|holds| holds != negated)
}

fn compare(operator: &str, wanted: &str, server: Version) -> Result<bool, String> {
    let enclosed = wanted.strip_prefix('/').and_then(|inner| inner.strip_suffix('/'));
    match (operator, enclosed) {
        ("~", _) => matches(wanted, server),
        ("=" | "==", Some(pattern)) => matches(pattern, server),
        _ => {
            let order = server.cmp(&parse(wanted)?);
            match operator {
                "=" | "==" => Ok(order == Ordering::Equal),
                ">" => Ok(order == Ordering::Greater),
                ">=" => Ok(order != Ordering::Less),
                "<" => Ok(order == Ordering::Less),
                "<=" => Ok(order != Ordering::Greater),
                other => Err(format!("unrecognized operator '{other}'")),
            }
        }
    }
}

fn matches(pattern: &str, server: Version) -> Result<bool, String> {
    let [major, minor, patch] = server;
    let regex = RegexBuilder::new(pattern).size_limit(1 << 20).build();
    let regex = regex.map_err(|_| format!("cannot read the version pattern '{pattern}'"))?;
    Ok(regex.is_match(&format!("{major}.{minor}.{patch}")))
}

fn parse(text: &str) -> Result<Version, String> {
    let mut version = [0; 3];
    let mut parts = text.split('.');
    for slot in &mut version {
        let Some(part) = parts.next() else { break };
        *slot = part.parse().map_err(|_| malformed(text))?;
    }
    if parts.next().is_some() { Err(malformed(text)) } else { Ok(version) }
}

fn malformed(text: &str) -> String {
    format!("version '{text}' is not of the form major[.minor[.patch]]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_as_mod_version_does() {
        let server = [2, 4, 71];
        for (condition, expected) in [
            (">= 2.4", true),
            ("> 2.4.70", true),
            ("= 2.4", false),
            ("2.4.71", true),
            ("< 2.4.100", true),
            ("<= 2.4.71", true),
            ("!>= 2.6", true),
            ("!= 2.4", true),
            ("= /^2\\.4\\.7/", true),
            ("= \"/^2\\.4\\.7/\"", true),
            ("~ ^2\\.4", true),
            ("~ /2.4/", false),
            ("!~ 2.4", false),
        ] {
            assert_eq!(holds(condition, server), Ok(expected), "{condition}");
        }
        assert!(holds("!2.6", server).is_err() && holds("=> 2.4", server).is_err() && holds("! > 2", server).is_err());
    }
}
