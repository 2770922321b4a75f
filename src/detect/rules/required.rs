//! The literals a regex cannot match without: one of a set stands in every text that matches.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::detect::rules::witness::cost;

/// Sets larger than this are no better than none.
const MAX_SET: usize = 160;
/// Texts that a piece may stand for to be taken literally.
const MAX_EXACT: usize = 48;
const MAX_CLASS: usize = 9;

/// Literals, lower case; None where nothing is sure.
pub(in crate::detect) fn literals(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    if let Some(texts) = exact(hir) {
        return texts.iter().all(|text| !text.is_empty()).then_some(texts);
    }
    match hir.kind() {
        HirKind::Repetition(repetition) if repetition.min > 0 => literals(&repetition.sub),
        HirKind::Capture(capture) => literals(&capture.sub),
        HirKind::Concat(parts) => best(parts),
        HirKind::Alternation(parts) => {
            let all = parts.iter().map(literals).collect::<Option<Vec<_>>>()?;
            Some(sorted(all.concat())).filter(|all| all.len() <= MAX_SET)
        }
        _ => None,
    }
}

/// The rarest set among the parts of a sequence, neighbours that are fixed taken together.
fn best(parts: &[Hir]) -> Option<Vec<Vec<u8>>> {
    let mut sets = Vec::new();
    let mut run = vec![Vec::new()];
    for part in parts {
        let texts = exact(part);
        if let Some(longer) = texts.as_ref().and_then(|texts| cross(&run, texts)) {
            run = longer;
            continue;
        }
        sets.extend(literals(part));
        sets.push(std::mem::replace(&mut run, texts.unwrap_or_else(|| vec![Vec::new()])));
    }
    sets.push(run);
    sets.retain(|set| set.iter().all(|text| !text.is_empty()));
    sets.into_iter().min_by(|a, b| price(a).total_cmp(&price(b)))
}

fn price(set: &[Vec<u8>]) -> f64 {
    set.iter().map(|text| cost(text)).sum()
}

/// Every text a piece matches, case aside, where they are few.
fn exact(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let one = || vec![Vec::new()];
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(one()),
        HirKind::Literal(literal) => Some(vec![literal.0.to_ascii_lowercase()]),
        HirKind::Class(class) => bytes(class).map(|bytes| bytes.into_iter().map(|byte| vec![byte]).collect()),
        HirKind::Capture(capture) => exact(&capture.sub),
        HirKind::Concat(parts) => parts.iter().try_fold(one(), |all, part| cross(&all, &exact(part)?)),
        HirKind::Alternation(parts) => {
            let all = parts.iter().map(exact).collect::<Option<Vec<_>>>()?;
            Some(sorted(all.concat())).filter(|all| all.len() <= MAX_EXACT)
        }
        HirKind::Repetition(repetition) => {
            let texts = exact(&repetition.sub)?;
            match (repetition.min, repetition.max) {
                (0, Some(1)) => Some([one(), texts].concat()),
                (min, Some(max)) if min == max && max <= 8 => (0..max).try_fold(one(), |all, _| cross(&all, &texts)),
                _ => None,
            }
        }
    }
}

/// Each of `left` followed by each of `right`.
fn cross(left: &[Vec<u8>], right: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let all = || left.iter().flat_map(|a| right.iter().map(move |b| [a.as_slice(), b].concat())).collect();
    (left.len() * right.len() <= MAX_EXACT).then(|| sorted(all()))
}

fn sorted(mut texts: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    texts.sort();
    texts.dedup();
    texts
}

/// The bytes of a small class, case aside.
fn bytes(class: &Class) -> Option<Vec<u8>> {
    let mut all: Vec<u8> = match class {
        Class::Bytes(class) => {
            class.ranges().iter().flat_map(|range| (range.start()..=range.end()).take(MAX_CLASS)).collect()
        }
        Class::Unicode(class) => {
            let chars = class.ranges().iter().flat_map(|range| (range.start()..=range.end()).take(MAX_CLASS));
            chars.map(|c| u8::try_from(c).ok().filter(u8::is_ascii)).collect::<Option<_>>()?
        }
    };
    all.make_ascii_lowercase();
    all.sort_unstable();
    all.dedup();
    (all.len() < MAX_CLASS).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::rules::lazy::{Flags, parse};

    fn of(pattern: &str) -> Option<Vec<String>> {
        let flags = Flags { ignore_case: true, ..Flags::default() };
        let hir = parse(pattern, flags, false).unwrap();
        literals(&hir).map(|set| set.into_iter().map(|text| String::from_utf8(text).unwrap()).collect())
    }

    #[test]
    fn the_rarest_sure_literal_is_found() {
        assert_eq!(of(r"\bunion\s+select\b").unwrap(), ["union"]);
        assert_eq!(of(r"(?:sleep|benchmark)\s*\(").unwrap(), ["benchmark", "sleep"]);
        assert_eq!(of(r"x{0,3}(?:wp-admin|phpunit)").unwrap(), ["phpunit", "wp-admin"]);
        assert_eq!(of(r"a?.*"), None);
        assert_eq!(of(r"(?:abc|.)"), None);
        assert_eq!(of(r"[<]script").unwrap(), ["<script"]);
        assert_eq!(of(r"\w(?:\.{2}[/\\]){2,}").unwrap(), ["../", "..\\"]);
        assert_eq!(of(r"\d=https?://\d").unwrap(), ["=http://", "=https://"]);
        assert_eq!(of(r"a*\bx[12]?$").unwrap(), ["x", "x1", "x2"]);
    }
}
