//! One event as detectors see it: who, where, and by which signs they know whether it concerns them.

use std::net::IpAddr;

use crate::detect::behaviour::login::{Attempt, Failure};
use crate::detect::behaviour::paths;
use crate::detect::memory::client::flag;
use crate::detect::memory::{Chain, Line, Memory, Slot};
use crate::detect::rules::{Field, Hit, Rule};
use crate::model::{Class, Confidence, Event, Request, Severity, Via, What};

/// What an event carries; bits of [`crate::detect::Detector::wants`].
pub mod sign {
    /// A request, whatever its answer.
    pub const REQUEST: u16 = 1;
    /// 400, 403, 404 for what is no static file and no path that browsers ask for by themselves.
    pub const MISSING: u16 = 1 << 1;
    /// An attempt to log in.
    pub const LOGIN: u16 = 1 << 2;
    /// A rule fired.
    pub const HIT: u16 = 1 << 3;
    /// A correlation of rules came true.
    pub const CORRELATION: u16 = 1 << 4;
    /// The client was called hostile lately, and this was answered 2xx or 3xx, or is a login line.
    pub const AFTER_ATTACK: u16 = 1 << 5;
    /// The user agent says it is a crawler.
    pub const CRAWLER: u16 = 1 << 6;
    /// The client asks for more pages in these ten seconds than anybody should.
    pub const BUSY: u16 = 1 << 7;
    /// A failed login of a user from nowhere: the line names no client.
    pub const NAMELESS: u16 = 1 << 8;
}

/// One rule that the event met.
#[derive(Clone, Copy, Debug)]
pub struct RuleHit<'r> {
    pub id: &'r str,
    pub title: &'r str,
    pub class: Class,
    pub level: Severity,
    pub confidence: Confidence,
    pub score: f32,
    /// One hit alone may decide.
    pub critical: bool,
    /// True where the user agent gave it away, and not what was asked for.
    pub in_agent: bool,
    /// Bytes from..to of the raw line.
    pub span: (u32, u32),
}

impl<'r> RuleHit<'r> {
    pub fn of(rule: &'r Rule, hit: &Hit) -> Self {
        Self {
            id: &rule.id,
            title: &rule.title,
            class: rule.class,
            level: rule.level,
            confidence: rule.confidence,
            score: rule.score,
            critical: rule.critical,
            in_agent: hit.field == Field::Agent,
            span: hit.span,
        }
    }
}

/// A correlation that came true with the event.
#[derive(Clone, Copy, Debug)]
pub struct Together<'r> {
    pub id: &'r str,
    pub title: &'r str,
    pub level: Severity,
    pub measured: f64,
    /// What is measured, as a sentence says it.
    pub unit: &'static str,
    /// Seconds it looks back.
    pub window: u64,
}

/// An event with what the engine found out once for all detectors.
pub struct Seen<'e, 'r> {
    pub event: &'e Event<'e>,
    pub slot: Slot,
    pub ip: IpAddr,
    pub via: Via,
    /// Seconds since 1970.
    pub now: u32,
    pub signs: u16,
    /// Hash of site and path.
    pub path: u64,
    /// The failed login that a rule knows it for.
    pub noted: Option<Failure<'e>>,
    /// The attempt to log in that it is, if it is one.
    pub attempt: Option<Attempt<'e>>,
    /// Index of the source's name in the evidence ring.
    pub source: u32,
    pub hits: &'e [RuleHit<'r>],
    pub together: &'e [Together<'r>],
}

impl<'e> Seen<'e, '_> {
    pub fn request(&self) -> Option<&'e Request<'e>> {
        match &self.event.what {
            What::Request(request) => Some(request),
            _ => None,
        }
    }

    pub fn line(&self) -> Line<'e> {
        let at = self.event.at;
        Line { now: self.event.now, source: self.source, offset: at.offset, line: at.line, raw: self.event.raw }
    }

    /// Keeps the line as evidence against its client.
    pub fn keep(&self, kind: u16, memory: &mut Memory) {
        let Memory { clients, evidence, .. } = memory;
        evidence.keep(&self.line(), kind, Chain::Client, &mut clients.at_mut(self.slot).evidence);
    }

    /// The same, with the rules that the line met.
    pub fn keep_hits(&self, kind: u16, memory: &mut Memory) {
        self.keep(kind, memory);
        self.hits.iter().for_each(|hit| memory.evidence.mark(hit.id, Some(hit.span)));
    }

    /// True where a page of the same site sent the client here.
    pub fn referred(&self) -> bool {
        self.request().is_some_and(|request| paths::same_site(request.referer, request.host, self.event.site))
    }

    pub fn site(&self) -> String {
        short(self.event.site)
    }
}

/// Attacker-written bytes as text of a bounded length.
pub fn short(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(255)]).into_owned()
}

/// The signs that can be told from a request alone.
pub fn signs_of(request: &Request<'_>, hostile: bool) -> u16 {
    let mut signs = sign::REQUEST;
    let answered = matches!(request.status, 200..=399);
    if matches!(request.status, 400 | 403 | 404) && paths::can_be_missing(request.path()) {
        signs |= sign::MISSING;
    }
    if hostile && answered {
        signs |= sign::AFTER_ATTACK;
    }
    signs
}

/// True where an alert called the client hostile within `window` seconds.
pub fn lately_hostile(memory: &Memory, slot: Slot, now: u32, window: u32) -> bool {
    let client = memory.clients.at(slot);
    client.has(flag::HOSTILE) && now.saturating_sub(client.hostile) <= window
}
