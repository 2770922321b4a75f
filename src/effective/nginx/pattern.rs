//! PCRE as nginx runs it, on bytes: translated for the engine at hand; what cannot be carried over is refused.

use std::cell::OnceCell;

use fancy_regex::{Regex, RegexBuilder};

/// Steps of backtracking before a match counts as not told.
const MOST_STEPS: usize = 200_000;

/// A regular expression of a configuration.
#[derive(Debug)]
pub(in crate::effective) struct Pattern {
    source: String,
    ignore_case: bool,
    /// Compiled when first asked, none inside where the engine at hand cannot run it.
    regex: OnceCell<Option<Regex>>,
}

/// What a match caught; group 0 is all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::effective) struct Caught {
    pub(in crate::effective) groups: Vec<String>,
    pub(in crate::effective) named: Vec<(String, String)>,
}

/// Whether a text matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::effective) enum Matched {
    Yes(Caught),
    No,
    Untold,
}

impl Pattern {
    pub(in crate::effective) fn new(source: &str, ignore_case: bool) -> Self {
        Self { source: source.to_owned(), ignore_case, regex: OnceCell::new() }
    }

    fn compile(&self) -> Option<Regex> {
        // Folding of letters outside ASCII is Unicode's here and the locale's there.
        if self.ignore_case && !self.source.is_ascii() {
            return None;
        }
        let flags = if self.ignore_case { "(?i)" } else { "" };
        let pattern = translate(&bytes_as_chars(&self.source))?;
        RegexBuilder::new(&format!("{flags}{pattern}")).backtrack_limit(MOST_STEPS).build().ok()
    }

    pub(in crate::effective) fn search(&self, text: &str) -> Matched {
        let Some(regex) = self.regex.get_or_init(|| self.compile()) else { return Matched::Untold };
        match regex.captures(&bytes_as_chars(text)) {
            Ok(Some(found)) => {
                let caught = |group: Option<fancy_regex::Match<'_>>| {
                    group.map(|group| chars_as_bytes(group.as_str())).unwrap_or_default()
                };
                let named = regex.capture_names().flatten();
                let named = named.map(|name| (name.to_owned(), caught(found.name(name)))).collect();
                Matched::Yes(Caught { groups: found.iter().map(caught).collect(), named })
            }
            Ok(None) => Matched::No,
            Err(_) => Matched::Untold,
        }
    }
}

/// Each byte as the character of its number: nginx's patterns match bytes.
fn bytes_as_chars(text: &str) -> String {
    match text.is_ascii() {
        true => text.to_owned(),
        false => text.bytes().map(char::from).collect(),
    }
}

