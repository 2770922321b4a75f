//! Every change of the machine, in a chain of hashes: whoever edits or removes an entry breaks the chain after it.

use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::{Reading, StoreError};
use crate::model::Millis;

/// One change of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub at: Millis,
    /// `ban`, `table`, `deny map`, …
    pub what: String,
    pub detail: String,
    /// How to take it back.
    pub undo: String,
    /// `done`, or why not.
    pub outcome: String,
}

/// A change as the journal holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journaled {
    pub id: i64,
    pub change: Change,
}

/// What walking the chain showed. An end cut off shows only to who noted `head` before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalState {
    Whole {
        entries: u64,
        /// The hash of the last entry, hexadecimal.
        head: String,
    },
    /// This entry, or one right before it, is not as it was written.
    Broken { id: i64 },
}

const START: [u8; 32] = [0; 32];

impl Reading {
    pub fn verify_journal(&self) -> std::result::Result<JournalState, StoreError> {
        self.ask(|db| {
            let mut all = db.prepare("SELECT at, what, detail, undo, outcome, id, chain FROM journal ORDER BY id")?;
            let mut rows = all.query([])?;
            let (mut before, mut entries) = (START, 0);
            while let Some(row) = rows.next()? {
                let id: i64 = row.get(5)?;
                before = link(&before, id, &change(row)?);
                if row.get_ref(6)?.as_blob()? != before {
                    return Ok(JournalState::Broken { id });
                }
                entries += 1;
            }
            Ok(JournalState::Whole { entries, head: blake3::Hash::from(before).to_string() })
        })
    }

    /// Newest first, those before `before` only.
    pub fn journal_before(&self, before: Option<i64>, at_most: u32) -> std::result::Result<Vec<Journaled>, StoreError> {
        self.ask(|db| {
            let mut find = db.prepare_cached(
                "SELECT at, what, detail, undo, outcome, id FROM journal WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
            )?;
            let rows = find.query_map(params![before.unwrap_or(i64::MAX), at_most], |row| {
                Ok(Journaled { id: row.get(5)?, change: change(row)? })
            })?;
            rows.collect()
        })
    }
}

pub(super) fn record(db: &Connection, change: &Change) -> Result<()> {
    let mut last = db.prepare_cached("SELECT id, chain FROM journal ORDER BY id DESC LIMIT 1")?;
    let (id, before) =
        last.query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?))).optional()?.unwrap_or((0, START));
    let id = id.saturating_add(1);
    let mut put = db.prepare_cached("INSERT INTO journal VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    let Change { at, what, detail, undo, outcome } = change;
    put.execute(params![id, at.0, what, detail, undo, outcome, link(&before, id, change)])?;
    Ok(())
}

/// Lengths stand before the texts, so that no byte can move from one field to the next unseen.
fn link(before: &[u8; 32], id: i64, change: &Change) -> [u8; 32] {
    let mut hash = blake3::Hasher::new();
    hash.update(before).update(&id.to_le_bytes()).update(&change.at.0.to_le_bytes());
    for field in [&change.what, &change.detail, &change.undo, &change.outcome] {
        hash.update(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_le_bytes()).update(field.as_bytes());
    }
    hash.finalize().into()
}

fn change(row: &Row<'_>) -> Result<Change> {
    Ok(Change {
        at: Millis(row.get(0)?),
        what: row.get(1)?,
        detail: row.get(2)?,
        undo: row.get(3)?,
        outcome: row.get(4)?,
    })
}
