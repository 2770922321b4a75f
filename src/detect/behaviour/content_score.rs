//! What a client's requests hold adds up; the sum halves as time passes.

use crate::detect::behaviour::{habit, paths, probing};
use crate::detect::detector::Detector;
use crate::detect::memory::client::flag;
use crate::detect::memory::{Chain, Memory, kind};
use crate::detect::raise::{Reason, count, raise, since, told_of_client, took};
use crate::detect::seen::{RuleHit, Seen, sign};
use crate::detect::settings::Settings;
use crate::model::{Alert, Class, Confidence, Request, Severity};

pub static DETECTOR: Detector = Detector {
    id: "content-score",
    says: "N suspicious requests scored X of Y points in T, or N came in a day, or one request is an attack by itself",
    wants: sign::HIT,
    accuses: true,
    look,
};

const DAY: u64 = 86_400;
/// Left of the score after an alert: while it lasts, no single request is told by itself again.
const REMAINDER: f32 = 1.0;
/// A score this small is gone ([`crate::detect::memory::Client`] clears it).
const NOTHING: f32 = 0.1;

fn look(seen: &Seen<'_, '_>, memory: &mut Memory, settings: &Settings) -> Option<Alert> {
    let points = points(seen, memory, settings);
    habit::learn(seen, memory, settings);
    let worst = seen.hits.iter().filter(|hit| counts(seen.request(), hit)).max_by(|a, b| {
        (a.critical, a.score).partial_cmp(&(b.critical, b.score)).unwrap_or(std::cmp::Ordering::Equal)
    })?;
    if points <= 0.0 {
        return None;
    }
    seen.keep_hits(kind::CONTENT, memory);
    add(seen, points, worst, memory);
    let client = memory.clients.at_mut(seen.slot);
    let limit = if client.has(flag::SCORED_TWICE) { settings.score } else { settings.score_one_target };
    let full = client.score >= limit;
    let gravely = client.has(flag::SCORED_GRAVELY);
    let alone = worst.critical && worst.confidence == Confidence::High && !client.has(flag::CRITICAL);
    let slowly = !full && !alone && attacks_slowly(seen, worst, memory, settings);
    if !full && !alone && !slowly {
        return None;
    }
    let client = memory.clients.at_mut(seen.slot);
    let score = client.score;
    client.score = REMAINDER;
    client.flags = client.flags & !(flag::SCORED_TWICE | flag::SCORED_GRAVELY) | flag::CRITICAL;
    let window = if slowly { DAY } else { u64::from(settings.score_half_life) * 4 };
    let told = told_of_client(seen, memory, kind::CONTENT, window);
    // Weak evidence alone, however much of it, asks for the milder answer.
    let (severity, confidence) = match () {
        () if alone => (Severity::Critical, Confidence::High),
        () if gravely && full => (Severity::High, Confidence::High),
        () => (Severity::Medium, Confidence::Medium),
    };
    let mut reason = Reason::of_client(seen, memory, worst.class, severity);
    reason.confidence = confidence;
    reason.sentence = if full {
        let took = took(seen, &told);
        format!(
            "{} suspicious requests scored {score:.1} of {limit} points in {took}; the last: {}{}",
            told.lines,
            worst.title,
            habit::usual(seen, worst, memory, settings).map(usual_here).unwrap_or_default()
        )
    } else if slowly {
        format!("{} suspicious requests in {}; the last: {}", told.lines, took(seen, &told), worst.title)
    } else {
        format!("one request is an attack by itself: {}", worst.title)
    };
    reason.counts = vec![match () {
        () if full => count("content score", score, limit, window),
        () if slowly => count("suspicious requests in a day", told.lines as f32, settings.score_day as f32, window),
        () => count("requests that are an attack by themselves", 1.0, 0.0, window),
    }];
    Some(raise(&DETECTOR, seen, told, reason))
}

