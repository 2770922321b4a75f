//! What every request adds to the memory: counts, known paths, pages in these ten seconds.

use crate::detect::behaviour::paths;
use crate::detect::memory::{Memory, Slot};
use crate::detect::seen::{Seen, sign};
use crate::detect::settings::Settings;
use crate::model::{Event, Request, What};

/// Seconds in which pages are counted.
pub const BIN: u32 = 10;
/// Its length and its end tell user agents apart, at a third of the cost of the whole.
const AGENT_TAIL: usize = 32;
/// Lines before a limit that are kept as evidence.
const RUN_UP: f32 = 10.0;

/// Counts a request, and adds the signs that only the memory can tell.
pub fn count(seen: &mut Seen<'_, '_>, request: &Request<'_>, memory: &mut Memory, settings: &Settings) {
    let client = memory.clients.at_mut(seen.slot);
    client.requests = client.requests.saturating_add(1);
    if new_agent(seen.slot, request.user_agent, memory) {
        seen.signs |= sign::CRAWLER;
    }
    if !paths::is_static(request.path()) && count_page(seen, memory, settings) {
        seen.signs |= sign::BUSY;
    }
    if matches!(request.status, 200..=299 | 304) {
        memory.known.learn(seen.path);
    }
    if matches!(request.status, 200..=399) {
        memory.count_good(seen.slot, seen.now);
    }
}

/// Hash of site and path; 0 for what is no request.
pub fn path_hash(event: &Event<'_>, memory: &Memory) -> u64 {
    match &event.what {
        What::Request(request) => memory.seed.pair(event.site, path_of(request)),
        _ => 0,
    }
}

/// What tells one path from another; of a garbage request only its first bytes, for TLS hellos are all different.
fn path_of<'a>(request: &Request<'a>) -> &'a [u8] {
    if request.method.is_empty() { &request.target[..request.target.len().min(3)] } else { request.path() }
}

/// True where this client was not seen with that user agent before.
fn new_agent(slot: Slot, agent: &[u8], memory: &mut Memory) -> bool {
    let tail = &agent[agent.len().saturating_sub(AGENT_TAIL)..];
    let bit = 1u16 << ((memory.seed.bytes(tail) ^ (agent.len() as u64) << 60) >> 60);
    let client = memory.clients.at_mut(slot);
    let fresh = client.agents & bit == 0;
    client.agents |= bit;
    fresh
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
