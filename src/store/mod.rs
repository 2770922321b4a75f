//! History and what was learnt: one SQLite file, one writer (the keeper), many readers (the command line). No SQL stands
//! anywhere else.

mod alerts;
mod allow;
mod batch;
mod checkpoint;
mod counters;
mod decisions;
mod error;
mod journal;
mod logins;
mod open;
mod purge;
mod schema;
mod sightings;
mod words;

use std::path::PathBuf;

pub use allow::{Allowed, AllowedId};
pub use batch::{Batch, Recorded};
pub use checkpoint::Checkpoint;
pub use counters::{Counter, Counts};
pub use decisions::{Ended, Past};
pub use error::StoreError;
pub use journal::{Change, JournalState, Journaled};
pub use logins::LoginSeen;
pub use open::set_aside;
pub use purge::{Purged, Retention};
pub use sightings::Sighting;

/// What anybody may ask of the store. Several may be open while the writer works.
#[derive(Debug)]
pub struct Reading {
    db: rusqlite::Connection,
    path: PathBuf,
}

/// The one writer; it reads as well.
#[derive(Debug)]
pub struct Store {
    reading: Reading,
}

impl std::ops::Deref for Store {
    type Target = Reading;
    fn deref(&self) -> &Reading {
        &self.reading
    }
}

impl Reading {
    /// Asks the database and puts the file's name to what goes wrong.
    fn ask<T>(&self, question: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        question(&self.db).map_err(|cause| StoreError::of(&self.path, cause))
    }
}

impl Store {
    /// All or nothing: an error leaves the store as it was.
    fn change<T>(
        &mut self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let Reading { db, path } = &mut self.reading;
        let attempt = || {
            let change = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let done = work(&change)?;
            change.commit()?;
            Ok(done)
        };
        attempt().map_err(|cause| StoreError::of(path, cause))
    }
}
