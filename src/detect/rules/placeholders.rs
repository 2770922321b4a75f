//! Sigma's placeholders (`%name%` under `expand`): what the user says they stand for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::detect::rules::error::Problem;

/// Values that one text may stand for.
const MAX_EXPANDED: usize = 10_000;

/// The values of each placeholder; wildcards in them are wildcards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Placeholders(pub BTreeMap<String, Vec<String>>);

impl Placeholders {
    /// Every text that `text` stands for; `\%` is a percent sign.
    pub(super) fn expand(&self, text: &str) -> Result<Vec<String>, Problem> {
        let mut all = vec![String::new()];
        let mut rest = text;
        while let Some(at) = rest.find(['%', '\\']) {
            let (before, here) = rest.split_at(at);
            push(&mut all, before);
            if let Some(after) = here.strip_prefix("\\%") {
                push(&mut all, "%");
                rest = after;
            } else if let Some((name, after)) = placeholder(here) {
                let values = self.0.get(name).ok_or_else(|| Problem::Placeholder(name.to_owned()))?;
                all = cross(&all, values)?;
                rest = after;
            } else {
                // `%` and `\` are both one byte.
                let (one, after) = here.split_at(1);
                push(&mut all, one);
                rest = after;
            }
        }
        push(&mut all, rest);
        Ok(all)
    }
}

fn push(all: &mut [String], text: &str) {
    all.iter_mut().for_each(|one| one.push_str(text));
}

fn cross(all: &[String], values: &[String]) -> Result<Vec<String>, Problem> {
    if all.len().saturating_mul(values.len()) > MAX_EXPANDED {
        return Err(Problem::TooManyValues { limit: MAX_EXPANDED });
    }
    Ok(all.iter().flat_map(|one| values.iter().map(move |value| format!("{one}{value}"))).collect())
}

/// `%name%` at the start of a text, and what follows it.
fn placeholder(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix('%')?.split_once('%')?;
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!name.is_empty() && name.chars().all(fits)).then_some((name, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Placeholders {
        let list = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Placeholders([("a".to_owned(), list(&["1", "2"])), ("b".to_owned(), list(&["x*"]))].into())
    }

    #[test]
    fn placeholders_are_all_their_values() {
        let of = |text: &str| table().expand(text).unwrap();
        assert_eq!(of("u=%a%&%b%"), ["u=1&x*", "u=2&x*"]);
        assert_eq!(of(r"\%a%b%"), ["%ax*"]);
        assert_eq!(of(r"100% of %2e\*"), [r"100% of %2e\*"]);
    }

    #[test]
    fn what_has_no_value_is_named_and_products_are_bounded() {
        assert_eq!(table().expand("%who%"), Err(Problem::Placeholder("who".to_owned())));
        assert!(matches!(table().expand(&"%a%".repeat(40)), Err(Problem::TooManyValues { .. })));
    }
}
