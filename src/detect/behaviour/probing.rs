//! A client asks for one missing path after another.

use crate::detect::detector::Detector;
use crate::detect::memory::{Client, Memory, kind};
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
    let referred = seen.referred();
    if memory.known.knows(seen.path) || !memory.clients.at_mut(seen.slot).first_miss(seen.path, referred) {
        return None;
    }
    seen.keep(kind::MISSING, memory);
    let weight = if referred { settings.referred_weight } else { weight(memory.clients.at(seen.slot), settings) };
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

/// A miss among many good answers weighs less.
fn weight(client: &Client, settings: &Settings) -> f32 {
    let trusted = client.good as f32 > 20.0 * client.missing_day();
    if trusted { settings.trusted_weight } else { 1.0 }
}

fn crossed(memory: &Memory, seen: &Seen<'_, '_>, settings: &Settings) -> Option<Count> {
    let client = memory.clients.at(seen.slot);
    if client.probing > settings.probing.capacity {
        let bucket = settings.probing;
        return Some(count("distinct missing paths", client.probing, bucket.capacity, bucket.window()));
    }
    let missing = client.missing_day();
    if client.good as f32 >= settings.good_to_missing * missing {
        return None;
    }
    if client.probing_slow > settings.probing_slow.capacity {
        let bucket = settings.probing_slow;
        return Some(count("distinct missing paths, slowly", client.probing_slow, bucket.capacity, bucket.window()));
    }
    let limit = settings.probing_day;
    (missing > limit).then(|| count("distinct missing paths in a day", missing, limit, DAY))
}
