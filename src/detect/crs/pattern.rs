//! PCRE's dialect into that of linear-time regexes: the same language, or a refusal.

use std::sync::OnceLock;

use regex::bytes::{Captures, Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;

use crate::detect::crs::report::Refused;

/// Compiled, a pattern of the rule set takes 100 kB or so.
const MOST_BYTES: usize = 4 << 20;
const CACHE: usize = 1 << 19;
/// Longer ones are nobody's rule.
const MOST_TEXT: usize = 64 << 10;

/// A pattern, compiled when first tried.
#[derive(Debug)]
pub struct Pattern {
    text: Box<str>,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Also what the pattern means, for its literals.
    pub fn new(pcre: &str) -> Result<(Self, Hir), Refused> {
        if pcre.len() > MOST_TEXT {
            return Err(Refused::TooLarge { limit: MOST_TEXT });
        }
        let text = translate(pcre)?;
        let why = |error: &dyn std::fmt::Display| {
            Refused::Regex(
                error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
            )
        };
        let mut parser = ParserBuilder::new();
        let hir = parser.unicode(false).utf8(false).dot_matches_new_line(true).build().parse(&text);
        let pattern = Self { text: text.into(), compiled: OnceLock::new() };
        let hir = hir.map_err(|error| why(&error))?;
        // Repetitions of repetitions are what can outgrow the limit: better to know at once.
        if hir.properties().minimum_len().unwrap_or(0) > 512 || counted(&hir) > 200 {
            let regex = pattern.build().map_err(|error| why(&error))?;
            let _ = pattern.compiled.set(Some(regex));
        }
        Ok((pattern, hir))
    }

    fn build(&self) -> Result<Regex, regex::Error> {
        let mut builder = RegexBuilder::new(&self.text);
        // As ModSecurity compiles: PCRE_DOTALL | PCRE_DOLLAR_ENDONLY, bytes.
        builder.unicode(false).dot_matches_new_line(true).size_limit(MOST_BYTES).dfa_size_limit(CACHE).build()
    }

    fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| self.build().ok()).as_ref()
    }

    pub fn find(&self, text: &[u8]) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text))
    }

    pub fn captures<'t>(&self, text: &'t [u8]) -> Option<Captures<'t>> {
        self.regex()?.captures(text)
    }
}

/// The largest product of counted repetitions that stand in one another.
fn counted(hir: &Hir) -> u32 {
    use regex_syntax::hir::HirKind;
    match hir.kind() {
        HirKind::Repetition(repetition) => {
            repetition.max.unwrap_or(repetition.min).max(1).saturating_mul(counted(&repetition.sub))
        }
        HirKind::Capture(capture) => counted(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().map(counted).max().unwrap_or(1),
        _ => 1,
    }
}

/// The pattern as Rust's `regex` reads it.
fn translate(pcre: &str) -> Result<String, Refused> {
    let mut out = String::with_capacity(pcre.len() + 16);
    let mut rest = pcre.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = match byte {
            b'\\' => escape(after, false, &mut out)?,
            b'[' => class(after, &mut out)?,
            b'{' if !is_counter(after) => literal(b'{', after, &mut out),
            b'}' | b']' if *byte == b']' || !closes_counter(&out) => literal(*byte, after, &mut out),
            b'(' => group(after, &mut out)?,
            b'*' | b'+' | b'?' | b'}' if after.first() == Some(&b'+') => return Err(Refused::Possessive),
            0x80.. => literal(*byte, after, &mut out),
            _ => {
                out.push(char::from(*byte));
                after
            }
        };
    }
    Ok(out)
}

fn literal<'a>(byte: u8, rest: &'a [u8], out: &mut String) -> &'a [u8] {
    out.push_str(&format!("\\x{byte:02x}"));
    rest
}

