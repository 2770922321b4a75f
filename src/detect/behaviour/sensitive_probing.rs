//! A client asks for secrets, web shells and what only scanners ask for, and is refused.

use crate::detect::behaviour::paths;
use crate::detect::detector::Detector;
use crate::detect::memory::{Memory, kind};
use crate::detect::raise::{Reason, count, raise, told_of_client, took};
use crate::detect::seen::{RuleHit, Seen, sign};
use crate::detect::settings::Settings;
use crate::model::{Alert, Class, Severity};

pub static DETECTOR: Detector = Detector {
    id: "sensitive-probing",
    says: "N refused requests in T for secrets, web shells and what scanners look for",
    wants: sign::HIT,
    accuses: true,
    look,
};

fn look(seen: &Seen<'_, '_>, memory: &mut Memory, settings: &Settings) -> Option<Alert> {
    let refused = seen.request().is_some_and(|request| !matches!(request.status, 200..=299 | 304));
    let hit = seen.hits.iter().find(|hit| is_sensitive(hit))?;
    let source = seen.request().is_some_and(|request| paths::shows_source(request.path()));
    if !refused || source {
        return None;
    }
    seen.keep_hits(kind::SENSITIVE, memory);
    let bucket = settings.sensitive;
    let client = memory.clients.at_mut(seen.slot);
    client.sensitive += 1.0;
    let level = client.sensitive;
    if level <= bucket.capacity {
        return None;
    }
    client.sensitive = 0.0;
    let told = told_of_client(seen, memory, kind::SENSITIVE, bucket.window().max(600));
    let mut reason = Reason::of_client(seen, memory, hit.class, Severity::High);
    reason.sentence = format!(
        "{} refused requests in {} for secrets, web shells and what scanners look for; the last: {}",
        told.lines,
        took(seen, &told),
        hit.title
    );
    reason.counts = vec![count("refused sensitive requests", level, bucket.capacity, bucket.window())];
    Some(raise(&DETECTOR, seen, told, reason))
}

/// By what was asked for, not by the name the client gives itself.
pub fn is_sensitive(hit: &RuleHit<'_>) -> bool {
    matches!(hit.class, Class::Secrets | Class::WebShell | Class::Scanner) && !hit.in_agent
}
