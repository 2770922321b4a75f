//! Banned clients that show up in the logs all the same.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::guard::message::Sighting;
use crate::model::{Alert, Event, Evidence};

/// Sightings are told together, this far apart.
const TELL: Duration = Duration::from_secs(1);

/// Whom to look out for, and what was seen of them.
#[derive(Default)]
pub struct Watch {
    clients: HashMap<IpAddr, Option<Sighting>, foldhash::fast::RandomState>,
    /// Where evidence says the file's name is.
    names: Vec<String>,
    seen: bool,
    told: Option<Instant>,
}

impl Watch {
    pub fn new(clients: Vec<IpAddr>) -> Self {
        let mut watch = Self::default();
        watch.change(clients, &[]);
        watch
    }

    /// The name of the next log.
    pub fn name(&mut self, name: String) {
        self.names.push(name);
    }

    pub fn change(&mut self, added: Vec<IpAddr>, removed: &[IpAddr]) {
        for client in removed {
            self.clients.remove(client);
        }
        for client in added {
            self.clients.entry(client).or_default();
        }
    }

    pub fn see(&mut self, event: &Event<'_>) {
        let Some(client) = event.client else { return };
        if self.clients.is_empty() {
            return;
        }
        let Some(seen) = self.clients.get_mut(&client.ip.to_canonical()) else { return };
        self.seen = true;
        let count = seen.as_ref().map_or(0, |sighting| sighting.count).saturating_add(1);
        let file = self.names.get(event.at.source.0 as usize).map_or_else(|| "journal".to_owned(), Clone::clone);
        *seen = Some(Sighting {
            client: client.ip.to_canonical(),
            count,
            began: event.stamp,
            last: event.now,
            site: cut(event.site, 255),
            via: client.via,
            evidence: Evidence {
                file,
                line: event.at.line,
                offset: event.at.offset,
                text: cut(event.raw, Alert::MAX_LINE),
                span: None,
            },
        });
    }

    /// What was seen, once a second at most.
    pub fn take(&mut self, now: Instant) -> Vec<Sighting> {
        if !self.seen || self.told.is_some_and(|told| now.saturating_duration_since(told) < TELL) {
            return Vec::new();
        }
        self.told = Some(now);
        self.seen = false;
        self.clients.values_mut().filter_map(Option::take).collect()
    }
}

fn cut(bytes: &[u8], most: usize) -> String {
    String::from_utf8_lossy(bytes.get(..most).unwrap_or(bytes)).into_owned()
}
