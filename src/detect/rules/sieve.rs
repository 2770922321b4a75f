//! Which of many literals stand in a text, case aside: one look a byte at the rarest three bytes of every literal.

use crate::detect::rules::witness::{cost, frequency};

/// Bytes are told apart by 64 classes, so that three of them number one of 2^18 bits.
const CLASS_BITS: u32 = 6;
const CLASSES: usize = 1 << CLASS_BITS;
const WORDS: usize = CLASSES * CLASSES;
/// Bytes of a literal that are looked for before the whole is compared.
const TRIPLE: usize = 3;
/// The class of bytes that no literal has, and of what lies behind the end of a text.
const NONE: u8 = 0;

/// Literals, lower case, with a bit for each triple that gives one away.
pub(in crate::detect) struct Sieve {
    classes: [u8; 256],
    bits: Box<[u64; WORDS]>,
    /// Bits set before each word.
    ranks: Box<[u32]>,
    /// By rank of its bit: where the spots of a triple begin.
    starts: Box<[u32]>,
    spots: Box<[Spot]>,
    pub literals: Box<[Box<[u8]>]>,
}

/// A literal whose triple stands `offset` bytes behind its beginning.
#[derive(Clone, Copy)]
struct Spot {
    literal: u32,
    offset: u32,
    guards: [Guard; GUARDS],
}

/// Another byte of the literal, so that most triples that mislead cost no look at the whole.
#[derive(Clone, Copy)]
struct Guard {
    /// From the triple's beginning.
    at: i16,
    byte: u8,
}

const GUARDS: usize = 2;

impl Spot {
    fn new(literal: &[u8], number: u32, offset: usize) -> Self {
        let triple = offset..offset + TRIPLE;
        let apart = |at: usize| i16::try_from(at as i64 - offset as i64).ok();
        let others = literal.iter().enumerate().filter(|(at, _)| !triple.contains(at));
        let mut others: Vec<Guard> =
            others.filter_map(|(at, byte)| Some(Guard { at: apart(at)?, byte: *byte })).collect();
        others.sort_by(|a, b| frequency(a.byte).total_cmp(&frequency(b.byte)));
        // Where there is nothing more to ask, the triple's own first byte says nothing new.
        let first = Guard { at: 0, byte: literal.get(offset).copied().unwrap_or_default() };
        let mut guards = [first; GUARDS];
        guards.iter_mut().zip(others).for_each(|(guard, other)| *guard = other);
        Self { literal: number, offset: u32::try_from(offset).unwrap_or(0), guards }
    }

    /// False where the literal cannot stand around the triple that begins at `start`.
    #[inline]
    fn fits(&self, text: &[u8], start: usize) -> bool {
        self.guards.iter().all(|guard| {
            let byte = text.get(start.wrapping_add_signed(isize::from(guard.at)));
            byte.is_some_and(|byte| byte.to_ascii_lowercase() == guard.byte)
        })
    }
}

impl Sieve {
    /// `literals`: lower case and not empty.
    pub fn new<'a>(literals: impl Iterator<Item = &'a [u8]>) -> Self {
        let literals: Box<[Box<[u8]>]> = literals.map(Box::from).collect();
        let classes = classes(&literals);
        let mut keyed: Vec<(u32, Spot)> = Vec::new();
        for (literal, at) in literals.iter().zip(0u32..) {
            let offset = rarest(literal);
            let triple = literal.get(offset..).unwrap_or_default();
            let spot = Spot::new(literal, at, offset);
            keyed.extend(keys(triple, &classes).map(|key| (key, spot)));
        }
        keyed.sort_by_key(|(key, _)| *key);
        let mut sieve = Self {
            classes,
            bits: Box::new([0; WORDS]),
            ranks: Box::default(),
            starts: Box::default(),
            spots: keyed.iter().map(|(_, spot)| *spot).collect(),
            literals,
        };
        sieve.index(&keyed);
        sieve
    }

    fn index(&mut self, keyed: &[(u32, Spot)]) {
        let mut starts = Vec::new();
        let mut last = None;
        for ((key, _), at) in keyed.iter().zip(0u32..) {
            if last.replace(*key) != Some(*key) {
                let (word, bit) = place(*key);
                self.bits[word] |= bit;
                starts.push(at);
            }
        }
        starts.push(u32::try_from(keyed.len()).unwrap_or(u32::MAX));
        let ranks = self.bits.iter().scan(0, |next, word| {
            let before = *next;
            *next += word.count_ones();
            Some(before)
        });
        self.ranks = ranks.collect();
        self.starts = starts.into();
    }

    /// Calls `found` with the number of each literal in `text`, perhaps more than once.
    pub fn scan(&self, text: &[u8], mut found: impl FnMut(usize)) {
        let mut key = 0u32;
        for (at, byte) in text.iter().enumerate() {
            key = key << CLASS_BITS | u32::from(self.classes[usize::from(*byte)]);
            if self.has(key) {
                self.check(key, text, at, &mut found);
            }
        }
        // Literals of one or two bytes may end the text.
        for at in text.len()..text.len() + TRIPLE - 1 {
            key = key << CLASS_BITS | u32::from(NONE);
            if self.has(key) {
                self.check(key, text, at, &mut found);
            }
        }
    }

    #[inline]
    fn has(&self, key: u32) -> bool {
        let (word, bit) = place(key);
        self.bits[word] & bit != 0
    }

    /// Compares the literals whose triple ends at `at`.
    #[inline(never)]
    fn check(&self, key: u32, text: &[u8], at: usize, found: &mut impl FnMut(usize)) {
        let (word, bit) = place(key);
        let rank = self.ranks[word] + (self.bits[word] & (bit - 1)).count_ones();
        let Some([from, to]) = self.starts.get(rank as usize..rank as usize + 2) else { return };
        let triple = (at + 1).wrapping_sub(TRIPLE);
        let spots = self.spots.get(*from as usize..*to as usize).unwrap_or_default();
        for spot in spots.iter().filter(|spot| spot.fits(text, triple)) {
            let Some(literal) = self.literals.get(spot.literal as usize) else { continue };
            let Some(start) = triple.checked_sub(spot.offset as usize) else { continue };
            if text.get(start..start + literal.len()).is_some_and(|part| part.eq_ignore_ascii_case(literal)) {
                found(spot.literal as usize);
            }
        }
    }
}

