//! The web servers' deny map in the keeper's hand: what it should hold, and who reads it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use crate::act::Done;
use crate::act::server_map::{MapError, ServerMap};
use crate::host::Host;
use crate::model::{Decision, Millis, Subject};
use crate::respond::WebDeny;

/// The map's files, what they should hold, and the sites that deny by them.
pub(super) struct WebMap {
    map: ServerMap,
    deny: WebDeny,
    sites: BTreeSet<String>,
}

impl WebMap {
    /// `sites`: names of those whose web server reads the map.
    pub(super) fn open(state: &Path, sites: BTreeSet<String>) -> Result<Self, MapError> {
        Ok(Self { map: ServerMap::open(state)?, deny: WebDeny::default(), sites })
    }

    /// Whether a site denies by the map; a log that several sites share names none of them.
    pub(super) fn covers(&self, site: &str) -> bool {
        self.sites.contains(site) || (site.is_empty() && !self.sites.is_empty())
    }

    pub(super) fn want(&mut self, decision: &Decision) {
        self.deny.want(decision);
    }

    pub(super) fn end(&mut self, subject: &Subject) {
        self.deny.end(subject);
    }

    pub(super) fn len(&self) -> usize {
        self.deny.len()
    }

    /// Makes the map what it should be, and has nginx take it up; what was changed.
    pub(super) fn keep(&mut self, now: Millis, clock: Instant) -> Result<Vec<Done>, MapError> {
        let mut done = Vec::from_iter(self.map.write(&self.deny.denied(now))?);
        if self.map.is_waiting() {
            // Apache reads the file by itself; nginx is looked for now, as it may have been started since.
            done.extend(self.map.reload(&Host::live().nginx_masters(), clock)?);
        }
        Ok(done)
    }
}
