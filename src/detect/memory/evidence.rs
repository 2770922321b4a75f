//! Copies of the lines that counted against somebody: a bounded ring, linked per client, prefix, user and target.

use std::collections::{HashMap, VecDeque};

use crate::detect::memory::persist::{Persist, Reader, SnapshotError, persist};
use crate::model::{Alert, Evidence, Millis};

/// Why a line was kept; bits.
pub mod kind {
    pub const MISSING: u16 = 1;
    pub const SENSITIVE: u16 = 1 << 1;
    pub const FAILURE: u16 = 1 << 2;
    pub const CONTENT: u16 = 1 << 3;
    pub const VOLUME: u16 = 1 << 4;
    pub const CRAWLER: u16 = 1 << 5;
    pub const SUCCESS: u16 = 1 << 6;
    pub const STRANGER: u16 = 1 << 7;
    pub const CORRELATION: u16 = 1 << 8;
    /// Counted against its user, its prefix.
    pub const BY_USER: u16 = 1 << 9;
    pub const BY_PREFIX: u16 = 1 << 10;
    /// What an attack is made of.
    pub const ATTACK: u16 = MISSING | SENSITIVE | FAILURE | CONTENT | CORRELATION;
}

/// Whose lines are linked with one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    Client,
    Prefix,
    User,
    Target,
}

const CHAINS: usize = 4;
/// Links followed at most; an alert's own lines are far fewer.
const WALK: usize = 512;
/// Rules named by one line, at most.
const RULES: usize = 4;
/// No rule.
const NONE: u16 = u16::MAX;

/// One kept line.
struct Entry {
    now: i64,
    /// Index in the ring's names.
    source: u32,
    offset: u64,
    line: u64,
    text: Box<[u8]>,
    /// Bytes from..to of `text`; empty for none.
    span: [u32; 2],
    /// By the ring's names; [`NONE`] where there are fewer.
    rules: [u16; RULES],
    kinds: u16,
    /// Kinds already told in an alert: no line is told twice for the same.
    told: u16,
    before: [u64; CHAINS],
}

persist!(Entry { now, source, offset, line, text, span, rules, kinds, told, before });

impl Entry {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.text.len() + 16
    }
}

/// A line to be kept.
pub struct Line<'a> {
    pub now: Millis,
    pub source: u32,
    pub offset: u64,
    pub line: u64,
    pub raw: &'a [u8],
}

/// The lines an alert rests on.
#[derive(Debug, Default)]
pub struct Told {
    pub lines: u32,
    /// How many of them are sensitive requests.
    pub sensitive: u32,
    pub first: Millis,
    pub rules: Vec<String>,
    pub evidence: Vec<Evidence>,
}

/// The ring. Numbers rise from 1 and are never used twice, so a link to a line that is gone is seen as such.
pub struct Ring {
    entries: VecDeque<Entry>,
    /// Number of the oldest entry.
    oldest: u64,
    bytes: usize,
    max: usize,
    /// Names of the sources, by the index that entries hold.
    names: Vec<Box<str>>,
    rules: RuleNames,
}

/// Rules by number, so that a line names them in two bytes each.
#[derive(Default)]
struct RuleNames {
    names: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u16, foldhash::fast::RandomState>,
}

impl RuleNames {
    /// [`NONE`] where there are too many.
    fn number(&mut self, rule: &str) -> u16 {
        if let Some(number) = self.numbers.get(rule) {
            return *number;
        }
        let number = u16::try_from(self.names.len()).unwrap_or(NONE);
        if number != NONE {
            self.names.push(rule.into());
            self.numbers.insert(rule.into(), number);
        }
        number
    }
}

impl Ring {
    pub fn new(max: usize) -> Self {
        Self { entries: VecDeque::new(), oldest: 1, bytes: 0, max, names: Vec::new(), rules: RuleNames::default() }
    }

    pub fn bytes(&self) -> usize {
        self.bytes + self.entries.capacity().saturating_sub(self.entries.len()) * size_of::<Entry>()
    }

    /// The index of a source's name.
    pub fn name(&mut self, name: &str) -> u32 {
        let at = self.names.iter().position(|known| &**known == name).unwrap_or_else(|| {
            self.names.push(name.into());
            self.names.len() - 1
        });
        at as u32
    }

