//! A client fails to log in again and again: fast, slowly, or over a day.

use crate::detect::detector::Detector;
use crate::detect::memory::client::flag;
use crate::detect::memory::{Client, Memory, kind};
use crate::detect::raise::{Reason, count, raise, told_of_client, took};
use crate::detect::seen::{Seen, sign};
use crate::detect::settings::Settings;
use crate::model::{Alert, Class, Confidence, Count, Severity};

pub static DETECTOR: Detector =
    Detector { id: "brute-force", says: "N failed logins in T, M succeeded", wants: sign::LOGIN, accuses: true, look };

const DAY: u64 = 86_400;

fn look(seen: &Seen<'_, '_>, memory: &mut Memory, settings: &Settings) -> Option<Alert> {
    let attempt = seen.attempt.as_ref()?;
    if attempt.ok || attempt.weight <= 0.0 {
        return None;
    }
    seen.keep(kind::FAILURE, memory);
    let crossed = crossed(seen, memory, settings)?;
    let told = told_of_client(seen, memory, kind::FAILURE, crossed.window.max(600));
    let client = memory.clients.at_mut(seen.slot);
    (client.failures, client.failures_slow, client.failures_day) = (0.0, 0.0, 0);
    let mut reason = Reason::of_client(seen, memory, Class::AuthFailure, Severity::High);
    reason.sentence = format!(
        "{} failed logins in {}, {} succeeded since it was first seen",
        told.lines,
        took(seen, &told),
        reason.standing.logins
    );
    // A forgotten script and a patient guesser look alike: limited at most, and only told where it was ever let in.
    if crossed.window == DAY {
        let been_in = reason.standing.logins > 0;
        reason.severity = if been_in { Severity::Low } else { Severity::Medium };
        reason.confidence = Confidence::Low;
    }
    reason.counts = vec![crossed];
    Some(raise(&DETECTOR, seen, told, reason))
}

fn crossed(seen: &Seen<'_, '_>, memory: &Memory, settings: &Settings) -> Option<Count> {
    let client = memory.clients.at(seen.slot);
    let buckets = [
        ("failed logins", client.failures, settings.failures),
        ("failed logins, slowly", client.failures_slow, settings.failures_slow),
    ];
    for (what, level, bucket) in buckets {
        let capacity = bucket.capacity * benefit(client, settings);
        if level > capacity {
            return Some(count(what, level, capacity, bucket.window()));
        }
    }
    let failed = client.failures_day;
    let mostly = u32::from(failed) > 3 * u32::from(client.logins);
    let limit = if mostly { settings.failures_day } else { settings.failures_day_flat.max(client.logins) };
    (failed > limit).then(|| count("failed logins in a day", f32::from(failed), f32::from(limit), DAY))
}

/// Who has been let in before mistypes, or has a job whose password ran out.
fn benefit(client: &Client, settings: &Settings) -> f32 {
    if client.logins > 0 && !client.has(flag::HOSTILE) { settings.known_factor } else { 1.0 }
}