/// One attack now and then, hardly anything else in between, never adds up to a score.
fn attacks_slowly(seen: &Seen<'_, '_>, worst: &RuleHit<'_>, memory: &Memory, settings: &Settings) -> bool {
    let client = memory.clients.at(seen.slot);
    if worst.level < Severity::High || client.good >= 2 * settings.score_day || is_at_home(seen, memory, settings) {
        return false;
    }
    let (day, most) = (since(seen, DAY), settings.score_day);
    memory.evidence.untold(client.evidence, Chain::Client, kind::CONTENT, day, most) >= most
}

/// What a line's hits weigh, together.
pub fn points(seen: &Seen<'_, '_>, memory: &Memory, settings: &Settings) -> f32 {
    let here = |hit: &RuleHit<'_>| match habit::usual(seen, hit, memory, settings) {
        Some(_) => settings.score_usual,
        None => 1.0,
    };
    let sum = sum(seen.request(), seen.hits, settings, here);
    let well = seen.request().is_some_and(|request| matches!(request.status, 200..=399));
    let sum = if well { sum * settings.score_answered } else { sum };
    if is_at_home(seen, memory, settings) { sum * settings.score_at_home } else { sum }
}

/// The same by the line alone, whoever sent it.
pub fn weight(request: Option<&Request<'_>>, hits: &[RuleHit<'_>], settings: &Settings) -> f32 {
    sum(request, hits, settings, |_| 1.0)
}

fn sum(
    request: Option<&Request<'_>>,
    hits: &[RuleHit<'_>],
    settings: &Settings,
    here: impl Fn(&RuleHit<'_>) -> f32,
) -> f32 {
    let counted = hits.iter().filter(|hit| counts(request, hit));
    counted.fold(0.0_f32, |sum, hit| sum + weight_of(hit, settings) * here(hit)).min(settings.score_line)
}

/// What one hit weighs.
pub fn weight_of(hit: &RuleHit<'_>, settings: &Settings) -> f32 {
    match hit.confidence {
        Confidence::High => hit.score,
        Confidence::Medium => hit.score * settings.score_medium_confidence,
        Confidence::Low => hit.score * settings.score_low_confidence,
    }
}

/// Weak evidence that was answered well is none; nor is what an application shows that is about such texts.
fn counts(request: Option<&Request<'_>>, hit: &RuleHit<'_>) -> bool {
    let Some(request) = request else { return true };
    let well = matches!(request.status, 200..=399);
    let weak = hit.level <= Severity::Low && well && !hit.in_agent;
    let asked_for = matches!(hit.class, Class::Secrets | Class::WebShell);
    let source =
        (asked_for || hit.class == Class::Rce && request.query().is_empty()) && paths::shows_source(request.path());
    !(weak || source || hit.class == Class::Sqli && well && paths::takes_statements(request.target))
}

fn usual_here(networks: u32) -> String {
    format!(" (counted less: at least {networks} networks of good clients send the same here)")
}

/// A reader of the site, sent here by a page that somebody was answered: a site may be about attacks.
fn is_at_home(seen: &Seen<'_, '_>, memory: &Memory, settings: &Settings) -> bool {
    memory.clients.at(seen.slot).good >= settings.at_home && probing::led_by_a_page(seen, memory)
}

/// Adds to the score and remembers whether more than one target did.
fn add(seen: &Seen<'_, '_>, points: f32, worst: &RuleHit<'_>, memory: &mut Memory) {
    let target = seen.request().map_or(seen.event.raw, |request| request.target);
    let target = memory.seed.bytes(target) as u16;
    let client = memory.clients.at_mut(seen.slot);
    if client.score < NOTHING {
        client.scored = target;
    } else if client.scored != target {
        client.flags |= flag::SCORED_TWICE;
    }
    if worst.level > Severity::Low {
        client.flags |= flag::SCORED_GRAVELY;
    }
    client.score += points;
}
