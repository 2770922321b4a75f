//! A client asks for one missing path after another.

use crate::detect::detector::Detector;
use crate::detect::memory::{Memory, kind};
use crate::detect::raise::{Reason, count, raise, told_of_client, took};
use crate::detect::seen::{Seen, sign};
use crate::detect::settings::Settings;
use crate::model::{Alert, Class, Confidence, Count, Severity};

pub static DETECTOR: Detector = Detector {
    id: "probing",
    says: "N distinct missing paths in T, K of them on the sensitive list; nobody else fetched them",
    wants: sign::MISSING,
    accuses: true,
    look,
};

const DAY: u64 = 86_400;

fn look(seen: &Seen<'_, '_>, memory: &mut Memory, settings: &Settings) -> Option<Alert> {
    if memory.known.knows(seen.path) || !memory.clients.at_mut(seen.slot).first_miss(seen.path) {
        return None;
    }
    seen.keep(kind::MISSING, memory);
    let weight = weight(seen, memory, settings);
    let client = memory.clients.at_mut(seen.slot);
    client.probing += weight;
    client.probing_slow += weight;
    let crossed = crossed(memory, seen, settings)?;
    let told = told_of_client(seen, memory, kind::MISSING, crossed.window.max(DAY));
    let client = memory.clients.at_mut(seen.slot);
    client.probing = 0.0;
    client.probing_slow = 0.0;
    client.forget_missing();
    let mut reason = Reason::of_client(seen, memory, Class::Probing, Severity::Medium);
    reason.confidence =
        if crossed.limit > f64::from(settings.probing.capacity) { Confidence::Medium } else { Confidence::High };
    reason.sentence = format!(
        "{} distinct missing paths in {}, {} of them on the sensitive list; nobody else fetched them",
        told.lines,
        took(seen, &told),
        told.sensitive
    );
    reason.counts = vec![crossed];
    Some(raise(&DETECTOR, seen, told, reason))
}

/// Links of the site's own pages weigh little, and so does a miss among many good answers.
fn weight(seen: &Seen<'_, '_>, memory: &Memory, settings: &Settings) -> f32 {
    if seen.referred() {
        return settings.referred_weight;
    }
    let client = memory.clients.at(seen.slot);
    let trusted = client.good > 20 * u32::from(client.missing_day);
    if trusted { settings.trusted_weight } else { 1.0 }
}

fn crossed(memory: &Memory, seen: &Seen<'_, '_>, settings: &Settings) -> Option<Count> {
    let client = memory.clients.at(seen.slot);
    if client.probing > settings.probing.capacity {
        let bucket = settings.probing;
        return Some(count("distinct missing paths", client.probing, bucket.capacity, bucket.window()));
    }
    if client.good >= settings.good_to_missing.saturating_mul(u32::from(client.missing_day)) {
        return None;
    }
    if client.probing_slow > settings.probing_slow.capacity {
        let bucket = settings.probing_slow;
        return Some(count("distinct missing paths, slowly", client.probing_slow, bucket.capacity, bucket.window()));
    }
    let (seen, limit) = (client.missing_day, settings.probing_day);
    (seen > limit).then(|| count("distinct missing paths in a day", f32::from(seen), f32::from(limit), DAY))
}
