//! Many clients fail to log in with one user name.

use crate::detect::detector::Detector;
use crate::detect::memory::{Chain, Memory, kind};
use crate::detect::raise::{Reason, count, raise, since, took};
use crate::detect::seen::{Seen, short, sign};
use crate::detect::settings::Settings;
use crate::model::{Alert, Class, Confidence, Severity, Standing, Subject};

pub static DETECTOR: Detector = Detector {
    id: "brute-force-user",
    says: "N failed logins as one user in T, from M clients",
    wants: sign::LOGIN | sign::NAMELESS,
    accuses: false,
    look,
};

fn look(seen: &Seen<'_, '_>, memory: &mut Memory, settings: &Settings) -> Option<Alert> {
    let attempt = seen.attempt.as_ref().filter(|attempt| !attempt.user.is_empty())?;
    let bucket = settings.user_failures;
    let slot = memory.user(attempt.service, attempt.user, seen.now);
    let user = memory.users.at_mut(slot);
    user.advance(seen.now, bucket);
    if attempt.ok {
        user.failures = (user.failures - settings.success_credit).max(0.0);
        return None;
    }
    user.failures += attempt.weight;
    user.clients |= 1 << (memory.seed.words(memory.clients.at(seen.slot).ip) >> 58);
    memory.evidence.keep(&seen.line(), kind::BY_USER, Chain::User, &mut user.evidence);
    let (level, clients, head) = (user.failures, user.clients.count_ones(), user.evidence);
    let nameless = seen.signs & sign::NAMELESS != 0;
    if level <= bucket.capacity || clients < settings.user_clients && !nameless {
        return None;
    }
    (user.failures, user.clients) = (0.0, 0);
    let told = memory.evidence.tell(head, Chain::User, kind::BY_USER, since(seen, bucket.window()));
    let name = short(attempt.user);
    let from = if nameless { "addresses the log does not tell".to_owned() } else { format!("at least {clients} clients") };
    let mut counts = vec![count("failed logins of one user", level, bucket.capacity, bucket.window())];
    if !nameless {
        counts.push(count("clients", clients as f32, settings.user_clients as f32, bucket.window()));
    }
    let reason = Reason {
        class: Class::AuthFailure,
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        sentence: format!(
            "{} failed logins as {name:?} ({}) in {}, from {from}",
            told.lines,
            attempt.service,
            took(seen, &told)
        ),
        subject: Subject::User { service: attempt.service.to_owned(), user: name },
        counts,
        standing: Standing::default(),
    };
    Some(raise(&DETECTOR, seen, told, reason))
}
