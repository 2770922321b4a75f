//! One value against one text.

use std::sync::Arc;

use crate::detect::rules::error::Problem;
pub(super) use crate::detect::rules::lazy::Flags;
use crate::detect::rules::lazy::LazyRegex;
use crate::detect::rules::pattern::Part;
use crate::detect::rules::required;

/// Where a text must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Whole,
    Start,
    End,
    Anywhere,
}

/// One value; copies share what it compiles to.
#[derive(Clone, Debug)]
pub(super) struct Matcher {
    form: Form,
    gate: Option<u32>,
}

#[derive(Clone, Debug)]
enum Form {
    Text {
        text: Arc<[u8]>,
        place: Place,
        cased: bool,
    },
    Regex {
        regex: Arc<LazyRegex>,
        /// One of these stands in every text that matches; None where nothing is sure.
        required: Option<Arc<[Vec<u8>]>>,
    },
}

impl Matcher {
    /// From the pieces of a value; `place` adds wildcards at its open ends.
    pub fn new(mut parts: Vec<Part>, place: Place, cased: bool) -> Result<Self, Problem> {
        if matches!(place, Place::End | Place::Anywhere) && parts.first() != Some(&Part::Many) {
            parts.insert(0, Part::Many);
        }
        if matches!(place, Place::Start | Place::Anywhere) && parts.last() != Some(&Part::Many) {
            parts.push(Part::Many);
        }
        let plain = match parts.as_slice() {
            [Part::Text(text)] => Some((text, Place::Whole)),
            [Part::Text(text), Part::Many] => Some((text, Place::Start)),
            [Part::Many, Part::Text(text)] => Some((text, Place::End)),
            [Part::Many, Part::Text(text), Part::Many] => Some((text, Place::Anywhere)),
            _ => None,
        };
        if let Some((text, place)) = plain.filter(|(text, _)| cased || !has_foreign_case(text)) {
            return Ok(Form::Text { text: text.as_slice().into(), place, cased }.into());
        }
        let flags = Flags { ignore_case: !cased, multi_line: false, dot_all: true };
        Self::regex(&wildcard_regex(&parts), flags, || Ok(()))
    }

    /// `pay` is asked before a regex is compiled at once.
    pub fn regex(pattern: &str, flags: Flags, pay: impl FnOnce() -> Result<(), Problem>) -> Result<Self, Problem> {
        let (regex, meaning) = LazyRegex::new(pattern, flags, pay)?;
        let required = meaning.as_ref().and_then(required::literals).map(Arc::from);
        Ok(Form::Regex { regex: Arc::new(regex), required }.into())
    }

    /// Knows it apart from every other value of its set, copies of it aside.
    pub fn numbered(self, gate: u32) -> Self {
        Self { gate: Some(gate), ..self }
    }

    pub fn gate(&self) -> Option<u32> {
        self.gate
    }

    /// Lower case; one of these stands in every text that matches. None where nothing is sure.
    pub fn required(&self) -> Option<Vec<Vec<u8>>> {
        let texts = match &self.form {
            Form::Text { text, .. } => vec![text.to_ascii_lowercase()],
            Form::Regex { required, .. } => required.as_ref()?.to_vec(),
        };
        texts.iter().all(|text| !text.is_empty()).then_some(texts)
    }

    /// The first match, as bytes from..to of `text`.
    pub fn find(&self, text: &[u8]) -> Option<(usize, usize)> {
        match &self.form {
            Form::Regex { regex, .. } => regex.find(text),
            Form::Text { text: wanted, place, cased } => place.find(text, wanted, *cased),
        }
    }
}

impl From<Form> for Matcher {
    fn from(form: Form) -> Self {
        Self { form, gate: None }
    }
}

impl Place {
    /// Where `wanted` stands in `text`, as bytes from..to.
    pub fn find(self, text: &[u8], wanted: &[u8], cased: bool) -> Option<(usize, usize)> {
        let last = text.len().checked_sub(wanted.len())?;
        let at = match self {
            Self::Whole => (last == 0).then_some(0)?,
            Self::Start => 0,
            Self::End => last,
            Self::Anywhere => return find(text, wanted, cased).map(|at| (at, at + wanted.len())),
        };
        same(text.get(at..at + wanted.len())?, wanted, cased).then_some((at, at + wanted.len()))
    }
}

