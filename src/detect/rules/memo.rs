//! Remembered candidates of texts that repeat from line to line: User-Agents, Referers, methods.

use std::hash::{BuildHasher, Hasher};

use foldhash::quality::FixedState;

use crate::detect::rules::rule::RuleIx;

const SLOTS: usize = 2048;
/// Longer texts are looked at anew each time.
pub(in crate::detect) const MAX_KEY: usize = 1024;

/// User agents and referers differ most at their end: hashing more costs more than it spares.
const TAIL: usize = 32;

/// A bounded cache; a text is told by its bytes, so a collision costs time and never a verdict.
#[derive(Debug)]
pub(in crate::detect) struct Memo {
    hasher: FixedState,
    slots: Vec<Last>,
}

/// What was found for one text.
#[derive(Clone, Debug, Default)]
pub(super) struct Last {
    key: Vec<u8>,
    /// None before the first text, else whether it was escaped.
    escaped: Option<bool>,
    rules: Vec<RuleIx>,
}

impl Last {
    /// The rules for `text`, from memory or from `scan`, which writes them.
    pub fn get(&mut self, text: &[u8], escaped: bool, scan: impl FnOnce(&mut Vec<RuleIx>)) -> &[RuleIx] {
        if self.escaped != Some(escaped) || self.key != text {
            self.key.clear();
            self.key.extend_from_slice(text);
            self.escaped = Some(escaped);
            self.rules.clear();
            scan(&mut self.rules);
        }
        &self.rules
    }
}

impl Memo {
    /// `seed` keeps outsiders from choosing texts that fall into one slot.
    pub fn new(seed: u64) -> Self {
        Self { hasher: FixedState::with_seed(seed), slots: vec![Last::default(); SLOTS] }
    }

    /// The rules for `text`, from memory or from `scan`, which writes them.
    pub fn get(&mut self, text: &[u8], escaped: bool, scan: impl FnOnce(&mut Vec<RuleIx>)) -> &[RuleIx] {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_usize(text.len());
        hasher.write(text.get(text.len().saturating_sub(TAIL)..).unwrap_or_default());
        let at = usize::try_from(hasher.finish() % SLOTS as u64).unwrap_or(0);
        self.slots.get_mut(at).map_or(&[], |slot| slot.get(text, escaped, scan))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_scanned_once_and_collisions_are_harmless() {
        let mut memo = Memo::new(7);
        for round in 0..2 {
            for number in 0..3 * SLOTS {
                let text = format!("agent {number}");
                let wanted = RuleIx(u16::try_from(number).unwrap());
                assert_eq!(memo.get(text.as_bytes(), false, |rules| rules.push(wanted)), [wanted], "{round}");
            }
        }
        let mut scans = 0;
        for _ in 0..3 {
            memo.get(b"same", false, |_| scans += 1);
        }
        assert_eq!(scans, 1);
    }
}
