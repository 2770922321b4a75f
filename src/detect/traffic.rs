//! What every request adds to the memory: counts, known paths, pages in these ten seconds.

use crate::detect::look::Looked;
use crate::detect::memory::Memory;
use crate::detect::seen::{Seen, sign};
use crate::detect::settings::Settings;
use crate::model::Request;

/// Seconds in which pages are counted.
pub const BIN: u32 = 10;
/// Lines before a limit that are kept as evidence.
const RUN_UP: f32 = 10.0;

/// Counts a request, and adds the signs that only the memory can tell.
pub fn count(
    seen: &mut Seen<'_, '_>,
    request: &Request<'_>,
    looked: &Looked,
    memory: &mut Memory,
    settings: &Settings,
) {
    let client = memory.clients.at_mut(seen.slot);
    client.requests = client.requests.saturating_add(1);
    if client.agents & looked.agent == 0 {
        client.agents |= looked.agent;
        seen.signs |= sign::CRAWLER;
    }
    if looked.page && count_page(seen, memory, settings) {
        seen.signs |= sign::BUSY;
    }
    if matches!(request.status, 200..=299 | 304) {
        memory.known.learn(seen.path);
    }
    if matches!(request.status, 200..=399) {
        memory.count_good(seen.slot, seen.now);
    }
}

/// Counts a page; true where the client nears the rate that nobody should have.
fn count_page(seen: &Seen<'_, '_>, memory: &mut Memory, settings: &Settings) -> bool {
    let bin = (seen.now / BIN) as u16;
    let client = memory.clients.at_mut(seen.slot);
    if client.bin != bin {
        let pages = std::mem::replace(&mut client.pages, 0);
        client.bin = bin;
        if pages > 0 {
            let site = memory.site(seen.event.site, seen.now);
            memory.sites.at_mut(site).learn(pages);
        }
    }
    let client = memory.clients.at_mut(seen.slot);
    client.pages = client.pages.saturating_add(1);
    f32::from(client.pages) + RUN_UP > settings.volume_rate * BIN as f32
}