/// `{n}`, `{n,}` and `{n,m}`; anything else is a brace.
fn is_counter(after: &[u8]) -> bool {
    let Some(end) = memchr::memchr(b'}', after) else { return false };
    let inside = after.get(..end).unwrap_or_default();
    inside.first().is_some_and(u8::is_ascii_digit)
        && inside.iter().all(|byte| byte.is_ascii_digit() || *byte == b',')
        && inside.iter().filter(|byte| **byte == b',').count() < 2
}

fn closes_counter(out: &str) -> bool {
    out.rfind('{').is_some_and(|open| out[open + 1..].bytes().all(|byte| byte.is_ascii_digit() || byte == b','))
}

fn group<'a>(after: &'a [u8], out: &mut String) -> Result<&'a [u8], Refused> {
    out.push('(');
    match after {
        [b'?', b'=' | b'!', ..] | [b'?', b'<', b'=' | b'!', ..] => Err(Refused::LookAround),
        [b'?', b'>', ..] => Err(Refused::Possessive),
        [b'?', b'#', ..] | [b'?', b'R', ..] | [b'?', b'(', ..] | [b'*', ..] => Err(Refused::Construct),
        _ => Ok(after),
    }
}

/// What follows a backslash.
fn escape<'a>(after: &'a [u8], in_class: bool, out: &mut String) -> Result<&'a [u8], Refused> {
    let Some((byte, rest)) = after.split_first() else { return Ok(literal(b'\\', after, out)) };
    match byte {
        b'1'..=b'9' if !in_class => return Err(Refused::BackReference),
        b'0'..=b'7' => return Ok(octal(after, out)),
        b'x' => return hexadecimal(rest, out),
        b'b' if in_class => out.push_str("\\x08"),
        b'e' => out.push_str("\\x1b"),
        b'h' => out.push_str(if in_class { "\\t\\x20" } else { "[\\t\\x20]" }),
        b'v' => out.push_str(if in_class { "\\n-\\r" } else { "[\\n-\\r]" }),
        b'R' if !in_class => out.push_str("(?:\\r\\n|[\\n-\\r])"),
        b'Z' if !in_class => out.push_str("\\n?\\z"),
        b'N' | b'K' | b'G' | b'X' | b'C' | b'Q' | b'E' | b'H' | b'V' | b'p' | b'P' | b'g' | b'k' => {
            return Err(Refused::Construct);
        }
        b'd' | b'D' | b'w' | b'W' | b's' | b'S' | b'b' | b'B' | b'A' | b'z' | b'n' | b'r' | b't' | b'f' | b'a' => {
            out.push('\\');
            out.push(char::from(*byte));
        }
        _ => return Ok(literal(*byte, rest, out)),
    }
    Ok(rest)
}

fn octal<'a>(after: &'a [u8], out: &mut String) -> &'a [u8] {
    let len = after.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    let value = after.iter().take(len).fold(0u32, |sum, digit| sum << 3 | u32::from(digit - b'0'));
    literal(value as u8, after.get(len..).unwrap_or_default(), out)
}

/// `\xH`, `\xHH`, `\x{HH}`.
fn hexadecimal<'a>(rest: &'a [u8], out: &mut String) -> Result<&'a [u8], Refused> {
    let braced = rest.first() == Some(&b'{');
    let digits = rest.get(usize::from(braced)..).unwrap_or_default();
    let len = digits.iter().take(if braced { 6 } else { 2 }).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let text = std::str::from_utf8(digits.get(..len).unwrap_or_default()).unwrap_or_default();
    let value = if text.is_empty() { 0 } else { u32::from_str_radix(text, 16).map_err(|_| Refused::Construct)? };
    let value = u8::try_from(value).map_err(|_| Refused::Construct)?;
    let after = digits.get(len..).unwrap_or_default();
    Ok(literal(value, if braced { after.strip_prefix(b"}").ok_or(Refused::Construct)? } else { after }, out))
}

