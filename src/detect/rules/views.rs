//! The views of an event's fields: as sent, decoded once, decoded twice. Built on demand, at most once an event.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::detect::rules::decode::{Mapped, normal_path, percent, unescape};
use crate::detect::rules::field::{Field, Ladder};
use crate::detect::rules::gates::{Bits, Gates, Open};
use crate::model::event::{Event, What};

/// Bytes of a field that are looked at in each view.
pub(super) const MAX_TEXT: usize = 8192;

/// Which form of a field a match stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// As sent, the log's escapes undone.
    Raw,
    /// Decoded once: percent, `%uXXXX`, overlong UTF-8, `+`, NUL; paths in normal form.
    Once,
    /// Decoded once more.
    Twice,
}

/// The distinct views of one field.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Views<'a>([Option<&'a [u8]>; 3]);

impl<'a> Views<'a> {
    pub fn iter(self) -> impl Iterator<Item = (View, &'a [u8])> {
        [View::Raw, View::Once, View::Twice].into_iter().zip(self.0).filter_map(|(view, text)| Some((view, text?)))
    }
}

/// The views of the current event; buffers are kept from event to event.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    slots: [Slot; Field::COUNT],
    /// One bit a field: built for the current event.
    built: u32,
    /// It is known that no test of User-Agent or Referer holds.
    pub aside: bool,
    gates: Arc<Gates>,
    /// By field, for the current event.
    open: [Bits; Field::COUNT],
    /// One bit a field: its gates were opened for the current event.
    opened: u32,
}

#[derive(Debug, Default)]
struct Slot {
    raw: Buffer,
    once: Buffer,
    twice: Buffer,
    /// What a path is before it takes normal form.
    spare: Vec<u8>,
}

#[derive(Debug, Default)]
struct Buffer {
    bytes: Vec<u8>,
    used: bool,
}

impl Buffer {
    fn fill(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.bytes.clear();
        write(&mut self.bytes);
        self.used = true;
    }

    fn get(&self) -> Option<&[u8]> {
        self.used.then_some(self.bytes.as_slice())
    }
}

impl Scratch {
    pub fn new(gates: Arc<Gates>) -> Self {
        Self { gates, ..Self::default() }
    }

    /// Call before each event.
    pub fn reset(&mut self) {
        self.built = 0;
        self.opened = 0;
    }

    /// The views of `field`, and which values are to be tried on them.
    pub fn views_and_gates<'s>(&'s mut self, field: Field, event: &Event<'s>) -> (Views<'s>, Open<'s>) {
        let at = field as usize;
        if !Gates::guards(field) || at >= Field::COUNT {
            return (self.views(field, event), Open(&[]));
        }
        if self.opened & (1 << at) == 0 {
            self.opened |= 1 << at;
            let mut open = std::mem::take(&mut self.open[at]);
            let gates = Arc::clone(&self.gates);
            gates.open(self.views(field, event), &mut open);
            self.open[at] = open;
        }
        self.build(field, event);
        let Self { slots, open, .. } = self;
        (views(&slots[at], field, event), Open(&open[at]))
    }

    /// The views of `field`; empty where the event does not have it.
    pub fn views<'s>(&'s mut self, field: Field, event: &Event<'s>) -> Views<'s> {
        self.build(field, event);
        views(&self.slots[field as usize], field, event)
    }

    fn build(&mut self, field: Field, event: &Event<'_>) {
        if self.built & (1 << field as u32) == 0 {
            self.built |= 1 << field as u32;
            self.slots[field as usize].build(field, event);
        }
    }
}

fn views<'s>(slot: &'s Slot, field: Field, event: &Event<'s>) -> Views<'s> {
    Views([slot.raw.get().or_else(|| text_of(field, event)), slot.once.get(), slot.twice.get()])
}

impl Slot {
    fn build(&mut self, field: Field, event: &Event<'_>) {
        let Self { raw, once, twice, spare } = self;
        (raw.used, once.used, twice.used) = (false, false, false);
        let Some(text) = text_of(field, event) else {
            let mut printed = false;
            raw.fill(|to| printed = field.print(event, to));
            raw.used = printed;
            return;
        };
        let ladder = field.ladder();
        if ladder == Ladder::Plain {
            return;
        }
        if is_escaped(event) && memchr::memchr(b'\\', text).is_some() {
            raw.fill(|to| unescape(text, to));
        }
        let text = raw.get().unwrap_or(text);
        if !can_differ(ladder, text) {
            return;
        }
        once.fill(|to| step(ladder, text, to, spare));
        once.used = once.bytes != text;
        if !once.used || memchr::memchr2(b'%', b'+', &once.bytes).is_none() {
            return;
        }
        twice.fill(|to| step(ladder, &once.bytes, to, spare));
        twice.used = twice.bytes != once.bytes;
    }
}

