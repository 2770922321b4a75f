//! What a site's own people send it: a rule that good clients of many networks meet at the same form weighs less there.

use crate::detect::memory::client::flag;
use crate::detect::memory::habit::Habit;
use crate::detect::memory::prefix::net_of;
use crate::detect::memory::{Memory, Slot};
use crate::detect::seen::{RuleHit, Seen};
use crate::detect::settings::Settings;
use crate::model::Request;

/// Networks of good clients that meet this rule here, where they are enough to make it weigh less.
pub fn usual(seen: &Seen<'_, '_>, hit: &RuleHit<'_>, memory: &Memory, settings: &Settings) -> Option<u32> {
    let hash = place(seen, seen.request()?, hit, memory);
    let habit = memory.habits.at(memory.habits.find(&memory.seed, [hash, 0])?);
    Some(habit.nets()).filter(|nets| *nets >= settings.habit_networks)
}

/// Remembers what a good client met, sent here by a page of the site and answered well.
pub fn learn(seen: &Seen<'_, '_>, memory: &mut Memory, settings: &Settings) {
    let Some(request) = seen.request().filter(|request| matches!(request.status, 200..=399)) else { return };
    if !is_good(seen.slot, memory, settings) || !seen.referred() {
        return;
    }
    let net = memory.seed.words([net_of(seen.ip), 1]);
    for hit in seen.hits {
        let hash = place(seen, request, hit, memory);
        let slot = memory.habits.place(&memory.seed, [hash, 0], || Habit::new(hash, seen.now)).slot;
        memory.habits.at_mut(slot).met(net, seen.now);
    }
}

fn is_good(slot: Slot, memory: &Memory, settings: &Settings) -> bool {
    let client = memory.clients.at(slot);
    client.good >= settings.at_home && client.good.saturating_mul(2) >= client.requests && !client.has(flag::HOSTILE)
}

/// Site, path, names of the parameters in any order, rule.
fn place(seen: &Seen<'_, '_>, request: &Request<'_>, hit: &RuleHit<'_>, memory: &Memory) -> u64 {
    let names = request.query().split(|byte| *byte == b'&').map(|pair| {
        let end = memchr::memchr(b'=', pair).unwrap_or(pair.len());
        memory.seed.bytes(&pair[..end])
    });
    let shape = names.fold(seen.path, u64::wrapping_add);
    memory.seed.words([shape, memory.seed.bytes(hit.id.as_bytes())])
}
