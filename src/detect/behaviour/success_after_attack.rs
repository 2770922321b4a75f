//! A client that attacked gets what it wanted: an incident for a person, not a ban.

use crate::detect::behaviour::sensitive_probing::is_sensitive;
use crate::detect::detector::Detector;
use crate::detect::memory::client::flag;
use crate::detect::memory::{Chain, Memory, kind};
use crate::detect::raise::{Reason, raise, since, took};
use crate::detect::seen::{RuleHit, Seen, sign};
use crate::detect::settings::Settings;
use crate::model::{Alert, Class, Confidence, Severity};

pub static DETECTOR: Detector = Detector {
    id: "success-after-attack",
    says: "after N attack lines in T it logged in, or was answered where it should not have been",
    wants: sign::AFTER_ATTACK,
    accuses: false,
    look,
};

fn look(seen: &Seen<'_, '_>, memory: &mut Memory, settings: &Settings) -> Option<Alert> {
    let success = success(seen, memory)?;
    let client = memory.clients.at_mut(seen.slot);
    if client.has(flag::SUCCESS_TOLD) {
        return None;
    }
    client.flags |= flag::SUCCESS_TOLD;
    seen.keep_hits(kind::SUCCESS, memory);
    let head = memory.clients.at(seen.slot).evidence;
    let since = since(seen, u64::from(settings.success_window) * 2);
    let told = memory.evidence.recall(head, Chain::Client, kind::ATTACK | kind::SUCCESS, since);
    let mut reason = Reason::of_client(seen, memory, Class::Intrusion, Severity::Critical);
    // Behind an address that logs in all day, the one who attacked is hardly the one who got in.
    let first = seen.attempt.is_some() && reason.standing.logins <= 1;
    reason.confidence = if first { Confidence::High } else { Confidence::Medium };
    reason.sentence =
        format!("after {} attack lines in {} it {success}", told.lines.saturating_sub(1), took(seen, &told));
    Some(raise(&DETECTOR, seen, told, reason))
}

/// What it got, in words.
fn success(seen: &Seen<'_, '_>, memory: &mut Memory) -> Option<&'static str> {
    if seen.attempt.as_ref().is_some_and(|attempt| attempt.ok) {
        return Some("logged in");
    }
    let request = seen.request().filter(|request| matches!(request.status, 200..=299))?;
    let site = memory.site(seen.event.site, seen.now);
    // A site that answers everything with one page gave nothing away.
    let same = request.bytes.is_some_and(|size| memory.sites.at_mut(site).same_for_all(size, seen.path));
    let asked = |hit: &RuleHit<'_>| is_sensitive(hit) || (hit.class == Class::Traversal && !hit.in_agent);
    if same || request.bytes == Some(0) || !seen.hits.iter().any(asked) {
        return None;
    }
    Some(if request.method == b"POST" {
        "was answered 2xx to a POST where web shells are sought"
    } else {
        "was answered 2xx where secrets, shells or other people's files are sought"
    })
}
