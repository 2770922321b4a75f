//! Which values of the rules could stand in a field at all: a value is tried only where one of its own literals stands.
//!
//! A candidate rule may have a hundred regexes; of these, one or two have their literal in the text.

use std::collections::BTreeMap;

use crate::detect::rules::expr::{Expr, Test};
use crate::detect::rules::field::{Field, Ladder};
use crate::detect::rules::matcher::Matcher;
use crate::detect::rules::rule::Rule;
use crate::detect::rules::sieve::Sieve;
use crate::detect::rules::views::Views;
use crate::detect::rules::witness;

/// Literals that stand in so large a share of texts tell nothing.
const MAX_PRICE: f64 = 0.5;

/// One bit a value, by [`Matcher::gate`]; empty where nothing is known of them.
pub(super) type Bits = Vec<u64>;

/// Which values are to be tried on a field.
#[derive(Clone, Copy)]
pub(super) struct Open<'a>(pub &'a [u64]);

/// The literals of every value that is looked for in targets, User-Agents and Referers.
#[derive(Debug, Default)]
pub(super) struct Gates {
    sieve: Option<Sieve>,
    /// By literal of the sieve: the values it stands for.
    gates: Vec<Box<[u32]>>,
    /// Values of which no literal is sure: always tried.
    always: Bits,
}

impl Gates {
    pub fn build(rules: &[Rule]) -> Self {
        let mut draft = Draft::default();
        rules.iter().for_each(|rule| draft.visit(&rule.test));
        let sieve = (!draft.literals.is_empty()).then(|| Sieve::new(draft.literals.keys().map(Vec::as_slice)));
        Self { sieve, gates: draft.literals.into_values().map(Vec::into_boxed_slice).collect(), always: draft.always }
    }

    /// Texts that are long enough to be worth it.
    pub fn guards(field: Field) -> bool {
        field.ladder() != Ladder::Plain
    }

    /// The values that `views` of a field could hold.
    pub fn open(&self, views: Views<'_>, open: &mut Bits) {
        open.clear();
        open.extend_from_slice(&self.always);
        let Some(sieve) = &self.sieve else { return };
        for (_, text) in views.iter() {
            sieve.scan(text, |literal| {
                self.gates.get(literal).into_iter().flatten().for_each(|gate| set(open, *gate));
            });
        }
    }
}

impl Open<'_> {
    pub fn admits(self, value: &Matcher) -> bool {
        let word = value.gate().and_then(|gate| Some((gate, self.0.get(gate as usize / 64)?)));
        word.is_none_or(|(gate, word)| word & 1 << (gate % 64) != 0)
    }
}

fn set(open: &mut Bits, gate: u32) {
    if let Some(word) = open.get_mut(gate as usize / 64) {
        *word |= 1 << (gate % 64);
    }
}

#[derive(Default)]
struct Draft {
    literals: BTreeMap<Vec<u8>, Vec<u32>>,
    always: Bits,
}

impl Draft {
    fn visit(&mut self, expr: &Expr) {
        match expr {
            Expr::All(parts) | Expr::Any(parts) => parts.iter().for_each(|part| self.visit(part)),
            Expr::Not(part) => self.visit(part),
            Expr::Shared(part) => self.visit(part),
            Expr::Test(Test::Text { field, values }) if Gates::guards(*field) => {
                values.iter().for_each(|value| self.value(value));
            }
            Expr::Test(_) => {}
        }
    }

    fn value(&mut self, value: &Matcher) {
        let Some(gate) = value.gate() else { return };
        let words = gate as usize / 64 + 1;
        if self.always.len() < words {
            self.always.resize(words, 0);
        }
        let sure =
            value.required().filter(|texts| texts.iter().map(|text| witness::cost(text)).sum::<f64>() < MAX_PRICE);
        let Some(texts) = sure else { return set(&mut self.always, gate) };
        for text in texts {
            let gates = self.literals.entry(text).or_default();
            if gates.last() != Some(&gate) {
                gates.push(gate);
            }
        }
    }
}
