//! How far every log was read, and what detection remembered there: saved together or not at all.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::words::{text, value};
use super::{Reading, StoreError};
use crate::model::Position;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    pub positions: Vec<Position>,
    /// Opaque here: detection wrote it and reads it.
    pub snapshot: Vec<u8>,
}

impl Reading {
    /// None before the first.
    pub fn load_checkpoint(&self) -> std::result::Result<Option<Checkpoint>, StoreError> {
        self.ask(|db| {
            let row = db.query_row("SELECT positions, snapshot FROM checkpoint", [], |row| {
                Ok(Checkpoint { positions: value(0, row.get_ref(0)?.as_str()?)?, snapshot: row.get(1)? })
            });
            row.optional()
        })
    }
}

pub(super) fn record(db: &Connection, checkpoint: &Checkpoint) -> Result<()> {
    let mut put = db.prepare_cached("INSERT OR REPLACE INTO checkpoint VALUES (1, ?1, ?2)")?;
    put.execute(params![text(&checkpoint.positions)?, checkpoint.snapshot])?;
    Ok(())
}
