//! A client asks for far more pages than anybody at this site does.

use crate::detect::detector::Detector;
use crate::detect::memory::client::flag;
use crate::detect::memory::{Client, Memory, kind};
use crate::detect::raise::{Reason, count, raise, told_of_client};
use crate::detect::seen::{Seen, sign};
use crate::detect::settings::Settings;
use crate::detect::traffic::BIN;
use crate::model::{Alert, Class, Confidence, Severity};

pub static DETECTOR: Detector = Detector {
    id: "volume",
    says: "N pages in ten seconds; the usual client of this site asks for M",
    wants: sign::BUSY,
    accuses: false,
    look,
};

fn look(seen: &Seen<'_, '_>, memory: &mut Memory, settings: &Settings) -> Option<Alert> {
    seen.keep(kind::VOLUME, memory);
    let slot = memory.site(seen.event.site, seen.now);
    let site = memory.sites.at(slot);
    let (usual, spread) = (site.mean, site.spread());
    let client = memory.clients.at_mut(seen.slot);
    let pages = f32::from(client.pages);
    let limit =
        (settings.volume_rate * BIN as f32 * people(client, settings)).max(usual + settings.volume_spreads * spread);
    if pages <= limit {
        return None;
    }
    client.pages = 0;
    let told = told_of_client(seen, memory, kind::VOLUME, u64::from(BIN));
    let mut reason = Reason::of_client(seen, memory, Class::Volume, Severity::Medium);
    reason.confidence = Confidence::Medium;
    reason.sentence = format!("{pages} pages in {BIN} s; the usual client of this site asks for {usual:.0}");
    reason.counts = vec![count("pages", pages, limit, u64::from(BIN))];
    Some(raise(&DETECTOR, seen, told, reason))
}

/// How many people a client may be: a busy office behind one address is no attack.
fn people(client: &Client, settings: &Settings) -> f32 {
    let logins = if client.has(flag::HOSTILE) { 0 } else { u32::from(client.logins) };
    ((client.agents.count_ones() + logins) as f32).clamp(1.0, settings.volume_people.max(1.0))
}
