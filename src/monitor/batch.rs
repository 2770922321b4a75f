//! Lines read ahead of their turn: split, parsed and looked at, each by itself, on whatever thread is free.

use std::sync::Arc;

use super::line::{RawLine, chomp};
use super::reader::Plan;
use super::rotated::Stretch;
use crate::formats::logs::{Line, Parser, Record};
use crate::model::{At, Client, Event, Millis, Request, What};

/// Finds out what an event shows by itself; one a thread. `Event::now` is the line's own stamp: nobody knows more yet.
pub trait Look: Send {
    type Found: Default + Send;
    fn look(&mut self, event: &Event<'_>, found: &mut Self::Found);
}

/// Takes events in their order.
pub trait Take {
    type Look: Look;
    /// Another pair of eyes.
    fn eyes(&self) -> Self::Look;
    /// An event comes soon …
    fn announce(&self, found: &Found<Self>);
    /// … and sooner.
    fn fetch(&self, found: &Found<Self>);
    /// `found` is missing where nobody looked ahead.
    fn take(&mut self, event: &Event<'_>, found: Option<&Found<Self>>);
}

pub(super) type Found<T> = <<T as Take>::Look as Look>::Found;

/// A stretch of lines, ready to be taken.
#[derive(Default)]
pub(super) struct Batch<F> {
    pub stretch: Stretch,
    /// Bytes of the file read up to it.
    pub read: u64,
    /// How it was read; none where nobody knew yet.
    pub plan: Option<Arc<Plan>>,
    /// The first `count`; the others are room.
    lines: Vec<Ready<F>>,
    count: usize,
    /// The next to be taken.
    pub next: usize,
}

/// One line.
#[derive(Default)]
pub(super) struct Ready<F> {
    from: u32,
    to: u32,
    cut: bool,
    /// None where the line has to be read in its turn.
    pub parts: Option<Parts>,
    pub found: F,
}

/// From..to in the stretch.
type Span = (u32, u32);

/// A request as places in its stretch.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    pub stamp: Option<Millis>,
    client: Option<Client>,
    status: u16,
    bytes: Option<u64>,
    escaped: bool,
    method: Span,
    target: Span,
    protocol: Span,
    referer: Span,
    user_agent: Span,
    host: Span,
    user: Span,
}

impl<F: Default> Batch<F> {
    /// Splits the stretch, and reads and looks at what can be read ahead.
    pub fn prepare<L: Look<Found = F>>(&mut self, plan: Option<&Arc<Plan>>, cap: usize, eyes: &mut L) {
        self.plan = plan.cloned();
        self.count = 0;
        let mut parser = plan.map(|plan| plan.parser());
        let mut at = self.stretch.from;
        while at < self.stretch.to {
            let rest = self.stretch.text.get(at..self.stretch.to).unwrap_or_default();
            let (bytes, taken, cut) = match self.stretch.single {
                Some(cut) => (rest, rest.len(), cut),
                None => first(rest, cap),
            };
            if self.lines.len() == self.count {
                self.lines.push(Ready::default());
            }
            let Some(ready) = self.lines.get_mut(self.count) else { break };
            (ready.from, ready.to, ready.cut) = (short(at), short(at + bytes.len()), cut);
            ready.parts = match (plan, &mut parser) {
                (Some(plan), Some(parser)) => {
                    parts(&self.stretch.text, bytes, plan, parser, &mut |event| eyes.look(event, &mut ready.found))
                }
                _ => None,
            };
            self.count += 1;
            at += taken.max(1);
        }
    }

    /// True where it was read as the log is read now.
    pub fn follows(&self, plan: Option<&Arc<Plan>>) -> bool {
        match (&self.plan, plan) {
            (Some(mine), Some(plan)) => Arc::ptr_eq(mine, plan),
            (mine, plan) => mine.is_none() && plan.is_none(),
        }
    }

    /// The line whose turn it is `ahead` lines from now.
    pub fn ready(&self, ahead: usize) -> Option<&Ready<F>> {
        self.lines.get(..self.count).and_then(|lines| lines.get(self.next + ahead))
    }

    pub fn raw(&self, ready: &Ready<F>, number: u64) -> RawLine<'_> {
        let offset = self.stretch.offset + u64::from(ready.from) - self.stretch.from as u64;
        RawLine { offset, number, bytes: cut_out(&self.stretch.text, (ready.from, ready.to)), cut: ready.cut }
    }

    /// The event of a line that was read ahead.
    pub fn event<'a>(&'a self, parts: &Parts, raw: RawLine<'a>, at: At, now: Millis) -> Event<'a> {
        let text = &self.stretch.text;
        let host = cut_out(text, parts.host);
        let request = Request {
            method: cut_out(text, parts.method),
            target: cut_out(text, parts.target),
            protocol: cut_out(text, parts.protocol),
            status: parts.status,
            bytes: parts.bytes,
            micros: None,
            referer: cut_out(text, parts.referer),
            user_agent: cut_out(text, parts.user_agent),
            host,
            user: cut_out(text, parts.user),
            escaped: parts.escaped,
        };
        let site = self.plan.as_ref().map_or(host, |plan| plan.site(host));
        let what = What::Request(request);
        Event { now, stamp: parts.stamp, at, client: parts.client, site, raw: raw.bytes, what }
    }
}

/// The first line, the bytes it takes with its newline, and whether it was cut.
fn first(rest: &[u8], cap: usize) -> (&[u8], usize, bool) {
    let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    let cut = length > cap;
    (chomp(rest.get(..length.min(cap)).unwrap_or_default()), length + 1, cut)
}

/// Reads a line by itself and shows it; none where it has to be read in its turn.
fn parts(
    text: &[u8],
    bytes: &[u8],
    plan: &Plan,
    parser: &mut Parser,
    look: &mut dyn FnMut(&Event<'_>),
) -> Option<Parts> {
    let Ok(Line::Record(record)) = parser.parse(bytes) else { return None };
    let client = plan.client(&record);
    let Record { stamp, what, .. } = record;
    let What::Request(request) = &what else { return None };
    let place = |part: &[u8]| span(text, part);
    let parts = Parts {
        stamp,
        client,
        status: request.status,
        bytes: request.bytes,
        escaped: request.escaped,
        method: place(request.method),
        target: place(request.target),
        protocol: place(request.protocol),
        referer: place(request.referer),
        user_agent: place(request.user_agent),
        host: place(request.host),
        user: place(request.user),
    };
    if request.micros.is_some() {
        return None;
    }
    let site = plan.site(request.host);
    let now = stamp.unwrap_or_default();
    look(&Event { now, stamp, at: At::default(), client, site, raw: bytes, what });
    Some(parts)
}

/// Where a part of `text` stands in it.
fn span(text: &[u8], part: &[u8]) -> Span {
    if part.is_empty() {
        return (0, 0);
    }
    let from = part.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
    (short(from), short(from.saturating_add(part.len())))
}

fn cut_out(text: &[u8], (from, to): Span) -> &[u8] {
    text.get(from as usize..to as usize).unwrap_or_default()
}

/// A stretch is a few megabytes at most.
fn short(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
