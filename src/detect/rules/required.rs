//! The literals a regex cannot match without: one of a set stands in every text that matches.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::detect::rules::matcher::Flags;
use crate::detect::rules::witness::cost;

/// Sets larger than this are no better than none.
const MAX_SET: usize = 64;

/// Literals, lower case; None where nothing is sure.
pub(super) fn literals(pattern: &str, flags: Flags) -> Option<Vec<Vec<u8>>> {
    let parse = |unicode: bool| {
        ParserBuilder::new()
            .unicode(unicode)
            .utf8(false)
            .case_insensitive(flags.ignore_case)
            .multi_line(flags.multi_line)
            .dot_matches_new_line(flags.dot_all)
            .build()
            .parse(pattern)
            .ok()
    };
    let hir = parse(false).or_else(|| parse(true))?;
    walk(&hir)
}

fn walk(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    if let Some(text) = exact(hir) {
        return (!text.is_empty()).then(|| vec![text]);
    }
    match hir.kind() {
        HirKind::Repetition(repetition) if repetition.min > 0 => walk(&repetition.sub),
        HirKind::Capture(capture) => walk(&capture.sub),
        HirKind::Concat(parts) => best(parts),
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(walk(part)?);
            }
            all.sort();
            all.dedup();
            (all.len() <= MAX_SET).then_some(all)
        }
        _ => None,
    }
}

/// The rarest set among the parts of a sequence, neighbours that are fixed taken together.
fn best(parts: &[Hir]) -> Option<Vec<Vec<u8>>> {
    let mut sets = Vec::new();
    let mut run = Vec::new();
    for part in parts {
        match exact(part) {
            Some(text) => run.extend(text),
            None => {
                sets.push(vec![std::mem::take(&mut run)]);
                sets.extend(walk(part));
            }
        }
    }
    sets.push(vec![run]);
    sets.retain(|set| set.iter().all(|text| !text.is_empty()));
    sets.into_iter().min_by(|a, b| price(a).total_cmp(&price(b)))
}

fn price(set: &[Vec<u8>]) -> f64 {
    set.iter().map(|text| cost(text)).sum()
}

/// The one text a piece matches, case aside.
fn exact(hir: &Hir) -> Option<Vec<u8>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(literal.0.to_ascii_lowercase()),
        HirKind::Class(class) => one_letter(class).map(|letter| vec![letter]),
        HirKind::Capture(capture) => exact(&capture.sub),
        HirKind::Concat(parts) => parts.iter().map(exact).collect::<Option<Vec<_>>>().map(|texts| texts.concat()),
        _ => None,
    }
}

/// The letter of a class that holds just its two cases.
fn one_letter(class: &Class) -> Option<u8> {
    let mut letters = Vec::new();
    match class {
        Class::Bytes(class) => {
            for range in class.ranges() {
                letters.extend((range.start()..=range.end()).take(4));
            }
        }
        Class::Unicode(class) => {
            for range in class.ranges() {
                letters.extend((range.start()..=range.end()).take(4).map(|c| u8::try_from(c).unwrap_or(0)));
            }
        }
    }
    let first = letters.first()?.to_ascii_lowercase();
    letters
        .iter()
        .all(|letter| letter.is_ascii() && *letter != 0 && letter.to_ascii_lowercase() == first)
        .then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str) -> Option<Vec<String>> {
        let flags = Flags { ignore_case: true, ..Flags::default() };
        literals(pattern, flags).map(|set| set.into_iter().map(|text| String::from_utf8(text).unwrap()).collect())
    }

    #[test]
    fn the_rarest_sure_literal_is_found() {
        assert_eq!(of(r"\bunion\s+select\b").unwrap(), ["union"]);
        assert_eq!(of(r"(?:sleep|benchmark)\s*\(").unwrap(), ["benchmark", "sleep"]);
        assert_eq!(of(r"x{0,3}(?:wp-admin|phpunit)").unwrap(), ["phpunit", "wp-admin"]);
        assert_eq!(of(r"a?.*"), None);
        assert_eq!(of(r"(?:abc|.)"), None);
        assert_eq!(of(r"[<]script").unwrap(), ["<script"]);
    }
}
