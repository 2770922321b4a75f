//! Remembered verdicts of targets that were worth a closer look: attackers and applications repeat themselves.

use std::hash::BuildHasher;

use foldhash::quality::FixedState;

use crate::detect::rules::expr::{Expr, Found};
use crate::detect::rules::rule::RuleIx;

const SLOTS: usize = 16_384;
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
    pub met: Vec<Met>,
}

/// A rule that a target meets, as far as it goes.
#[derive(Clone, Debug)]
pub(super) struct Met {
    pub rule: RuleIx,
    /// What the rule wants to know besides.
    pub rest: Option<Expr>,
    /// The text that spoke for it, and where that stands: bytes from..to, counted from the start of the target.
    pub place: Option<(Found, (u32, u32))>,
}

impl Verdict {
    fn is_of(&self, target: &[u8], escaped: bool) -> bool {
        self.escaped == Some(escaped) && self.target == target
    }
}

impl Verdicts {
    /// `seed` keeps outsiders from choosing targets that fall into one slot.
    pub fn new(seed: u64) -> Self {
        Self { hasher: FixedState::with_seed(seed), slots: vec![Verdict::default(); SLOTS] }
    }

    /// The verdict on `target`, from memory or from `judge`, which writes it.
    pub fn get(&mut self, target: &[u8], escaped: bool, judge: impl FnOnce(&mut Verdict)) -> Option<&Verdict> {
        let at = usize::try_from(self.hasher.hash_one(target) % (SLOTS as u64 / 2)).unwrap_or(0) * 2;
        let pair = self.slots.get_mut(at..at + 2)?;
        // The one of the two that was asked for last stands first.
        if !pair.first()?.is_of(target, escaped) {
            pair.swap(0, 1);
        }
        let slot = pair.first_mut()?;
        if !slot.is_of(target, escaped) {
            slot.target.clear();
            slot.target.extend_from_slice(target);
            slot.escaped = Some(escaped);
            slot.met.clear();
            judge(slot);
        }
        Some(slot)
    }
}
