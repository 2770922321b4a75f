//! What an event shows by itself, without any memory: it can be found out ahead of its turn, and on any thread.

use std::sync::Arc;

use crate::detect::behaviour::paths;
use crate::detect::memory::Seed;
use crate::detect::rules::{Hit, RuleSet, Scanner};
use crate::model::{Event, Request, What};

/// Its length and its end tell user agents apart, at a third of the cost of the whole.
const AGENT_TAIL: usize = 32;

/// A pair of eyes; one a thread. `Event::now` is not looked at: ahead of its turn nobody knows it.
pub struct Look {
    scanner: Scanner,
    seed: Seed,
}

/// What one event shows. Kept from event to event, for its room.
#[derive(Debug, Default)]
pub struct Looked {
    /// Hash of the client's address.
    pub client: u64,
    /// Hash of site and path; 0 for what is no request.
    pub path: u64,
    /// One bit, by the hash of the user agent.
    pub agent: u16,
    /// A request for anything but a static file.
    pub page: bool,
    pub hits: Vec<Hit>,
}

impl Look {
    /// `scanner_seed` does not change what is seen; `seed` is that of the memory the hashes are for.
    pub fn new(rules: Arc<RuleSet>, scanner_seed: u64, seed: Seed) -> Self {
        Self { scanner: Scanner::new(rules, scanner_seed), seed }
    }

    /// All of it; of an event without a client nothing.
    pub fn look(&mut self, event: &Event<'_>, looked: &mut Looked) {
        if event.client.is_some() {
            self.name(event, looked);
            self.scan(event, looked);
        }
    }

    /// The hashes by which the memory knows it.
    pub fn name(&self, event: &Event<'_>, looked: &mut Looked) {
        looked.client = event.client.map_or(0, |client| self.seed.address(client.ip.to_canonical()));
        (looked.path, looked.agent, looked.page) = match &event.what {
            What::Request(request) => self.of_request(event, request),
            _ => (0, 0, false),
        };
    }

    fn of_request(&self, event: &Event<'_>, request: &Request<'_>) -> (u64, u16, bool) {
        let path = request.path();
        // Of a garbage request only its first bytes, for TLS hellos are all different.
        let told = if request.method.is_empty() { request.target.get(..3).unwrap_or(request.target) } else { path };
        (self.seed.pair(event.site, told), self.agent(request.user_agent), !paths::is_static(path))
    }

    fn agent(&self, agent: &[u8]) -> u16 {
        let tail = &agent[agent.len().saturating_sub(AGENT_TAIL)..];
        1 << ((self.seed.bytes(tail) ^ (agent.len() as u64) << 60) >> 60)
    }

    /// The rules it meets.
    pub fn scan(&mut self, event: &Event<'_>, looked: &mut Looked) {
        looked.hits.clear();
        self.scanner.scan(event, &mut looked.hits);
    }
}