    /// Keeps a line for a reason and links it behind `head`, which then points to it; a line kept already gains the reason.
    pub fn keep(&mut self, line: &Line<'_>, kind: u16, chain: Chain, head: &mut u64) {
        let latest = self.oldest + self.entries.len() as u64 - 1;
        let same = self.entries.back().is_some_and(|last| {
            (last.source, last.offset, last.line, last.now) == (line.source, line.offset, line.line, line.now.0)
        });
        let number = if same { latest } else { self.push(line) };
        if let Some(entry) = self.entries.back_mut() {
            entry.kinds |= kind;
            if *head != number {
                entry.before[chain as usize] = *head;
                *head = number;
            }
        }
    }

    fn push(&mut self, line: &Line<'_>) -> u64 {
        let entry = Entry {
            now: line.now.0,
            source: line.source,
            offset: line.offset,
            line: line.line,
            text: line.raw[..line.raw.len().min(Alert::MAX_LINE)].into(),
            span: [0; 2],
            rules: [NONE; RULES],
            kinds: 0,
            told: 0,
            before: [0; CHAINS],
        };
        self.bytes += entry.bytes();
        self.entries.push_back(entry);
        while self.bytes > self.max && self.entries.len() > 1 {
            if let Some(gone) = self.entries.pop_front() {
                self.bytes -= gone.bytes();
                self.oldest += 1;
            }
        }
        self.oldest + self.entries.len() as u64 - 1
    }

    /// Adds to the line kept last which rule it fired, and where.
    pub fn mark(&mut self, rule: &str, span: Option<(u32, u32)>) {
        let number = self.rules.number(rule);
        let Some(entry) = self.entries.back_mut() else { return };
        let free = entry.rules.iter_mut().find(|known| **known == NONE || **known == number);
        free.into_iter().for_each(|free| *free = number);
        if let (Some((from, to)), [0, 0]) = (span, entry.span) {
            entry.span = [from, to];
        }
    }

    /// The lines of a chain that were kept for any of `kinds` since `since` and not told for it before; marks them told.
    pub fn tell(&mut self, head: u64, chain: Chain, kinds: u16, since: Millis) -> Told {
        self.gather(head, chain, kinds, since, |entry| entry.kinds & kinds & !entry.told != 0)
    }

    /// The same, with lines that were told before: an incident shows the attack that led to it.
    pub fn recall(&mut self, head: u64, chain: Chain, kinds: u16, since: Millis) -> Told {
        self.gather(head, chain, kinds, since, |entry| entry.kinds & kinds != 0)
    }

    /// How many lines of a chain were kept for `kind` since `since` and after the last that was told for it, up to `most`.
    pub fn untold(&self, head: u64, chain: Chain, kind: u16, since: Millis, most: u32) -> u32 {
        let mut count = 0;
        let mut next = head;
        for _ in 0..WALK {
            let Some(at) = next.checked_sub(self.oldest).and_then(|at| usize::try_from(at).ok()) else { break };
            let Some(entry) = self.entries.get(at).filter(|entry| entry.now >= since.0 && entry.told & kind == 0)
            else {
                break;
            };
            next = entry.before[chain as usize];
            count += u32::from(entry.kinds & kind != 0);
            if count >= most {
                break;
            }
        }
        count
    }

    fn gather(&mut self, head: u64, chain: Chain, kinds: u16, since: Millis, counts: impl Fn(&Entry) -> bool) -> Told {
        let mut told = Told::default();
        let mut next = head;
        for _ in 0..WALK {
            let Some(at) = next.checked_sub(self.oldest).and_then(|at| usize::try_from(at).ok()) else { break };
            let Some(entry) = self.entries.get_mut(at) else { break };
            next = entry.before[chain as usize];
            if entry.now < since.0 {
                break;
            }
            if counts(entry) {
                entry.told |= kinds;
                told.add(entry, &self.names, &self.rules.names);
            }
        }
        told.evidence.reverse();
        told
    }
}

