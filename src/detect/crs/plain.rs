//! What a pattern still matches in a text that no transformation changes: most of its alternatives spell such bytes.

use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir, HirKind, Repetition};

use crate::detect::crs::transform::Signs;

/// True for bytes that stand in plain texts.
pub fn is_plain(byte: u8) -> bool {
    !Signs::of(&[byte]).meets(Signs::ODD)
}

/// The pattern without what holds other bytes; None where nothing is left of it.
pub fn reduce(hir: &Hir) -> Option<Hir> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(hir.clone()),
        HirKind::Literal(literal) => literal.0.iter().all(|byte| is_plain(*byte)).then(|| hir.clone()),
        HirKind::Class(Class::Bytes(class)) => {
            let plain = (0..=255u8).filter(|byte| is_plain(*byte)).map(|byte| ClassBytesRange::new(byte, byte));
            let mut class = class.clone();
            class.intersect(&ClassBytes::new(plain));
            (!class.ranges().is_empty()).then(|| Hir::class(Class::Bytes(class)))
        }
        HirKind::Class(Class::Unicode(_)) => Some(hir.clone()),
        HirKind::Capture(capture) => reduce(&capture.sub),
        HirKind::Concat(parts) => parts.iter().map(reduce).collect::<Option<Vec<_>>>().map(Hir::concat),
        HirKind::Alternation(parts) => {
            let parts: Vec<Hir> = parts.iter().filter_map(reduce).collect();
            (!parts.is_empty()).then(|| Hir::alternation(parts))
        }
        HirKind::Repetition(repetition) => match reduce(&repetition.sub) {
            Some(sub) => Some(Hir::repetition(Repetition { sub: Box::new(sub), ..repetition.clone() })),
            None => (repetition.min == 0).then(Hir::empty),
        },
    }
}
