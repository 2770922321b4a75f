//! One file of the ini dialect (Python's configparser with `;` as inline comment) → sections of options.

use std::collections::BTreeMap;

use crate::formats::fail2ban::problem::{Place, Problem, Wrong};

/// A value as written, its lines joined by newlines, with the place of its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    pub text: String,
    pub place: Place,
}

/// A section's options by name (lower case).
pub type Options = BTreeMap<String, Value>;

/// Sections in the order of the file; `DEFAULT` is one of them.
#[derive(Clone, Debug, Default)]
pub struct Ini {
    pub sections: Vec<(String, Options)>,
}

/// Reads one file.
///
/// # Errors
/// The first line that is no part of the dialect: fail2ban refuses such a file as a whole.
pub fn parse(file: &str, bytes: &[u8]) -> Result<Ini, Problem> {
    let whole = Place::new(file, 0);
    let text = std::str::from_utf8(bytes).map_err(|_| Wrong::NotText.at(&whole))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = Reader { whole, ini: Ini::default(), index: BTreeMap::new(), open: None, option: None, indent: 0 };
    for (at, line) in (1u32..).zip(text.split('\n')) {
        reader.line(at, line)?;
    }
    let values = reader.ini.sections.iter_mut().flat_map(|(_, options)| options.values_mut());
    values.for_each(|value| value.text.truncate(value.text.trim_end().len()));
    Ok(reader.ini)
}

struct Reader {
    whole: Place,
    ini: Ini,
    index: BTreeMap<String, usize>,
    open: Option<usize>,
    option: Option<String>,
    indent: usize,
}

impl Reader {
    fn line(&mut self, at: u32, line: &str) -> Result<(), Problem> {
        let comment = comment_start(line);
        let value = line[..comment.unwrap_or(line.len())].trim();
        if value.is_empty() {
            if let (None, Some(open)) = (comment, self.value()) {
                open.text.push('\n');
            }
            return Ok(());
        }
        let indent = line.chars().take_while(|c| c.is_whitespace()).count();
        let deeper = indent > self.indent;
        if let (true, Some(open)) = (deeper, self.value()) {
            open.text.push('\n');
            open.text.push_str(value);
            return Ok(());
        }
        self.indent = indent;
        let place = Place { line: at, ..self.whole.clone() };
        match section(value) {
            Some(name) => self.begin(name, &place),
            None => self.set(value, place),
        }
    }

    fn value(&mut self) -> Option<&mut Value> {
        let (_, options) = self.ini.sections.get_mut(self.open?)?;
        options.get_mut(self.option.as_deref()?)
    }

    fn begin(&mut self, name: &str, place: &Place) -> Result<(), Problem> {
        // Only [DEFAULT] may come again.
        if let Some(known) = self.index.get(name).copied() {
            if name != "DEFAULT" {
                return Err(Wrong::SectionTwice(name.to_owned()).at(place));
            }
            self.open = Some(known);
        } else {
            self.index.insert(name.to_owned(), self.ini.sections.len());
            self.open = Some(self.ini.sections.len());
            self.ini.sections.push((name.to_owned(), Options::new()));
        }
        self.option = None;
        Ok(())
    }

    fn set(&mut self, line: &str, place: Place) -> Result<(), Problem> {
        let Some((_, options)) = self.open.and_then(|open| self.ini.sections.get_mut(open)) else {
            return Err(Wrong::NoSection.at(&place));
        };
        let parts = line.split_once(['=', ':']).filter(|(name, _)| !name.trim().is_empty());
        let Some((name, value)) = parts else {
            return Err(Wrong::NoOption(line.chars().take(60).collect()).at(&place));
        };
        let name = name.trim().to_lowercase();
        if options.contains_key(&name) {
            return Err(Wrong::OptionTwice(name).at(&place));
        }
        options.insert(name.clone(), Value { text: value.trim().to_owned(), place });
        self.option = Some(name);
        Ok(())
    }
}

/// Where a comment begins: a line whose first character is `#` or `;`, or a `;` after white space.
fn comment_start(line: &str) -> Option<usize> {
    if line.trim_start().starts_with(['#', ';']) {
        return Some(0);
    }
    let mut before = None;
    for (at, c) in line.char_indices() {
        if c == ';' && before.is_none_or(char::is_whitespace) {
            return Some(at);
        }
        before = Some(c);
    }
    None
}

fn section(value: &str) -> Option<&str> {
    let inner = value.strip_prefix('[')?;
    let end = inner.rfind(']').filter(|end| *end > 0)?;
    inner.get(..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Vec<(String, String, u32)> {
        let ini = parse("f", text.as_bytes()).unwrap();
        let all = ini.sections.into_iter().flat_map(|(section, options)| {
            options.into_iter().map(move |(name, value)| (format!("{section}/{name}"), value.text, value.place.line))
        });
        all.collect()
    }

    #[test]
    fn values_go_on_where_the_next_line_is_deeper() {
        let text = "# c\n[A]\nOne = a ; b\n  # no\n  c;d\n\n\te\ntwo: x = y\n[B]\n";
        let one = ("A/one".to_owned(), "a\nc;d\n\ne".to_owned(), 3);
        assert_eq!(options(text), [one, ("A/two".to_owned(), "x = y".to_owned(), 8)]);
    }

    #[test]
    fn what_is_no_ini_is_refused_with_its_line() {
        let told = |text: &str| parse("f", text.as_bytes()).unwrap_err().to_string();
        assert_eq!(told("\na = b"), "f:2: an option stands before the first [section]");
        assert_eq!(told("[A]\na=1\nA=2"), "f:3: a is set twice in this section; keep one");
        assert_eq!(told("[A]\n[A]"), "f:2: [A] stands twice in this file; merge the two");
        assert_eq!(told("[A]\nword"), "f:2: expected `name = value`, a [section] or a comment, found `word`");
        assert_eq!(parse("f", b"\xff\x00").unwrap_err().to_string(), "f: is not UTF-8 text");
    }
}
