//! What cannot be told is assumed both ways: a walk is repeated until each way has been gone.

use crate::model::Spot;

/// Ways through one configuration; beyond them the answer is not complete.
const MOST_WAYS: usize = 32;

/// Something that depends on what is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumed {
    pub at: Spot,
    /// The test as written.
    pub text: String,
    pub holds: bool,
}

/// The assumptions of one walk.
#[derive(Debug, Default)]
pub(super) struct Choices {
    /// What this walk was told to assume, in the order it asks.
    preset: Vec<bool>,
    pub(super) made: Vec<Assumed>,
}

impl Choices {
    /// Asked again, the same test gets the same answer.
    pub(super) fn decide(&mut self, at: &Spot, text: &str) -> bool {
        if let Some(known) = self.made.iter().find(|made| made.at == *at && made.text == text) {
            return known.holds;
        }
        let holds = self.preset.get(self.made.len()).copied().unwrap_or(false);
        self.made.push(Assumed { at: at.clone(), text: text.to_owned(), holds });
        holds
    }

    /// The next way that was not gone yet.
    fn next(made: &[Assumed]) -> Option<Self> {
        let last_no = made.iter().rposition(|made| !made.holds)?;
        let kept = made.iter().take(last_no).map(|made| made.holds);
        Some(Self { preset: kept.chain([true]).collect(), made: Vec::new() })
    }
}

/// Walks every way; `walk` gives its result and the assumptions it made. False: there were more ways than are gone.
pub(super) fn all_ways<T>(mut walk: impl FnMut(Choices) -> (T, Vec<Assumed>)) -> (Vec<T>, bool) {
    let mut results = Vec::new();
    let mut next = Some(Choices::default());
    while let Some(choices) = next {
        if results.len() >= MOST_WAYS {
            return (results, false);
        }
        let (result, made) = walk(choices);
        results.push(result);
        next = Choices::next(&made);
    }
    (results, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_is_gone_once() {
        let at = Spot { file: "n".into(), line: 1 };
        let (ways, whole) = all_ways(|mut choices| {
            let first = choices.decide(&at, "a");
            let second = !first && choices.decide(&at, "b");
            assert_eq!(choices.decide(&at, "a"), first);
            ((first, second), choices.made)
        });
        assert_eq!((ways, whole), (vec![(false, false), (false, true), (true, false)], true));
        let (ways, whole) = all_ways(|mut choices| {
            for test in 0..9 {
                choices.decide(&at, &test.to_string());
            }
            ((), choices.made)
        });
        assert_eq!((ways.len(), whole), (MOST_WAYS, false));
    }
}