/// False where one look tells that decoding changes nothing: most lines.
fn can_differ(ladder: Ladder, text: &[u8]) -> bool {
    let encoded = match ladder {
        Ladder::Uri => memchr::memchr2(b'%', b'+', text).is_some(),
        _ => memchr::memchr(b'%', text).is_some(),
    };
    encoded || !text.is_ascii() || memchr::memchr(0, text).is_some() || ladder == Ladder::Path && is_odd_path(text)
}

/// True where one look tells that a target is the same in every view, and so is its path: most lines.
pub(super) fn is_plain(target: &[u8]) -> bool {
    let Some((last, rest)) = target.split_last() else { return true };
    let next = target.get(1..).unwrap_or_default();
    let (blocks, tail) = rest.as_chunks::<WIDE>();
    let (next_blocks, next_tail) = next.as_chunks::<WIDE>();
    // Without an early end, so that a block is looked at in one instruction.
    let mut odd = [0; WIDE];
    for (block, next) in blocks.iter().zip(next_blocks) {
        for (odd, (byte, next)) in odd.iter_mut().zip(block.iter().zip(next)) {
            *odd |= is_odd(*byte, *next);
        }
    }
    let blocks_odd = odd.iter().fold(0, |any, odd| any | odd);
    let odd = tail.iter().zip(next_tail).fold(is_odd(*last, 0), |odd, (byte, next)| odd | is_odd(*byte, *next));
    odd == 0 && blocks_odd == 0
}

/// Not 0 for a byte of an encoding, and for a slash that normal form would take away.
fn is_odd(byte: u8, next: u8) -> u8 {
    let disguise = (byte == b'%') | (byte == b'+') | (byte == b'\\') | (byte == 0) | (byte >= 0x80);
    u8::from(disguise | ((byte == b'/') & ((next == b'/') | (next == b'.'))))
}

/// Bytes looked at together.
const WIDE: usize = 16;

/// True where a path is not in normal form.
fn is_odd_path(path: &[u8]) -> bool {
    let next = |at: usize| matches!(path.get(at + 1), Some(b'/' | b'\\' | b'.'));
    memchr::memchr2_iter(b'/', b'\\', path).any(|at| path.get(at) == Some(&b'\\') || next(at))
}

/// One decoding of a whole field.
fn step(ladder: Ladder, text: &[u8], to: &mut Vec<u8>, spare: &mut Vec<u8>) {
    percent(text, ladder == Ladder::Uri, to);
    if ladder == Ladder::Path && is_odd_path(to) {
        spare.clear();
        normal_path(to, spare);
        std::mem::swap(to, spare);
    }
}

pub(super) fn text_of<'a>(field: Field, event: &Event<'a>) -> Option<&'a [u8]> {
    field.text(event).map(|text| text.get(..MAX_TEXT).unwrap_or(text))
}

pub(super) fn is_escaped(event: &Event<'_>) -> bool {
    matches!(&event.what, What::Request(request) if request.escaped)
}

/// Where bytes `from..to` of a view stand in the event's line, as exactly as the decodings allow.
pub(super) fn locate(event: &Event<'_>, field: Field, view: View, from: usize, to: usize) -> (u32, u32) {
    let whole = (0, offset(event.raw.len()));
    let Some(text) = text_of(field, event) else { return whole };
    let Some(start) = place(text, event.raw) else { return whole };
    let ladder = field.ladder();
    let unescapes = ladder != Ladder::Plain && is_escaped(event) && memchr::memchr(b'\\', text).is_some();
    if view == View::Raw && !unescapes {
        return (offset(start + from), offset(start + to.max(from).min(text.len())));
    }
    let mut layers = Vec::new();
    let mut bytes = text.to_vec();
    let mut push = |bytes: &mut Vec<u8>, decode: &dyn Fn(&[u8], &mut Mapped)| {
        let mut out = Mapped::with_capacity(bytes.len());
        decode(bytes, &mut out);
        let before = std::mem::replace(bytes, out.bytes).len();
        layers.push((out.at, before));
    };
    if unescapes {
        push(&mut bytes, &|text, out| unescape(text, out));
    }
    let rounds = match view {
        View::Raw => 0,
        View::Once => 1,
        View::Twice => 2,
    };
    for _ in 0..rounds {
        push(&mut bytes, &|text, out| percent(text, ladder == Ladder::Uri, out));
        if ladder == Ladder::Path {
            push(&mut bytes, &|text, out| normal_path(text, out));
        }
    }
    let (mut from, mut to) = (from, to);
    for (at, before) in layers.iter().rev() {
        from = at.get(from).copied().unwrap_or(*before);
        to = at.get(to).copied().unwrap_or(*before);
    }
    (offset(start + from), offset(start + to.max(from).min(text.len())))
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Where `part` stands in `whole`: by address where it is a slice of it, else by its bytes.
pub(super) fn place(part: &[u8], whole: &[u8]) -> Option<usize> {
    let at = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
    if at.saturating_add(part.len()) <= whole.len() { Some(at) } else { memchr::memmem::find(whole, part) }
}
