//! Remembered verdicts of targets that were worth a closer look: attackers and applications repeat themselves.

use std::hash::BuildHasher;

use foldhash::quality::FixedState;

use crate::detect::rules::column::Column;
use crate::detect::rules::expr::{Check, Expr, Test};
use crate::detect::rules::field::Field;
use crate::detect::rules::rule::RuleIx;
use crate::detect::rules::views::View;

const SLOTS: usize = 8192;
/// Longer targets are looked at anew each time.
pub(super) const MAX_TARGET: usize = 1024;

/// A bounded cache; a target is told by its bytes, so a collision costs time and never a verdict.
#[derive(Debug)]
pub(super) struct Verdicts {
    hasher: FixedState,
    slots: Vec<Verdict>,
}

/// What the rules say of one target.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict {
    target: Vec<u8>,
    /// None before the first target, else whether it was escaped.
    escaped: Option<bool>,
    /// Rules about nothing else that it meets.
    pub met: Vec<Met>,
    /// Rules that want to know more than the target.
    pub open: Vec<RuleIx>,
}

/// A rule that a target meets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Met {
    pub rule: RuleIx,
    /// Where: bytes from..to, counted from the start of the target; None where no text spoke for it.
    pub place: Option<(Field, View, (u32, u32))>,
}

impl Verdicts {
    /// `seed` keeps outsiders from choosing targets that fall into one slot.
    pub fn new(seed: u64) -> Self {
        Self { hasher: FixedState::with_seed(seed), slots: vec![Verdict::default(); SLOTS] }
    }

    /// The verdict on `target`, from memory or from `judge`, which writes it.
    pub fn get(&mut self, target: &[u8], escaped: bool, judge: impl FnOnce(&mut Verdict)) -> Option<&Verdict> {
        let at = usize::try_from(self.hasher.hash_one(target) % SLOTS as u64).unwrap_or(0);
        let slot = self.slots.get_mut(at)?;
        if slot.escaped != Some(escaped) || slot.target != target {
            slot.target.clear();
            slot.target.extend_from_slice(target);
            slot.escaped = Some(escaped);
            slot.met.clear();
            slot.open.clear();
            judge(slot);
        }
        Some(slot)
    }
}

/// True where nothing but the target decides; with `aside`, while User-Agent and Referer say nothing.
pub(super) fn is_about_targets(expr: &Expr, aside: bool) -> bool {
    let of_target = |field: Field| matches!(field, Field::Target | Field::Path);
    match expr {
        Expr::All(parts) | Expr::Any(parts) => parts.iter().all(|part| is_about_targets(part, aside)),
        Expr::Not(part) => is_about_targets(part, aside),
        Expr::Shared(part) => is_about_targets(part, aside),
        Expr::Test(Test::Text { field: Field::Agent | Field::Referer, .. }) => aside,
        Expr::Test(Test::Text { field, .. }) => of_target(*field),
        Expr::Test(Test::Check { column: Column::Field(field), check: Check::Present | Check::Empty }) => {
            of_target(*field)
        }
        Expr::Test(_) => false,
    }
}