impl std::fmt::Debug for Sieve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sieve").field("literals", &self.literals.len()).finish_non_exhaustive()
    }
}

/// Word and bit of a triple; what was shifted out of it does not matter.
#[inline]
fn place(key: u32) -> (usize, u64) {
    ((key >> CLASS_BITS) as usize % WORDS, 1 << (key % CLASSES as u32))
}

/// A class for each byte of the literals, capitals with their letters; should there be too many, the rarest share one.
fn classes(literals: &[Box<[u8]>]) -> [u8; 256] {
    let mut bytes: Vec<u8> = literals.iter().flat_map(|literal| literal.iter().copied()).collect();
    bytes.sort_unstable();
    bytes.dedup();
    bytes.sort_by(|a, b| frequency(*b).total_cmp(&frequency(*a)));
    let mut classes = [NONE; 256];
    for (byte, class) in bytes.into_iter().zip((1..CLASSES as u8).chain(std::iter::repeat(CLASSES as u8 - 1))) {
        classes[usize::from(byte)] = class;
        classes[usize::from(byte.to_ascii_uppercase())] = class;
    }
    classes
}

/// Where the rarest three bytes of a literal begin.
fn rarest(literal: &[u8]) -> usize {
    let windows = literal.windows(TRIPLE).map(cost).enumerate();
    windows.min_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(0, |(at, _)| at)
}

/// The numbers of a triple; bytes that a short literal does not say can be any.
fn keys(text: &[u8], classes: &[u8; 256]) -> impl Iterator<Item = u32> {
    let range = |at: usize| match text.get(at) {
        Some(byte) => {
            let class = u32::from(classes[usize::from(*byte)]);
            class..class + 1
        }
        None => 0..CLASSES as u32,
    };
    let (first, second, third) = (range(0), range(1), range(2));
    first.flat_map(move |a| {
        let third = third.clone();
        second.clone().flat_map(move |b| third.clone().map(move |c| (a << CLASS_BITS | b) << CLASS_BITS | c))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(literals: &[&str], text: &[u8]) -> Vec<usize> {
        let mut all = Vec::new();
        Sieve::new(literals.iter().map(|literal| literal.as_bytes())).scan(text, |at| all.push(at));
        all.sort_unstable();
        all.dedup();
        all
    }

    #[test]
    fn short_literals_are_found_at_both_ends() {
        assert_eq!(found(&["a", "bc", "def"], b"a"), [0]);
        assert_eq!(found(&["a", "bc", "def"], b"xBC"), [1]);
        assert_eq!(found(&["a", "bc", "def"], b"DEF"), [2]);
        assert_eq!(found(&["a", "bc", "def"], b"b"), [0; 0]);
        assert_eq!(found(&["a"], b""), [0; 0]);
    }

    proptest! {
        #[test]
        fn finds_exactly_what_a_naive_search_finds(
            literals in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..7), 0..90),
            text in prop::collection::vec(any::<u8>(), 0..60),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        ) {
            let mut text = text;
            let literals: Vec<Vec<u8>> = literals.iter().map(|literal| literal.to_ascii_lowercase()).collect();
            if !literals.is_empty() {
                picks.iter().for_each(|pick| text.extend(pick.get(&literals).to_ascii_uppercase()));
            }
            let mut seen = vec![false; literals.len()];
            Sieve::new(literals.iter().map(Vec::as_slice)).scan(&text, |at| seen[at] = true);
            for (literal, seen) in literals.iter().zip(seen) {
                let naive = text.windows(literal.len()).any(|part| part.eq_ignore_ascii_case(literal));
                prop_assert_eq!(seen, naive);
            }
        }
    }
}