impl Told {
    /// Takes in a line older than those before it.
    fn add(&mut self, entry: &Entry, names: &[Box<str>], rules: &[Box<str>]) {
        self.lines += 1;
        self.sensitive += u32::from(entry.kinds & kind::SENSITIVE != 0);
        self.first = Millis(entry.now);
        for rule in entry.rules.iter().filter_map(|number| rules.get(usize::from(*number))) {
            if !self.rules.iter().any(|known| **known == **rule) {
                self.rules.push(rule.to_string());
            }
        }
        if self.evidence.len() < Alert::MAX_EVIDENCE {
            let file = names.get(entry.source as usize).map(ToString::to_string).unwrap_or_default();
            let (text, span) = readable(&entry.text, entry.span);
            self.evidence.push(Evidence { file, line: entry.line, offset: entry.offset, text, span });
        }
    }
}

/// Text with invalid UTF-8 replaced, cut to its size, and the span moved with it.
fn readable(bytes: &[u8], span: [u32; 2]) -> (String, Option<(u32, u32)>) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && text.len() <= Alert::MAX_LINE
        && text.get(span[0] as usize..span[1] as usize).is_some()
    {
        return (text.to_owned(), (span[0] < span[1]).then_some((span[0], span[1])));
    }
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    let mut end = text.len().min(Alert::MAX_LINE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    let moved = |at: u32| {
        let at = (at as usize).min(bytes.len());
        String::from_utf8_lossy(&bytes[..at]).len().min(text.len()) as u32
    };
    let span = (span[0] < span[1]).then(|| (moved(span[0]), moved(span[1]))).filter(|(from, to)| from < to);
    (text, span)
}

impl Ring {
    pub fn put(&self, out: &mut Vec<u8>) {
        self.oldest.put(out);
        self.names.put(out);
        self.rules.names.put(out);
        (self.entries.len() as u64).put(out);
        self.entries.iter().for_each(|entry| entry.put(out));
    }

    /// # Errors
    /// [`SnapshotError::Damaged`]
    pub fn get(from: &mut Reader<'_>, max: usize) -> Result<Self, SnapshotError> {
        let mut ring = Self::new(max);
        ring.oldest = u64::get(from)?.max(1);
        ring.names = Vec::get(from)?;
        for rule in Vec::<Box<str>>::get(from)? {
            ring.rules.number(&rule);
        }
        ring.entries = Vec::<Entry>::get(from)?.into();
        ring.bytes = ring.entries.iter().map(Entry::bytes).sum();
        Ok(ring)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(ring: &mut Ring, n: u64, kind: u16, head: &mut u64) {
        let raw = format!("line {n}");
        let line = Line { now: Millis(n as i64), source: 0, offset: n * 10, line: n, raw: raw.as_bytes() };
        ring.keep(&line, kind, Chain::Client, head);
    }

    #[test]
    fn tells_the_last_lines_of_one_chain_once() {
        let mut ring = Ring::new(1 << 20);
        ring.name("access.log");
        let (mut mine, mut other) = (0, 0);
        for n in 1..=30 {
            keep(&mut ring, n, kind::MISSING, if n % 2 == 0 { &mut mine } else { &mut other });
        }
        keep(&mut ring, 30, kind::FAILURE, &mut mine);
        let told = ring.tell(mine, Chain::Client, kind::MISSING, Millis(0));
        assert_eq!((told.lines, told.first, told.evidence.len()), (15, Millis(2), 10));
        assert_eq!(told.evidence.last().map(|last| last.text.as_str()), Some("line 30"));
        assert_eq!(told.evidence[0].file, "access.log");
        assert_eq!(ring.tell(mine, Chain::Client, kind::MISSING, Millis(0)).lines, 0);
        assert_eq!(ring.tell(mine, Chain::Client, kind::FAILURE, Millis(0)).lines, 1);
    }

    #[test]
    fn stays_within_its_bytes_and_forgets_the_oldest() {
        let mut ring = Ring::new(20_000);
        let mut head = 0;
        for n in 1..=5000 {
            keep(&mut ring, n, kind::MISSING, &mut head);
        }
        assert!(ring.bytes <= 20_000);
        let told = ring.tell(head, Chain::Client, kind::MISSING, Millis(0));
        assert!(told.lines > 20 && told.first.0 > 4000, "{told:?}");
    }

    #[test]
    fn moves_the_span_with_replaced_bytes() {
        let (text, span) = readable(b"\xff\xffabc", [2, 5]);
        assert_eq!(span.map(|(from, to)| &text[from as usize..to as usize]), Some("abc"));
        let (text, _) = readable(&[0xff; 1024], [0, 0]);
        assert!(text.len() <= Alert::MAX_LINE);
    }
}
