//! Requests that were logged of a client while it was banned: the proof that a ban does not hold.

use rusqlite::{Connection, Result, params};

use super::{Reading, StoreError};
use crate::model::{DecisionId, Millis};

/// A banned client was seen all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub decision: DecisionId,
    pub at: Millis,
    /// The log and the line's number in it; the same line is one sighting.
    pub place: String,
    pub line: u64,
    pub text: String,
    /// Why the ban did not stop it.
    pub cause: String,
}

impl Reading {
    /// Oldest first.
    pub fn sightings_of(&self, id: DecisionId, at_most: u32) -> std::result::Result<Vec<Sighting>, StoreError> {
        self.ask(|db| {
            let mut find = db.prepare_cached(
                "SELECT at, place, line, text, cause FROM sightings WHERE decision = ?1 ORDER BY at, place, line LIMIT ?2",
            )?;
            let rows = find.query_map(params![id.0, at_most], |row| {
                Ok(Sighting {
                    decision: id,
                    at: Millis(row.get(0)?),
                    place: row.get(1)?,
                    line: row.get::<_, i64>(2)?.cast_unsigned(),
                    text: row.get(3)?,
                    cause: row.get(4)?,
                })
            })?;
            rows.collect()
        })
    }
}

pub(super) fn record(db: &Connection, sighting: &Sighting) -> Result<()> {
    let mut put = db.prepare_cached("INSERT OR IGNORE INTO sightings VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let Sighting { decision, at, place, line, text, cause } = sighting;
    put.execute(params![decision.0, at.0, place, line.cast_signed(), text, cause])?;
    Ok(())
}