/// A search needs no `.*` at its ends, and finds the evidence without them.
fn wildcard_regex(parts: &[Part]) -> String {
    let open = parts.strip_prefix(&[Part::Many]);
    let mut pattern = String::from(if open.is_some() { "" } else { "^" });
    let parts = open.unwrap_or(parts);
    let ends = parts.strip_suffix(&[Part::Many]);
    for part in ends.unwrap_or(parts) {
        match part {
            Part::Many => pattern.push_str(".*"),
            // A character, not a byte.
            Part::One => pattern.push_str("(?su:.)"),
            Part::Dash => pattern.push_str("(?:-|/|–|—|―)"),
            Part::Text(text) => literal(text, &mut pattern),
        }
    }
    pattern.push_str(if ends.is_some() { "" } else { "$" });
    pattern
}

fn literal(text: &[u8], to: &mut String) {
    match std::str::from_utf8(text) {
        Ok(text) if text.is_ascii() => to.push_str(&regex::escape(text)),
        Ok(text) => to.extend(["(?u:", &regex::escape(text), ")"]),
        // UTF-16 is bytes.
        Err(_) => to.extend(text.iter().map(|byte| format!("\\x{byte:02x}"))),
    }
}

/// True where letters beyond ASCII have two cases.
fn has_foreign_case(text: &[u8]) -> bool {
    let two = |c: char| !c.is_ascii() && (c.is_lowercase() || c.is_uppercase());
    !text.is_ascii() && std::str::from_utf8(text).is_ok_and(|text| text.chars().any(two))
}

fn same(a: &[u8], b: &[u8], cased: bool) -> bool {
    if cased { a == b } else { a.eq_ignore_ascii_case(b) }
}

fn find(text: &[u8], wanted: &[u8], cased: bool) -> Option<usize> {
    let Some(first) = wanted.first() else { return Some(0) };
    if cased {
        return memchr::memmem::find(text, wanted);
    }
    let last = text.len().checked_sub(wanted.len())?;
    memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text.get(..=last)?)
        .find(|at| text.get(*at..at + wanted.len()).is_some_and(|here| here.eq_ignore_ascii_case(wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::rules::pattern::parts;

    fn matches(value: &str, place: Place, text: &str) -> bool {
        Matcher::new(parts(value), place, false).unwrap().find(text.as_bytes()).is_some()
    }

    #[test]
    fn places_and_wildcards() {
        assert!(matches("abc", Place::Whole, "ABC"));
        assert!(!matches("abc", Place::Whole, "abcd"));
        assert!(matches("abc", Place::Start, "abcd") && !matches("abc", Place::Start, "xabc"));
        assert!(matches("abc", Place::End, "xabc") && !matches("abc", Place::End, "abcx"));
        assert!(matches("bc", Place::Anywhere, "aBcd") && !matches("bc", Place::Anywhere, "b"));
        assert!(matches("a*c", Place::Whole, "a\nbc") && !matches("a*c", Place::Whole, "abcd"));
        assert!(matches("a?c", Place::Anywhere, "xabcx") && !matches("a?c", Place::Anywhere, "ac"));
        assert!(matches("*", Place::Whole, ""));
        assert!(matches("a?c", Place::Whole, "aéc") && !matches("a??c", Place::Whole, "aéc"));
        assert!(matches("über", Place::Start, "ÜBERALL") && matches("x*é", Place::Whole, "X-É"));
        assert!(matches("**", Place::Whole, "") && matches("a**b", Place::Whole, "ab"));
    }

    #[test]
    fn a_regex_that_needs_look_around_says_so() {
        let error = Matcher::regex("a(?!b)", Flags::default(), || Ok(())).unwrap_err();
        assert!(error.to_string().contains("look-around"), "{error}");
    }
}
