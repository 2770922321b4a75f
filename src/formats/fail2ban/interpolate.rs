//! `%(name)s`, `%(section/name)s`, `%(known/name)s` and `%%` in values (Python's BasicInterpolation, with sections).

use std::collections::BTreeMap;

use crate::formats::fail2ban::MOST_TEXT;
use crate::formats::fail2ban::config::Config;
use crate::formats::fail2ban::ini::Value;
use crate::formats::fail2ban::problem::{Place, Problem, Wrong};

/// As deep as Python goes.
const MOST_DEPTH: usize = 10;

/// Values that win over the file's own, by name.
pub type Vars = BTreeMap<String, String>;

/// The value of an option with everything put in; `None` where it is not set.
///
/// # Errors
/// Where something it names is not set, refers to itself, or grows without bounds.
pub fn get(config: &Config, section: &str, option: &str, vars: &Vars) -> Result<Option<Value>, Problem> {
    let option = option.to_lowercase();
    let found = config.raw(section, &option);
    let place = found.map(|value| value.place.clone());
    let place = place.unwrap_or_else(|| whole(config));
    let text = match (vars.get(&option), found) {
        (Some(var), _) => var.clone(),
        (None, Some(value)) => value.text.clone(),
        (None, None) => return Ok(None),
    };
    let mut filled = String::new();
    let scope = Scope { config, section, vars, place: &place };
    scope.fill(&text, 1, &mut filled)?;
    Ok(Some(Value { text: filled, place }))
}

/// The same, where the name may be `section/option`, `known/option` or `default/option`.
///
/// # Errors
/// As [`get`].
pub fn get_of(config: &Config, section: &str, name: &str, vars: &Vars) -> Result<Option<Value>, Problem> {
    if let Some((other, option)) = split(name) {
        let known = format!("KNOWN/{section}");
        let sections = match other.to_lowercase().as_str() {
            "known" => vec![known.as_str(), section],
            "default" => vec!["DEFAULT"],
            _ => vec![other],
        };
        for there in sections.into_iter().filter(|name| *name == "DEFAULT" || config.has(name)) {
            if let Some(value) = get(config, there, option, &Vars::new())? {
                return Ok(Some(value));
            }
        }
    }
    if config.has(section) { get(config, section, name, vars) } else { Ok(None) }
}

fn whole(config: &Config) -> Place {
    let file = config.files.first().map(|path| path.display().to_string()).unwrap_or_default();
    Place::new(&file, 0)
}

/// `[A-Za-z0-9_-]+/rest`
fn split(name: &str) -> Option<(&str, &str)> {
    let (section, option) = name.split_once('/')?;
    let word = !section.is_empty() && section.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let fits = word && !option.is_empty() && !option.contains(|c: char| c.is_whitespace() || c == '>');
    fits.then_some((section, option))
}

struct Scope<'a> {
    config: &'a Config,
    section: &'a str,
    vars: &'a Vars,
    place: &'a Place,
}

impl Scope<'_> {
    fn fill(&self, text: &str, depth: usize, to: &mut String) -> Result<(), Problem> {
        if depth > MOST_DEPTH {
            return Err(Wrong::Depth(MOST_DEPTH).at(self.place));
        }
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            to.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('%') {
                to.push('%');
                rest = after;
                continue;
            }
            let (name, after) = reference(rest).ok_or_else(|| Wrong::Percent.at(self.place))?;
            let value = self.value(name).ok_or_else(|| Wrong::NotSet(name.to_owned()).at(self.place))?;
            self.fill(&value, depth + 1, to)?;
            rest = after;
        }
        to.push_str(rest);
        if to.len() > MOST_TEXT { Err(Wrong::TooLong(MOST_TEXT).at(self.place)) } else { Ok(()) }
    }

    fn value(&self, name: &str) -> Option<String> {
        let lower = name.to_lowercase();
        let plain = self.vars.get(&lower).cloned();
        let plain = plain.or_else(|| self.config.raw(self.section, &lower).map(|value| value.text.clone()));
        let plain = plain.or_else(|| (lower == "__name__").then(|| self.section.to_owned()));
        plain.or_else(|| self.of_section(name))
    }

    fn of_section(&self, name: &str) -> Option<String> {
        let (section, option) = split(name)?;
        let config = self.config;
        let there = match section.to_lowercase().as_str() {
            "default" => None,
            "known" => config.sections.get(&format!("KNOWN/{}", self.section)).and_then(|known| known.get(option)),
            _ => config.sections.get(section)?.get(option),
        };
        there.or_else(|| config.defaults.get(option)).map(|value| value.text.clone())
    }
}

/// `(name)s…` → the name and what follows.
fn reference(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('(')?;
    let (name, after) = inner.split_once(')').filter(|(name, _)| !name.is_empty())?;
    Some((name, after.strip_prefix('s')?))
}
