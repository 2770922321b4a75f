//! What sections and redirects match by: a path, a wildcard, a regular expression of PCRE. One that no engine here takes
//! gives no answer, never a guess.

use std::sync::{Arc, OnceLock};

/// Steps back that one look may take, before it is given up.
const MOST_BACKTRACKING: usize = 100_000;
/// Bytes of a compiled pattern.
const MOST_COMPILED: usize = 4 << 20;

/// A regular expression as httpd writes it, compiled when first asked.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    engine: Arc<OnceLock<Option<Engine>>>,
}

#[derive(Debug)]
enum Engine {
    Linear(regex::bytes::Regex),
    Backtracking(Box<fancy_regex::Regex>),
}

impl Pattern {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), engine: Arc::default() }
    }

    /// Of a wildcard as `apr_fnmatch` reads it where no star stands for a slash.
    pub fn wildcard(text: &str) -> Self {
        Self::new(from_wildcard(text))
    }

    /// Where a star stands for slashes too.
    pub fn wild_everywhere(text: &str) -> Self {
        Self::new(from_wildcard(text).replace("[^/]", "."))
    }

    pub fn ignoring_case(text: &str) -> Self {
        Self::new(format!("(?i:{text})"))
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// None: no engine here can tell.
    pub fn matches(&self, text: &str) -> Option<bool> {
        match self.engine()? {
            Engine::Linear(regex) => Some(regex.is_match(text.as_bytes())),
            Engine::Backtracking(regex) => regex.is_match(text).ok(),
        }
    }

    /// What `$0` to `$9` stand for; empty inside where nothing matches, none where no engine can tell.
    pub fn groups(&self, text: &str) -> Option<Option<Vec<String>>> {
        match self.engine()? {
            Engine::Linear(regex) => Some(regex.captures(text.as_bytes()).map(|captures| {
                let groups = captures.iter().map(|group| group.map_or(&b""[..], |group| group.as_bytes()));
                groups.map(|group| String::from_utf8_lossy(group).into_owned()).collect()
            })),
            Engine::Backtracking(regex) => Some(regex.captures(text).ok()?.map(|captures| {
                let groups = captures.iter().map(|group| group.map_or("", |group| group.as_str()));
                groups.map(str::to_owned).collect()
            })),
        }
    }

    /// Every match put anew; none where no engine can tell.
    pub fn replace(&self, text: &str, with: &str, every: bool) -> Option<String> {
        let Engine::Linear(regex) = self.engine()? else { return None };
        let limit = if every { 0 } else { 1 };
        let replaced = regex.replacen(text.as_bytes(), limit, |found: &regex::bytes::Captures<'_>| {
            let groups: Vec<String> = found
                .iter()
                .map(|group| group.map_or_else(String::new, |group| String::from_utf8_lossy(group.as_bytes()).into()))
                .collect();
            fill(with, &groups).into_bytes()
        });
        Some(String::from_utf8_lossy(&replaced).into_owned())
    }

    fn engine(&self) -> Option<&Engine> {
        self.engine.get_or_init(|| compile(&self.text)).as_ref()
    }
}

/// `$1` and `&` of a target (`ap_pregsub`); a backslash takes a character as it is.
pub fn fill(target: &str, groups: &[String]) -> String {
    let mut filled = String::with_capacity(target.len());
    let mut characters = target.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek().copied()) {
            ('$', Some(digit)) if digit.is_ascii_digit() => {
                characters.next();
                let at = digit.to_digit(10).map_or(0, |digit| digit as usize);
                filled.push_str(groups.get(at).map_or("", String::as_str));
            }
            ('&', _) => filled.push_str(groups.first().map_or("", String::as_str)),
            ('\\', Some(next @ ('$' | '&'))) => {
                characters.next();
                filled.push(next);
            }
            (other, _) => filled.push(other),
        }
    }
    filled
}

fn compile(text: &str) -> Option<Engine> {
    let mut linear = regex::bytes::RegexBuilder::new(text);
    if let Ok(regex) = linear.unicode(false).dot_matches_new_line(true).size_limit(MOST_COMPILED).build() {
        return Some(Engine::Linear(regex));
    }
    let text = format!("(?s){text}");
    let builder = fancy_regex::RegexBuilder::new(&text)
        .backtrack_limit(MOST_BACKTRACKING)
        .delegate_size_limit(MOST_COMPILED)
        .build();
    builder.ok().map(|regex| Engine::Backtracking(Box::new(regex)))
}

fn from_wildcard(text: &str) -> String {
    let mut regex = String::from("^");
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
        match character {
            '*' => regex.push_str("[^/]*"),
            '?' => regex.push_str("[^/]"),
            '[' => match class(rest) {
                Some((class, after)) => {
                    regex.push_str(&class);
                    rest = after;
                }
                None => regex.push_str("\\["),
            },
            '\\' => {
                let next = rest.chars().next().unwrap_or('\\');
                rest = rest.get(next.len_utf8()..).unwrap_or_default();
                regex.push_str(&regex::escape(&next.to_string()));
            }
            other => regex.push_str(&regex::escape(&other.to_string())),
        }
    }
    regex.push('$');
    regex
}

/// `[…]` after its bracket, as a class that holds no slash, and what follows.
fn class(text: &str) -> Option<(String, &str)> {
    let (negated, inner) = text.strip_prefix(['!', '^']).map_or((false, text), |inner| (true, inner));
    let end = inner.get(1..)?.find(']')? + 1;
    let (members, after) = (inner.get(..end)?, inner.get(end + 1..)?);
    let mut class = String::from(if negated { "[^/" } else { "[" });
    for member in members.chars() {
        if !member.is_ascii_alphanumeric() && member != '-' {
            class.push('\\');
        }
        class.push(member);
    }
    class.push(']');
    Some((class, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stops_at_a_slash() {
        for (pattern, text, fits) in [
            ("/srv/*/x/", "/srv/a/x/", true),
            ("/srv/*/x/", "/srv/a/b/x/", false),
            ("/a?c", "/a/c", false),
            ("[!a-c]d", "zd", true),
            ("*.conf", ".conf", true),
            ("a[b", "a[b", true),
            ("a\\*", "a*", true),
        ] {
            assert_eq!(Pattern::wildcard(pattern).matches(text), Some(fits), "{pattern} {text}");
        }
    }

    #[test]
    fn look_around_is_told_and_nonsense_is_not_guessed() {
        let hidden = Pattern::new(r"/\.(?!well-known/)");
        assert_eq!((hidden.matches("/.git"), hidden.matches("/.well-known/x")), (Some(true), Some(false)));
        assert_eq!(Pattern::new("(?<broken").matches("x"), None);
        assert_eq!(
            Pattern::new("^/(a)(b)?").groups("/a").flatten().map(|g| fill("<$1$2&\\$1>", &g)).unwrap(),
            "<a/a$1>"
        );
    }
}
