//! Strangers who do nothing else fail at one login, each once or twice: stolen passwords are tried.

use crate::detect::detector::Detector;
use crate::detect::memory::{Chain, Memory, kind};
use crate::detect::raise::{Reason, count, raise, since, span};
use crate::detect::seen::{Seen, short, sign};
use crate::detect::settings::Settings;
use crate::model::{Alert, Class, Confidence, Severity, Standing, Subject};

pub static DETECTOR: Detector = Detector {
    id: "credential-stuffing",
    says: "N clients that did little else failed to log in at one path in T; usual are M",
    wants: sign::LOGIN,
    accuses: false,
    look,
};

/// More failures than this are brute force.
const FEW: u16 = 3;

fn look(seen: &Seen<'_, '_>, memory: &mut Memory, settings: &Settings) -> Option<Alert> {
    let attempt = seen.attempt.as_ref()?;
    let request = seen.request().filter(|request| request.method == b"POST")?;
    let stranger = is_stranger(seen, memory);
    let slot = memory.target(seen.path, seen.now);
    let client = memory.seed.words(memory.clients.at(seen.slot).ip);
    let target = memory.targets.at_mut(slot);
    target.advance(seen.now, settings.stuffing_bin);
    if attempt.ok {
        target.passed = target.passed.saturating_add(1);
        return None;
    }
    if !stranger {
        return None;
    }
    target.stranger(client);
    memory.evidence.keep(&seen.line(), kind::STRANGER, Chain::Target, &mut target.evidence);
    let (distinct, usual, head) = (target.distinct(), target.usual, target.evidence);
    let limit = settings.stuffing_strangers.max(usual * settings.stuffing_factor).max(target.passed as f32);
    if target.told > 0 || distinct <= limit {
        return None;
    }
    target.told = 1;
    let bin = u64::from(settings.stuffing_bin);
    let told = memory.evidence.tell(head, Chain::Target, kind::STRANGER, since(seen, bin));
    let path = short(request.path());
    let reason = Reason {
        class: Class::Stuffing,
        severity: Severity::High,
        confidence: Confidence::Medium,
        sentence: format!(
            "{distinct:.0} clients that did little else failed to log in at {path:?} within {}; usual are {usual:.0}",
            span(bin)
        ),
        subject: Subject::Target { site: seen.site(), path },
        counts: vec![count("strangers failing at one login", distinct, limit, bin)],
        standing: Standing::default(),
    };
    Some(raise(&DETECTOR, seen, told, reason))
}

/// Who failed a few times, never succeeded, and asked for hardly anything else.
fn is_stranger(seen: &Seen<'_, '_>, memory: &Memory) -> bool {
    let client = memory.clients.at(seen.slot);
    let failed = client.failures_day.max(1);
    failed <= FEW && client.logins == 0 && client.requests <= 3 * u32::from(failed)
}
