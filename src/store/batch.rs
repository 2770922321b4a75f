//! What the keeper writes at once: all of it or none of it.

use rusqlite::Connection;

use super::{
    Change, Checkpoint, Counter, LoginSeen, Sighting, Store, StoreError, alerts, checkpoint, counters, decisions,
    journal, logins, sightings,
};
use crate::model::{Alert, AlertId, Decision, DecisionId};

#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub alerts: Vec<Alert>,
    pub decisions: Vec<Decision>,
    pub sightings: Vec<Sighting>,
    pub logins: Vec<LoginSeen>,
    pub journal: Vec<Change>,
    /// Counted exactly once where the checkpoint that covers their lines is in the same batch.
    pub counters: Vec<Counter>,
    pub checkpoint: Option<Checkpoint>,
}

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Alerts of the batch that were there before; nothing of them changed.
    pub known: Vec<AlertId>,
    /// One for each decision of the batch, in its order.
    pub decisions: Vec<DecisionId>,
}

impl Store {
    /// On the disk when it returns. After an error nothing of the batch is.
    pub fn record(&mut self, batch: Batch) -> Result<Recorded, StoreError> {
        self.change(|db| write(db, &batch))
    }

    /// The same without waiting for the disk. A crash of the program loses nothing; a power cut may take the last batches,
    /// but never one and leave a later one: what a checkpoint covers stands wherever the checkpoint does.
    pub fn record_soon(&mut self, batch: &Batch) -> Result<Recorded, StoreError> {
        self.wait_for_disk(false)?;
        let recorded = self.change(|db| write(db, batch));
        self.wait_for_disk(true)?;
        recorded
    }
}

fn write(db: &Connection, batch: &Batch) -> rusqlite::Result<Recorded> {
    let mut done = Recorded::default();
    for alert in &batch.alerts {
        if !alerts::record(db, alert)? {
            done.known.push(alert.id);
        }
    }
    for decision in &batch.decisions {
        done.decisions.push(decisions::record(db, decision)?);
    }
    batch.sightings.iter().try_for_each(|sighting| sightings::record(db, sighting))?;
    batch.logins.iter().try_for_each(|login| logins::record(db, login))?;
    batch.journal.iter().try_for_each(|change| journal::record(db, change))?;
    batch.counters.iter().try_for_each(|counter| counters::record(db, counter))?;
    batch.checkpoint.iter().try_for_each(|point| checkpoint::record(db, point))?;
    Ok(done)
}
