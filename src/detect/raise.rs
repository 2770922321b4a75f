//! How an alert is made: the same lines give the same alert with the same id, in every run.

use crate::detect::detector::Detector;
use crate::detect::memory::evidence::Told;
use crate::detect::memory::{Chain, Memory};
use crate::detect::seen::Seen;
use crate::model::{Alert, AlertId, Class, Confidence, Count, Millis, Severity, Standing, Subject};

/// What a detector has to say; the rest of the alert follows from the event and the memory.
pub struct Reason {
    pub class: Class,
    pub severity: Severity,
    pub confidence: Confidence,
    pub subject: Subject,
    pub sentence: String,
    pub counts: Vec<Count>,
    pub standing: Standing,
}

impl Reason {
    /// About the client of the event.
    pub fn of_client(seen: &Seen<'_, '_>, memory: &Memory, class: Class, severity: Severity) -> Self {
        Self {
            class,
            severity,
            confidence: Confidence::High,
            subject: Subject::Client(seen.ip),
            sentence: String::new(),
            counts: Vec::new(),
            standing: memory.standing_of_client(seen.slot),
        }
    }
}

/// The lines that counted against the event's client in the last `window` seconds.
pub fn told_of_client(seen: &Seen<'_, '_>, memory: &mut Memory, kinds: u16, window: u64) -> Told {
    let head = memory.clients.at(seen.slot).evidence;
    memory.evidence.tell(head, Chain::Client, kinds, since(seen, window))
}

pub fn since(seen: &Seen<'_, '_>, window: u64) -> Millis {
    seen.event.now - std::time::Duration::from_secs(window)
}

/// The whole alert.
pub fn raise(detector: &Detector, seen: &Seen<'_, '_>, told: Told, reason: Reason) -> Alert {
    Alert {
        id: id(detector.id, &reason.subject, seen),
        detector: detector.id.to_owned(),
        rules: told.rules,
        class: reason.class,
        subject: reason.subject,
        site: seen.site(),
        via: seen.via,
        severity: reason.severity,
        confidence: reason.confidence,
        first: if told.lines == 0 { seen.event.now } else { told.first },
        last: seen.event.now,
        lines: told.lines,
        sentence: reason.sentence,
        counts: reason.counts,
        standing: reason.standing,
        evidence: told.evidence,
    }
}

/// Of detector, subject and the line that crossed; not of the file's name, which rotation changes.
fn id(detector: &str, subject: &Subject, seen: &Seen<'_, '_>) -> AlertId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(detector.as_bytes()).update(&[0]);
    hasher.update(format!("{subject:?}").as_bytes()).update(&[0]);
    hasher.update(&seen.event.at.offset.to_le_bytes()).update(&seen.event.at.line.to_le_bytes());
    hasher.update(seen.event.raw);
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    AlertId(u64::from_le_bytes(first))
}

/// `seen` of `limit` in `window` seconds; with it "what it would have taken" is told.
pub fn count(what: &str, seen: f32, limit: f32, window: u64) -> Count {
    Count { what: what.to_owned(), seen: (f64::from(seen) * 10.0).round() / 10.0, limit: f64::from(limit), window }
}

/// A span of time as people say it.
pub fn span(seconds: u64) -> String {
    match seconds {
        0..=1 => "1 s".to_owned(),
        2..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

/// How long the told lines took, as people say it.
pub fn took(seen: &Seen<'_, '_>, told: &Told) -> String {
    span(seen.event.now.since(told.first).as_secs())
}
