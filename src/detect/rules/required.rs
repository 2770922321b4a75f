//! The literals a regex cannot match without: one of a set stands in every text that matches.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::detect::rules::witness::cost;

/// Sets larger than this are no better than none.
const MAX_SET: usize = 160;
/// Texts that a piece may stand for to be taken literally.
const MAX_EXACT: usize = 48;
const MAX_CLASS: usize = 9;

/// Copies of a repeated piece that are taken together.
const MAX_COPIES: u32 = 8;

/// Literals, lower case; None where nothing is sure.
pub(in crate::detect) fn literals(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let Piece { exact, sure } = piece(hir);
    match exact {
        Some(texts) => Set::new(texts).map(|set| set.texts),
        None => sure.map(|set| set.texts),
    }
}

/// What is known of the texts that a piece matches.
#[derive(Default)]
struct Piece {
    /// All of them, case aside, where they are few.
    exact: Option<Vec<Vec<u8>>>,
    /// Where they are many: one of these stands in each.
    sure: Option<Set>,
}

struct Set {
    texts: Vec<Vec<u8>>,
    price: f64,
}

impl Set {
    fn new(texts: Vec<Vec<u8>>) -> Option<Self> {
        let texts = if texts.len() <= MAX_EXACT { shortest(texts) } else { texts };
        let price = texts.iter().map(|text| cost(text)).sum();
        texts.iter().all(|text| !text.is_empty()).then_some(Self { texts, price })
    }

    fn rarer(self, other: Self) -> Self {
        if other.price < self.price { other } else { self }
    }
}

impl Piece {
    fn of(exact: Option<Vec<Vec<u8>>>) -> Self {
        Self { exact, sure: None }
    }

    fn set(self) -> Option<Set> {
        self.sure.or_else(|| Set::new(self.exact?))
    }
}

fn piece(hir: &Hir) -> Piece {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Piece::of(Some(vec![Vec::new()])),
        HirKind::Literal(literal) => Piece::of(Some(vec![literal.0.to_ascii_lowercase()])),
        HirKind::Class(class) => {
            Piece::of(bytes(class).map(|bytes| bytes.into_iter().map(|byte| vec![byte]).collect()))
        }
        HirKind::Capture(capture) => piece(&capture.sub),
        HirKind::Concat(parts) => sequence(parts.iter().map(piece)),
        HirKind::Alternation(parts) => either(parts.iter().map(piece).collect()),
        HirKind::Repetition(repetition) => repeated(piece(&repetition.sub), repetition.min, repetition.max),
    }
}

/// The rarest set among the parts of a sequence, neighbours that are fixed taken together.
fn sequence(parts: impl Iterator<Item = Piece>) -> Piece {
    let (mut run, mut whole) = (vec![Vec::new()], true);
    let mut best: Option<Set> = None;
    let mut better = |set: Option<Set>| {
        best = match (best.take(), set) {
            (Some(old), Some(new)) => Some(old.rarer(new)),
            (old, new) => old.or(new),
        };
    };
    for part in parts {
        if let Some(longer) = part.exact.as_ref().and_then(|texts| cross(&run, texts)) {
            run = longer;
            continue;
        }
        whole = false;
        better(part.sure);
        better(Set::new(std::mem::replace(&mut run, part.exact.unwrap_or_else(|| vec![Vec::new()]))));
    }
    if whole {
        return Piece::of(Some(run));
    }
    better(Set::new(run));
    Piece { exact: None, sure: best }
}

fn either(parts: Vec<Piece>) -> Piece {
    let texts: usize = parts.iter().map(|part| part.exact.as_ref().map_or(MAX_EXACT + 1, Vec::len)).sum();
    if texts <= MAX_EXACT {
        return Piece::of(Some(sorted(parts.into_iter().flat_map(|part| part.exact.unwrap_or_default()).collect())));
    }
    let sets = parts.into_iter().map(Piece::set).collect::<Option<Vec<_>>>();
    let all = sets.map(|sets| sorted(sets.into_iter().flat_map(|set| set.texts).collect()));
    Piece { exact: None, sure: all.filter(|all| all.len() <= MAX_SET).and_then(Set::new) }
}

fn repeated(part: Piece, min: u32, max: Option<u32>) -> Piece {
    let copies = |times| {
        let texts = part.exact.as_ref()?;
        (0..times).try_fold(vec![Vec::new()], |all, _| cross(&all, texts))
    };
    match (min, max) {
        (0, Some(1)) => Piece::of(part.exact.map(|texts| [vec![Vec::new()], texts].concat())),
        (0, _) => Piece::default(),
        (min, Some(max)) if min == max && max <= MAX_COPIES && copies(max).is_some() => Piece::of(copies(max)),
        (min, _) => {
            let most = (1..=min.min(MAX_COPIES)).rev().find_map(copies);
            Piece { exact: None, sure: most.map_or(part.sure, Set::new) }
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

/// Without those that hold another: it stands there anyway.
fn shortest(texts: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let holds_other =
        |text: &[u8]| texts.iter().any(|other| other.len() < text.len() && memchr::memmem::find(text, other).is_some());
    texts.iter().filter(|text| !holds_other(text)).cloned().collect()
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
        assert_eq!(of(r"\w(?:\.{2}[/]){2,}").unwrap(), ["../../"]);
        assert_eq!(of(r"\d=https?://\d").unwrap(), ["=http://", "=https://"]);
        assert_eq!(of(r"a*\bx[12]?$").unwrap(), ["x"]);
        assert_eq!(of(r"(?:\.\./){3,}").unwrap(), ["../../../"]);
        assert_eq!(of(r"%?5?c?think").unwrap(), ["think"]);
        assert_eq!(of(r"\w[A]{20,}").unwrap(), ["aaaaaaaa"]);
    }
}
