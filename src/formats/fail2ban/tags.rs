//! `<name>` in values, put in from the other options of the same definition; also nested (`<mdre-<mode>>`).

use std::collections::BTreeMap;

use crate::formats::fail2ban::MOST_TEXT;
use crate::formats::fail2ban::ini::Value;
use crate::formats::fail2ban::problem::{Problem, Wrong};

/// How often one name may be put into one value.
const MOST_TIMES: u32 = 25;
/// Rounds of nested names.
const MOST_ROUNDS: usize = 100;

/// Puts names in wherever they are options, or `beyond` knows them; others (`<HOST>`) stay.
///
/// # Errors
/// A name that refers to itself, and text that grows without bounds.
pub fn fill(
    options: &mut BTreeMap<String, Value>,
    mut beyond: impl FnMut(&str) -> Result<Option<String>, Problem>,
) -> Result<(), Problem> {
    let mut times: BTreeMap<(String, String), u32> = BTreeMap::new();
    let names: Vec<String> = options.keys().cloned().collect();
    for _ in 0..MOST_ROUNDS {
        let mut again = false;
        for name in &names {
            again |= one(options, name, &mut times, &mut beyond)?;
        }
        if !again {
            break;
        }
    }
    Ok(())
}

/// True where the value changed and still holds names.
fn one(
    options: &mut BTreeMap<String, Value>,
    name: &str,
    times: &mut BTreeMap<(String, String), u32>,
    beyond: &mut impl FnMut(&str) -> Result<Option<String>, Problem>,
) -> Result<bool, Problem> {
    let Some(Value { text: before, place }) = options.get(name).cloned() else { return Ok(false) };
    let mut text = before.clone();
    let mut from = 0;
    while let Some((start, end)) = next(&text, from) {
        let tag = text[start + 1..end - 1].to_owned();
        let known = options.get(&tag).map(|value| value.text.clone());
        let known = match known {
            Some(known) => Some(known),
            None if tag == name => None,
            None => beyond(&tag)?,
        };
        let count = times.entry((name.to_owned(), tag.clone())).or_insert(1);
        if tag == name || *count > MOST_TIMES {
            return Err(Wrong::TagCycle(tag).at(&place));
        }
        let Some(known) = known else {
            from = end;
            continue;
        };
        *count += 1;
        text = text.replace(&format!("<{tag}>"), &known);
        if text.len() > MOST_TEXT {
            return Err(Wrong::TooLong(MOST_TEXT).at(&place));
        }
        from = start;
    }
    let again = text != before && next(&text, 0).is_some();
    options.insert(name.to_owned(), Value { text, place });
    Ok(again)
}

/// The next `<name>`, without spaces and angles inside: from and to in bytes.
fn next(text: &str, from: usize) -> Option<(usize, usize)> {
    let mut open = None;
    for (at, c) in text.get(from..)?.char_indices() {
        match c {
            '<' => open = Some(from + at),
            '>' => match open {
                Some(start) if from + at > start + 1 => return Some((start, from + at + 1)),
                _ => open = None,
            },
            ' ' => open = None,
            _ => {}
        }
    }
    None
}
