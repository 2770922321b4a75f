//! Regexes compiled when they are first tried: most rules never are, and compiling all of them is what starting costs.

use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::detect::rules::error::Problem;

const REGEX_BYTES: usize = 1 << 20;
const REGEX_CACHE: usize = 1 << 18;
/// A pattern of at most so many states cannot fail to compile: one takes far fewer bytes than the limit has for it.
const SURE: usize = 4096;

/// How a regex is meant: `re|i|m|s`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub ignore_case: bool,
    pub multi_line: bool,
    pub dot_all: bool,
}

#[derive(Clone, Debug)]
pub(super) struct LazyRegex {
    pattern: Box<str>,
    flags: Flags,
    compiled: OnceLock<Option<Regex>>,
}

impl LazyRegex {
    /// Also what the pattern means, where that is known without compiling it. `pay` is asked before one is compiled at
    /// once.
    ///
    /// # Errors
    /// Where it is no regex, or one too large, or not paid for.
    pub fn new(
        pattern: &str,
        flags: Flags,
        pay: impl FnOnce() -> Result<(), Problem>,
    ) -> Result<(Self, Option<Hir>), Problem> {
        let lazy = Self { pattern: pattern.into(), flags, compiled: OnceLock::new() };
        let bytes = parse(pattern, flags, false);
        if bytes.as_ref().and_then(states).is_none_or(|states| states > SURE) {
            pay()?;
            // Bytes first: a log has any bytes, and Unicode tables cost. Patterns that need Unicode say so by failing.
            let regex = build(pattern, flags, false).or_else(|_| build(pattern, flags, true));
            let _ = lazy.compiled.set(Some(regex.map_err(|error| refused(pattern, &error))?));
        }
        Ok((lazy, bytes.or_else(|| parse(pattern, flags, true))))
    }

    /// The first match, as bytes from..to of `text`.
    pub fn find(&self, text: &[u8]) -> Option<(usize, usize)> {
        let regex = self.compiled.get_or_init(|| build(&self.pattern, self.flags, false).ok());
        regex.as_ref()?.find(text).map(|found| (found.start(), found.end()))
    }
}

fn refused(pattern: &str, error: &regex::Error) -> Problem {
    let why = error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    Problem::Regex { pattern: pattern.chars().take(120).collect(), why }
}

fn build(pattern: &str, flags: Flags, unicode: bool) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern)
        .unicode(unicode)
        .case_insensitive(flags.ignore_case)
        .multi_line(flags.multi_line)
        .dot_matches_new_line(flags.dot_all)
        .size_limit(REGEX_BYTES)
        .dfa_size_limit(REGEX_CACHE)
        .build()
}

pub(super) fn parse(pattern: &str, flags: Flags, unicode: bool) -> Option<Hir> {
    ParserBuilder::new()
        .unicode(unicode)
        .utf8(false)
        .case_insensitive(flags.ignore_case)
        .multi_line(flags.multi_line)
        .dot_matches_new_line(flags.dot_all)
        .build()
        .parse(pattern)
        .ok()
}

/// More states than the compiled pattern will have; None where that cannot be told.
fn states(hir: &Hir) -> Option<usize> {
    Some(match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Bytes(class)) => class.ranges().len() + 1,
        HirKind::Class(Class::Unicode(_)) => return None,
        HirKind::Capture(capture) => states(&capture.sub)? + 2,
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().try_fold(1usize, |sum, part| sum.checked_add(states(part)?))?
        }
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min + 1).max(1);
            (states(&repetition.sub)? + 2).checked_mul(usize::try_from(times).ok()?)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(pattern: &str) -> Result<(LazyRegex, Option<Hir>), Problem> {
        LazyRegex::new(pattern, Flags::default(), || Ok(()))
    }

    #[test]
    fn compiles_only_when_tried_and_large_ones_at_once() {
        let (lazy, _) = new("a[0-9]+b").unwrap();
        assert!(lazy.compiled.get().is_none());
        assert_eq!(lazy.find(b"xa12b"), Some((1, 5)));
        assert!(new("(?:a{100}){100}").unwrap().0.compiled.get().is_some());
        assert!(new("((a{100}){100}){100}").is_err());
        assert!(new("a(?=b)").is_err());
        let unpaid = LazyRegex::new("(?:a{100}){100}", Flags::default(), || Err(Problem::TooManyRegexes { limit: 1 }));
        assert!(matches!(unpaid, Err(Problem::TooManyRegexes { .. })));
    }

    #[test]
    fn what_is_sure_compiles() {
        for pattern in ["(?:[a-z0-9_.]{1,40}/){1,25}", "[^a]{1,1000}", "(?i)(?:select|union|insert){1,200}"] {
            let (lazy, hir) = new(pattern).unwrap();
            let sure = hir.as_ref().and_then(states).is_some_and(|states| states <= SURE);
            assert!(!sure || build(&lazy.pattern, lazy.flags, false).is_ok(), "{pattern}");
        }
    }
}