/// A class, with every byte that only Rust reads as a sign written as a number.
fn class<'a>(after: &'a [u8], out: &mut String) -> Result<&'a [u8], Refused> {
    out.push('[');
    let mut rest = after;
    if let Some(negated) = rest.strip_prefix(b"^") {
        out.push('^');
        rest = negated;
    }
    let mut first = true;
    loop {
        let (byte, after) = rest.split_first().ok_or(Refused::Construct)?;
        rest = match byte {
            b']' if !first => {
                out.push(']');
                return Ok(after);
            }
            b'[' if after.first() == Some(&b':') => {
                let end = memchr::memmem::find(after, b":]").ok_or(Refused::Construct)?;
                let name = std::str::from_utf8(after.get(..end).unwrap_or_default()).map_err(|_| Refused::Construct)?;
                out.push_str(&format!("[{name}:]"));
                after.get(end + 2..).unwrap_or_default()
            }
            b'-' if ends_range(out, after) => literal(b'-', after, out),
            b'-' => {
                out.push('-');
                after
            }
            b'\\' => escape(after, true, out)?,
            byte if byte.is_ascii_alphanumeric() => {
                out.push(char::from(*byte));
                after
            }
            _ => literal(*byte, after, out),
        };
        first = false;
    }
}

/// True where a dash in a class is a dash: at either end, and beside `\w` and the like.
fn ends_range(out: &str, after: &[u8]) -> bool {
    let shorthand = |text: &str| ["\\w", "\\d", "\\s", "\\W", "\\D", "\\S", ":]"].iter().any(|end| text.ends_with(end));
    let next = matches!(after, [b']', ..] | [b'\\', b'w' | b'd' | b's' | b'W' | b'D' | b'S', ..] | [b'[', b':', ..]);
    out.ends_with('[') || out.ends_with("[^") || next || shorthand(out) || range_just_closed(out)
}

/// `[a-z-9]`: the dash behind a range begins none.
fn range_just_closed(out: &str) -> bool {
    let Some(open) = out.rfind('[') else { return false };
    let inside = out.get(open + 1..).unwrap_or_default();
    let unit = |text: &str| -> usize {
        if text.len() >= 4 && text.get(text.len() - 4..).is_some_and(|end| end.starts_with("\\x")) { 4 } else { 1 }
    };
    let high = unit(inside);
    let before = inside.get(..inside.len().saturating_sub(high)).unwrap_or_default();
    before.strip_suffix('-').is_some_and(|low| !low.is_empty() && low != "^")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).unwrap().0.find(text.as_bytes())
    }

    #[test]
    fn pcre_means_here_what_it_means_there() {
        let cases = [
            (r"\${|<\(", "x${y", true),
            (r"(?:{|x{2})y", "xxy", true),
            (r"(?:{|x{2})y", "{y", true),
            (r"[[&&a-]", "&", true),
            (r"[\w-.]", "-", true),
            (r"[a-c-e]", "d", false),
            (r"[a-c-e]", "-", true),
            (r"[]a]", "]", true),
            (r"[^]a]", "]", false),
            (r"\<a\>", "<a>", true),
            (r"a\/\'\x25", "a/'%", true),
            (r"a.b$", "a\nb", true),
            (r"a$", "a\n", false),
            (r"[\x5c\v]", "\\", true),
            (r"a\v", "a\u{b}", true),
            (r"[[:alpha:]]+\z", "é", false),
            (r"x}", "x}", true),
            (r"(?i)SeLect", "select", true),
            (r"a{,3}", "a{,3}", true),
        ];
        for (pattern, text, wanted) in cases {
            assert_eq!(finds(pattern, text), wanted, "{pattern} {text}: {}", translate(pattern).unwrap());
        }
    }

    #[test]
    fn what_has_no_linear_time_is_refused() {
        for pattern in [r"a(?=b)", r"(?<!a)b", r"(a)\1", r"a++", r"(?>a)", "(", "((a{100}){100}){100}", r"a\Kb"] {
            assert!(Pattern::new(pattern).is_err(), "{pattern}");
        }
        assert!(Pattern::new(&"a".repeat(MOST_TEXT + 1)).is_err());
    }
}
