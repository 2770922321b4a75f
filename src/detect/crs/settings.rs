//! What the rule set's own settings come to: `TX` variables that no request changes, and which rules they skip.

use std::collections::HashMap;

use crate::detect::crs::moment::Moment;
use crate::detect::crs::operator::Op;
use crate::formats::seclang::{Rule, Target};

/// Settings of both spellings of the paranoia level.
const PARANOIA: [&str; 3] = ["paranoia_level", "executing_paranoia_level", "blocking_paranoia_level"];

/// `TX` as far as the files themselves fill it.
#[derive(Debug, Default)]
pub struct Settings {
    tx: HashMap<String, String>,
    paranoia: Option<u8>,
}

impl Settings {
    /// `paranoia`: instead of what the files say.
    pub fn new(paranoia: Option<u8>) -> Self {
        let tx = paranoia.iter().flat_map(|level| PARANOIA.map(|name| (name.to_owned(), level.to_string())));
        Self { tx: tx.collect(), paranoia }
    }

    /// The paranoia level in force; 1 unless something says otherwise.
    pub fn paranoia(&self) -> u8 {
        let level = |name| self.tx.get(name).and_then(|level| level.parse().ok());
        PARANOIA.iter().filter_map(|name| level(*name)).max().unwrap_or(1)
    }

    pub fn number(&self, name: &str) -> Option<f32> {
        self.tx.get(name)?.parse().ok()
    }

    /// Whether a test of settings alone holds; None where it is about anything else.
    pub fn decides(&self, rule: &Rule) -> Option<bool> {
        let Some(operator) = &rule.operator else { return Some(true) };
        if !rule.targets.iter().all(is_setting) || rule.targets.is_empty() {
            return None;
        }
        let argument = self.fill(&operator.argument);
        let operator = crate::formats::seclang::Operator { argument, ..operator.clone() };
        let (op, _) = Op::new(&operator).ok()?;
        let moment = Moment::default();
        let met = |value: &str| op.holds(value.as_bytes(), &moment).is_some_and(|holds| holds != operator.negated);
        Some(rule.targets.iter().any(|target| self.values(target).iter().any(|value| met(value))))
    }

    fn values(&self, target: &Target) -> Vec<String> {
        let name = target.selector.as_deref().unwrap_or_default().to_ascii_lowercase();
        match (target.count, self.tx.get(&name)) {
            (true, known) => vec![u8::from(known.is_some()).to_string()],
            (false, known) => known.iter().map(|value| (*value).clone()).collect(),
        }
    }

    /// `setvar:tx.x=1`, `tx.x=+2`, `!tx.x`
    pub fn apply(&mut self, rule: &Rule) {
        for setvar in rule.values("setvar") {
            let (name, value) = setvar.split_once('=').unwrap_or((setvar, "1"));
            let lower = name.to_ascii_lowercase();
            let Some(name) = lower.trim_start_matches('!').strip_prefix("tx.") else { continue };
            if self.paranoia.is_some() && PARANOIA.contains(&name) {
                continue;
            }
            if lower.starts_with('!') {
                self.tx.remove(name);
                continue;
            }
            let value = self.fill(value);
            let sum =
                |by: i64| self.tx.get(name).and_then(|old| old.parse::<i64>().ok()).unwrap_or(0).saturating_add(by);
            let value = match value.strip_prefix('+').and_then(|by| by.parse().ok()) {
                Some(by) => sum(by).to_string(),
                None => value,
            };
            self.tx.insert(name.to_owned(), value);
        }
    }

    /// Macros of known settings filled in; the others stay.
    pub fn fill(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("%{") {
            let tail = rest.get(start..).unwrap_or_default();
            let Some(len) = tail.find('}') else { break };
            let whole = tail.get(..=len).unwrap_or_default();
            let name = whole.get(2..len).unwrap_or_default().to_ascii_lowercase();
            let known = name.strip_prefix("tx.").filter(|name| name.parse::<u8>().is_err());
            out.push_str(rest.get(..start).unwrap_or_default());
            out.push_str(known.and_then(|name| self.tx.get(name)).map_or(whole, String::as_str));
            rest = tail.get(len + 1..).unwrap_or_default();
        }
        out + rest
    }
}

/// `TX:name`, by its name and no regex, and no capture.
fn is_setting(target: &Target) -> bool {
    let name = target.selector.as_deref().unwrap_or("/");
    target.name == "TX" && !name.starts_with('/') && name.parse::<u8>().is_err()
}
