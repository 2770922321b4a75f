//! Banned clients that show up in the logs all the same.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use ipnet::IpNet;

use crate::guard::message::Sighting;
use crate::model::{Alert, Event, Evidence, What};

/// Sightings are told together, this far apart.
const TELL: Duration = Duration::from_secs(1);

/// Whom to look out for, and what was seen of them.
#[derive(Default)]
pub struct Watch {
    nets: HashMap<IpNet, Option<Sighting>, foldhash::fast::RandomState>,
    /// Widths among them.
    widths: BTreeSet<u8>,
    /// Where evidence says the file's name is.
    names: Vec<String>,
    seen: bool,
    told: Option<Instant>,
}

impl Watch {
    pub fn new(nets: Vec<IpNet>) -> Self {
        let mut watch = Self::default();
        watch.add(nets);
        watch
    }

    /// The name of the next log.
    pub fn name(&mut self, name: String) {
        self.names.push(name);
    }

    pub fn add(&mut self, nets: Vec<IpNet>) {
        for net in nets {
            self.widths.insert(net.prefix_len());
            self.nets.entry(net).or_default();
        }
    }

    pub fn remove(&mut self, nets: &[IpNet]) {
        for net in nets {
            self.nets.remove(net);
        }
    }

    pub fn see(&mut self, event: &Event<'_>) {
        let Some(client) = event.client else { return };
        let ip = client.ip.to_canonical();
        let mut nets = self.widths.iter().rev().filter_map(|width| Some(IpNet::new(ip, *width).ok()?.trunc()));
        let Some(net) = nets.find(|net| self.nets.contains_key(net)) else { return };
        let Some(seen) = self.nets.get_mut(&net) else { return };
        self.seen = true;
        let refused = matches!(&event.what, What::Request(request) if matches!(request.status, 403 | 429));
        if let Some(served) = seen.as_mut().filter(|before| refused && !before.refused) {
            served.count = served.count.saturating_add(1);
            return;
        }
        let count = seen.as_ref().map_or(0, |sighting| sighting.count).saturating_add(1);
        let file = self.names.get(event.at.source.0 as usize).map_or_else(|| "journal".to_owned(), Clone::clone);
        *seen = Some(Sighting {
            client: ip,
            count,
            refused,
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
        self.nets.values_mut().filter_map(Option::take).collect()
    }
}

fn cut(bytes: &[u8], most: usize) -> String {
    String::from_utf8_lossy(bytes.get(..most).unwrap_or(bytes)).into_owned()
}
