//! A client asks for one missing path after another.

use crate::detect::behaviour::sensitive_probing::is_sensitive;
use crate::detect::behaviour::{false_crawler, paths};
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
    // Clients that keep files in step ask for what is not there yet by methods that no prober needs.
    let probed = seen.request().is_some_and(|request| !paths::is_file_keeping(request.method));
    let led = led_by_a_page(seen, memory);
    let client = memory.clients.at(seen.slot);
    let believed = led && is_believed(client, settings) || asks_for_records(seen, client);
    if !probed || memory.known.knows(seen.path) || !memory.clients.at_mut(seen.slot).first_miss(seen.path, believed) {
        return None;
    }
    seen.keep(kind::MISSING, memory);
    let weight = if believed { settings.referred_weight } else { weight(seen, memory.clients.at(seen.slot), settings) };
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
    reason.confidence = confidence(led, &crossed);
    reason.sentence = format!(
        "{} distinct missing paths in {}, {} of them on the sensitive list; nobody else fetched them",
        told.lines,
        took(seen, &told),
        told.sensitive
    );
    reason.counts = vec![crossed];
    Some(raise(&DETECTOR, seen, told, reason))
}

/// A page of the site that somebody was answered; the header alone is the client's word.
pub fn led_by_a_page(seen: &Seen<'_, '_>, memory: &Memory) -> bool {
    let Some(request) = seen.request().filter(|_| seen.referred()) else { return false };
    let page = paths::of_referer(request.referer);
    // A site may tell its browsers to send its name alone (Referrer-Policy: origin).
    page == b"/" || memory.known.knows(memory.seed.pair(seen.event.site, page))
}

/// A page may be full of broken links; who gets hardly anything else is no reader of it.
fn is_believed(client: &Client, settings: &Settings) -> bool {
    client.misses() < settings.referred_misses || client.good as f32 >= client.misses()
}

/// Who is answered well mostly and asks for records that are gone: probers ask for names.
fn asks_for_records(seen: &Seen<'_, '_>, client: &Client) -> bool {
    client.good as f32 >= client.misses() && seen.request().is_some_and(|request| paths::is_record(request.path()))
}

/// A miss among good answers weighs less, one on the sensitive list twice as much.
fn weight(seen: &Seen<'_, '_>, client: &Client, settings: &Settings) -> f32 {
    let share = client.good as f32 / (settings.trusted_share * client.misses().max(1.0));
    let sensitive = if seen.hits.iter().any(is_sensitive) { 2.0 } else { 1.0 };
    sensitive * (1.0 - share).max(settings.trusted_weight)
}

/// A day's count, and a broken application that only looks like a prober, deserve the milder answer.
fn confidence(led: bool, crossed: &Count) -> Confidence {
    match crossed.window {
        _ if led => Confidence::Low,
        window if window > 600 => Confidence::Medium,
        _ => Confidence::High,
    }
}

fn crossed(memory: &Memory, seen: &Seen<'_, '_>, settings: &Settings) -> Option<Count> {
    let client = memory.clients.at(seen.slot);
    if client.probing > settings.probing.capacity {
        let bucket = settings.probing;
        return Some(count("distinct missing paths", client.probing, bucket.capacity, bucket.window()));
    }
    let missing = client.missing_day();
    // A crawler that is what it says follows old links for years.
    let crawler = seen.request().is_some_and(|request| false_crawler::is_true(request.user_agent, seen.ip, settings));
    if crawler || client.good as f32 >= settings.good_to_missing * missing {
        return None;
    }
    if client.probing_slow > settings.probing_slow.capacity {
        let bucket = settings.probing_slow;
        return Some(count("distinct missing paths, slowly", client.probing_slow, bucket.capacity, bucket.window()));
    }
    let limit = settings.probing_day;
    (missing > limit).then(|| count("distinct missing paths in a day", missing, limit, DAY))
}