fn chars_as_bytes(text: &str) -> String {
    let bytes: Vec<u8> = text.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// None for what has another meaning, or none, in the engine at hand.
fn translate(source: &str) -> Option<String> {
    let mut reader = Reader { rest: source, out: String::with_capacity(source.len() + 8) };
    while let Some(c) = reader.next() {
        match c {
            '\\' => reader.escape(false)?,
            '[' => reader.class()?,
            // PCRE's $ also stands before a last newline.
            '$' => reader.out.push_str(r"(?=\n?\z)"),
            '{' if !is_quantifier(reader.rest) => reader.out.push_str(r"\{"),
            '(' => reader.group()?,
            c => reader.out.push(c),
        }
    }
    Some(reader.out)
}

fn is_quantifier(rest: &str) -> bool {
    let Some((inside, _)) = rest.split_once('}') else { return false };
    let (low, high) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !low.is_empty() && digits(low) && digits(high)
}

struct Reader<'a> {
    rest: &'a str,
    out: String,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    fn skip(&mut self, prefix: &str) -> bool {
        let rest = self.rest.strip_prefix(prefix);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn escape(&mut self, in_class: bool) -> Option<()> {
        let c = self.next()?;
        let own = match (c, in_class) {
            ('d', false) => "[0-9]",
            ('d', true) => "0-9",
            ('w', false) => "[0-9A-Za-z_]",
            ('w', true) => "0-9A-Za-z_",
            ('s', false) => r"[\t-\r ]",
            ('s', true) => r"\t-\r ",
            ('D', false) => "[^0-9]",
            ('W', false) => "[^0-9A-Za-z_]",
            ('S', false) => r"[^\t-\r ]",
            ('b', false) => r"(?-u:\b)",
            ('t', _) => r"\t",
            ('r', _) => r"\r",
            ('n', _) => r"\n",
            ('f', _) => r"\x0c",
            ('z', false) => r"\z",
            ('A', false) => r"\A",
            ('x', _) => return self.hex(),
            ('1'..='9', false) if !self.rest.starts_with(|c: char| c.is_ascii_digit()) => {
                self.out.extend(['\\', c]);
                return Some(());
            }
            (c, _) if !c.is_ascii_alphanumeric() => {
                self.literal(c);
                return Some(());
            }
            _ => return None,
        };
        self.out.push_str(own);
        Some(())
    }

    fn hex(&mut self) -> Option<()> {
        let digits = self.rest.get(..2)?;
        let code = u8::from_str_radix(digits, 16).ok()?;
        self.rest = self.rest.get(2..)?;
        self.literal(char::from(code));
        Some(())
    }

    fn literal(&mut self, c: char) {
        if c.is_ascii_punctuation() {
            self.out.push('\\');
        }
        self.out.push(c);
    }

    fn class(&mut self) -> Option<()> {
        self.out.push('[');
        if self.skip("^") {
            self.out.push('^');
        }
        if self.skip("]") {
            self.out.push_str(r"\]");
        }
        loop {
            match self.next()? {
                ']' => break,
                '\\' => self.escape(true)?,
                '[' if self.rest.starts_with([':', '.', '=']) => self.posix()?,
                c @ ('[' | '&' | '~') => self.out.extend(['\\', c]),
                '-' if self.rest.starts_with('-') => self.out.push_str(r"\-"),
                c => self.out.push(c),
            }
        }
        self.out.push(']');
        Some(())
    }

    fn posix(&mut self) -> Option<()> {
        let (name, behind) = self.rest.strip_prefix(':')?.split_once(":]")?;
        let known = name.bytes().all(|byte| byte.is_ascii_lowercase()) && !name.is_empty();
        self.out.push_str(&known.then(|| format!("[:{name}:]"))?);
        self.rest = behind;
        Some(())
    }

    /// Behind a `(`: plain, non-capturing, named, atomic, look-around, and `(?i)`.
    fn group(&mut self) -> Option<()> {
        self.out.push('(');
        if self.rest.starts_with('*') {
            return None;
        }
        if !self.skip("?") {
            return Some(());
        }
        const KNOWN: [&str; 9] = [":", "=", "!", ">", "<=", "<!", "P<", "<", "i)"];
        let opening = KNOWN.iter().find(|opening| self.rest.starts_with(**opening))?;
        self.skip(opening);
        self.out.push('?');
        self.out.push_str(opening);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn search(pattern: &str, text: &str) -> Matched {
        Pattern::new(pattern, false).search(text)
    }

    #[test]
    fn patterns_mean_what_pcre_means() {
        for (pattern, text, hit) in [
            (r"\.php$", "/a.php\n", true),
            (r"\.php$", "/a.php/b", false),
            (r"^/(?!admin)\w+", "/shop", true),
            (r"^/(?!admin)\w+", "/admin", false),
            (r"^.$", "é", false),
            (r"^..$", "é", true),
            (r"é", "/é", true),
            (r"\w", "é", false),
            (r"[[]a[]b&&]", "[a&", true),
            (r"a{x}", "a{x}", true),
            (r"^/a{2}$", "/aa", true),
            (r"(.)\1", "xaa", true),
            (r"[\w-]+\.(?:bak|old)$", "/a-b.old", true),
            (r"^/\x61$", "/a", true),
            (r"(?i)ADMIN", "/admin", true),
            (r"[[:alpha:]]9", "a9", true),
        ] {
            assert_eq!(matches!(search(pattern, text), Matched::Yes(_)), hit, "{pattern} on {text}");
        }
    }

    #[test]
    fn what_cannot_be_carried_over_is_not_told() {
        for pattern in [r"(?R)", r"(*UTF)a", r"\Qa\E", r"(a", r"\h", r"[\D]", r"(?m)^a$", "(?<n"] {
            assert_eq!(search(pattern, "a"), Matched::Untold, "{pattern}");
        }
        assert_eq!(Pattern::new("é", true).search("É"), Matched::Untold);
    }

    #[test]
    fn groups_are_caught_by_number_and_name() {
        let Matched::Yes(caught) = search(r"^/(?<user>[^/]+)(/x)?", "/ä/y") else { panic!() };
        assert_eq!(caught.groups, ["/ä", "ä", ""]);
        assert_eq!(caught.named, [("user".to_owned(), "ä".to_owned())]);
    }

    proptest! {
        #[test]
        fn any_pattern_is_survived(pattern in r"[\[\]()^$.*+?{}|a-c0-9\\dDwx:<=!&~,é-]{0,24}", text in "[a-c0-9é\n]{0,12}") {
            search(&pattern, &text);
        }
    }
}
