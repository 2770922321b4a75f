//! What a client's requests hold adds up; the sum halves as time passes.

use crate::detect::detector::Detector;
use crate::detect::memory::client::flag;
use crate::detect::memory::{Memory, kind};
use crate::detect::raise::{Reason, count, raise, told_of_client, took};
use crate::detect::seen::{RuleHit, Seen, sign};
use crate::detect::settings::Settings;
use crate::model::{Alert, Confidence, Severity};

pub static DETECTOR: Detector = Detector {
    id: "content-score",
    says: "N suspicious requests scored X of Y points in T, or one request is an attack by itself",
    wants: sign::HIT,
    accuses: true,
    look,
};

/// Left of the score after an alert: while it lasts, no single request is told by itself again.
const REMAINDER: f32 = 1.0;
/// A score this small is gone ([`crate::detect::memory::Client`] clears it).
const NOTHING: f32 = 0.1;

fn look(seen: &Seen<'_, '_>, memory: &mut Memory, settings: &Settings) -> Option<Alert> {
    let points = points(seen.hits, settings);
    let worst = seen.hits.iter().max_by(|a, b| {
        (a.critical, a.score).partial_cmp(&(b.critical, b.score)).unwrap_or(std::cmp::Ordering::Equal)
    })?;
    if points <= 0.0 {
        return None;
    }
    seen.keep_hits(kind::CONTENT, memory);
    add(seen, points, memory);
    let client = memory.clients.at_mut(seen.slot);
    let full = client.score >= settings.score && client.has(flag::SCORED_TWICE);
    let alone = worst.critical && worst.confidence == Confidence::High && !client.has(flag::CRITICAL);
    if !full && !alone {
        return None;
    }
    let score = client.score;
    client.score = REMAINDER;
    client.flags = client.flags & !flag::SCORED_TWICE | flag::CRITICAL;
    let window = u64::from(settings.score_half_life) * 4;
    let told = told_of_client(seen, memory, kind::CONTENT, window);
    let severity = if alone { Severity::Critical } else { Severity::High };
    let mut reason = Reason::of_client(seen, memory, worst.class, severity);
    reason.sentence = if full {
        let took = took(seen, &told);
        format!(
            "{} suspicious requests scored {score:.1} of {} points in {took}; the last: {}",
            told.lines, settings.score, worst.title
        )
    } else {
        format!("one request is an attack by itself: {}", worst.title)
    };
    let (what, seen_count, limit) = if full {
        ("content score", score, settings.score)
    } else {
        ("requests that are an attack by themselves", 1.0, 0.0)
    };
    reason.counts = vec![count(what, seen_count, limit, window)];
    Some(raise(&DETECTOR, seen, told, reason))
}

fn points(hits: &[RuleHit<'_>], settings: &Settings) -> f32 {
    let weighed = hits.iter().map(|hit| match hit.confidence {
        Confidence::High => hit.score,
        Confidence::Medium => hit.score * settings.score_medium_confidence,
        Confidence::Low => hit.score * settings.score_low_confidence,
    });
    weighed.sum::<f32>().min(settings.score_line)
}

/// Adds to the score and remembers whether more than one target did.
fn add(seen: &Seen<'_, '_>, points: f32, memory: &mut Memory) {
    let target = seen.request().map_or(seen.event.raw, |request| request.target);
    let target = memory.seed.bytes(target) as u16;
    let client = memory.clients.at_mut(seen.slot);
    if client.score < NOTHING {
        client.scored = target;
    } else if client.scored != target {
        client.flags |= flag::SCORED_TWICE;
    }
    client.score += points;
}
