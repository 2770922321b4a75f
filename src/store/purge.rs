//! Forgetting what is old, a little at a time, so that no write ever waits long.

use std::time::Duration;

use rusqlite::params;

use super::{Store, StoreError};
use crate::model::Millis;

const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86_400)
}

/// How long things are kept. The journal is kept for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    pub alerts: Duration,
    /// Counted from their end; one in force is never forgotten.
    pub decisions: Duration,
    pub sightings: Duration,
    pub logins: Duration,
    pub counters: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { alerts: days(90), decisions: days(365), sightings: days(90), logins: days(90), counters: days(400) }
    }
}

/// What one round forgot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    pub rows: u32,
    /// True where old rows are left: call again soon.
    pub more: bool,
}

/// Rows of each table that one call removes: some 10 ms.
const ROUND: u32 = 1000;
/// Free pages given back to the disk in one call.
const PAGES: usize = 1000;

const OLD: [&str; 5] = [
    "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE at < ?1 LIMIT ?2)",
    "DELETE FROM decisions WHERE id IN (SELECT id FROM decisions WHERE at < ?1
       AND ((ended_at IS NOT NULL AND ended_at < ?1) OR until < ?1 OR action = '\"tell\"') LIMIT ?2)",
    "DELETE FROM sightings WHERE (decision, at, place, line) IN
       (SELECT decision, at, place, line FROM sightings WHERE at < ?1 LIMIT ?2)",
    "DELETE FROM logins WHERE (address, user, service, at) IN
       (SELECT address, user, service, at FROM logins WHERE at < ?1 LIMIT ?2)",
    "DELETE FROM counters WHERE (day, name, label) IN
       (SELECT day, name, label FROM counters WHERE day < ?1 / 86400000 LIMIT ?2)",
];

impl Store {
    /// One bounded round; call now and then, and again at once while there is `more`.
    pub fn purge(&mut self, now: Millis, keep: &Retention) -> Result<Purged, StoreError> {
        let ages = [keep.alerts, keep.decisions, keep.sightings, keep.logins, keep.counters];
        let mut purged = Purged::default();
        for (old, age) in OLD.into_iter().zip(ages) {
            let before = (now - age).0;
            let rows = self.change(|db| db.prepare_cached(old)?.execute(params![before, ROUND]))?;
            let rows = u32::try_from(rows).unwrap_or(u32::MAX);
            purged.rows += rows;
            purged.more |= rows == ROUND;
        }
        self.ask(|db| db.execute_batch(&format!("PRAGMA incremental_vacuum({PAGES})")))?;
        Ok(purged)
    }
}
