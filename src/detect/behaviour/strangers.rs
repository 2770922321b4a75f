//! One who owns a /64 takes another address for each request: nobody of it comes twice, each does something hostile.

use std::net::IpAddr;

use crate::detect::behaviour::content_score;
use crate::detect::detector::Detector;
use crate::detect::memory::client::leak;
use crate::detect::memory::{Chain, Memory, kind};
use crate::detect::raise::{Reason, count, raise, since, took};
use crate::detect::seen::{Seen, sign};
use crate::detect::settings::Settings;
use crate::model::{Alert, Class, Confidence, Severity, Subject};

pub static DETECTOR: Detector = Detector {
    id: "hostile-strangers",
    says: "N addresses of one /64, each new, did something hostile at once, in T",
    wants: sign::HIT | sign::MISSING | sign::LOGIN,
    accuses: false,
    look,
};

/// An address that has asked for more is judged by itself.
const FRESH: u32 = 2;

fn look(seen: &Seen<'_, '_>, memory: &mut Memory, settings: &Settings) -> Option<Alert> {
    let points = points(seen, memory, settings);
    if points <= 0.0 {
        return None;
    }
    let slot = memory.prefix(seen.ip, seen.now);
    let prefix = memory.prefixes.at_mut(slot);
    leak(&mut prefix.suspicion, settings.prefix_suspicion, seen.now.saturating_sub(prefix.last) as f32);
    prefix.last = seen.now.max(prefix.last);
    if prefix.suspicion == 0.0 {
        prefix.strangers = 0;
    }
    prefix.suspicion += points;
    prefix.strangers = prefix.strangers.saturating_add(1);
    memory.evidence.keep(&seen.line(), kind::BY_PREFIX, Chain::Prefix, &mut prefix.evidence);
    let (level, strangers, net) = (prefix.suspicion, prefix.strangers, prefix.net());
    let limit = settings.prefix_suspicion.capacity;
    if level <= limit || strangers < settings.prefix_strangers {
        return None;
    }
    let head = prefix.evidence;
    (prefix.suspicion, prefix.strangers) = (0.0, 0);
    let window = settings.prefix_suspicion.window();
    let told = memory.evidence.tell(head, Chain::Prefix, kind::BY_PREFIX, since(seen, window));
    let mut standing = memory.standing_of_net(net);
    standing.hostile = standing.hostile.max(u32::from(strangers));
    let sentence =
        format!("{strangers} addresses of {net}, each new, did something hostile at once, in {}", took(seen, &told));
    let reason = Reason {
        class: seen.hits.first().map_or(Class::Probing, |hit| hit.class),
        severity: Severity::High,
        confidence: Confidence::Medium,
        subject: Subject::Prefix(net),
        sentence,
        counts: vec![
            count("points of new addresses", level, limit, window),
            count("new addresses", f32::from(strangers), f32::from(settings.prefix_strangers), window),
        ],
        standing,
    };
    Some(raise(&DETECTOR, seen, told, reason))
}

/// Neighbours in an IPv4 network are other people; only IPv6 gives one person so many addresses.
fn points(seen: &Seen<'_, '_>, memory: &Memory, settings: &Settings) -> f32 {
    let client = memory.clients.at(seen.slot);
    if matches!(seen.ip, IpAddr::V4(_)) || client.requests > FRESH || client.logins > 0 {
        return 0.0;
    }
    let hits = content_score::points(seen, memory, settings);
    let missing = if seen.signs & sign::MISSING != 0 && !memory.known.knows(seen.path) { 1.0 } else { 0.0 };
    let failed = seen.attempt.as_ref().filter(|attempt| !attempt.ok).map_or(0.0, |attempt| attempt.weight);
    hits + missing + failed
}
