//! Neighbours in one /24 or /64 fail to log in, each too seldom to be told by itself.

use crate::detect::behaviour::strangers;
use crate::detect::detector::Detector;
use crate::detect::memory::{Chain, Memory, kind};
use crate::detect::raise::{Reason, count, raise, since, took};
use crate::detect::seen::{Seen, sign};
use crate::detect::settings::Settings;
use crate::model::{Alert, Class, Confidence, Severity, Subject};

pub static DETECTOR: Detector = Detector {
    id: "brute-force-prefix",
    says: "N failed logins from one network in T, from M clients of it; G others of it are good",
    wants: sign::LOGIN,
    accuses: false,
    look,
};

fn look(seen: &Seen<'_, '_>, memory: &mut Memory, settings: &Settings) -> Option<Alert> {
    let attempt = seen.attempt.as_ref()?;
    let bucket = settings.prefix_failures;
    let slot = memory.prefix(seen.ip, seen.now);
    let prefix = memory.prefixes.at_mut(slot);
    strangers::advance(prefix, seen.now, settings);
    if attempt.ok {
        prefix.failures = (prefix.failures - settings.success_credit).max(0.0);
        return None;
    }
    prefix.failures += attempt.weight;
    prefix.failing |= 1 << (memory.seed.words(memory.clients.at(seen.slot).ip) >> 59);
    memory.evidence.keep(&seen.line(), kind::BY_PREFIX, Chain::Prefix, &mut prefix.evidence);
    // A network of many good clients may mistype as often as they are many.
    let limit = bucket.capacity + f32::from(prefix.good);
    let (level, clients, head) = (prefix.failures, prefix.failing.count_ones(), prefix.evidence);
    if level <= limit || clients < settings.prefix_clients {
        return None;
    }
    (prefix.failures, prefix.failing) = (0.0, 0);
    let net = prefix.net();
    let told = memory.evidence.tell(head, Chain::Prefix, kind::BY_PREFIX, since(seen, bucket.window()));
    let standing = memory.standing_of_net(net);
    let reason = Reason {
        class: Class::AuthFailure,
        severity: Severity::High,
        confidence: Confidence::Medium,
        subject: Subject::Prefix(net),
        sentence: format!(
            "{} failed logins from {net} in {}, from at least {clients} clients of it; {} others of it are good",
            told.lines,
            took(seen, &told),
            standing.good_clients
        ),
        counts: vec![
            count("failed logins of one network", level, limit, bucket.window()),
            count("clients", clients as f32, settings.prefix_clients as f32, bucket.window()),
        ],
        standing,
    };
    Some(raise(&DETECTOR, seen, told, reason))
}
